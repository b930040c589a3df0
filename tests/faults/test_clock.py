#!/usr/bin/env python3
"""A clock that is stepped a day both ways, and a time zone that is changed: nothing falls due twice or never, nothing expires twice, no lease ends twice (DESIGN 5.5)."""
import calendar
import collections
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from harness import BUILD, PATIENCE, Daemon, matches, run, same, test, true  # noqa: E402

FINAL = {"done", "done-late", "missed", "cancelled", "suppressed"}
DAYS = ["2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06", "2025-03-07"]
HOUR, DAY = 3600, 86400


class Clock:
    """The wall clock of a daemon without a test clock: how far it is off is in a file."""

    def __init__(self, daemon, utc):
        self.file = os.path.join(daemon.folder, "clock")
        self.environment = {"LD_PRELOAD": os.path.join(BUILD, "faults/stepped_clock.so"), "STEPPED_CLOCK": self.file,
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.off = int(calendar.timegm(time.strptime(utc, "%Y-%m-%dT%H:%M:%S")) - time.time())
        self.step(0)

    def step(self, seconds):
        self.off += seconds
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(str(self.off))
        os.rename(self.file + ".new", self.file)


def stepping(steps, daemon, clock):
    """Does each step, and everything that is to be done by then."""
    for step in steps:
        if isinstance(step, str):
            daemon.replace('time_zone = "', f'time_zone = "{step}"   # was "')
            daemon.restart(environment=clock.environment)
        elif step == 0:
            daemon.restart(environment=clock.environment)
        else:
            clock.step(step)
        until = time.monotonic() + PATIENCE
        while daemon.info("work")["idle"] != "yes":
            true(time.monotonic() < until, "the work is never done")
        yield step


class Seen:
    """What must not happen twice, or be undone, from one look to the next."""

    def __init__(self):
        self.closed, self.leases = {}, {}

    def look(self, daemon, what):
        rows = daemon.list("followups", limit=1000)
        occasions = collections.Counter((row["rule"], row["client_ref"], row["occasion"]) for row in rows)
        same([key for key, count in occasions.items() if count > 1], [], f"{what}: due twice")
        now = {row["followup"]: (row["state"], row["reason"], row["closed_on"]) for row in rows if row["state"] in FINAL}
        for number, how in self.closed.items():
            same(now.get(number), how, f"{what}: follow-up {number}, closed before")
        self.closed = now
        told = collections.Counter()
        for client in daemon.list("clients", limit=100):
            for entry in daemon.json("HISTORY", client["client_ref"], "LIMIT", 1000):
                if entry["kind"] in FINAL | {"created"}:
                    told[(entry["followup"], "created" if entry["kind"] == "created" else "closed")] += 1
                elif entry["kind"] == "handed-out" and client["client_ref"] != "X":
                    told[(entry["call"], entry["said"]["generation"])] += 1
        same({key: count for key, count in told.items() if count > 1}, {}, f"{what}: written down twice")
        daemon.check()
        true(daemon.json("VERIFY")["holds"], what)


# A day back, forward, and all the ways round; 0: a restart, so that nothing is remembered but the book; a name: a restart in that time zone.
STEPS = [
    [-DAY, DAY, DAY],
    [DAY, -DAY, DAY],
    [-DAY, 0, DAY, 0, DAY],
    [DAY, 0, -DAY, 0, DAY, 0],
    [DAY, -DAY, 0, -DAY, 0, DAY, DAY, 0],
    [HOUR, -HOUR, HOUR, -DAY, DAY],
    ["America/New_York", "Asia/Shanghai"],
    ["Pacific/Auckland", "Asia/Shanghai"],
    ["America/New_York", DAY, "Pacific/Auckland", -DAY, "Asia/Shanghai", DAY],
    [3 * DAY, -3 * DAY, 0, 3 * DAY],
]


@test("the clock is stepped and the zone is changed in every order: no occasion twice, nothing closed twice or opened again, and in the end everything that fell due is there")
def _():
    for steps in STEPS:
        daemon = Daemon(clock="real", start_on="2025-03-01", settings={"hours": "always"})
        clock = Clock(daemon, "2025-03-04T02:00:00")  # 10:00 in Shanghai
        with_clock = {"environment": clock.environment}
        daemon.start_options = with_clock
        with daemon:
            for day in DAYS:
                daemon.client("B" + day, birthday="1980" + day[4:], tier="silver", phone="139" + day.replace("-", ""))
            daemon.client("C1", email="c1@example.com")
            daemon.client("C2")
            daemon.event("E1", "C1", "account_opened", "2025-03-04")
            daemon.event("E2", "C2", "complaint", "2025-03-04")
            anna, gate = daemon.agent("anna"), daemon.agent("gate", "gateway", ["sms", "email", "letter"])
            held = anna.json("NEXT")
            message = gate.json("NEXT")
            seen = Seen()
            seen.look(daemon, f"{steps}: before")
            for step in stepping(steps, daemon, clock):
                seen.look(daemon, f"{steps}: {step}")
            # Whatever the clock says now: some days on everything has come, once.
            for step in stepping([4 * DAY, 4 * DAY, 0], daemon, clock):
                seen.look(daemon, f"{steps}: at last {step}")
            rows = daemon.list("followups", limit=1000)
            same(sorted(row["client_ref"] for row in rows if row["rule"] == "birthday"), ["B" + day for day in DAYS[DAYS.index("2025-03-04"):]], f"{steps}: never due")
            states = {row["client_ref"]: row["state"] for row in rows if row["rule"] == "birthday"}
            same(set(states.values()) <= {"missed", "done"}, True, f"{steps}: {states}")
            # The message may have gone out: one contact, and not sent again. The lease that ended is told of once.
            same(len([row for row in daemon.list("attempts", client=message["agenda"][0]["client_ref"])]) <= 1, True)
            anna, gate = daemon.agent("anna"), daemon.agent("gate")
            answer = anna.call("DONE", held["lease"], "reached")
            same(anna.call("DONE", held["lease"], "reached"), answer)
            same(gate.json("NEXT"), None, "sent twice")
            seen.closed = {number: how for number, how in seen.closed.items() if number not in {item["item"] for item in held["agenda"]}}
            seen.look(daemon, f"{steps}: in the end")


@test("while the clock is behind, time stands still and the log says so; a lease neither ends early nor twice")
def _():
    daemon = Daemon(clock="real", start_on="2025-03-01", settings={"hours": "always"})
    clock = Clock(daemon, "2025-03-04T02:00:00")
    daemon.start_options = {"environment": clock.environment}
    with daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint", "2025-03-04")
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        first = anna.json("NEXT")
        clock.step(-DAY)
        same(daemon.info("work")["day"], "2025-03-04")
        matches(daemon.log(), r"event=clock_stepped_back seconds=(86400|8639\d)\b")
        same(anna.json("TOUCH", first["lease"])["lease"], first["lease"], "it is still hers")
        same(bert.json("NEXT"), None)
        clock.step(DAY + 20 * 60)
        second = bert.json("NEXT")
        same((second["call"], second["lease"]), (first["call"], f"{first['call']}.2"), "it ended, once")
        clock.step(-DAY)
        same(bert.json("TOUCH", second["lease"])["lease"], second["lease"])
        matches(anna.refused("TOUCH", first["lease"]), "^NOLEASE ")
        clock.step(DAY)
        same(bert.json("MINE")[0]["lease"], second["lease"], "the same twenty minutes do not count twice")
        bert.call("DONE", second["lease"], "reached")
        daemon.check()


if __name__ == "__main__":
    run()
