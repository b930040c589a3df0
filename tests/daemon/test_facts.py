#!/usr/bin/env python3
"""Facts that arrive late, twice, corrected or withdrawn, and what they do to open follow-ups (POLICY 3)."""
from harness import Daemon, MORNING, TUESDAY, matches, run, same, test, true


def states(daemon, **filters):
    return {(row["rule"], row["occasion"]): (row["state"], row["reason"]) for row in daemon.list(**filters)}


@test("the same fact twice changes nothing; one of an older as_of neither")
def _():
    with Daemon() as daemon:
        same(daemon.client("C1"), 1)
        same(daemon.client("C1"), 0)
        same(daemon.event("E1", "C1", "complaint", TUESDAY), 1)
        same(daemon.event("E1", "C1", "complaint", TUESDAY), 0)
        same(daemon.client("C2", tier="gold", as_of="2025-03-02"), 1)
        same(daemon.client("C2", tier="silver", as_of="2025-03-01"), 0)
        same(daemon.list("clients", client="C2")[0]["tier"], "gold")
        same(daemon.client("C2", tier="silver", as_of="2025-03-03"), 1)
        same(daemon.list("clients", client="C2")[0]["tier"], "silver")
        same(daemon.event("E2", "C1", "trade", "2025-03-03", amount="5", as_of="2025-03-03"), 1)
        same(daemon.event("E2", "C1", "trade", "2025-03-02", amount="6", as_of="2025-03-02"), 0)
        same(daemon.list("events", client="C1")[1]["amount"], 5)
        same(len(daemon.list()), 1)
        daemon.check()


@test("an absent field leaves what is known; an empty one clears it")
def _():
    with Daemon() as daemon:
        daemon.client("C1", tier="gold", manager="M1", birthday="1980-01-01")
        same(daemon.call("CLIENT.PUT", '{"client_ref": "C1", "branch": "SH01"}'), 1)
        row = daemon.list("clients")[0]
        same((row["tier"], row["manager"], row["branch"], row["birthday"]), ("gold", "M1", "SH01", "1980-01-01"))
        same(daemon.call("CLIENT.PUT", '{"client_ref": "C1", "manager": ""}'), 1)
        same(daemon.list("clients")[0]["manager"] or "", "")


@test("events before their client: they wait for him, and then count")
def _():
    with Daemon() as daemon:
        same(daemon.event("E1", "C1", "complaint"), 1)
        same(daemon.list(), [])
        daemon.client("C1")
        same(states(daemon), {("complaint", "E1"): ("queued", None)})
        same(daemon.json("CHECK")["book"]["clients_unnamed"], 0)
        daemon.check()


@test("an account closed while its call waits: the call goes, and the reason for leaving is asked instead")
def _():
    with Daemon() as daemon:
        daemon.client("C1", manager="M17")
        daemon.event("E1", "C1", "account_opened")
        daemon.event("E2", "C1", "transfer_requested")
        same(len(daemon.list("calls")), 1)
        daemon.event("E3", "C1", "account_closed", TUESDAY + "T09:30:00")
        same(states(daemon), {("account-opened", "E1"): ("cancelled", "account_closed"), ("transfer-out", "E2"): ("cancelled", "account_closed"),
                              ("account-closed", "E3"): ("queued", None)})
        agent = daemon.agent("anna")
        same([item["rule"] for item in agent.json("NEXT")["agenda"]], ["account-closed"])
        daemon.check()


@test("an account closed while the call is held: the holder is told at TOUCH, and keeps what is left")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        daemon.event("E2", "C1", "complaint")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        same(len(call["agenda"]), 2)
        daemon.event("E3", "C1", "account_closed")
        same(sorted(item["rule"] for item in agent.json("TOUCH", call["lease"])["agenda"]), ["account-closed", "complaint"])
        agent.json("DONE", call["lease"], "reached")
        same(states(daemon), {("account-opened", "E1"): ("cancelled", "account_closed"), ("complaint", "E2"): ("done", None), ("account-closed", "E3"): ("done", None)})
        daemon.check()


