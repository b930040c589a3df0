#!/usr/bin/env python3
"""Promises: what an agent has promised a client is kept on its day, first of all by him (POLICY 7)."""
import json

from harness import Daemon, TUESDAY, matches, run, same, test, true

MONDAY = "2025-03-10"  # the desk opens at 14:30
WEDNESDAY = "2025-03-05"  # at 09:30
FEES = {"by": MONDAY, "matter": "send the fee schedule", "dept": "operations"}


def promise(daemon, agent, said, ref="C1"):
    """A complaint of the client, and what was said when he was rung up about it."""
    daemon.client(ref)
    daemon.event("E" + ref, ref, "complaint")
    call = agent.json("NEXT")
    return agent.json("DONE", call["lease"], "reached", json.dumps({"promise": said}))


def promised(daemon, **filters):
    rows = daemon.list("followups", rule="promise", **filters)
    return [(row["occasion"], row["opens_on"], row["due_on"], row["state"], row["reason"]) for row in rows]


@test("a promise is kept on its day by who made it; after 15 minutes of calling hours by anyone; matter and department stand on the call")
def _():
    for late in (False, True):
        with Daemon() as daemon:
            anna, bert = daemon.agent("anna"), daemon.agent("bert")
            same(promise(daemon, anna, FEES)["promises"], [1])
            row, = daemon.list("promises")
            same(row, {"promise": 1, "client_ref": "C1", "made_on": TUESDAY, "by": MONDAY, "matter": FEES["matter"], "dept": "operations", "agent": "anna", "followup": None, "state": None})
            same(promised(daemon), [])
            daemon.set_clock("2025-03-09T23:59:59")
            same(promised(daemon), [])
            daemon.set_clock(MONDAY + "T00:00:00")
            same(promised(daemon), [("promise/1", MONDAY, MONDAY, "queued", None)])
            same([(row["followup"], row["state"]) for row in daemon.json("WHY", "C1")["promises"]], [(2, "queued")])
            matches(anna.refused("NEXT"), "^CLOSED until=2025-03-10T14:30:00")
            daemon.set_clock(MONDAY + "T14:44:59")
            same(bert.json("NEXT"), None)
            if late:
                bert.send("NEXT", "WAIT", 100)
                daemon.advance(1)
                call = json.loads(bert.read())
            else:
                call = anna.json("NEXT")
            told, = [entry for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "promised"]
            same((told["agent"], told["call"], told["said"]), ("anna", 1, dict(FEES, promise=1)))
            item, = call["agenda"]
            same((item["rule"], item["matter"], item["dept"], item["promised_by"]), ("promise", FEES["matter"], "operations", "anna"))
            (bert if late else anna).json("DONE", call["lease"], "reached")
            same(promised(daemon, state="done"), [("promise/1", MONDAY, MONDAY, "done", None)])
            same([row["state"] for row in daemon.list("promises", state="done", client="C1")], ["done"])
            daemon.check()


@test("several promises of one contact; one for today is kept today; one without a department says nothing of it")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        same(promise(daemon, anna, [{"by": TUESDAY, "matter": "ring back", "dept": None}, FEES, {"by": WEDNESDAY, "matter": "a form"}])["promises"], [1, 2, 3])
        same(promised(daemon), [("promise/1", TUESDAY, TUESDAY, "queued", None)])
        same(bert.json("NEXT"), None)
        call = anna.json("NEXT")
        item, = call["agenda"]
        same(("dept" in item, item["matter"]), (False, "ring back"))
        anna.json("DONE", call["lease"], "no-answer")  # told nobody: the promise waits with its call, and is anyone's now
        daemon.set_clock(TUESDAY + "T15:00:00")
        same(bert.json("NEXT")["agenda"][0]["matter"], "ring back")
        daemon.check()


REFUSED = [
    (7, "promise: an object is wanted"),
    ([7], "promise: an object, or a list"),
    ([dict(FEES)] * 9, "a list of at most 8"),
    ({"matter": "x"}, "promise: by is missing"),
    ({"by": MONDAY}, "promise: matter is missing"),
    ({"by": MONDAY, "matter": ""}, "promise: matter: a text"),
    ({"by": MONDAY, "matter": "x" * 513}, "promise: matter: a text of at most 512 bytes"),
    ({"by": MONDAY, "matter": "x", "dept": 3}, "promise: dept: a text"),
    ({"by": "Monday", "matter": "x"}, "promise: by: a day like"),
    ({"by": 20250310, "matter": "x"}, "promise: by: a day like"),
    ({"by": "2025-02-29", "matter": "x"}, "promise: by: a day like"),
    ({"by": "2025-03-03", "matter": "x"}, "promise: by: 2025-03-03 lies before the day of the contact, 2025-03-04"),
    ([FEES, {"by": "2025-03-03", "matter": "x"}], "promise: by: 2025-03-03 lies before"),
]


@test("what is no promise is refused by name, and the lease stays; a try that reached nobody promises nothing")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        call = anna.json("NEXT")
        for said, wanted in REFUSED:
            for words in (("DONE", call["lease"], "reached"), ("RECORD", "C1")):
                matches(anna.refused(*words, json.dumps({"promise": said})), wanted, said)
        for disposition in ("no-answer", "wrong-number", "third-party"):
            matches(anna.refused("DONE", call["lease"], disposition, json.dumps({"promise": FEES})), f"promise: {disposition} tells of nobody")
        same(daemon.list("promises"), [])
        said = json.dumps({"promise": FEES})
        answer = anna.json("DONE", call["lease"], "reached", said)
        same(anna.json("DONE", call["lease"], "reached", said), answer)
        same(len(daemon.list("promises")), 1, "the same DONE again makes no second one")
        daemon.check()


