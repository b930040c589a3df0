#!/usr/bin/env python3
"""The outcomes that do more than close or try again: appointments, wrong numbers, refusals, disputes, third parties (POLICY 7)."""
import json
import re

from harness import Daemon, TUESDAY, matches, run, same, test, true

WEDNESDAY = "2025-03-05"


def done(agent, call, disposition, **said):
    return agent.json("DONE", call["lease"], disposition, *([json.dumps(said)] if said else []))


def refused(agent, call, disposition, **said):
    return agent.refused("DONE", call["lease"], disposition, *([json.dumps(said)] if said else []))


def state(daemon, **filters):
    row = daemon.followup(**filters)
    return row["state"], row["reason"]


@test("an appointment comes first at its time, to the agent who made it; after 15 minutes to anyone")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        call = anna.json("NEXT")
        answer = done(anna, call, "not-convenient", at=TUESDAY + "T15:30")
        same((answer["state"], answer["not_before"], answer["closed"]), ("resting", TUESDAY + "T15:30:00", []))
        daemon.client("C2")
        daemon.event("E2", "C2", "account_closed")  # better ranked, and due
        daemon.set_clock(TUESDAY + "T15:29:59")
        same(bert.json("NEXT")["agenda"][0]["client_ref"], "C2")
        same(anna.call("NEXT"), None)
        daemon.client("C3")
        daemon.event("E3", "C3", "account_closed")
        daemon.set_clock(TUESDAY + "T15:30:00")
        daemon.client("C4")
        daemon.event("E4", "C4", "account_closed")
        kept = anna.json("NEXT")
        same(kept["call"], call["call"], "the appointment goes before what is due and better ranked")
        done(anna, kept, "not-convenient", at=TUESDAY + "T16:00")
        daemon.set_clock(TUESDAY + "T16:00:00")
        same(bert.json("NEXT")["agenda"][0]["client_ref"], "C2", "he holds that one still")
        done(bert, bert.json("MINE")[0], "reached")
        same(bert.json("NEXT")["agenda"][0]["client_ref"], "C3", "it is still its owner's")
        done(bert, bert.json("MINE")[0], "reached")
        daemon.set_clock(TUESDAY + "T16:15:00")
        same(bert.json("NEXT")["call"], call["call"], "nobody has kept it: it is anyone's, and first")
        done(bert, bert.json("MINE")[0], "reached")
        same(state(daemon, client="C1"), ("done", None))
        daemon.check()


@test("what is taken before its time and given back, or lost, keeps the appointment and the rest; an outcome ends them")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        call = anna.json("NEXT")["call"]
        done(anna, anna.json("MINE")[0], "not-convenient", at=TUESDAY + "T15:30")
        # Taken by another and given back: still anna's, at its time.
        same(bert.json("RELEASE", bert.json("TAKE", call)["lease"], "wrong client"),
             {"call": call, "state": "resting", "not_before": TUESDAY + "T15:30:00"})
        # A lease that runs out puts the same things back.
        bert.json("TAKE", call)
        daemon.advance(901)
        same(daemon.json("SHOW", call)["not_before"], TUESDAY + "T15:30:00")
        daemon.set_clock(TUESDAY + "T15:30:00")
        daemon.client("C2")
        daemon.event("E2", "C2", "account_closed")  # better ranked
        same(bert.json("NEXT")["agenda"][0]["client_ref"], "C2", "the appointment is anna's")
        same(anna.json("NEXT")["call"], call, "and comes first to her")
        same(anna.json("RELEASE", anna.json("MINE")[0]["lease"], "the fire bell")["state"], "ready")
        done(bert, bert.json("MINE")[0], "reached")
        same(bert.call("NEXT"), None, "within the 15 minutes it is hers still")
        daemon.set_clock(TUESDAY + "T15:40:00")
        anna.json("NEXT")
        daemon.set_clock(TUESDAY + "T15:50:00")
        anna.json("RELEASE", anna.json("MINE")[0]["lease"], "he did not come")
        same(bert.json("NEXT")["call"], call, "afterwards anyone's")
        done(bert, bert.json("MINE")[0], "not-convenient", at=TUESDAY + "T16:30")
        # An outcome ends what was agreed before.
        same(done(anna, anna.json("TAKE", call), "no-answer")["not_before"], TUESDAY + "T18:00:00")
        daemon.set_clock("2025-03-05T09:30:00")
        same(anna.json("NEXT")["call"], call)
        # A try that rests until another part of the day does so after TAKE and RELEASE too.
        rest = done(anna, anna.json("MINE")[0], "no-answer")["not_before"]
        same(anna.json("RELEASE", anna.json("TAKE", call)["lease"], "not he")["not_before"], rest)
        daemon.check()


