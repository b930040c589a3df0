#!/usr/bin/env python3
"""What waits and why, and which call it joins (POLICY 3, 5, 6)."""
import time

from harness import Daemon, TUESDAY, run, same, test, true


def state(daemon, **filters):
    row = daemon.followup(**filters)
    return row["state"], row["reason"]


def use_up(agent, client, contacts):
    """So many contacts of today, before the desk opened."""
    for hour in range(1, contacts + 1):
        agent.json("RECORD", client, {"done_at": f"{TUESDAY}T0{hour}:00", "items": []})


@test("what a pause held back waits for a slot when the pause is over and there is none, and a duty raises its alarm then")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.json("PAUSE", "RULE", "permission-opened", TUESDAY + "T10:00", "a new script")
        daemon.event("E1", "C1", "permission_opened")
        same(state(daemon, client="C1"), ("scheduled", "paused"))
        use_up(anna, "C1", 2)
        same(daemon.list("tasks"), [])
        daemon.json("RESUME", "RULE", "permission-opened")
        same(state(daemon, client="C1"), ("scheduled", "cap"))
        same([task["kind"] for task in daemon.list("tasks")], ["duty-waits"])
        daemon.check()


@test("a follow-up that waits for a slot under a paused rule joins no new call, and does when the pause is over")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        use_up(anna, "C1", 2)
        daemon.event("E1", "C1", "permission_opened")
        same(state(daemon, client="C1"), ("scheduled", "cap"))
        daemon.json("PAUSE", "RULE", "permission-opened", TUESDAY + "T10:00", "a new script")
        daemon.event("E2", "C1", "complaint")
        same(state(daemon, client="C1", rule="complaint"), ("queued", None))
        same(state(daemon, client="C1", rule="permission-opened"), ("scheduled", "paused"))
        daemon.json("RESUME", "RULE", "permission-opened")
        same(state(daemon, client="C1", rule="permission-opened"), ("queued", None))
        daemon.check()


@test("however many calls a paused rule has, its follow-ups leave them without being asked for, and come back")
def _():
    many = 700
    with Daemon() as daemon:
        anna = daemon.agent("anna", queues=("service", "hq"))
        for number in range(many):
            daemon.client(f"C{number}")
            daemon.event(f"E{number}", f"C{number}", "permission_opened")
        held = anna.json("NEXT")
        daemon.json("PAUSE", "RULE", "permission-opened", TUESDAY + "T10:00", "a new script")
        daemon.work()
        same((len(daemon.list("calls", limit=1000)), len(daemon.list(state="scheduled", limit=1000))), (1, many - 1), "all but the one that is held")
        anna.json("RELEASE", held["lease"], "paused")
        same(anna.call("NEXT"), None)
        daemon.json("RESUME", "RULE", "permission-opened")
        daemon.work()
        same(len(daemon.list("calls", limit=1000)), many)
        daemon.check()


@test("NEXT passes over thousands of equal calls that may not go out now, each once")
def _():
    daemon = Daemon(clock=TUESDAY + "T12:00:00")
    daemon.replace("rule complaint {\n", "rule complaint {\n\thours = {\"Mon-Sun 08:00-21:00\"}\n", "rules.d/complaint.conf")
    with daemon:
        anna = daemon.agent("anna")
        for first in range(0, 8000, 500):
            commands = []
            for n in range(first, first + 500):
                commands.append(("CLIENT.PUT", {"client_ref": f"C{n}", "name": "孔丽勇", "phone": "13912345678"}))
                commands.append(("EVENT.PUT", {"event_ref": f"E{n}", "client_ref": f"C{n}", "kind": "account_closed", "occurred_at": TUESDAY}))
            daemon.operator.pipeline(commands)
        began = time.monotonic()
        same(anna.refused("NEXT"), f"CLOSED until={TUESDAY}T15:00:00")
        true(time.monotonic() - began < 2, "it passes over those before each one again")
        daemon.event("X", "C7999", "complaint")
        same([item["rule"] for item in anna.json("NEXT")["agenda"]], ["complaint", "account-closed"])


@test("a duty whose call gives way to a better one raises the alarm at once")
def _():
    daemon = Daemon()
    daemon.replace('{"phone"}', '{"phone", "email"}', "rules.d/transfer-out.conf")
    with daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1", phone=None, email="c2@example.com")
        use_up(anna, "C1", 1)
        daemon.event("E1", "C1", "permission_opened")
        same(state(daemon, client="C1"), ("queued", None))
        daemon.event("E2", "C2", "transfer_requested")
        same((state(daemon, client="C2"), state(daemon, client="C1")), (("queued", None), ("scheduled", "preempted")))
        same([(task["kind"], task["client_ref"]) for task in daemon.list("tasks") if task["kind"] != "nobody-left"], [("duty-waits", "C1")])
        daemon.check()


