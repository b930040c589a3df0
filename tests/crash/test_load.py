#!/usr/bin/env python3
"""SIGKILL at random points under load from several agents, a feeder and the day cycle (DESIGN 5): 0 acknowledged commands lost, 0 doubled, 0 half done, the book whole, ready again in time.

Some kills come at any moment, others in front of, inside or behind a chosen write to the disk (shim.c), and some fall into the recovery after the one before.

    make crash [KILLS=n] [BOOK=n] [FOLLOWUP_SEED=n]     how many; follow-ups in the large book; to repeat a run as far as the machine lets it

timeout: 240
"""
import datetime
import os
import random
import select
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from load import Life, copy_book  # noqa: E402
from harness import BUILD, GENTLE, LONG, Daemon, Error, PidFile, run, same, test, true  # noqa: E402

SEED = int(os.environ.get("FOLLOWUP_SEED") or random.SystemRandom().randrange(1 << 30))
KILLS = int(os.environ.get("KILLS") or (1000 if LONG else 24))
BOOK = int(os.environ.get("BOOK") or (1000000 if LONG else 3000))  # follow-ups in the large one
BOOK_KILLS = 6 if BOOK > 100000 else 2
# Seconds until it is ready again; on a machine that has more to do than it can, what it takes says little.
READY = 1.0 if os.getloadavg()[0] < 2 * os.cpu_count() and not GENTLE else 5.0
A_LIFE = 20  # kills; then a new book, so that comparing stays quick
LONG_READ = 1800.0  # seconds that CHECK and VERIFY may take
SHIM = os.path.join(BUILD, "crash", "shim.so")
LONGEST = 1.5  # seconds of load before a kill that was aimed at a write comes anyway

chance = random.Random(SEED)
print(f"# FOLLOWUP_SEED={SEED}")


class Kills:
    """The figures of a run."""

    def __init__(self):
        self.kinds = {"any moment": 0, "at a write": 0, "while starting": 0}
        self.ready = []
        self.figures = {}

    def add(self, life):
        for name, number in life.figures.items():
            self.figures[name] = self.figures.get(name, 0) + number

    def table(self):
        figures = [(f"killed: {kind}", number) for kind, number in self.kinds.items()]
        figures += [("commands acknowledged", self.figures.get("acknowledged", 0)), ("  of them lost", self.figures.get("lost", 0)),
                    ("commands doubled", self.figures.get("doubled", 0)), ("commands half done", self.figures.get("half", 0)),
                    ("commands without an answer", self.figures.get("unanswered", 0)), ("  of them done", self.figures.get("unanswered_done", 0)),
                    ("DONE told again, answered the same", self.figures.get("told_again", 0)), ("invariants broken", self.figures.get("broken", 0)),
                    ("faults of any kind", self.figures.get("faults", 0))]
        ready = sorted(self.ready)
        figures += [("starts", len(ready)), ("ready again, half of them within", f"{ready[len(ready) // 2] * 1000:.0f} ms"), ("ready again, the slowest", f"{ready[-1] * 1000:.0f} ms")]
        for name, figure in figures:
            print(f"# {name:<40} {figure:>12}")


def aim():
    """Which kill, and the environment that the daemon gets for it."""
    kind = chance.choices(("any moment", "at a write", "while starting"), (45, 45, 10))[0]
    if kind == "any moment" or not os.path.exists(SHIM) or GENTLE:
        return "any moment", {}
    at = chance.randrange(1, 25) if kind == "while starting" else int(1500 ** chance.random()) + 20
    return kind, {"LD_PRELOAD": SHIM, "CRASH_AT": str(at), "CRASH_HOW": chance.choice(("before", "half", "after"))}


def start(daemon, life, environment):
    """Starts it with the time it had got to; seconds until READY, or None when it was killed on the way there."""
    began = time.monotonic()
    daemon.start(life.clock.isoformat(), wait=False, environment=environment)
    try:
        daemon.wait_notified("READY=1")
    except AssertionError:
        same(daemon.process.returncode, -9, daemon.log_tail())
        return None
    return time.monotonic() - began


def kill(daemon, aimed):
    """Ends it at some moment, or waits until it has met the write that it must not survive."""
    with PidFile(daemon.process.pid) as ended:
        select.select([ended], [], [], LONGEST if aimed else chance.random() * 0.8)
    daemon.kill()


def fill(daemon, count):
    """A book with so many follow-ups."""
    with daemon.connect() as client:
        day = client.call("CLOCK")[:10]
        for first in range(0, count, 5000):
            commands = []
            for number in range(first, min(first + 5000, count)):
                commands.append(("CLIENT.PUT", {"client_ref": f"B{number}", "name": "v0", "phone": "139"}))
                commands.append(("EVENT.PUT", {"event_ref": f"B{number}", "client_ref": f"B{number}", "kind": "complaint", "occurred_at": day}))
            same([reply for reply in client.pipeline(commands) if isinstance(reply, Error)], [])


