#!/usr/bin/env python3
"""One quarter of one client, as the people at the desk live it, with what WHY says at each point (POLICY 3 to 8)."""
import json

from harness import Daemon, run, same, test, true


def told(daemon, client="C1"):
    """What WHY says of a client, in a few lines: its verdict, the cap's ledger, and what waits for what."""
    why = daemon.json("WHY", client)
    lines = [why["verdict"], f"{why['slots_used']} of {why['cap']} used" + (f", kept free for {', '.join(why['kept_free_for'])}" if why["kept_free_for"] else "")]
    lines += [f"contact on {contact['day']} by {contact['channel']}" + (", over the cap" if contact["over_cap"] else "") for contact in why["contacts"]]
    lines += [f"{waiting['rule']}: {waiting['summary']}" for waiting in why["waiting"]]
    return lines


def finish(agent, **said):
    """The next call, reached: the rules on its agenda and the answer to DONE."""
    call = agent.json("NEXT")
    true(call is not None, "there is no call")
    return [item["rule"] for item in call["agenda"]], agent.json("DONE", call["lease"], "reached", said)


def state(daemon, rule):
    row = daemon.followup(client="C1", rule=rule)
    return row["state"], row["reason"], row["closed_on"]


@test("the second quarter of Li Na: opened and called, her birthday kept free, an outflow and a complaint in one call, a third contact overridden, a cancellation")
def _():
    # A firm that would rather greet (POLICY 5): nothing is held back for service beyond what foresight keeps.
    with Daemon(clock="2025-04-01T09:30:00", start_on="2025-04-01", settings={"reserve": "0"}) as daemon:
        anna, hugo = daemon.agent("anna"), daemon.agent("hugo", queues=("hq",))
        gate = daemon.agent("gate", "gateway", ("sms", "email"))
        daemon.agent("vera", "supervisor")
        boss = daemon.agent("boss", "supervisor")

        # Tuesday, 1 April: she opens an account, and is called the same morning.
        daemon.client("C1", name="Li Na", tier="standard", branch="SH01", manager="M7", birthday="06-10", assets="800000")
        daemon.event("E1", "C1", "account_opened", "2025-04-01")
        same(told(daemon), [
            "1 open, none held back; account-opened: on call 1, ready on service: WHY CALL 1",
            "1 of 2 used, kept free for 2025-05-01, 2025-06-10",
            "account-opened: on call 1, ready on service: WHY CALL 1"])
        same(finish(anna, satisfaction=5), (["account-opened"], {"call": 1, "disposition": "reached", "closed": [1], "over_cap": False, "left": []}))
        same(told(daemon), [
            "nothing is open; the next is festival, on 2025-05-01",
            "1 of 2 used, kept free for 2025-05-01, 2025-06-10",
            "contact on 2025-04-01 by phone"])

        # 1 May: a word for Labour Day would cost her the one for her birthday. It is not sent.
        daemon.set_clock("2025-05-01T10:00:00")
        held = ("1 of 2 contacts used, the rest is kept free for service (0) and for greetings of 2025-06-10; none comes free in time (the next on 2025-07-01, it is of use"
                " until 2025-05-01): OVERRIDE 2, or it ends suppressed")
        same(told(daemon), [
            f"1 open, 1 held back; festival: {held}",
            "1 of 2 used, kept free for 2025-06-10",
            "contact on 2025-04-01 by phone",
            f"festival: {held}"])
        same(gate.call("NEXT", "COUNT", "10"), None)
        daemon.set_clock("2025-05-02T10:00:00")
        same(state(daemon, "festival"), ("suppressed", "cap", "2025-05-02"))

        # 10 June: her birthday, and the contact that was kept for it.
        daemon.set_clock("2025-06-10T10:00:00")
        same(told(daemon), [
            "1 open, none held back; birthday: on call 2, ready on sms: WHY CALL 2",
            "2 of 2 used",
            "contact on 2025-04-01 by phone",
            "birthday: on call 2, ready on sms: WHY CALL 2"])
        message, = [json.loads(one) for one in gate.call("NEXT", "COUNT", "10")]
        same(gate.json("DONE", message["lease"], "sent")["closed"], [3])

        # 16 June: she takes out 600,000 yuan. The call is due the next day, and has to wait ...
        daemon.event("E2", "C1", "asset_outflow", "2025-06-16", amount="600000")
        daemon.set_clock("2025-06-17T09:30:00")
        held = "no contact left: 2 of 2 used; none comes free in time (the next on 2025-07-01, it is of use until 2025-06-27): OVERRIDE 4, or it ends suppressed"
        contacts = ["contact on 2025-04-01 by phone", "contact on 2025-06-10 by sms"]
        same(told(daemon), [f"1 open, 1 held back; large-outflow: {held}", "2 of 2 used", *contacts, f"large-outflow: {held}"])
        # ... until she complains: that goes ahead whatever the cap says, and one call carries both.
        daemon.event("E3", "C1", "complaint", "2025-06-17T09:30:00")
        same(told(daemon), [
            "2 open, none held back; large-outflow: on call 3, ready on service: WHY CALL 3",
            "3 of 2 used", *contacts,
            "large-outflow: on call 3, ready on service: WHY CALL 3",
            "complaint: on call 3, ready on service: WHY CALL 3"])
        same(finish(anna), (["complaint", "large-outflow"], {"call": 3, "disposition": "reached", "closed": [5, 4], "over_cap": True, "left": []}))

        # 18 June: a permission. One contact more would be the third that asks for a slot: it waits, and as it is a duty the supervisors hear of it.
        daemon.event("E4", "C1", "permission_opened", "2025-06-18")
        daemon.set_clock("2025-06-18T09:30:00")
        contacts += ["contact on 2025-06-17 by phone, over the cap"]
        held = "no contact left: 3 of 2 used; one comes free on 2025-07-01, in time: it is of use until 2025-08-17"
        same(told(daemon), [f"1 open, 1 held back; permission-opened: {held}", "3 of 2 used", *contacts, f"permission-opened: {held}"])
        same(hugo.call("NEXT"), None)
        alarm, = daemon.list("tasks", state="open")
        same((alarm["kind"], alarm["queue"], alarm["followup"]), ("duty-waits", "supervisors", 6))
        # Two supervisors let it go ahead, with both names.
        same(boss.json("OVERRIDE", 6, "vera", "the regulator wants it this month")["state"], "queued")
        boss.json("ACK", alarm["task"], "overridden")
        same(told(daemon), [
            "1 open, none held back; permission-opened: on call 4, ready on hq: WHY CALL 4",
            "4 of 2 used", *contacts,
            "permission-opened: on call 4, ready on hq: WHY CALL 4"])
        same(finish(hugo), (["permission-opened"], {"call": 4, "disposition": "reached", "closed": [6], "over_cap": True, "left": []}))

        # 23 June: she wants to leave. Before anybody may call, the account is closed: that follow-up is cancelled, and the call after the closing waits for July.
        daemon.event("E5", "C1", "transfer_requested", "2025-06-23")
        daemon.set_clock("2025-06-23T14:30:00")
        contacts += ["contact on 2025-06-18 by phone, over the cap"]
        held = "no contact left: 4 of 2 used; none comes free in time (the next on 2025-07-01, it is of use until 2025-06-29): OVERRIDE 7, or it ends suppressed"
        same(told(daemon), [f"1 open, 1 held back; transfer-out: {held}", "4 of 2 used", *contacts, f"transfer-out: {held}"])
        daemon.set_clock("2025-06-24T09:30:00")
        daemon.event("E6", "C1", "account_closed", "2025-06-24")
        same(state(daemon, "transfer-out"), ("cancelled", "account_closed", "2025-06-24"))
        held = "no contact left: 4 of 2 used; one comes free on 2025-07-01, in time: it is of use until 2025-07-26"
        same(told(daemon), [f"1 open, 1 held back; account-closed: {held}", "4 of 2 used", *contacts, f"account-closed: {held}"])

        # 1 July: another quarter. The last call is late, and says so.
        daemon.set_clock("2025-07-01T09:30:00")
        same(told(daemon), [
            "1 open, none held back; account-closed: on call 5, ready on service: WHY CALL 5",
            "1 of 2 used",
            "account-closed: on call 5, ready on service: WHY CALL 5"])
        same(finish(anna)[0], ["account-closed"])
        same(state(daemon, "account-closed"), ("done-late", None, "2025-07-01"))
        same(told(daemon), ["nothing is open, and nothing is known that will be", "1 of 2 used", "contact on 2025-07-01 by phone"])

        # All of it stands in the record, in the order in which it was decided.
        story = [(entry["kind"], entry.get("rule"), entry.get("reason"), entry.get("agent")) for entry in daemon.json("HISTORY", "C1", "LIMIT", 1000) if entry["kind"] != "look"]
        same([(kind, rule, reason) for kind, rule, reason, _ in story if rule], [
            ("created", "account-opened", None), ("queued", "account-opened", None), ("done", "account-opened", None),
            ("created", "festival", None), ("deferred", "festival", "cap"), ("suppressed", "festival", "cap"),
            ("created", "birthday", None), ("queued", "birthday", None), ("done", "birthday", None),
            ("created", "large-outflow", None), ("deferred", "large-outflow", "cap"),
            ("created", "complaint", None), ("queued", "complaint", None), ("queued", "large-outflow", None), ("done", "complaint", None), ("done", "large-outflow", None),
            ("created", "permission-opened", None), ("deferred", "permission-opened", "cap"), ("queued", "permission-opened", None), ("done", "permission-opened", None),
            ("created", "transfer-out", None), ("deferred", "transfer-out", "cap"), ("cancelled", "transfer-out", "account_closed"),
            ("created", "account-closed", None), ("deferred", "account-closed", "cap"), ("queued", "account-closed", None), ("done-late", "account-closed", None)])
        same([agent for kind, _, _, agent in story if kind == "handed-out"], ["anna", "gate", "anna", "hugo", "anna"])
        same(daemon.json("VERIFY")["holds"], True)
        total = daemon.json("REPORT", "FROM", "2025-04-01", "TO", "2025-06-30")["total"]
        same([total[name] for name in ("due", "done", "done_late", "suppressed", "cancelled", "open")], [7, 4, 1, 1, 1, 0])
        daemon.check()


run()