@test("told late: a promise whose day has passed is due at once, and late; past its last useful day it is missed")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.client("C2")
        anna.json("RECORD", "C1", {"done_at": "2025-02-20T10:00", "promise": {"by": "2025-02-24", "matter": "x"}})
        anna.json("RECORD", "C2", {"done_at": "2025-01-20T10:00", "promise": {"by": "2025-01-22", "matter": "y"}})
        same(promised(daemon, client="C1"), [("promise/1", "2025-02-24", "2025-02-24", "queued", None)])
        same(promised(daemon, client="C2"), [("promise/2", "2025-01-22", "2025-01-22", "missed", "late-fact")])
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        same(promised(daemon, client="C1")[0][3], "done-late")
        daemon.check()


@test("a promise asks for none of the two contacts, and is counted")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        promise(daemon, anna, {"by": WEDNESDAY, "matter": "x"})
        anna.json("RECORD", "C1", {"done_at": TUESDAY + "T08:00"})
        same(daemon.used("C1"), 2)
        daemon.set_clock(WEDNESDAY + "T09:30:00")
        true(anna.json("DONE", anna.json("NEXT")["lease"], "reached")["over_cap"])
        same(daemon.used("C1"), 3)
        daemon.check()


@test("who is gone, recused, or serves another queue owns nothing: the promise is anyone's at once")
def _():
    def gone(daemon):
        daemon.json("AGENT.DEL", "anna")

    def gone_after(daemon):
        daemon.set_clock(WEDNESDAY + "T08:00:00")
        daemon.json("AGENT.DEL", "anna")
        daemon.check()

    def recused(daemon):
        daemon.replace("class    = exempt ", 'recuse = {"manager"}\n\tclass = exempt ', "rules.d/promise.conf")
        daemon.json("RELOAD")
        daemon.client("C1", manager="anna")

    def elsewhere(daemon):
        daemon.replace('queue    = "service"', 'queue    = "hq"', "rules.d/promise.conf")
        daemon.json("RELOAD")

    for change in (gone, gone_after, recused, elsewhere):
        with Daemon() as daemon:
            anna, bert = daemon.agent("anna"), daemon.agent("bert", queues=("service", "hq"))
            promise(daemon, anna, {"by": WEDNESDAY, "matter": "x"})
            change(daemon)
            daemon.set_clock(WEDNESDAY + "T09:30:00")
            if change is recused:
                same(anna.json("NEXT"), None)
            same(bert.json("NEXT")["agenda"][0]["matter"], "x", change.__name__)
            daemon.check()


@test("a promise joins the call that waits for the client, and its agent is asked first")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        promise(daemon, anna, {"by": WEDNESDAY, "matter": "x"})
        daemon.set_clock(TUESDAY + "T18:00:00")
        daemon.event("E2", "C1", "feedback")
        daemon.set_clock(WEDNESDAY + "T09:30:00")
        same(bert.json("NEXT"), None)
        same([item["rule"] for item in anna.json("NEXT")["agenda"]], ["complaint", "promise"])
        daemon.check()


@test("a promise that is settled otherwise takes its appointment along: the rest of the call is anyone's, at its own rank")
def _():
    with Daemon(settings={"cap": "9"}) as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        promise(daemon, anna, {"by": WEDNESDAY, "matter": "x"})
        daemon.set_clock(TUESDAY + "T18:00:00")
        daemon.event("E2", "C1", "account_opened")
        daemon.client("C2")
        daemon.event("E3", "C2", "complaint")
        daemon.set_clock(WEDNESDAY + "T08:00:00")
        anna.json("RECORD", "C1", {"items": [daemon.followup(rule="promise")["followup"]]})
        daemon.set_clock(WEDNESDAY + "T09:30:00")
        same([item["rule"] for item in bert.json("NEXT")["agenda"]], ["complaint"])
        same([item["rule"] for item in daemon.agent("cara").json("NEXT")["agenda"]], ["account-opened"])
        daemon.check()


@test("through downtime, restarts and a rule that was off meanwhile the promise stands")
def _():
    with Daemon() as daemon:
        promise(daemon, daemon.agent("anna"), FEES)
        daemon.switch("promise", "no")
        daemon.restart("2025-03-20T08:00:00")
        same(promised(daemon), [])
        daemon.switch("promise", "yes")
        daemon.json("RELOAD")
        daemon.work()
        same(promised(daemon), [("promise/1", MONDAY, MONDAY, "queued", None)])
        same(daemon.agent("anna").json("SHOW", daemon.list("calls")[0]["call"])["agenda"][0]["matter"], FEES["matter"])
        daemon.check()
    with Daemon() as daemon:
        promise(daemon, daemon.agent("anna"), FEES)
        daemon.restart("2025-04-20T08:00:00")  # longer than it is of use
        same(promised(daemon), [("promise/1", MONDAY, MONDAY, "missed", "expired")])
        daemon.check()


if __name__ == "__main__":
    run()