@test("an appointment is refused where it could not be kept: hours, window, cap, the past; the lease stays")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        call = anna.json("NEXT")
        for at, why in ((TUESDAY + "T12:00", "nobody calls at that time"), ("2025-03-08T10:00", "nobody calls"), (TUESDAY + "T09:00", "has passed"),
                        ("2025-05-13T10:00", "too late for item 1, whose last useful day is 2025-04-10"), ("soon", "a time like")):
            matches(refused(anna, call, "not-convenient", at=at), why)
        matches(refused(anna, call, "not-convenient"), "the time that the client named is wanted")
        for hour in (1, 2):
            anna.json("RECORD", "C1", {"done_at": f"{TUESDAY}T0{hour}:00", "items": []})
        matches(refused(anna, call, "not-convenient", at=TUESDAY + "T15:30"), "no contact left by then")
        same(done(anna, call, "not-convenient", at="2025-04-01T15:30")["not_before"], "2025-04-01T15:30:00", "in the next quarter there is")
        daemon.check()


@test("a wrong number: all of that client's waits until it is corrected, the other client's stays; records has a task")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", person_ref="P1", email="c1@example.com")
        daemon.client("C2", person_ref="P1")
        daemon.event("E1", "C1", "account_closed")
        daemon.event("E2", "C2", "complaint")
        daemon.event("E3", "C1", "complaint")
        call = anna.json("NEXT")
        first = call["agenda"][0]["client_ref"]
        other = {"C1": "C2", "C2": "C1"}[first]
        done(anna, call, "wrong-number")
        true(all(row["state"] == "scheduled" and row["reason"] == "wrong-number" for row in daemon.list(client=first)))
        true(all(row["state"] == "queued" for row in daemon.list(client=other)))
        daemon.event("E4", first, "feedback")
        same({row["state"] for row in daemon.list(client=first)}, {"scheduled"}, "what comes later waits too")
        task = daemon.list("tasks", queue="records")[0]
        same((task["kind"], task["client_ref"], task["state"]), ("wrong-number", first, "open"))
        daemon.client(first, person_ref="P1", phone="13800000000")
        same({row["state"] for row in daemon.list(client=first)}, {"queued"})
        same(daemon.json("ACK", task["task"], "corrected by the branch")["state"], "acknowledged")
        matches(daemon.refused("ACK", task["task"], "again"), "acknowledged already")
        matches(daemon.refused("ACK", 99, "x"), "there is no task 99")
        same(daemon.list("tasks", state="open"), [])
        daemon.check()


@test("RECORD of a dispute is about the client whom it names, though another account of the same person waits to be called")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", person_ref="P1", branch="SH01")
        daemon.client("C2", person_ref="P1", branch="BJ02")
        daemon.event("E1", "C1", "complaint")
        anna.json("RECORD", "C2", {"disposition": "disputed"})
        same([(task["client_ref"], task["queue"]) for task in daemon.list("tasks")], [("C2", "branch/BJ02"), ("C2", "hq")])
        daemon.check()


@test("a wrong number that nobody corrects ends its follow-ups as suppressed, wrong-number")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        done(anna, anna.json("NEXT"), "wrong-number")
        daemon.set_clock("2025-04-06T09:30:00")
        same(state(daemon, client="C1"), ("suppressed", "wrong-number"))
        daemon.check()