def live(kills, number, count, book):
    """One book, killed so many times; so many follow-ups are in it beforehand."""
    clock = datetime.datetime(2025, chance.randrange(2, 12), chance.randrange(1, 28), chance.randrange(8, 18))
    with Daemon(clock=clock.isoformat(), settings={"hours": "always"}) as daemon, tempfile.TemporaryDirectory() as folder:
        life = Life(f"{SEED} {number}", lambda: daemon.connect(LONG_READ), clock)
        life.set_up()
        fill(daemon, book)
        daemon.stop()
        for _ in range(count):
            kind, environment = aim()
            took = start(daemon, life, environment)
            if took is not None:
                kills.ready.append(took)
                life.begin()
                kill(daemon, "CRASH_AT" in environment)
            else:
                kind = "while starting"
                daemon.kill()
            kills.kinds[kind] += 1
            life.end()
            life.compare(copy_book(daemon.database, folder))
            took = start(daemon, life, {})
            true(took is not None, "killed by nobody")
            kills.ready.append(took)
            life.ask_daemon()
            life.tell_again()
            true(not life.losses, lambda: f"kill {sum(kills.kinds.values())} ({kind}, {environment.get('CRASH_AT')} {environment.get('CRASH_HOW')}): {life.losses[:6]}")
            daemon.kill()
        kills.add(life)


@test("killed at random points under load: nothing acknowledged is lost, doubled or half done, and the book is whole")
def _():
    kills = Kills()
    for number, first in enumerate(range(0, KILLS, A_LIFE)):
        live(kills, number, min(A_LIFE, KILLS - first), 0)
        if LONG or KILLS > 100:
            print(f"# {sum(kills.kinds.values())} kills", flush=True)
    kills.table()
    true(max(kills.ready) < READY, f"a start took {max(kills.ready):.2f} seconds")
    true(kills.figures["acknowledged"] > 20 * KILLS, "there was no load worth the name")


@test("killed with a large book: the same, and ready again within a second")
def _():
    kills = Kills()
    live(kills, -1, BOOK_KILLS, BOOK)
    print(f"# with {BOOK} follow-ups beforehand:")
    kills.table()
    true(max(kills.ready) < READY, f"a start took {max(kills.ready):.2f} seconds")


def written_since_checkpoint(path):
    """How much of a write-ahead log counts: behind it stands what a checkpoint has left over from before."""
    with open(path, "rb") as file:
        log = file.read()
    frame = 24 + int.from_bytes(log[8:12], "big") if len(log) > 32 else 1
    end = 32
    while log[end + 8:end + 16] == log[16:24] and end + frame <= len(log):
        end += frame
    return end


@test("the comparison finds what is missing, doubled or half: a book that was cut short, one with an entry too many, one with a contact of nobody")
def _():
    clock = datetime.datetime(2025, 3, 4, 10)
    with Daemon(clock=clock.isoformat(), settings={"hours": "always"}) as daemon, tempfile.TemporaryDirectory() as folder:
        life = Life(SEED, daemon.connect, clock)
        life.set_up()
        # A checkpoint, so that everything that follows lies in the WAL.
        daemon.restart()
        life.begin()
        while life.acknowledged < 300 or written_since_checkpoint(daemon.database + "-wal") < 400000:
            true(all(worker.trouble is None for worker in life.workers), lambda: [worker.trouble for worker in life.workers])
            select.select([], [], [], 0.01)
        daemon.kill()
        life.end()
        path = copy_book(daemon.database, folder)
        workers, before = life.workers, (life.entry_seen, life.chain, life.client_count, life.event_count, list(life.clients), dict(life.versions))

        def compare():
            life.workers, life.losses, life.expected = workers, [], {}
            life.entry_seen, life.chain, life.client_count, life.event_count, life.clients, life.versions = before
            life.leases.clear()
            life.figures.clear()
            life.compare(path)
            return life.figures, life.losses

        end = written_since_checkpoint(path + "-wal")
        true(end > 100000, "there is no WAL to cut")
        os.truncate(path + "-wal", end * 9 // 10)
        figures, losses = compare()
        true(figures["lost"] > 0 and losses, "a tenth of the WAL was cut off and nothing is missed")
        for what, statement, figure in (
                ("an entry too many", "INSERT INTO entry(at, kind, client_id, agent, body) SELECT at, kind, client_id, agent, body FROM entry WHERE body LIKE '%mark-%' AND kind=21 LIMIT 1", "doubled"),
                ("a contact of nobody", "DELETE FROM contact_client WHERE contact_id IN (SELECT contact_id FROM attempt WHERE disposition='reached')", "broken"),
                ("an event gone", "DELETE FROM event WHERE ref=(SELECT min(ref) FROM event)", "lost")):
            copy_book(daemon.database, folder)
            same(compare()[1], [], "the book as it was left")
            copy_book(daemon.database, folder)
            book = sqlite3.connect(path)
            true(book.execute(statement).rowcount > 0, what)
            book.commit()
            book.close()
            true(compare()[0][figure] > 0, f"{what}, and it is not found")


if __name__ == "__main__":
    run()