@test("a corrected event moves the open follow-up and never makes a second; a corrected birthday too")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened", TUESDAY)
        row = daemon.followup(rule="account-opened")
        same((row["opens_on"], row["due_on"]), (TUESDAY, "2025-03-11"))
        same(daemon.event("E1", "C1", "account_opened", "2025-02-26"), 1)
        row = daemon.followup(rule="account-opened")
        same((row["opens_on"], row["due_on"], row["state"]), ("2025-02-26", "2025-03-05", "queued"))
        same(daemon.list("calls", queue="service")[0]["due_on"], "2025-03-05")
        daemon.client("C2", birthday="1980-03-04", tier="silver")
        same(daemon.followup(rule="birthday")["state"], "queued")
        daemon.client("C2", birthday="1980-03-06", tier="silver")
        row = daemon.followup(rule="birthday")
        same((row["opens_on"], row["state"], row["call"]), ("2025-03-06", "scheduled", None))
        daemon.set_clock("2025-03-06T09:30:00")
        same(daemon.followup(rule="birthday")["state"], "queued")
        daemon.event("E1", "C1", "complaint", "2025-03-06")  # it was something else altogether
        same(states(daemon)[("complaint", "E1")], ("queued", None))
        matches(states(daemon)[("account-opened", "E1")][0], "cancelled")
        daemon.check()


@test("a correction after the work is done changes nothing that happened")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened", TUESDAY)
        agent = daemon.agent("anna")
        agent.json("DONE", agent.json("NEXT")["lease"], "reached")
        daemon.event("E1", "C1", "account_opened", "2025-03-01")
        same(states(daemon), {("account-opened", "E1"): ("done", None)})
        daemon.event("V1", None, "void", detail="E1")
        same(states(daemon), {("account-opened", "E1"): ("done", None)})
        same(agent.json("NEXT"), None)
        daemon.check()


@test("void withdraws an event: its open follow-ups are cancelled; also before the event itself is known")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C1", "account_opened")
        daemon.event("V1", None, "void", detail="E1")
        same(states(daemon), {("complaint", "E1"): ("cancelled", "withdrawn"), ("account-opened", "E2"): ("queued", None)})
        same(daemon.list("events", client="C1")[0]["withdrawn"], True)
        daemon.event("V2", None, "void", detail="E3")
        daemon.event("E3", "C1", "complaint")
        matches(str(states(daemon).get(("complaint", "E3"), ("cancelled",))[0]), "cancelled")
        agent = daemon.agent("anna")
        same([item["rule"] for item in agent.json("NEXT")["agenda"]], ["account-opened"])
        daemon.check()


@test("two clients turn out to be one person: one call, one cap; and apart again")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.client("C2")
        daemon.event("E1", "C1", "account_opened")
        daemon.event("E2", "C2", "account_opened")
        same(len(daemon.list("calls")), 2)
        agent = daemon.agent("anna")
        agent.json("RECORD", "C1", '{"items": []}')
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        same([row["items"] for row in daemon.list("calls")], [2])
        same((daemon.used("C1"), daemon.used("C2")), (2, 2))
        daemon.check()
        daemon.client("C2", person_ref="P2")
        same(sorted(row["client_ref"] for row in daemon.list("calls")), ["C1", "C2"])
        same((daemon.used("C1"), daemon.used("C2")), (2, 1))
        daemon.check()


@test("facts known too late: missed, late-fact; under a rule that drops late work nothing; before start_on nothing")
def _():
    with Daemon(start_on="2025-01-15") as daemon:
        daemon.client("C1", birthday="1980-02-20", tier="silver")
        daemon.event("E1", "C1", "complaint", "2025-01-20")  # useful until 20 February
        daemon.event("E2", "C1", "complaint", "2025-02-10")
        daemon.event("E3", "C1", "complaint", "2025-01-10")
        same(states(daemon), {("complaint", "E1"): ("missed", "late-fact"), ("complaint", "E2"): ("queued", None)})
        agent = daemon.agent("anna")
        agent.json("DONE", agent.json("NEXT")["lease"], "reached")
        same(states(daemon)[("complaint", "E2")], ("done-late", None))
        daemon.check()


@test("outflows of a day add up; the follow-up comes the next day, and grows by no second")
def _():
    with Daemon() as daemon:
        daemon.client("C1", assets="900000")
        daemon.client("C2")
        daemon.event("E1", "C1", "asset_outflow", TUESDAY + "T08:00", amount="150000")
        daemon.event("E2", "C1", "asset_outflow", TUESDAY + "T09:00", amount="120000")
        daemon.event("E3", "C2", "asset_outflow", TUESDAY, amount="499999.99")
        same(daemon.list(), [])
        daemon.set_clock("2025-03-05T09:30:00")
        daemon.event("E4", "C2", "asset_outflow", TUESDAY, amount="0.01")
        rows = daemon.list(rule="large-outflow")
        same([(row["client_ref"], row["occasion"], row["state"]) for row in rows], [("C2", TUESDAY, "queued")])
        daemon.event("E5", "C1", "asset_outflow", TUESDAY, amount="500000")
        daemon.event("E6", "C1", "asset_outflow", TUESDAY, amount="500000")
        same(len(daemon.list(rule="large-outflow", client="C1")), 1)
        daemon.check()


