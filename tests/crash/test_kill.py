#!/usr/bin/env python3
"""kill -9 in the middle of imports, day cycles and DONEs (DESIGN 5): what was acknowledged is there, nothing is there twice or half, and the book is whole.

FOLLOWUP_SEED=n repeats the kills of a run as far as the machine lets it; FOLLOWUP_LONG=1 makes many more.

timeout: 180
"""
import json
import os
import random
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from harness import LONG, MORNING, PATIENCE, TUESDAY, Closed, Daemon, Error, run, same, test, true  # noqa: E402

SEED = int(os.environ.get("FOLLOWUP_SEED") or random.SystemRandom().randrange(1 << 30))
TIMES = 20 if LONG else 1
KILLS = 3 * TIMES
FACTS = 30000 if LONG else 3000
chance = random.Random(SEED)
print(f"# FOLLOWUP_SEED={SEED}")


def whole(daemon):
    """What must hold of every book after every kill, asked of the daemon and then of the file itself."""
    daemon.check()
    verdict = daemon.json("VERIFY")
    true(verdict["holds"], lambda: f"the record is broken: {verdict}")
    daemon.stop()
    book = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    same(book.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    same(book.execute("SELECT client_id, rule, occasion FROM followup GROUP BY 1, 2, 3 HAVING count(*) > 1").fetchall(), [], "occasions with two follow-ups")
    book.close()
    daemon.start()


def everything(daemon, what):
    rows, key = [], {"followups": "followup", "clients": "client", "attempts": "attempt", "events": "event", "calls": "call"}[what]
    while page := daemon.list(what, limit=10000, after=rows[-1][key] if rows else 0):
        rows += page
    return rows


def feed_until_killed(daemon, commands, kill_after):
    """Sends them all in one pipeline, kills the daemon after that many answers, and gives the answers that came at all."""
    client = daemon.connect()
    answers = []

    def write():
        try:
            client.write(b"".join(client.encode(*words) for words in commands))
        except OSError:
            pass

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(answers) < len(commands):
            answers.append(client.read())
            if len(answers) == kill_after:
                daemon.process.kill()
    except (Closed, ConnectionError):
        pass
    writer.join()
    client.close()
    daemon.kill()
    return answers


@test("an import: every acknowledged fact is there, once, with all that follows from it; loading it again completes it")
def _():
    with Daemon() as daemon:
        commands = []
        for number in range(FACTS):
            commands.append(("CLIENT.PUT", {"client_ref": f"C{number}", "name": "A", "phone": "139"}))
            commands.append(("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number}", "kind": "complaint", "occurred_at": TUESDAY}))
        there = 0
        for _ in range(KILLS):
            left = len(commands) - 2 * there
            if left < 200:
                break
            answers = feed_until_killed(daemon, commands[2 * there:], chance.randrange(1, min(left, 1500)))
            same([answer for answer in answers if isinstance(answer, Error)], [])
            daemon.start()
            clients, events = everything(daemon, "clients"), everything(daemon, "events")
            true(len(events) < FACTS, "killed too late to interrupt anything")
            same([row["client_ref"] for row in clients], [f"C{number}" for number in range(len(clients))], "each once, in order")
            same([row["event_ref"] for row in events], [f"E{number}" for number in range(len(events))])
            true(len(clients) + len(events) >= 2 * there + len(answers), f"{len(answers)} were acknowledged after {there}, {len(clients)} and {len(events)} are there")
            daemon.work()
            followups = everything(daemon, "followups")
            same([(row["client_ref"], row["state"]) for row in followups], [(row["client_ref"], "queued") for row in events], "what follows from a fact came with it")
            same(len(everything(daemon, "calls")), len(followups))
            whole(daemon)
            there = len(events)
        replies = daemon.operator.pipeline(commands)
        same([reply for reply in replies if isinstance(reply, Error)], [])
        same(sum(replies[:2 * there]), 0, "what is known already")
        same(len(everything(daemon, "followups")), FACTS)
        whole(daemon)


def book_for_a_quarter(daemon):
    for number in range(240):
        daemon.client(f"C{number}", birthday=f"1980-{number % 6 + 1:02}-{number % 28 + 1:02}", tier=("gold", "silver", "standard")[number % 3], manager=f"M{number % 7}",
                      person_ref=f"P{number // 2}" if number % 5 == 0 else None, email="c@example.com" if number % 4 == 0 else None,
                      last_trade_on=f"2024-{number % 4 + 7:02}-15", opened_on="2020-01-01")
    for number in range(0, 240, 9):
        daemon.event(f"E{number}", f"C{number}", ("complaint", "account_opened", "permission_opened")[number % 3], f"2025-01-{number % 28 + 1:02}")


def outcome(daemon):
    """All that a day cycle decides; numbers and calls apart, which the order of work may change."""
    return sorted(json.dumps({name: value for name, value in row.items() if name not in ("followup", "call")}, sort_keys=True) for row in everything(daemon, "followups"))


