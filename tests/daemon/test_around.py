#!/usr/bin/env python3
"""What becomes of open follow-ups and waiting calls while the world around them changes: persons, rules, festivals, numbers, other contacts."""
from harness import Daemon, TUESDAY, matches, run, same, test, true


def told(daemon, client, *members):
    rows = daemon.json("WHY", client)["waiting"]
    same(len(rows), 1, rows)
    return [rows[0].get(member) for member in members]


def state(daemon, **filters):
    row = daemon.followup(**filters)
    return row["state"], row["reason"] or ""


@test("preemption: of a person's messages the least important gives way; of equals the one due later, then the newest")
def _():
    with Daemon(clock="2025-04-30T08:00:00", settings={"reserve": "0"}) as daemon:
        # One person, three accounts, three channels: an SMS, an e-mail and a letter wait. Labour Day is 7, a birthday 5.
        daemon.client("C1", person_ref="P1", birthday="1980-04-30")
        daemon.client("C2", person_ref="P1", phone=None, email="c2@example.com")
        daemon.client("D1", person_ref="P2", phone=None, email="d1@example.com", birthday="1980-05-01")
        daemon.client("D2", person_ref="P2")
        daemon.set_clock("2025-05-01T08:00:00")
        # P1: the birthday was yesterday (dropped); Labour Day by SMS and by e-mail are equal in all but age.
        before = {ref: state(daemon, client=ref, rule="festival") for ref in ("C1", "C2")}
        same(before, {"C1": ("queued", ""), "C2": ("queued", "")})
        newest = max(("C1", "C2"), key=lambda ref: daemon.list("calls", client=ref)[-1]["call"])
        daemon.event("E1", "C1", "account_opened")
        after = {ref: state(daemon, client=ref, rule="festival") for ref in ("C1", "C2")}
        same(after, {ref: ("scheduled", "preempted") if ref == newest else ("queued", "") for ref in ("C1", "C2")})
        same(state(daemon, client="C1", rule="account-opened"), ("queued", ""))
        # P2: a birthday (5) and Labour Day (7) of two accounts; the latter goes, whichever came first.
        same((state(daemon, client="D1", rule="birthday"), state(daemon, client="D2", rule="festival")), (("queued", ""), ("queued", "")))
        daemon.event("E2", "D2", "account_opened")
        same((state(daemon, client="D1", rule="birthday"), state(daemon, client="D2", rule="festival")), (("queued", ""), ("scheduled", "preempted")))
        daemon.check()


@test("a letter that leaves its slot to a birthday is tried again on the day that this has changed, by a fact known before too, and by a new configuration")
def _():
    with Daemon(clock="2025-04-10T08:00:00") as daemon:
        anna = daemon.agent("anna")
        everybody = ("C1", "C2", "C3", "C4")
        for ref in everybody:
            daemon.client(ref, tier="gold", birthday=None if ref == "C2" else "1980-06-10")
        daemon.event("E1", "C1", "account_closed", "2024-12-10")
        daemon.event("E2", "C1", "account_reopened", "2024-12-20")
        daemon.event("E3", "C1", "void", "2025-04-27", detail="E2")  # from then on it is closed, and no birthday is foreseen
        waits, goes, gone = ("scheduled", "cap"), ("queued", ""), ("suppressed", "cap")
        for time, wanted in (("2025-04-23T08:00:00", None), ("2025-04-24T08:00:00", (waits, goes, waits, waits)), ("2025-04-25T08:00:00", (waits, goes, waits, waits)),
                             ("2025-04-26T08:00:00", (waits, goes, waits, waits)), ("2025-04-27T08:00:00", (goes, goes, waits, waits))):
            daemon.set_clock(time)
            if wanted is not None:
                same(tuple(state(daemon, client=ref, rule="festival-letter") for ref in everybody), wanted, time)
        daemon.client("C4", birthday="1980-08-10", tier="gold")
        same(state(daemon, client="C4", rule="festival-letter"), goes)
        # He was called in the quarter before, says the agent now, and wants no more greetings by telephone: none is foreseen.
        daemon.client("C5", tier="gold", birthday="1980-06-10")
        same(state(daemon, client="C5", rule="festival-letter"), waits)
        daemon.set_clock("2025-04-28T08:00:00")
        anna.json("RECORD", "C5", {"disposition": "refused", "done_at": "2025-03-31T10:00"})
        same([state(daemon, client=ref, rule="festival-letter") for ref in ("C3", "C5")], [waits, waits])
        daemon.set_clock("2025-04-29T08:00:00")
        same([state(daemon, client=ref, rule="festival-letter") for ref in ("C3", "C5")], [waits, goes])
        daemon.set_clock("2025-05-01T08:00:00")
        same(state(daemon, client="C3", rule="festival-letter"), gone)
        daemon.check()
    with Daemon(clock="2025-04-23T08:00:00") as daemon:
        daemon.client("C1", tier="gold", birthday="1980-06-10")
        for day in (24, 25):
            daemon.set_clock(f"2025-04-{day}T08:00:00")
            same(state(daemon, client="C1", rule="festival-letter"), ("scheduled", "cap"))
        daemon.replace("reserve = 1", "reserve = 0")
        daemon.call("RELOAD")
        daemon.set_clock("2025-04-26T08:00:00")
        same(state(daemon, client="C1", rule="festival-letter"), ("queued", ""))