@test("refused: a contact; the duty is done, the rest suppressed, and no greeting by phone for twelve months")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna", queues=("service", "manager/*"))
        daemon.client("C1", tier="gold", birthday="1980-03-20", opened_on="2020-01-01", last_trade_on="2024-08-31")
        same(state(daemon, client="C1", rule="dormant"), ("queued", None))
        daemon.event("E1", "C1", "account_opened", at=TUESDAY)
        call = anna.json("NEXT")
        same(len(call["agenda"]), 2)
        answer = done(anna, call, "refused")
        same((state(daemon, client="C1", rule="account-opened"), state(daemon, client="C1", rule="dormant")), (("done", None), ("suppressed", "do-not-contact")))
        same((len(answer["closed"]), daemon.used("C1")), (1, 1))
        daemon.set_clock("2025-03-17T09:30:00")
        same(state(daemon, client="C1", rule="birthday-call"), ("suppressed", "do-not-contact"))
        daemon.event("E2", "C1", "permission_opened")
        same(state(daemon, client="C1", rule="permission-opened"), ("queued", None), "service calls go on")
        daemon.set_clock("2026-03-17T09:30:00")
        same(daemon.followup(client="C1", rule="birthday-call", state="queued")["occasion"], "2026")
        daemon.check()


@test("disputed: a contact that stays red at the branch and at head office until acknowledged")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", branch="SH01")
        daemon.event("E1", "C1", "account_closed")
        done(anna, anna.json("NEXT"), "disputed")
        same((state(daemon, client="C1"), daemon.used("C1")), (("done", None), 1))
        tasks = daemon.list("tasks", state="open")
        same([(task["kind"], task["queue"], task["agent"]) for task in tasks], [("disputed", "branch/SH01", "anna"), ("disputed", "hq", "anna")])
        daemon.kill()
        daemon.start()
        same(len(daemon.list("tasks", state="open")), 2)
        for task in tasks:
            daemon.json("ACK", task["task"], "the branch has spoken with him")
        same(daemon.list("tasks", state="open"), [])
        daemon.check()


@test("third-party is a try, reached-attorney a contact; RECORD may tell of a refusal")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        answer = done(anna, anna.json("NEXT"), "third-party")
        same((answer["state"], answer["closed"]), ("resting", []))
        same(daemon.list("attempts", client="C1")[0]["disposition"], "third-party")
        daemon.client("C2", attorney="Zhang San")
        daemon.event("E2", "C2", "account_closed")
        done(anna, anna.json("NEXT"), "reached-attorney")
        same(state(daemon, client="C2"), ("done", None))
        anna.json("RECORD", "C1", {"disposition": "refused"})
        same(state(daemon, client="C1"), ("done", None), "a duty all the same")
        matches(anna.refused("RECORD", "C2", {"disposition": "not-convenient"}), "RECORD tells of a contact")
        daemon.event("E3", "C2", "complaint")
        matches(anna.refused("RECORD", "C2", {"disposition": "sent"}), "^ERR sent is not an outcome of a call")
        anna.json("RECORD", "C2", {"disposition": "sent", "channel": "sms"})
        same([row["state"] for row in daemon.list("followups", client="C2", rule="complaint")], ["queued"], "a message that was sent does not close a phone call")
        daemon.check()


ATTORNEYS = [  # the client's field, what is said besides reached-attorney, whom it was with, or how it is refused (on Tuesday 2025-03-04)
    (None, {}, "no attorney on file for 2025-03-04: whoever it was is a third-party"),
    ("Zhang San", {}, ["Zhang San"]),
    ("Zhang San", {"attorney": "Zhang San"}, ["Zhang San"]),
    ("Zhang San", {"attorney": "Li Si"}, "no attorney Li Si on file"),
    (" Zhang San : 2025-03-04 ;", {}, ["Zhang San"]),
    ("Zhang San:2025-03-03", {}, "no attorney on file for 2025-03-04"),
    ("Zhang San:2025-03-03", {"done_at": "2025-03-03T15:00"}, ["Zhang San"]),
    ("Zhang San:2025-03-03;Li Si", {}, ["Li Si"]),
    ("Zhang San:2025-03-03;Li Si", {"attorney": "Zhang San"}, "no attorney Zhang San on file"),
    ("Zhang San:2026-12-31; Li Si", {}, "there are several attorneys on file: name the one"),
    ("Zhang San:2026-12-31; Li Si", {"attorney": "Li Si"}, ["Li Si"]),
    ("Zhang San", {"attorney": 7}, "attorney: the name"),
]


@test("reached-attorney: only with an attorney on file whose power holds on the day; of several he is named; the holder sees them")
def _():
    for number, (field, said, wanted) in enumerate(ATTORNEYS):
        for way in ("DONE", "RECORD"):
            with Daemon() as daemon:
                anna = daemon.agent("anna")
                daemon.client("C1", attorney=field)
                daemon.event("E1", "C1", "account_closed", "2025-03-03")
                call = anna.json("NEXT")
                same(call["agenda"][0].get("attorney"), field)
                true("attorney" not in daemon.json("SHOW", call["call"])["agenda"][0], "told to those who do not hold the call")
                words = ("DONE", call["lease"], "reached-attorney", said) if way == "DONE" else ("RECORD", "C1", dict(said, disposition="reached-attorney"))
                if isinstance(wanted, str):
                    matches(anna.refused(*words), wanted, (number, way))
                    same(state(daemon)[0], "queued")
                else:
                    answer = anna.json(*words)
                    same([answer["attorney"]], wanted, (number, way))
                    same(answer["closed"], [1])


@test("reached-attorney for several clients at once: one attorney on file for every ticked one")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for ref, attorney in (("C1", "Zhang San"), ("C2", "Li Si; Zhang San"), ("C3", None)):
            daemon.client(ref, person_ref="P", attorney=attorney)
            daemon.event("E" + ref, ref, "account_closed")
        call = anna.json("NEXT")
        item = {row["client_ref"]: row["item"] for row in call["agenda"]}
        matches(refused(anna, call, "reached-attorney", attorney="Zhang San"), "client C3 has no attorney Zhang San")
        matches(refused(anna, call, "reached-attorney", items=[item["C1"], item["C2"]]), "several attorneys")
        matches(refused(anna, call, "reached", attorney="Zhang San"), "reached tells of no contact with an attorney")
        answer = done(anna, call, "reached-attorney", items=[item["C1"], item["C2"]], attorney="Zhang San")
        same((sorted(answer["closed"]), answer["attorney"]), ([item["C1"], item["C2"]], "Zhang San"))
        daemon.check()


SAID = [  # what may be said of every contact, and how it is refused; None: it is kept
    ({"satisfaction": 5}, None), ({"satisfaction": 1}, None), ({"satisfaction": 0}, "satisfaction: a whole number from 1 to 5"), ({"satisfaction": 6}, "satisfaction: "),
    ({"satisfaction": 4.5}, "satisfaction: "), ({"satisfaction": "5"}, "satisfaction: "), ({"satisfaction": 15}, "satisfaction: "),
    ({"needs": "another card", "opinions": ""}, None), ({"needs": ["a card"]}, "needs: a text"), ({"opinions": 3}, "opinions: a text"),
    ({"recording": {"ref": "rec-17", "checksum": "sha256:00"}}, None), ({"recording": {"ref": "rec-17"}}, None), ({"recording": "rec-17"}, "recording: an object"),
    ({"recording": {"checksum": "sha256:00"}}, "recording: ref is missing"), ({"recording": {"ref": 17}}, "recording: ref: a text"),
    ({"recording": {"ref": "rec-17", "checksum": ""}}, "recording: checksum: a text"), ({"recording": {"ref": "r" * 513}}, "recording: ref: a text of at most 512"),
]


@test("satisfaction, needs, opinions, recording: checked where they are given, by DONE and RECORD alike")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for number, (said, wanted) in enumerate(SAID):
            ref = f"C{number}"
            daemon.client(ref)
            daemon.event(f"E{number}", ref, "account_closed")
            call = anna.json("NEXT")
            if wanted:
                matches(refused(anna, call, "reached", **said), wanted, said)
                matches(anna.refused("RECORD", ref, said), wanted, said)
                done(anna, call, "reached")
            else:
                same(done(anna, call, "reached", **said)["left"], [])
                anna.json("RECORD", ref, said)
        daemon.check()


@test("a rule's form: a contact without its answers is refused by name, and kept with them; the agent sees script and form")
def _():
    with Daemon() as daemon:
        daemon.replace('# form   = {"why", "opinion", "suggestion"}', 'form   = {"why", "opinion"}', "rules.d/account-closed.conf")
        daemon.json("RELOAD")
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        daemon.event("E2", "C1", "complaint")
        call = anna.json("NEXT")
        script, = call["scripts"]
        same((script["rule"], script["form"]), ("account-closed", ["why", "opinion"]))
        matches(script["script"], "Why did you close")
        same(refused(anna, call, "reached"), 'ERR answers are missing: why (account-closed), opinion (account-closed); say {"answers":{name:text ...}}')
        matches(refused(anna, call, "reached", answers={"why": "too far away", "opinion": ""}), "missing: opinion ")
        matches(refused(anna, call, "reached", answers=["why"]), "answers: an object is wanted")
        item = {row["rule"]: row["item"] for row in call["agenda"]}
        answer = done(anna, call, "reached", answers={"why": "too far away", "opinion": "friendly"})
        same(sorted(answer["closed"]), sorted(item.values()))
        daemon.client("C2")
        daemon.event("E3", "C2", "account_closed")
        call = anna.json("NEXT")
        done(anna, call, "no-answer")
        anna.json("RECORD", "C2", {"note": "rang in"})
        same(state(daemon, client="C2"), ("done", None), "what has happened is never refused")
        daemon.check()


@test("a bounce within three days of sent takes the contact back and goes on to the next channel; later it is refused")
def _():
    with Daemon() as daemon:
        gate = daemon.agent("gate", "gateway", ("sms", "email"))
        daemon.client("C1", birthday=TUESDAY, email="c1@example.com")
        daemon.client("C2", birthday=TUESDAY)
        for client in ("C1", "C2"):
            call = gate.json("NEXT")
            same(done(gate, call, "sent")["closed"], [call["agenda"][0]["item"]])
        same((daemon.used("C1"), state(daemon, client="C1")), (1, ("done", None)))
        lease = "1.1" if daemon.list("attempts", client="C1")[0]["call"] == 1 else "2.1"
        first = gate.json("DONE", lease, "bounced")
        same((daemon.followup(client="C1")["state"], daemon.followup(client="C1")["channel"]), ("queued", "email"))
        same(gate.json("DONE", lease, "bounced"), first, "told again")
        same(daemon.used("C1"), 1, "only the message that waits")
        done(gate, gate.json("NEXT"), "sent")
        same((daemon.used("C1"), state(daemon, client="C1")), (1, ("done", None)))
        same(gate.json("DONE", lease, "bounced"), first, "and again: nothing more is taken back")
        same((daemon.used("C1"), state(daemon, client="C1")), (1, ("done", None)))
        other = "2.1" if lease == "1.1" else "1.1"
        matches(gate.refused("DONE", other, "bounced", "{"), "^ERR |^NOLEASE ")
        gate.json("DONE", other, "bounced")
        same((daemon.used("C2"), state(daemon, client="C2")), (0, ("missed", "unreachable")), "there is no other channel")
        daemon.client("C3", birthday="1990-03-05")
        daemon.set_clock("2025-03-05T09:30:00")
        call = gate.json("NEXT")
        done(gate, call, "sent")
        daemon.set_clock("2025-03-09T09:30:00")
        matches(refused(gate, call, "bounced"), "^NOLEASE .*another outcome")
        daemon.check()


@test("DISPOSITIONS lists what the configuration has, all of it or what fits a channel, as it is after a reload")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        every = anna.json("DISPOSITIONS")
        same([row["disposition"] for row in every], re.findall(r"(?m)^disposition (\S+)", daemon.read_conf()))
        same([row["disposition"] for row in every if row["messages"]], ["sent", "bounced"])
        same(anna.json("DISPOSITIONS", "sms"), [row for row in every if row["messages"]])
        same(anna.json("DISPOSITIONS", "phone"), [row for row in every if not row["messages"]])
        same([row for row in every if row["disposition"] in ("busy", "reached-attorney", "not-convenient")], [
            {"disposition": "reached-attorney", "effect": "contact", "retry_seconds": None, "attorney": True, "messages": False},
            {"disposition": "not-convenient", "effect": "appoint", "retry_seconds": None, "attorney": False, "messages": False},
            {"disposition": "busy", "effect": "retry", "retry_seconds": 1800, "attorney": False, "messages": False}])
        same(anna.refused("DISPOSITIONS", "pigeon"), "ERR there is no channel pigeon")
        daemon.replace("disposition busy ", "disposition engaged { effect = retry  retry = 10min }\ndisposition busy ")
        daemon.json("RELOAD")
        same([row["retry_seconds"] for row in anna.json("DISPOSITIONS") if row["disposition"] == "engaged"], [600])


run()
