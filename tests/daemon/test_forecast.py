#!/usr/bin/env python3
"""FORECAST (POLICY 9): exact against simulate, from the state the desk is in, and without leaving a trace in the book."""
import collections
import csv
import io
import os
import sqlite3
import subprocess

from harness import FOLLOWUPD, ROOT, TUESDAY, Daemon, matches, run, same, test, true

CLIENTS = os.path.join(ROOT, "tests/data/example/clients.csv")
EVENTS = os.path.join(ROOT, "tests/data/example/events.csv")


def load_example(daemon):
    for what, file in (("clients", CLIENTS), ("events", EVENTS)):
        same(daemon.ctl("import", what, file)[0], 0)
    daemon.work()


def dump(daemon):
    """Every row of the book."""
    book = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in book.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")]
        return {name: sorted(map(repr, book.execute(f"SELECT * FROM {name}"))) for name in tables}
    finally:
        book.close()


def rows(answer, queue):
    return [row for row in answer["days"] if row["queue"] == queue]


@test("calls made on each day and queue are those of simulate, and the book stays as it was")
def _():
    with Daemon(clock="2025-01-01T00:00:00") as daemon:
        load_example(daemon)
        persons = {line["client_ref"]: line["person_ref"] or line["client_ref"] for line in csv.DictReader(open(CLIENTS, encoding="utf-8"))}
        before, worked = dump(daemon), daemon.info()["worked_until"]
        answer = daemon.json("FORECAST", "DAYS", "120", "CAPACITY", "*=none", "service=1")
        same(dump(daemon), before)
        answer = daemon.json("FORECAST", "DAYS", "120", "CAPACITY", "service=1", "*=none")
        same(dump(daemon), before)
        same(daemon.info()["worked_until"], worked)
        daemon.check()
        done = subprocess.run([FOLLOWUPD, "simulate", "-c", daemon.config, "--clients", CLIENTS, "--events", EVENTS, "--from", "2025-01-01", "--to", "2025-04-30",
                               "--capacity", "service=1"], capture_output=True, check=True, text=True)
        wanted = collections.defaultdict(set)
        for line in csv.DictReader(io.StringIO(done.stdout)):
            if line["state"] in ("done", "done-late"):
                wanted[line["closed_on"], line["queue"]].add(persons[line["client_ref"]])
        wanted = {key: len(value) for key, value in wanted.items()}
        got = {(row["day"], row["queue"]): row["done"] for row in answer["days"] if row["done"] > 0}
        same(got, wanted)
        true(len(got) > 100)
        same((answer["from"], answer["to"]), ("2025-01-01", "2025-04-30"))
        first = next(row for row in answer["days"] if row["missed"] > 0)
        same(answer["first_missed"], {"day": first["day"], "queue": first["queue"], "count": first["missed"]})
        same({row["queue"] for row in daemon.json("FORECAST", "DAYS", "60", "QUEUE", "hq")["days"]}, {"hq"})
        for row in answer["days"]:
            true(row["capacity"] is None or row["done"] <= row["capacity"], row)
            true(row["missed"] <= row["falling_due"] and row["missed"] <= row["left"], row)


def complaints(daemon, numbers, day="2025-03-04"):
    for number in numbers:
        daemon.client(f"C{number}")
        daemon.event(f"E{number}", f"C{number}", "account_opened", day)  # due seven days later


@test("by the setting, by the asker's word before it, or by the pace of the last work days; the answer says by which")
def _():
    with Daemon() as daemon:
        complaints(daemon, range(10))  # due on 11 March, a Tuesday
        answer = daemon.json("FORECAST")
        same(answer["capacities"], [{"queue": "service", "basis": "none", "calls_a_day": None}])
        same(answer["first_missed"], None)
        same([(row["day"], row["done"], row["falling_due"]) for row in rows(answer, "service")], [("2025-03-04", 10, 0), ("2025-03-11", 0, 10)])
        # Three contacts today, none before: that is the pace.
        anna = daemon.agent("anna")
        for _ in range(3):
            anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        answer = daemon.json("FORECAST")
        same(answer["capacities"], [{"queue": "service", "basis": "pace", "contacts": 3, "work_days": 1}])
        same([(row["day"], row["capacity"], row["done"]) for row in rows(answer, "service") if row["done"] > 0],
             [("2025-03-05", 3, 3), ("2025-03-06", 3, 3), ("2025-03-07", 3, 1)])  # today's three are made
        # Two work days later: three in two days.
        daemon.set_clock("2025-03-06T09:30:00")
        answer = daemon.json("FORECAST")
        same(answer["capacities"], [{"queue": "service", "basis": "pace", "contacts": 3, "work_days": 2}])
        same([row["done"] for row in rows(answer, "service")], [1, 2, 0, 0, 1, 2, 1])
        same(answer["first_missed"], {"day": "2025-03-11", "queue": "service", "count": 1})
        same([row["done"] for row in rows(daemon.json("FORECAST", "CAPACITY", "service=5"), "service") if row["done"]], [5, 2])
        daemon.replace('queue "service" {', 'queue "service" {\n\tcapacity = 2')
        daemon.call("RELOAD")
        answer = daemon.json("FORECAST")
        same(answer["capacities"], [{"queue": "service", "basis": "configuration", "calls_a_day": 2}])
        same([row["done"] for row in rows(answer, "service") if row["done"]], [2, 2, 2, 1])
        answer = daemon.json("FORECAST", "CAPACITY", "service=0")
        same(answer["capacities"], [{"queue": "service", "basis": "command", "calls_a_day": 0}])
        same(answer["first_missed"], {"day": "2025-03-11", "queue": "service", "count": 7})