@test("min_gap: too soon after a contact nothing is handed out; it waits, says from when on, and comes by itself")
def _():
    with Daemon(settings={"min_gap": "7d"}) as daemon:
        anna = daemon.agent("anna", queues=("service", "hq"))
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        call = daemon.list("calls")[0]
        true("less than" not in daemon.json("WHY", "CALL", call["call"])["verdict"])
        anna.json("RECORD", "C1", {"items": [], "done_at": "2025-03-03T10:00"})
        answer = daemon.json("WHY", "CALL", call["call"])
        same(answer["verdict"], "held back: the client was contacted less than 7 days ago")
        true("2025-03-10" in str(answer), answer)
        same(anna.call("NEXT"), None)
        same(state(daemon, client="C1"), ("scheduled", "min-gap"))
        same(told(daemon, "C1", "summary"), ["too soon after the last contact: from 2025-03-10 on"])
        daemon.set_clock("2025-03-09T23:00:00")
        same(state(daemon, client="C1"), ("scheduled", "min-gap"))
        daemon.set_clock("2025-03-10T14:30:00")
        same(state(daemon, client="C1"), ("queued", ""))
        same([item["client_ref"] for item in anna.json("NEXT")["agenda"]], ["C1"])
        daemon.check()


@test("a rolling window: WHY names the day on which the oldest contact falls out of it, and on that day the call is there")
def _():
    with Daemon(settings={"window": "rolling"}) as daemon:
        anna = daemon.agent("anna", queues=("service", "hq"))
        daemon.client("C1")
        for day in ("2024-12-20", "2025-02-10"):
            anna.json("RECORD", "C1", {"done_at": day})
        daemon.event("E1", "C1", "permission_opened")
        # 91 days with the day itself: that of 20 December counts until 20 March.
        same(told(daemon, "C1", "reason", "slot_free_on", "summary"),
             ["cap", "2025-03-21", "no contact left: 2 of 2 used; one comes free on 2025-03-21, in time: it is of use until 2025-05-03"])
        daemon.set_clock("2025-03-20T09:30:00")
        same(state(daemon, client="C1"), ("scheduled", "cap"))
        daemon.set_clock("2025-03-21T09:30:00")
        same(state(daemon, client="C1"), ("queued", ""))
        daemon.check()


@test("WHY of what waits otherwise: a wrong number, a day to come, a cap that frees nothing")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna", queues=("service", "hq"))
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        anna.json("DONE", anna.json("NEXT")["lease"], "wrong-number")
        same(told(daemon, "C1", "reason", "summary"), ["wrong-number", "the client's number is wrong, and nobody has corrected it"])
        # Corrected to a later day, what was open waits for it.
        daemon.client("C2", phone="13900000001", birthday="1980-03-04", tier="silver")
        same(state(daemon, client="C2"), ("queued", ""))
        daemon.client("C2", phone="13900000001", birthday="1980-03-09", tier="silver")
        same(state(daemon, client="C2"), ("scheduled", ""))
        same(told(daemon, "C2", "summary"), ["opens on 2025-03-09"])
        daemon.check()
    with Daemon(settings={"cap": "0"}) as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "permission_opened")
        reason, day, summary = told(daemon, "C1", "reason", "slot_free_on", "summary")
        same((reason, day), ("cap", None))
        matches(summary, "^no contact left: 0 of 0 used; none comes free in time, it is of use until 2025-05-03: OVERRIDE [0-9]+, or it ends suppressed$")


@test("a wrong number holds back all of the client's matters, those that waited for a slot too; corrected, each goes its way")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        for number in (1, 2):
            anna.json("RECORD", "C1", {"done_at": f"{TUESDAY}T0{number}:00"})
        daemon.client("C1", birthday="1980-03-04")
        daemon.event("E1", "C1", "complaint")
        same((state(daemon, client="C1", rule="birthday"), state(daemon, client="C1", rule="complaint")), (("scheduled", "cap"), ("queued", "")))
        anna.json("DONE", anna.json("NEXT")["lease"], "wrong-number")
        same((state(daemon, client="C1", rule="birthday"), state(daemon, client="C1", rule="complaint")), (("scheduled", "wrong-number"),) * 2)
        deferred = [entry for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "deferred" and entry["reason"] == "wrong-number"]
        same(len(deferred), 2, deferred)
        daemon.client("C1", phone="13911111111")
        same((state(daemon, client="C1", rule="birthday"), state(daemon, client="C1", rule="complaint")), (("scheduled", "cap"), ("queued", "")))
        daemon.check()


