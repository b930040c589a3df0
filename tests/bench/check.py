#!/usr/bin/env python3
"""Counts the instructions that a command costs the daemon, and fails when one has grown by more than 10 % over its stored figure: a slip shows on any machine, whatever else that does.

    make bench-check                 compares with tests/bench/instructions
    tests/bench/check.py --write     stores what it has counted
    tests/bench/check.py NEXT ...    only those whose name contains a word

Each is done so often and so much oftener, in two daemons under cachegrind on the same book; the difference is theirs alone. Every command has a turn and a commit of its own, as with one agent at the
desk. The figures are those of Debian 12 (gcc 12, SQLite 3.40.1, valgrind 3.19): another compiler or library counts otherwise.
"""
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../daemon"))
import harness  # noqa: E402
from harness import FOLLOWUPD, Daemon, same, true  # noqa: E402

STORED = os.path.join(HERE, "instructions")
GROWTH = 1.10
FEW, MANY = 60, 260
CLIENTS, MANAGERS = 3000, 300
CLOCK = "2025-03-04T09:30:00"
COMPLAINTS = 500  # they and the new accounts are not for agents in marketing


def fill(daemon):
    """A small desk: complaints of many managers' clients in front, then new accounts and clients who have not traded for long."""
    clients, events = [], []
    for place in range(CLIENTS):
        manager = f"M{place % MANAGERS:03}"
        clients.append(("CLIENT.PUT", {"client_ref": f"C{place:05}", "person_ref": f"P{place:05}", "name": "孔丽勇", "phone": f"139{place:08}", "tier": "standard", "manager": manager,
                                       "branch": f"SH{place % 40:02}", "introducer": manager if place % 2 else "", "birthday": f"19{50 + place % 50}-{place % 12 + 1:02}-11", "opened_on": "2020-05-17",
                                       "last_trade_on": "2024-09-02" if place % 3 == 0 else "2025-02-20", "assets": str(place * 1000)}))
        if place % 3:
            events.append(("EVENT.PUT", {"event_ref": f"E{place:05}", "client_ref": f"C{place:05}", "kind": "complaint" if place < COMPLAINTS else "account_opened", "occurred_at": "2025-03-03"}))
    for first in range(0, CLIENTS, 500):
        for reply in daemon.operator.pipeline(clients[first:first + 500]) + daemon.operator.pipeline(events[first:first + 500]):
            same(reply, 1)
    daemon.work()
    for name, roles in (("anna", "agent"), ("mark", "agent,marketing")):
        daemon.add_agent(name, roles)


# What is counted: a generator that is sent the daemon and does it once at each step; what comes before its first step does not count.

def cycle(daemon, name="anna"):
    agent = daemon.agent(name)
    while True:
        yield
        lease = agent.json("NEXT")["lease"]
        agent.call("DONE", lease, "reached", '{"note":"heard and noted"}')


def cycle_behind_barred(daemon):
    return cycle(daemon, "mark")


def next_release(daemon):
    agent = daemon.agent("anna")
    while True:
        yield
        agent.call("RELEASE", agent.json("NEXT")["lease"], "a colleague knows him")


def touch(daemon):
    agent = daemon.agent("anna")
    lease = agent.json("NEXT")["lease"]
    while True:
        yield
        agent.call("TOUCH", lease)


def again(daemon):
    agent = daemon.agent("anna")
    agent.json("NEXT")
    while True:
        yield
        agent.json("NEXT")


def client_put(daemon):
    place = 0
    while True:
        yield
        same(daemon.call("CLIENT.PUT", {"client_ref": f"N{place:05}", "name": "孔丽勇", "phone": "13912345678", "manager": "M007", "birthday": "1971-03-09", "opened_on": "2020-05-17"}), 1)
        place += 1


def client_changed(daemon):
    place = 0
    while True:
        yield
        same(daemon.call("CLIENT.PUT", {"client_ref": f"C{place:05}", "assets": str(place * 1000 + 7)}), 1)
        place += 1


def event_put(daemon):
    place = 0
    while True:
        yield
        same(daemon.call("EVENT.PUT", {"event_ref": f"X{place:05}", "client_ref": f"C{place * 3:05}", "kind": "complaint", "occurred_at": "2025-03-04"}), 1)
        place += 1


def why(daemon):
    place = 0
    while True:
        yield
        daemon.json("WHY", f"C{place:05}")
        place += 1


def ping(daemon):
    while True:
        yield
        daemon.call("PING")


COUNTED = {"NEXT and DONE": cycle, "NEXT and DONE, behind 2,000 that he may not serve": cycle_behind_barred, "NEXT and RELEASE": next_release, "NEXT, given again": again, "TOUCH": touch,
           "CLIENT.PUT, a new client": client_put, "CLIENT.PUT, a changed field": client_changed, "EVENT.PUT, a complaint": event_put, "WHY, a client": why, "PING": ping}


class Counted(Daemon):
    """A daemon under cachegrind, on a copy of a book."""

    def __init__(self, book, tokens):
        super().__init__(clock=CLOCK, start_on="2025-03-01")
        shutil.copyfile(book, self.database)
        self.agents = dict(tokens)
        self.said = os.path.join(self.folder, "instructions")
        program = os.path.join(self.folder, "followupd")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nexec valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file='{self.said}' '{FOLLOWUPD}' \"$@\"\n")
        os.chmod(program, 0o755)
        harness.FOLLOWUPD = program

    def count(self, what, times):
        """Instructions of a whole life in which it is done so often."""
        self.start()
        steps = what(self)
        next(steps)
        for _ in range(times):
            next(steps)
        steps.close()
        same(self.stop(), 0, "exit status")
        with open(self.said, encoding="utf-8") as file:
            return int(re.search(r"I +refs: +([\d,]+)", file.read()).group(1).replace(",", ""))


def count(what, book, tokens):
    lives = []
    for times in (FEW, MANY):
        daemon = Counted(book, tokens)
        try:
            lives.append(daemon.count(what, times))
        finally:
            daemon.remove()
    return (lives[1] - lives[0]) // (MANY - FEW)


def stored():
    if not os.path.exists(STORED):
        return {}
    with open(STORED, encoding="utf-8") as file:
        return {name: int(figure) for figure, name in (line.rstrip("\n").split(" ", 1) for line in file if not line.startswith("#"))}


def main():
    harness.PATIENCE = 600.0
    words = [word for word in sys.argv[1:] if word != "--write"]
    before, figures, slips = stored(), {}, 0
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(clock=CLOCK, start_on="2025-03-01")
        try:
            daemon.start()
            fill(daemon)
            same(daemon.stop(), 0, "exit status")
            book = shutil.move(daemon.database, os.path.join(folder, "book.db"))
            tokens = daemon.agents
        finally:
            daemon.remove()
        for name, what in COUNTED.items():
            if words and not any(word in name for word in words):
                continue
            figures[name] = count(what, book, tokens)
            was = before.get(name)
            slip = was is not None and figures[name] > was * GROWTH
            slips += slip
            print(f"{'SLIP' if slip else 'ok  '} {figures[name]:>12,}  {f'{figures[name] / was * 100 - 100:+5.1f} % of {was:,}' if was else 'new':<26} {name}", flush=True)
    if "--write" in sys.argv:
        with open(STORED, "w", encoding="utf-8") as file:
            file.write("# Instructions that a command costs: tests/bench/check.py --write. Whoever raises one says in the commit what for.\n")
            file.writelines(f"{figure} {name}\n" for name, figure in {**before, **figures}.items())
        return 0
    true(figures, "nothing has such a name")
    return 1 if slips else 0


if __name__ == "__main__":
    sys.exit(main())