@test("a withdrawn outflow ends its follow-up, also when another day's is large; one whose day was corrected takes it along")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "asset_outflow", TUESDAY, amount="600000")
        daemon.set_clock("2025-03-05T09:30:00")
        daemon.event("E2", "C1", "asset_outflow", "2025-03-05", amount="600000")
        daemon.set_clock("2025-03-06T09:00:00")
        daemon.event("V1", "C1", "void", "2025-03-06", detail="E1")
        same(states(daemon), {("large-outflow", TUESDAY): ("cancelled", "withdrawn"), ("large-outflow", "2025-03-05"): ("queued", None)})
        daemon.client("C2")
        daemon.event("E3", "C2", "asset_outflow", TUESDAY, amount="700000", as_of="2025-03-04")
        same([row["occasion"] for row in daemon.list(client="C2")], [TUESDAY])
        daemon.event("E3", "C2", "asset_outflow", "2025-03-05", amount="700000", as_of="2025-03-06")
        same([(row["occasion"], row["state"]) for row in daemon.list(client="C2")], [("2025-03-05", "queued")])
        # To a day that is still to come: it waits for that, and comes back when that was wrong too.
        daemon.event("E3", "C2", "asset_outflow", "2025-03-20", amount="700000", as_of="2025-03-07")
        row = daemon.followup(client="C2")
        same((row["occasion"], row["opens_on"], row["state"], row["call"]), ("2025-03-20", "2025-03-21", "scheduled", None))
        daemon.check()
        daemon.set_clock("2025-03-10T09:30:00")
        daemon.event("E4", "C2", "complaint")  # looked at again before the day
        same(daemon.followup(client="C2", rule="large-outflow")["occasion"], "2025-03-20")
        daemon.set_clock("2025-03-21T09:30:00")
        row = daemon.followup(client="C2", rule="large-outflow")
        same((row["occasion"], row["state"]), ("2025-03-20", "queued"))
        daemon.event("E3", "C2", "asset_outflow", "2025-03-18", amount="700000", as_of="2025-03-08")
        same(daemon.followup(client="C2", rule="large-outflow")["occasion"], "2025-03-18")
        daemon.client("C3")
        daemon.event("E5", "C3", "asset_outflow", "2025-03-20", amount="700000")
        daemon.event("E5", "C3", "asset_outflow", "2025-03-28", amount="700000")
        daemon.event("V5", "C3", "void", detail="E5")
        same((daemon.followup(client="C3")["state"], daemon.followup(client="C3")["reason"]), ("cancelled", "withdrawn"))
        daemon.check()


@test("dormant: half a year after the last trade; a trade before the call goes out cancels it")
def _():
    with Daemon() as daemon:
        daemon.client("C1", last_trade_on="2024-09-04", opened_on="2020-01-01")
        same(states(daemon), {("dormant", "2025-03-04"): ("queued", None)})
        daemon.event("E1", "C1", "trade", amount="100")
        same(states(daemon), {("dormant", "2025-03-04"): ("cancelled", "trade")})
        same(daemon.list("calls"), [])
        daemon.check()


@test("a change of tier: what no longer fits is cancelled, the rule that fits takes the occasion")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-04", tier="gold", manager="M17")
        row = daemon.followup()
        same((row["rule"], row["state"], row["queue"]), ("birthday-call", "queued", "manager/M17"))
        daemon.client("C1", birthday="1980-03-04", tier="silver", manager="M17")
        same(states(daemon), {("birthday-call", "2025"): ("cancelled", "not-applicable"), ("birthday", "2025"): ("queued", None)})
        same([row["queue"] for row in daemon.list("calls")], ["sms"])
        daemon.check()