@test("what waits for a slot and is paused meanwhile says so, and waits for the slot again when the pause ends")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        for number in (1, 2):
            anna.json("RECORD", "C1", {"done_at": f"{TUESDAY}T0{number}:00"})
        daemon.event("E1", "C1", "account_closed")
        same(state(daemon, client="C1"), ("scheduled", "cap"))
        daemon.json("PAUSE", "RULE", "account-closed", TUESDAY + "T12:00", "new script")
        daemon.work()
        paused = state(daemon, client="C1")
        daemon.json("RESUME", "RULE", "account-closed")
        daemon.work()
        same((paused[0], state(daemon, client="C1")), ("scheduled", ("scheduled", "cap")))
        daemon.check()


@test("parted while an agent speaks with him: what he gives back is about one person, the other's matter is a call of its own")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for ref in ("C1", "C2"):
            daemon.client(ref, person_ref="P1")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C2", "complaint")
        call = anna.json("NEXT")
        same(len(call["agenda"]), 2)
        daemon.client("C2", person_ref="P2")
        same(state(daemon, client="C2"), ("queued", ""), "while it is held nothing is torn out of his hands")
        same(len(daemon.list("calls")), 1)
        anna.json("RELEASE", call["lease"], "he hung up")
        rows = daemon.list("calls")
        same(len(rows), 2, rows)
        same(sorted(daemon.followup(client=ref)["call"] for ref in ("C1", "C2")), sorted(row["call"] for row in rows))
        daemon.check()


@test("early: a matter joins a call that waits anyway up to so many days before it opens; by itself it waits for its day")
def _():
    with Daemon(settings={"cap": "none"}) as daemon:
        daemon.replace("\topens    = -3d\n", "\topens    = -3d\n\tearly    = 7d\n", "rules.d/birthday.conf")
        daemon.json("RELOAD")
        anna = daemon.agent("anna", queues=("service", "manager/*"))
        for ref, phone in (("C1", "13900000001"), ("C2", "13900000002"), ("C3", None)):  # 14 March: opens on the 11th, joins from the 4th
            daemon.client(ref, phone=phone, email="a@example.com", tier="gold", manager="M1", birthday="1980-03-14")
        daemon.client("C4", tier="gold", manager="M1", birthday="1980-03-15")
        for number in (1, 4):
            daemon.event(f"E{number}", f"C{number}", "complaint")
        same([state(daemon, client=ref, rule="birthday-call") for ref in ("C1", "C2", "C3")], [("queued", ""), ("scheduled", ""), ("scheduled", "")])
        same(daemon.followup(client="C1", rule="birthday-call")["call"], daemon.followup(client="C1", rule="complaint")["call"])
        # A Saturday's call is due on the Friday; its week of joining begins with the window that was moved.
        same(daemon.followup(client="C4", rule="birthday-call")["due_on"], "2025-03-14")
        same(len(anna.json("NEXT")["agenda"]), 2)
        daemon.set_clock("2025-03-10T23:00:00")
        same([state(daemon, client=ref, rule="birthday-call") for ref in ("C2", "C3")], [("scheduled", "")] * 2)
        daemon.set_clock("2025-03-11T09:30:00")
        same([state(daemon, client=ref, rule="birthday-call") for ref in ("C2", "C3")], [("queued", ""), ("suppressed", "no-channel")])
        daemon.check()


@test("a date that is taken back ends what was made of it; one that is later, or earlier, moves or renews it")
def _():
    with Daemon(settings={"cap": "none"}) as daemon:
        for rule in ("expiry-risk-test", "anniversary"):
            daemon.switch(rule, "yes")
        daemon.json("RELOAD")
        for ref in ("C1", "C2", "C3"):
            daemon.client(ref, risk_test_expires_on="2025-03-20")
        daemon.client("C4", birthday="1980-03-04")
        daemon.client("C5", opened_on="2020-03-04")
        rules = {"C1": "expiry-risk-test", "C2": "expiry-risk-test", "C3": "expiry-risk-test", "C4": "birthday", "C5": "anniversary"}
        same([state(daemon, client=ref, rule=rule) for ref, rule in rules.items()], [("queued", "")] * 5)
        daemon.client("C1", risk_test_expires_on="")
        daemon.client("C2", risk_test_expires_on="2027-03-20")
        daemon.client("C3", risk_test_expires_on="2025-03-10")
        daemon.client("C4", birthday="")
        daemon.client("C5", opened_on="")
        same([state(daemon, client=ref, rule=rule) for ref, rule in rules.items()],
             [("cancelled", "not-applicable"), ("cancelled", "renewed"), ("queued", ""), ("cancelled", "not-applicable"), ("cancelled", "not-applicable")])
        moved = daemon.followup(client="C3", rule="expiry-risk-test")
        same((moved["occasion"], moved["due_on"]), ("2025-03-10", "2025-03-10"))
        daemon.check()