@test("a complaint about the manager does not join the call that he holds: it gets one of its own, for others")
def _():
    with Daemon() as daemon:
        manager, anna = daemon.agent("M17", queues=("manager/M17", "service")), daemon.agent("anna")
        daemon.client("C1", tier="gold", manager="M17", birthday="1980-03-05")
        call = manager.json("NEXT")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C1", "transfer_requested")
        same([item["rule"] for item in manager.json("TOUCH", call["lease"])["agenda"]], ["transfer-out", "birthday-call"], "of the rest he is told")
        same(len(manager.json("DONE", call["lease"], "reached")["closed"]), 2)
        same(manager.call("NEXT"), None)
        same([item["rule"] for item in anna.json("NEXT")["agenda"]], ["complaint"])
        daemon.check()


@test("a follow-up does not join a call that rests until after its last useful day")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        anna.json("DONE", anna.json("NEXT")["lease"], "not-convenient", {"at": "2025-04-08T10:00"})
        daemon.event("E2", "C1", "complaint")  # of use until 2025-04-04
        given = anna.json("NEXT")
        same([item["rule"] for item in given["agenda"]], ["complaint"])
        anna.json("DONE", given["lease"], "reached")
        daemon.event("E3", "C1", "feedback", at="2025-03-10")
        daemon.set_clock("2025-03-10T15:00:00")
        same(daemon.list(client="C1", rule="complaint")[-1]["call"],
             daemon.followup(client="C1", rule="account-opened")["call"], "of use until 2025-04-10: one interruption, many matters")
        daemon.check()


@test("who refuses greetings hears none of those that wait, whatever was ticked")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", tier="gold", birthday="1980-03-05")
        same(state(daemon, client="C1"), ("queued", None))
        anna.json("RECORD", "C1", {"disposition": "refused", "items": []})
        same(anna.call("NEXT"), None)
        same(state(daemon, client="C1"), ("suppressed", "do-not-contact"))
        daemon.check()


@test("a date corrected back to one that has had its follow-up ends the follow-up of the wrong one")
def _():
    daemon = Daemon()
    daemon.switch("expiry-id-card", "yes")
    with daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", id_expires_on="2025-03-20")
        anna.json("RECORD", "C1", {"channel": "sms"})
        same(state(daemon, client="C1"), ("done", None))
        daemon.client("C1", id_expires_on="2025-04-01")
        same(state(daemon, client="C1", state="queued"), ("queued", None))
        daemon.client("C1", id_expires_on="2025-03-20")
        same([(row["occasion"], row["state"], row["reason"]) for row in daemon.list(client="C1")],
             [("2025-03-20", "done", None), ("2025-04-01", "cancelled", "withdrawn")])
        daemon.check()


@test("however many matters a client has, all of them follow the facts")
def _():
    many = 300
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        use_up(anna, "C1", 2)
        for number in range(many):
            daemon.event(f"E{number}", "C1", "permission_opened")
        same(len(daemon.list(client="C1", state="scheduled", limit=1000)), many)
        daemon.event("X1", "C1", "complaint")
        same(len(daemon.list(client="C1", state="queued", limit=1000)), many + 1, "all join the new call")
        daemon.event("X2", "C1", "account_closed", at=TUESDAY + "T09:00")
        same(len(daemon.list(client="C1", rule="permission-opened", state="cancelled", limit=1000)), many, "all end with the account")
        daemon.check()


@test("min_gap is asked again when a call is handed out: two that waited side by side do not go out on one day")
def _():
    with Daemon(settings={"min_gap": "7d", "reserve": "0"}) as daemon:
        agent, gate = daemon.agent("anna"), daemon.agent("gate", "gateway", ("sms",))
        daemon.client("C1", birthday=TUESDAY, opened_on="2020-01-01", last_trade_on="2024-08-31")
        same(sorted((row["rule"], row["state"]) for row in daemon.list()), [("birthday", "queued"), ("dormant", "queued")])
        agent.json("DONE", agent.json("NEXT")["lease"], "reached")
        same(gate.call("NEXT"), None)
        row = daemon.followup(rule="birthday")
        same((row["state"], row["reason"]), ("scheduled", "min-gap"))
        daemon.check()


@test("a person with more managers than a lane can name is called by nobody, and an alarm says so")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna", queues=("hq", "service"))
        for number in range(140):
            daemon.client(f"C{number}", person_ref="P", manager=f"M{number}-" + "x" * 58, introducer=f"I{number}-" + "y" * 58)
        for number in range(140):
            daemon.event(f"E{number}", f"C{number}", "complaint")
        same(agent.call("NEXT"), None)
        true("nobody-left" in [task["kind"] for task in daemon.list("tasks", state="open")])
        daemon.check()


run()