@test("today counts with what is left of it, a call in somebody's hands is made today, and a paused queue makes none")
def _():
    with Daemon() as daemon:
        complaints(daemon, range(6))
        anna = daemon.agent("anna")
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        anna.json("NEXT")
        answer = daemon.json("FORECAST", "DAYS", "3", "CAPACITY", "service=3")
        same([(row["capacity"], row["waiting"], row["done"], row["left"]) for row in rows(answer, "service")], [(2, 4, 2, 3), (3, 3, 3, 0)])
        daemon.json("PAUSE", "QUEUE", "service", "2025-03-06T12:00", "training")
        answer = daemon.json("FORECAST", "DAYS", "3", "CAPACITY", "service=3")
        same([(row["capacity"], row["done"]) for row in rows(answer, "service")], [(0, 1), (0, 0), (3, 3)])
        daemon.json("RESUME", "QUEUE", "service")
        daemon.set_clock("2025-03-04T17:30:00")  # the desk is closed for today, and the lease has ended
        same([row["done"] for row in rows(daemon.json("FORECAST", "DAYS", "3", "CAPACITY", "service=3"), "service")], [0, 3, 2])


@test("appointments stand on their day, go first, and are missed when the day is too full")
def _():
    with Daemon() as daemon:
        complaints(daemon, range(4))
        anna = daemon.agent("anna")
        for hour in ("10:00", "15:30"):
            anna.json("DONE", anna.json("NEXT")["lease"], "not-convenient", {"at": "2025-03-06T" + hour})
        answer = daemon.json("FORECAST", "CAPACITY", "service=1")
        same([(row["day"][8:], row["appointments"], row["appointments_missed"], row["done"]) for row in rows(answer, "service") if row["done"]],
             [("04", 0, 0, 1), ("05", 0, 0, 1), ("06", 2, 1, 1), ("07", 0, 0, 1)])
        same(answer["first_missed"], {"day": "2025-03-06", "queue": "service", "count": 1})
        same(daemon.json("FORECAST", "CAPACITY", "service=2")["first_missed"], None)


@test("a word that makes no sense is refused and says which")
def _():
    with Daemon() as daemon:
        for words, why in ((("DAYS", "0"), "from 1 to 366"), (("DAYS", "367"), "from 1 to 366"), (("DAYS",), "number"), (("QUEUE",), "usage"),
                           (("QUEUE", "nowhere"), "no queue nowhere"), (("CAPACITY", "sms=3"), "messages"), (("CAPACITY", "nowhere=3"), "no queue nowhere"),
                           (("CAPACITY", "service=many"), "many"), (("CAPACITY", "service=1000001"), "1000000"), (("CAPACITY", "service=-1"), "-1"),
                           (("CAPACITY", "service="), "number"), (("CAPACITY", "service"), "usage"), (("TOMORROW",), "usage")):
            matches(daemon.refused("FORECAST", *words), "^ERR .*" + why, words)
        daemon.replace('queue "sms"    {', 'queue "sms"    { capacity = 3 ')
        matches(daemon.refused("RELOAD"), "'sms': a queue of messages has no capacity")


@test("followupctl shows it as a table")
def _():
    with Daemon() as daemon:
        complaints(daemon, range(2))
        status, out, err = daemon.ctl("forecast", "days", "9", "capacity", "service=1")
        same((status, err), (0, ""))
        matches(out, r"day +queue +falling_due +waiting +capacity +done +missed +left")
        matches(out, r"2025-03-04 +service +0 +2 +1 +1 +0 +1")
        matches(out, r"(?m)^service +command +1 *$")
        matches(out, r"(?m)^first missed: none$")


@test("as CSV it is the days, every column by its name; as text it says the first day missed at the end")
def _():
    with Daemon() as daemon:
        complaints(daemon, range(5))
        words = ("FORECAST", "DAYS", "9", "CAPACITY", "service=0")
        told = daemon.json(*words)
        rows = list(csv.DictReader(io.StringIO(daemon.call(*words, "FORMAT", "csv"))))
        same([{name: value or None for name, value in row.items()} for row in rows],
             [{name: None if value is None else str(value) for name, value in row.items()} for row in told["days"]])
        same(daemon.ctl("forecast", "--days", "9", "--capacity=service=0", "--csv")[1].rstrip("\n"), daemon.call(*words, "FORMAT", "csv").rstrip("\n"))
        first = told["first_missed"]
        matches(daemon.call(*words, "FORMAT", "text"), f"(?m)^first missed: day {first['day']}, queue {first['queue']}, count {first['count']}$")
        matches(daemon.refused("FORECAST", "FORMAT", "xml"), "^ERR FORMAT json, csv or text")


@test("a thousand managers, each of whom must not call his own client: one desk makes their calls in the order of the queue")
def _():
    with Daemon() as daemon:
        daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": f"C{number}", "name": "B", "phone": "13900000000", "manager": f"M{number}"}) for number in range(1000)])
        daemon.operator.pipeline([("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number}", "kind": "complaint" if number % 10 == 0 else "permission_opened",
                                                 "occurred_at": TUESDAY}) for number in range(1000)])
        answer = daemon.json("FORECAST", "DAYS", 3, "CAPACITY", "service=60", "hq=400")
        same([(row["queue"], row["done"], row["left"]) for row in answer["days"]],
             [("hq", 400, 500), ("service", 60, 40), ("hq", 400, 100), ("service", 40, 0), ("hq", 100, 0)])
        same(answer["first_missed"], None)


if __name__ == "__main__":
    run()