@test("infer_events: a new day of opening or closing acts as its event, once; another day is another event")
def _():
    with Daemon(settings={"infer_events": "yes", "cap": "none"}) as daemon:
        daemon.client("C1")
        daemon.client("C1", opened_on=TUESDAY)
        daemon.client("C1", opened_on=TUESDAY)
        same(state(daemon, client="C1"), ("queued", ""))
        daemon.client("C2", opened_on="2020-01-02")
        daemon.client("C2", closed_on="2025-03-03")
        same(state(daemon, client="C2", rule="account-closed"), ("queued", ""))
        same([row["occasion"] for row in daemon.list(client="C2", rule="account-closed")], ["closed:2025-03-03:C2"])
        daemon.client("C2", closed_on="2025-03-04")
        same(sorted(row["occasion"] for row in daemon.list(client="C2", rule="account-closed")), ["closed:2025-03-03:C2", "closed:2025-03-04:C2"])
        daemon.check()


@test("a rule that is taken out of the files ends its follow-ups; a festival or a branch's choice that is gone does so too")
def _():
    with Daemon(clock="2025-04-29T09:30:00", settings={"cap": "none"}) as daemon:
        daemon.client("C1", tier="gold", branch="B1")
        daemon.client("C2", tier="gold", branch="B2")
        daemon.event("E1", "C1", "complaint")
        same([state(daemon, client=ref, rule="festival-letter") for ref in ("C1", "C2")], [("queued", "")] * 2)
        daemon.write_conf(daemon.read_conf() + '\nbranch B1 {\n\tremoves = {"labour-day"}\n}\n')
        daemon.json("RELOAD")
        daemon.work()
        same([state(daemon, client=ref, rule="festival-letter") for ref in ("C1", "C2")], [("cancelled", "not-applicable"), ("queued", "")])
        # C2's branch is B1 now: its choice is his.
        daemon.client("C2", tier="gold", branch="B1")
        same(state(daemon, client="C2", rule="festival-letter"), ("cancelled", "not-applicable"))
        daemon.client("C3", tier="gold", branch="B2")
        same(state(daemon, client="C3", rule="festival-letter"), ("queued", ""))
        daemon.replace("festival labour-day      { solar = 5-1   priority = 7 }", "")
        daemon.replace('\nbranch B1 {\n\tremoves = {"labour-day"}\n}\n', "")
        daemon.json("RELOAD")
        daemon.work()
        same(state(daemon, client="C3", rule="festival-letter"), ("cancelled", "not-applicable"))
        daemon.write_conf("", "rules.d/complaint.conf")
        daemon.json("RELOAD")
        daemon.work()
        same(state(daemon, client="C1", rule="complaint"), ("cancelled", "rule-off"))
        same([row["channel"] for row in daemon.list("calls")], [])
        daemon.check()


@test("an urge or a step of a series whose event is told anew stays; a tier to which a cadence gives no time ends it")
def _():
    with Daemon(settings={"cap": "none"}) as daemon:
        for rule in ("urge", "series", "tier-cadence"):
            daemon.switch(rule, "yes")
        daemon.replace('every    = {"diamond 2w", "gold 1m", "other 3m"}', 'every    = {"diamond 2w", "gold 1m"}', "rules.d/more.conf")
        daemon.json("RELOAD")
        daemon.client("C1", tier="gold", opened_on="2025-02-04")
        same(state(daemon, client="C1", rule="tier-cadence"), ("queued", ""))
        daemon.event("E1", "C1", "payment_due")
        same(state(daemon, client="C1", rule="urge"), ("queued", ""))
        daemon.event("E1", "C1", "payment_due", detail="new shares 301999")
        same(state(daemon, client="C1", rule="urge"), ("queued", ""))
        daemon.event("E1", "C1", "payment_due", "2025-03-03")
        same(sorted((row["occasion"], row["state"]) for row in daemon.list(client="C1", rule="urge")), [("E1/2025-03-04", "queued")])
        daemon.client("C1", tier="silver", opened_on="2025-02-04")
        same(state(daemon, client="C1", rule="tier-cadence"), ("cancelled", "not-applicable"))
        daemon.check()


if __name__ == "__main__":
    run()
