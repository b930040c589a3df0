#!/usr/bin/env python3
"""RELOAD tells what a changed configuration changes for the follow-ups that are open, and for whom (POLICY 9); DRY only tells it."""
import json
import os
import signal
import sqlite3

from harness import ROOT, Daemon, matches, run, same, test, true

CLIENTS = os.path.join(ROOT, "tests/data/example/clients.csv")
EVENTS = os.path.join(ROOT, "tests/data/example/events.csv")
MANY = 8000


def load_example(daemon):
    for what, file in (("clients", CLIENTS), ("events", EVENTS)):
        same(daemon.ctl("import", what, file)[0], 0)
    daemon.work()


def fill(daemon, clients):
    with daemon.connect() as feeder:
        for start in range(0, clients, 1000):
            numbers = range(start, min(start + 1000, clients))
            feeder.pipeline([("CLIENT.PUT", {"client_ref": f"C{number:05}", "name": "B", "phone": "13900000000"}) for number in numbers])
            feeder.pipeline([("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number:05}", "kind": "account_opened", "occurred_at": "2025-03-04"})
                             for number in numbers])
    daemon.work()


def dump(daemon):
    book = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in book.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")]
        return {name: sorted(map(repr, book.execute(f"SELECT * FROM {name}"))) for name in tables}
    finally:
        book.close()


def followups(daemon):
    rows, last = {}, 0
    while True:
        page = daemon.list("followups", limit=5000, after=last)
        if not page:
            return rows
        last = page[-1]["followup"]
        rows.update({(row["client_ref"], row["rule"], row["occasion"]): row for row in page})


@test("what is told is what happens: row by row, and nothing else")
def _():
    with Daemon(clock="2025-03-04T00:00:00") as daemon:
        load_example(daemon)
        daemon.switch("dormant", "no")
        daemon.replace("due      = 7d", "due      = 9d", "rules.d/account-opened.conf")
        before = followups(daemon)
        stood = dump(daemon)
        told = daemon.json("RELOAD", "DRY")
        # Whoever has seen clients' matters is written down; that is all that a dry one leaves behind.
        seen = ("entry", "entry_subject", "link", "name")
        stands = dump(daemon)
        same([table for table, rows in stands.items() if rows != stood[table] and table not in seen], [])
        new = [row for row in stands["entry"] if row not in stood["entry"]]
        true(len(new) == 1 and '{"command":"RELOAD DRY","clients":[' in new[0], new)
        same(told["reloaded"], False)
        again = daemon.json("RELOAD")
        same(again, dict(told, reloaded=True))
        daemon.work()
        after = followups(daemon)
        changes = {(row["client_ref"], row["rule"], row["occasion"]): row for row in told["changes"]}
        same(len(changes), told["changed"])
        true(len(changes) >= 5, told)
        members = ("opens_on", "due_on", "channel", "queue", "state", "reason")
        apart = {key for key in before | after
                 if key not in before or key not in after or any(before[key][member] != after[key][member] for member in members)}
        same(set(changes), apart)
        for key, row in changes.items():
            for side, book in (("before", before), ("after", after)):
                same(row[side], {name: book[key][name] for name in row[side]}, key)
        same({row["rule"] for row in told["changes"]} >= {"dormant", "account-opened"}, True)
        same({row["rule"]: row["ended"] for row in told["changed_by_rule"]}["dormant"], sum(key[1] == "dormant" for key in changes))
        for row in told["changes"]:
            if row["rule"] == "dormant":
                same(row["after"]["state"], "cancelled")
                same(row["after"]["reason"], "rule-off")
        same(sum(row["created"] + row["changed"] + row["ended"] for row in told["changed_by_rule"]), told["changed"])
        daemon.check()
        same((daemon.json("RELOAD")["changed"], daemon.json("RELOAD", "DRY")["changes"]), (0, []))


@test("a follow-up that a rule switched on makes is told as new")
def _():
    with Daemon() as daemon:
        daemon.client("C1", opened_on="2019-03-04")
        daemon.switch("anniversary", "yes")
        told = daemon.json("RELOAD")
        same(told["changes"], [{"client_ref": "C1", "rule": "anniversary", "occasion": "2025", "before": None,
                                "after": {"opens_on": "2025-03-04", "due_on": "2025-03-04", "channel": "sms", "queue": "sms", "state": "queued", "reason": None}}])
        same(told["changed_by_rule"], [{"rule": "anniversary", "created": 1, "changed": 0, "ended": 0}])


@test("DRY refuses what RELOAD refuses; other words are refused")
def _():
    with Daemon() as daemon:
        daemon.set("cap", "many")
        for words in (("RELOAD",), ("RELOAD", "DRY")):
            matches(daemon.refused(*words), "^ERR nothing has changed; 1 mistake: .*followupd.conf:[0-9]+: ")
        matches(daemon.refused("RELOAD", "WET"), r"^ERR usage: RELOAD \[DRY\]")


@test("a large book: the first thousand rows are told, and how many there are; the desk is served meanwhile; a crash in the middle loses nothing")
def _():
    with Daemon() as daemon:
        fill(daemon, MANY)
        daemon.switch("account-opened", "no")
        asker, anna = daemon.connect(), daemon.agent("anna")
        asker.send("RELOAD")
        same(anna.json("NEXT")["queue"], "service")
        true(asker.is_silent(), "the reload was faster than a NEXT")
        told = json.loads(asker.read())
        # One is in anna's hands: it was when the copy was made, or it was not.
        same((told["changed"], len(told["changes"])), (MANY, 1000))
        same([row["client_ref"] for row in told["changes"]], [f"C{number:05}" for number in range(1000)])
        daemon.kill()
        daemon.forget_notified()
        daemon.start()
        daemon.work()
        counts = {}
        for row in followups(daemon).values():
            counts[row["state"], row["reason"]] = counts.get((row["state"], row["reason"]), 0) + 1
        same(sum(counts.values()), MANY)
        same(counts.get(("cancelled", "rule-off"), 0) >= MANY - 1, True, counts)
        daemon.check()


@test("who goes away before the outcome has changed nothing, and a reload that another one overtakes says so")
def _():
    with Daemon() as daemon:
        fill(daemon, MANY)
        daemon.switch("account-opened", "no")
        asker = daemon.connect()
        same(asker.call("PING"), "PONG")  # it is heard
        asker.send("RELOAD")
        same(daemon.call("PING"), "PONG")
        asker.close()
        daemon.check()
        true("event=reloaded" not in daemon.log(), "it has reloaded")
        asker = daemon.connect()
        same(asker.call("PING"), "PONG")  # it is heard
        asker.send("RELOAD")
        same(daemon.call("PING"), "PONG")
        daemon.forget_notified()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_notified("READY=1")
        matches(asker.read(), "^BUSY another reload came in between")
        same(daemon.json("RELOAD")["changed"], 0)


@test("followupctl prints it so that it can be read")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        daemon.replace("due      = 7d", "due      = 9d", "rules.d/account-opened.conf")
        status, out, err = daemon.ctl("reload", "dry")
        same((status, err), (0, ""))
        matches(out, r"changed: 1\n")
        matches(out, r"client_ref +rule +occasion +before +after\n +C1 +account-opened +E1 +due_on 2025-03-11 +due_on 2025-03-13")


if __name__ == "__main__":
    run()