@test("a tier that changes and changes back leaves its greeting, and one only; what the other rule has done stays done")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-06", tier="gold", manager="M17")
        daemon.client("C1", birthday="1980-03-06", tier="silver", manager="M17")
        same(states(daemon), {("birthday-call", "2025"): ("cancelled", "not-applicable")})
        daemon.client("C1", birthday="1980-03-06", tier="gold", manager="M17")
        same(states(daemon), {("birthday-call", "2025"): ("queued", None)})
        same([entry["kind"] for entry in daemon.json("HISTORY", "C1") if entry["kind"] != "look"][-3:], ["cancelled", "reopened", "queued"])
        daemon.check()
        # Back after the day: too late for that.
        daemon.client("C2", birthday="1980-03-06", tier="gold", manager="M17")
        daemon.client("C2", birthday="1980-03-06", tier="silver", manager="M17")
        daemon.set_clock("2025-03-06T09:30:00")
        gate = daemon.agent("gate", roles="gateway", queues=["sms"])
        sent = gate.json("NEXT")
        same(sent["agenda"][0]["client_ref"], "C2")
        gate.json("DONE", sent["lease"], "sent")
        daemon.client("C2", birthday="1980-03-06", tier="gold", manager="M17")
        same([(row["rule"], row["state"]) for row in daemon.list(client="C2")], [("birthday-call", "cancelled"), ("birthday", "done")])
        daemon.check()


@test("a departure corrected to another manager: the first one's clients are left alone, the other's get theirs; a new manager since changes nothing")
def _():
    with Daemon() as daemon:
        for ref, manager in (("C1", "M17"), ("C2", "M17"), ("C3", "M18"), ("C4", "M17")):
            daemon.client(ref, manager=manager, branch="SH01")
        daemon.event("E1", None, "manager_departed", detail="M17", as_of="2025-03-04T08:00")
        same(len(daemon.list(state="queued")), 3)
        daemon.client("C2", manager="M20", branch="SH01")  # given to another since
        daemon.client("C4", manager="M18", branch="SH01")
        same(len(daemon.list(state="queued")), 3)
        daemon.event("E1", None, "manager_departed", detail="M18", as_of="2025-03-04T09:00")
        same({row["client_ref"]: (row["state"], row["reason"]) for row in daemon.list()},
             {"C1": ("cancelled", "withdrawn"), "C2": ("cancelled", "withdrawn"), "C3": ("queued", None), "C4": ("queued", None)})
        daemon.client("C4", manager="M20", branch="SH01")
        same(daemon.followup(client="C4")["state"], "queued")
        daemon.check()


@test("a manager who has gone: one follow-up for each of his clients, on their branch's queue, recused")
def _():
    with Daemon() as daemon:
        for number in range(1, 4):
            daemon.client(f"C{number}", manager="M17" if number < 3 else "M18", branch="SH01")
        daemon.event("E1", None, "manager_departed", detail="M17")
        same([(row["client_ref"], row["queue"]) for row in daemon.list()], [("C1", "branch/SH01"), ("C2", "branch/SH01")])
        daemon.client("C4", manager="M17", branch="BJ01")  # known later
        same(len(daemon.list()), 3)
        same(daemon.agent("M17", queues=["branch/*"]).json("NEXT"), None)
        true(daemon.agent("anna", queues=["branch/*"]).json("NEXT") is not None)
        daemon.check()


@test("a fact of a day to come waits for its day")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint", "2025-03-06")
        same(daemon.list(), [])
        daemon.set_clock("2025-03-05T12:00:00")
        same(daemon.list(), [])
        daemon.set_clock("2025-03-06T00:00:00")
        same(states(daemon), {("complaint", "E1"): ("queued", None)})
        daemon.check()


@test("infer_events: a new opened_on or closed_on acts as its event, once")
def _():
    with Daemon(clock=MORNING, settings={"infer_events": "yes"}) as daemon:
        daemon.client("C1", opened_on=TUESDAY)
        daemon.client("C1", opened_on=TUESDAY)
        same([row["rule"] for row in daemon.list()], ["account-opened"])
        daemon.client("C1", opened_on=TUESDAY, closed_on=TUESDAY)
        same(sorted((row["rule"], row["state"]) for row in daemon.list()), [("account-closed", "queued"), ("account-opened", "cancelled")])
        daemon.check()
    with Daemon(clock=MORNING) as daemon:
        daemon.client("C1", opened_on=TUESDAY)
        same(daemon.list(), [])


@test("WHY explains a client: his slots, the contacts that used them, and each follow-up")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-20", tier="silver")
        daemon.event("E1", "C1", "account_opened")
        agent = daemon.agent("anna")
        agent.json("DONE", agent.json("NEXT")["lease"], "reached")
        why = daemon.json("WHY", "C1")
        same((why["client_ref"], why["slots_used"], [contact["day"] for contact in why["contacts"]], why["kept_free_for"]), ("C1", 1, [TUESDAY], ["2025-03-20"]))
        same([row["rule"] for row in why["followups"]], ["account-opened"])
        matches(daemon.refused("WHY", "nobody"), "^ERR there is no client")


if __name__ == "__main__":
    run()