@test("a day cycle, also one that catches up with three months: its end is that of one which was never killed")
def _():
    begin, end = "2025-01-02T09:00:00", "2025-04-03T09:00:00"
    with Daemon(clock=begin) as daemon:
        book_for_a_quarter(daemon)
        daemon.restart(end)
        daemon.work()
        wanted = outcome(daemon)
        true(len(wanted) > 500, len(wanted))
        slices = int(daemon.info("stats")["slices"])
    for _ in range(TIMES):
        with Daemon(clock=begin) as daemon:
            book_for_a_quarter(daemon)
            kills = 0
            daemon.stop()
            for number in range(KILLS + 2):
                daemon.start(end)
                kill_at = chance.randrange(1, max(2, slices // 4))
                try:
                    while True:
                        stats = daemon.info()
                        if stats["idle"] == "yes" or int(stats["slices"]) >= kill_at:
                            break
                finally:
                    kills += stats["idle"] == "no"
                    daemon.kill()
            daemon.start(end)
            daemon.work()
            same(daemon.info("work")["worked_until"], "2025-04-03")
            got = outcome(daemon)
            true(got == wanted, lambda: f"{len(set(got) ^ set(wanted))} rows differ, like {sorted(set(got) ^ set(wanted))[:4]}")
            whole(daemon)
            true(kills > 0, "no kill fell into the cycle: make the book larger")


class Agent(threading.Thread):
    """Takes calls and closes them until the daemon is gone; remembers every answer, and the DONE that got none."""

    def __init__(self, daemon, name, seed, counted):
        super().__init__()
        self.counted = counted  # released once for each answer
        self.name, self.connection = name, daemon.agent(name)
        self.chance = random.Random(seed)
        self.taken, self.done, self.open = [], {}, None
        self.trouble = None

    def run(self):
        try:
            while True:
                call = self.connection.json("NEXT", "WAIT", 30)
                if call is None:
                    return
                self.taken.append(call["lease"])
                words = ("DONE", call["lease"], self.chance.choice(("reached", "reached", "reached", "busy")), json.dumps({"note": self.name}))
                self.open = words
                self.done[call["lease"]] = (words, self.connection.call(*words))
                self.open = None
                self.counted.release()
        except (Closed, ConnectionError):
            pass
        except Exception as trouble:  # told by whoever joins
            self.trouble = trouble
        finally:
            self.connection.close()


@test("DONEs of several agents: each acknowledged one is in the record once, and told again is answered the same")
def _():
    with Daemon(clock=MORNING, settings={"hours": "always"}) as daemon:
        number = 0
        names = [f"agent{one}" for one in range(4)]
        for name in names:
            daemon.add_agent(name)
        acknowledged, unanswered = {}, 0
        for _ in range(KILLS):
            commands = []
            for _ in range(400):
                commands += [("CLIENT.PUT", {"client_ref": f"C{number}", "name": "A", "phone": "139"}),
                             ("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number}", "kind": "complaint", "occurred_at": TUESDAY})]
                number += 1
            same({type(reply) for reply in daemon.operator.pipeline(commands)}, {int})
            counted = threading.Semaphore(0)
            agents = [Agent(daemon, name, chance.random(), counted) for name in names]
            for agent in agents:
                agent.start()
            for _ in range(chance.randrange(20, 300)):
                true(counted.acquire(timeout=PATIENCE), "the agents get no answers")
            daemon.kill()
            for agent in agents:
                agent.join()
                same(agent.trouble, None)
            daemon.start()
            # A lease is one holder's.
            leases = [lease for agent in agents for lease in agent.taken]
            same(len(leases), len(set(leases)), "leases given twice")
            for agent in agents:
                acknowledged.update({lease: (agent.name, *told) for lease, told in agent.done.items()})
                connection = daemon.agent(agent.name)
                unanswered += agent.open is not None
                if agent.open is not None:  # never answered: told again it is taken, once, whether it had come through or not
                    acknowledged[agent.open[1]] = (agent.name, agent.open, connection.call(*agent.open))
                for held in connection.json("MINE"):
                    connection.call("RELEASE", held["lease"], "the day ends")
            attempts = [row for row in everything(daemon, "attempts") if row["disposition"] != "released"]
            same(len(attempts), len(acknowledged), "attempts in the record")
            contacts = sum(words[2] == "reached" for _, words, _ in acknowledged.values())
            same(daemon.json("CHECK")["book"]["contacts"], contacts)
            same(len([row for row in everything(daemon, "followups") if row["state"] == "done"]), contacts)
            connections = {name: daemon.agent(name) for name in names}
            for lease in chance.sample(sorted(acknowledged), min(len(acknowledged), 500)):
                name, words, answer = acknowledged[lease]
                same(connections[name].call(*words), answer, f"{words} told again")
            same(len([row for row in everything(daemon, "attempts") if row["disposition"] != "released"]), len(acknowledged), "told again, and not written twice")
            whole(daemon)
        print(f"# {len(acknowledged)} DONEs, of which a kill left {unanswered} without an answer")


@test("agents added, calls taken and messages leased before a kill are there after it")
def _():
    with Daemon() as daemon:
        for _ in range(KILLS):
            serial = chance.randrange(1 << 30)
            for number in range(30):
                daemon.client(f"B{serial}-{number}", birthday="1980-03-04", tier="silver")
            gateway = daemon.agent("gate", "gateway", ["sms"])
            leases = [json.loads(text)["lease"] for text in gateway.call("NEXT", "COUNT", chance.randrange(1, 30))]
            token = daemon.add_agent(f"new{serial}")
            daemon.kill()
            daemon.start()
            gateway = daemon.agent("gate")
            true(set(leases) <= {call["lease"] for call in gateway.json("MINE")}, "leases that were handed out")
            with daemon.connect() as client:
                same(client.call("AUTH", f"new{serial}", token), "OK")
            for lease in leases:
                gateway.call("DONE", lease, "sent")
            whole(daemon)


if __name__ == "__main__":
    run()
