#!/usr/bin/env python3
"""What a console asks for: DESK, the words of this desk and the asker's own day; BRIEF, what stands beside a call that somebody holds."""
import datetime

from harness import Daemon, matches, run, same, test, true


def spans(brief):
    return [(span["from"], span["to"]) for span in brief["appointments"]]


@test("DESK: break codes and rules as configured; the hours of the asker's queues")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna", "agent", ("service", "branch/*"))
        desk = anna.json("DESK")
        same((desk["now"], desk["time_zone"], desk["agent"], desk["state"], desk["cap"]), ("2025-03-04T09:30:00", "Asia/Shanghai", "anna", "ready", 2))
        same(desk["break_codes"], ["lunch", "meeting", "training", "rest"])
        true("complaint" in desk["rules"] and "win-back" not in desk["rules"], desk["rules"])
        same(desk["queues"], [{"queue": name, "open": True, "opens_at": None, "paused": None, "lease_seconds": 900} for name in ("service", "branch/*")])
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        daemon.agent("sven", "supervisor", ()).call("PAUSE", "QUEUE", "service", "2025-03-04T10:00", "training")
        same(anna.json("DESK")["queues"][0]["paused"], "paused until 2025-03-04T10:00:00 by sven: training")
        daemon.set_clock("2025-03-04T12:00:00")
        service = anna.json("DESK")["queues"][0]
        same((service["open"], service["opens_at"], service["paused"]), (False, "2025-03-04T15:00:00", None))
        anna.call("BREAK", "lunch")
        desk = anna.json("DESK")
        same((desk["state"], desk["break"], desk["since"]), ("break", "lunch", "2025-03-04T12:00:00"))


@test("DESK of who makes no calls says nothing of a day of his own")
def _():
    with Daemon() as daemon:
        for role in ("supervisor", "reviewer", "auditor"):
            desk = daemon.agent("one-" + role, role, ()).json("DESK")
            same((desk["agent"], "told" in desk, "state" in desk), ("one-" + role, False, False))
        same(daemon.json("DESK")["agent"], "operator")


@test("DESK: what was told today, what was given back, and the asker's own appointments")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        for number in range(1, 6):
            daemon.client(f"C{number}")
            daemon.event(f"E{number}", f"C{number}", "complaint")
        anna.call("DONE", anna.json("NEXT")["lease"], "reached")
        anna.call("DONE", anna.json("NEXT")["lease"], "no-answer")
        anna.call("DONE", anna.json("NEXT")["lease"], "not-convenient", {"at": "2025-03-05T10:00"})
        anna.call("RELEASE", anna.json("NEXT")["lease"], "lunch")
        bert.call("DONE", bert.json("NEXT")["lease"], "reached")
        desk = anna.json("DESK")
        same(desk["told"], [{"disposition": "no-answer", "count": 1, "contacts": 0}, {"disposition": "not-convenient", "count": 1, "contacts": 0},
                            {"disposition": "reached", "count": 1, "contacts": 1}])
        same((desk["released"], desk["appointments"]), (1, [{"call": 3, "queue": "service", "at": "2025-03-05T10:00:00"}]))
        same(bert.json("DESK")["appointments"], [])
        daemon.set_clock("2025-03-05T09:30:00")
        desk = anna.json("DESK")
        same((desk["told"], desk["released"], len(desk["appointments"])), ([], 0, 1), "a new day")


@test("BRIEF: history with what was said, promises, contacts, for the holder alone; and it is a look that is written down")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        for ref in ("C1", "C2"):
            daemon.client(ref, person_ref="P1", tier="gold", manager="M1")
        daemon.client("C9")
        daemon.event("E1", "C1", "complaint")
        anna.call("DONE", anna.json("NEXT")["lease"], "reached",
                  {"note": "angry", "needs": "a fund", "satisfaction": 2, "promise": {"by": "2025-03-10", "matter": "sends a form", "dept": "ops"}})
        anna.call("RECORD", "C9", {"note": "another's"})
        daemon.event("E2", "C2", "feedback")
        call = bert.json("NEXT")
        brief = bert.json("BRIEF", call["lease"])
        same((brief["call"], brief["contacts"], brief["counted_since"], brief["cap"]), (call["call"], 1, "2025-01-01", 2))
        same([row["client_ref"] for row in brief["clients"]], ["C1", "C2"])
        same(len(brief["history"]), 1)
        row = brief["history"][0]
        same((row["agent"], row["rule"], row["disposition"], row["note"], row["needs"], row["satisfaction"]), ("anna", "complaint", "reached", "angry", "a fund", 2))
        same([(row["by"], row["matter"], row["dept"], row["agent"]) for row in brief["promises"]], [("2025-03-10", "sends a form", "ops", "anna")])
        looks = [entry for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "look"]
        same([(entry["agent"], entry["said"]["command"]) for entry in looks], [("bert", "BRIEF " + call["lease"])])
        for words in (("BRIEF", call["lease"]), ("BRIEF", "99.1")):
            matches(anna.refused(*words), "^NOLEASE ")
        bert.call("DONE", call["lease"], "no-answer")
        matches(bert.refused("BRIEF", call["lease"]), "^NOLEASE ", "after the lease")


@test("BRIEF: of a client who was erased, and where the record is sealed, nothing is said")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.agent("sven", "supervisor", ())
        for ref in ("C1", "C2"):
            daemon.client(ref, person_ref="P1")
        daemon.call("EVENT.PUT", {"event_ref": "E1", "client_ref": "C1", "kind": "complaint", "occurred_at": "2025-03-04"})
        anna.call("DONE", anna.json("NEXT")["lease"], "reached", {"note": "secret"})
        daemon.call("ERASE", "C1", "sven", "asked")
        daemon.work()
        daemon.event("E2", "C2", "complaint")
        brief = anna.json("BRIEF", anna.json("NEXT")["lease"])
        same([row["client_ref"] for row in brief["clients"]], ["C2"])
        same([row for row in brief["history"] if row["note"]], [])


@test("BRIEF: the times for an appointment are those that DONE takes: hours of the desk and of the client, cap, last useful day")
def _():
    cases = (  # settings of the client, the times of the first days
        ({}, [("2025-03-04T09:31:00", "2025-03-04T11:00:00"), ("2025-03-04T15:00:00", "2025-03-04T17:00:00"), ("2025-03-05T09:30:00", "2025-03-05T11:00:00")]),
        ({"hours": "Mon-Fri 10:00-16:00"}, [("2025-03-04T10:00:00", "2025-03-04T11:00:00"), ("2025-03-04T15:00:00", "2025-03-04T16:00:00")]),
        ({"hours": "Thu 08:00-10:00"}, [("2025-03-06T09:30:00", "2025-03-06T10:00:00"), ("2025-03-13T09:30:00", "2025-03-13T10:00:00")]),
    )
    minute = datetime.timedelta(minutes=1)
    for fields, wanted in cases:
        with Daemon() as daemon:
            anna = daemon.agent("anna")
            daemon.client("C1", **fields)
            daemon.event("E1", "C1", "account_opened")
            lease = anna.json("TAKE", daemon.list("calls")[0]["call"])["lease"]  # outside his own hours too
            brief = anna.json("BRIEF", lease)
            same(spans(brief)[:len(wanted)], wanted)
            same(brief["appointments_until"], "2025-04-03", "31 days are told")
            for begin, end in spans(brief):
                first, last = (datetime.datetime.fromisoformat(text) for text in (begin, end))
                for at, good in ((first, True), (last - minute, True), (last, False)):
                    # A savepoint of its own: what was taken is given back, and asked again.
                    reply = anna.refused("DONE", lease, "not-convenient", {"at": at.isoformat()[:16]}) if not good else anna.call("DONE", lease, "not-convenient", {"at": at.isoformat()[:16]})
                    if good:
                        lease = anna.json("TAKE", lease.split(".")[0])["lease"]
                    else:
                        matches(reply, "nobody calls at that time")


@test("BRIEF: no time is offered where no contact is left; the next quarter brings some")
def _():
    with Daemon(clock="2025-03-25T09:30:00") as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened", "2025-03-24")
        call = anna.json("NEXT")
        for day in ("2025-03-20", "2025-03-21"):
            anna.call("RECORD", "C1", {"items": [], "done_at": day})
        brief = anna.json("BRIEF", call["lease"])
        same((brief["contacts"], spans(brief)[0]), (2, ("2025-04-01T09:30:00", "2025-04-01T11:00:00")))
        matches(anna.refused("DONE", call["lease"], "not-convenient", {"at": "2025-03-26T10:00"}), "no contact left")


if __name__ == "__main__":
    run()
