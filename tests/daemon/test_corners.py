#!/usr/bin/env python3
"""Where two decisions meet: a supervisor's and an agent's, a correction and what has happened since, a gateway's lease and its end (POLICY 5 to 8)."""
import json

from harness import Daemon, TUESDAY, matches, run, same, test, true

NOON = TUESDAY + "T12:00"


def one(daemon, client="C1", kind="account_closed", **fields):
    """A client and his call's number."""
    daemon.client(client, **fields)
    daemon.event("E" + client + kind, client, kind)
    return daemon.list("calls", client=client)[0]["call"]


def state(daemon, **filters):
    row = daemon.followup(**filters)
    return row["state"], row["reason"]


def tell(agent, disposition, said="", queue="service"):
    call = agent.json("NEXT", "QUEUE", queue)
    agent.json("DONE", call["lease"], disposition, said)
    return call


@test("TAKE and MOVE are for calls that wait: no message, no call of a person whom somebody speaks with, none that is held")
def _():
    with Daemon() as daemon:
        m17, anna, gate = daemon.agent("M17", queues=("manager/*",)), daemon.agent("anna"), daemon.agent("gate", "gateway", ("sms",))
        daemon.client("C1", manager="M17")
        daemon.event("E1", "C1", "transfer_requested")
        held = m17.json("NEXT")
        daemon.event("E2", "C1", "complaint")  # he must not speak of it
        other = next(row["call"] for row in daemon.list("calls") if row["call"] != held["call"])
        same(anna.refused("TAKE", other), f"BUSY somebody speaks with this client already, in call {held['call']}")
        same(daemon.refused("MOVE", held["call"], "hq", "x"), f"BUSY call {held['call']} is held by an agent")
        same(anna.refused("TAKE", held["call"]), f"BUSY call {held['call']} is held by somebody else")
        same(daemon.refused("TAKE", other), "NOPERM calls go to agents: sign in with AUTH name token")
        m17.json("DONE", held["lease"], "reached")
        same(anna.json("TAKE", other)["call"], other)
        daemon.client("C2", phone="13911110000", tier="standard", birthday="03-04")
        message = daemon.list("calls", client="C2", queue="sms")[0]["call"]
        anna.json("RELEASE", f"{other}.1", "x")
        same(anna.refused("TAKE", message), f"ERR call {message} is a message: nobody talks in it")
        same(daemon.refused("MOVE", message, "hq", "x"), f"ERR call {message} is a message; it waits on its channel")
        lease = gate.json("NEXT")["lease"]
        same(anna.refused("TAKE", message), f"BUSY call {message} is held by somebody else")
        gate.json("DONE", lease, "sent")
        for queue, wanted in (("email", "email is a queue of messages: nobody would make the call there"), ("branch/*", "no rule puts calls on a queue branch/\\*"),
                              ("nowhere", "no rule puts calls on a queue nowhere")):
            matches(daemon.refused("MOVE", other, queue, "x"), "^ERR " + wanted)
        for words, wanted in ((("QUEUE", "complaint"), "there is no queue complaint"), (("RULE", "service"), "there is no rule service"),
                              (("QUEUE", "manager/*"), "one queue after the other: manager/* stands for several"),
                              (("CALL", "1"), "QUEUE and the name of a queue, or RULE and the name of a rule are wanted")):
            for command in (("PAUSE", *words, NOON, "x"), ("RESUME", *words)):
                same(daemon.refused(*command), "ERR " + wanted)
        for until, wanted in (("soon", "until when. A time like 2025-03-03T16:00 is wanted"), (TUESDAY + "T09:30", "that time has passed"), ("", "until when")):
            matches(daemon.refused("PAUSE", "QUEUE", "service", until, "x"), "^ERR " + wanted)
        daemon.check()


@test("OVERRIDE needs a second name that may, and brings what cannot be made even so no further than its reason")
def _():
    with Daemon() as daemon:
        sara = daemon.agent("sara", "supervisor", ())
        daemon.agent("sven", "supervisor", ())
        daemon.agent("anna")
        daemon.client("C1", phone=None)
        daemon.event("E1", "C1", "account_closed")
        number = daemon.followup()["followup"]
        same(state(daemon), ("suppressed", "no-channel"))
        for second, wanted in (("sara", "the second name must be somebody else's"), ("anna", "the second name must be a supervisor's"), ("nobody", "the second name must be a supervisor's")):
            same(sara.refused("OVERRIDE", number, second, "x"), "ERR " + wanted)
            same(daemon.refused("ERASE", "C1", "operator" if second == "sara" else second, "x"), "ERR " + wanted)
        same(sara.refused("OVERRIDE", 99, "sven", "x"), "ERR there is no follow-up 99")
        same(sara.json("OVERRIDE", number, "sven", "he is in the lobby"), {"followup": number, "state": "suppressed", "reason": "no-channel"})
        same(daemon.refused("ERASE", "C9", "sven", "x"), "ERR there is no client C9")
        daemon.check()


@test("RECORD of a free matter uses no contact, nor does its correction; a counted one beside it does")
def _():
    with Daemon() as daemon:
        daemon.replace("rule account-closed {\n", "rule account-closed {\n\tclass = free\n", "rules.d/account-closed.conf")
        daemon.json("RELOAD")
        anna = daemon.agent("anna", queues=("service", "hq"))
        one(daemon)
        same(daemon.used("C1"), 0)
        tell(anna, "reached")
        same((daemon.used("C1"), state(daemon)[0]), (0, "done"))
        attempt = daemon.list("attempts")[0]["attempt"]
        daemon.json("CORRECT", attempt, {"done_at": TUESDAY + "T09:00"}, "half an hour ago")
        same((daemon.used("C1"), state(daemon)[0]), (0, "done"))
        daemon.json("CORRECT", attempt, {"disposition": "busy"}, "he was not there")
        daemon.json("CORRECT", attempt, {"disposition": "reached"}, "he was")
        same((daemon.used("C1"), state(daemon)[0]), (0, "done"))
        daemon.event("E2", "C1", "account_reopened")
        one(daemon, "C2")
        daemon.event("E3", "C2", "complaint")
        tell(anna, "reached")
        same(daemon.used("C2"), 1)
        daemon.check()


@test("a client who refused though nothing was ticked hears no greetings; a correction that makes it a refusal ends what is no duty")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna", queues=("service", "hq", "manager/*"))

        def greets(client):
            return next(rule for rule in daemon.json("WHY", client)["rules"] if rule["rule"] == "birthday-call")["channel"] == "phone"
        one(daemon, "C1", tier="diamond", birthday="09-10")
        same(greets("C1"), True)
        tell(anna, "refused", {"items": []})
        same((greets("C1"), state(daemon, client="C1")[0]), (False, "queued"))
        daemon.client("C2", tier="diamond", birthday="09-10")
        daemon.event("F1", "C2", "transfer_requested")
        daemon.event("F2", "C2", "permission_opened")
        call = next(row["call"] for row in daemon.list("calls", client="C2"))
        anna.json("DONE", anna.json("TAKE", call)["lease"], "no-answer")
        attempt = daemon.list("attempts", client="C2")[0]["attempt"]
        answer = daemon.json("CORRECT", attempt, {"disposition": "refused"}, "the recording says so")
        same(answer["contact"], True)
        same({row["rule"]: (row["state"], row["reason"]) for row in daemon.list(client="C2")},
             {"transfer-out": ("suppressed", "do-not-contact"), "permission-opened": ("done", None)})
        same(greets("C2"), False)
        daemon.check()


@test("CORRECT of what an agent told who is none any more, with a disposition that is none any more, twice the same item")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        one(daemon)
        call = tell(anna, "switched-off")
        item, attempt = call["agenda"][0]["item"], daemon.list("attempts")[0]["attempt"]
        daemon.call("AGENT.DEL", "anna")
        daemon.replace("disposition switched-off { effect = retry  retry = 4h }", "")
        daemon.json("RELOAD")
        matches(daemon.refused("CORRECT", attempt, {"disposition": "switched-off"}, "x"), "^ERR no such disposition: switched-off")
        same(daemon.json("CORRECT", attempt, {"disposition": "reached", "items": [item, item]}, "she spoke with him")["closed"], [item])
        same((state(daemon), daemon.list("attempts")[0]["agent"]), (("done", None), "anna"))
        matches(daemon.refused("CORRECT", attempt, {"items": [9999]}, "x"), "^ERR item 9999 is not a matter of this client")
        # A wrong number that nobody told of holds everything back.
        one(daemon, "C2")
        tell(bert, "no-answer")
        attempt = daemon.list("attempts", client="C2")[0]["attempt"]
        daemon.json("CORRECT", attempt, {"disposition": "wrong-number"}, "a stranger answered")
        same((state(daemon, client="C2"), [row["kind"] for row in daemon.list("tasks", client="C2")]), (("scheduled", "wrong-number"), ["wrong-number"]))
        daemon.json("CORRECT", attempt, {"disposition": "disputed"}, "it was him, and he denied it")
        same(sorted(row["kind"] for row in daemon.list("tasks", client="C2")), ["disputed", "disputed", "wrong-number"])
        same(state(daemon, client="C2"), ("done", None))
        # What was told with RECORD had no hand-out.
        one(daemon, "C3")
        bert.json("RECORD", "C3", {"items": []})
        attempt = daemon.list("attempts", client="C3")[0]["attempt"]
        same(daemon.json("CORRECT", attempt, {"disposition": "busy"}, "no contact")["contact"], False)
        same(daemon.json("CORRECT", attempt, {"disposition": "reached"}, "one after all")["closed"], [])
        same(state(daemon, client="C3")[0], "queued")
        # An erased client's attempts are nobody's to correct.
        daemon.agent("sara", "supervisor", ())
        daemon.json("ERASE", "C3", "sara", "he has asked for it")
        same(daemon.refused("CORRECT", attempt, {"disposition": "busy"}, "x"), f"ERR attempt {attempt} is sealed or erased")
        daemon.check()
        true(daemon.json("VERIFY")["holds"])


@test("two calls at once: NEXT gives both again, and no message with them; AGENT.LIST and WHY count calls, not messages")
def _():
    with Daemon(settings={"calls_held": "2"}) as daemon:
        both = daemon.agent("both", "agent,gateway", ("service", "sms"))
        daemon.client("C0", tier="standard", birthday="03-04")
        message = both.json("NEXT", "QUEUE", "sms")["call"]
        calls = [one(daemon, f"C{number}") for number in (1, 2, 3)]
        same(both.json("NEXT", "QUEUE", "service")["call"], calls[0])
        same(both.json("NEXT", "QUEUE", "service")["call"], calls[1])
        same([json.loads(text)["call"] for text in both.call("NEXT", "COUNT", 5)], calls[:2])
        same(both.json("NEXT")["call"], calls[0])
        same(sorted(row["call"] for row in both.json("MINE")), sorted([message, *calls[:2]]))
        same(daemon.json("AGENT.LIST")[0]["calls"], calls[:2])
        same(both.refused("TAKE", calls[2]), "BUSY both holds a call already: DONE or RELEASE comes first")
        same(daemon.refused("AGENT.DEL", "both"), "BUSY both holds 3 calls; delete him when they have ended")
        same(daemon.json("WHY", "QUEUE", "service", "AGENT", "both")["verdict"], f"both: holds call {calls[1]}, and NEXT gives it to him again")
        same(both.json("BREAK", "lunch")["calls"], calls[:2])
        both.json("READY")
        both.json("DONE", f"{calls[0]}.1", "reached")
        same(both.json("TAKE", calls[2])["call"], calls[2])
        daemon.check()


@test("after the last try of a day the next one is tomorrow, or later where the disposition says so")
def _():
    with Daemon(settings={"tries_a_day": "1"}) as daemon:
        anna = daemon.agent("anna")
        daemon.replace("disposition busy         { effect = retry  retry = 30min }", "disposition busy         { effect = retry  retry = 2d }")
        daemon.json("RELOAD")
        for client, disposition, wanted in (("C1", "no-answer", "2025-03-05T00:00:00"), ("C2", "busy", "2025-03-06T09:30:00")):
            one(daemon, client)
            lease = anna.json("NEXT")["lease"]
            same(anna.json("DONE", lease, disposition)["not_before"], wanted)
        daemon.check()


@test("a message found out late: sent after it was due is done late; bounced when nobody knew goes on to the next channel")
def _():
    with Daemon() as daemon:
        gate = daemon.agent("gate", "gateway", ("sms", "email"))
        for client, email in (("C1", None), ("C2", "c2@example.com")):
            daemon.client(client, tier="standard", birthday="03-04", email=email)
        leases = {json.loads(text)["agenda"][0]["client_ref"]: json.loads(text)["lease"] for text in gate.call("NEXT", "COUNT", 2)}
        daemon.advance(16 * 60)
        same([row["state"] for row in daemon.list("calls")], ["uncertain", "uncertain"])
        same([daemon.used(client) for client in ("C1", "C2")], [1, 1])
        gate.json("DONE", leases["C1"], "sent")
        same((state(daemon, client="C1"), daemon.used("C1")), (("done", None), 1))
        gate.json("DONE", leases["C2"], "bounced")
        same((state(daemon, client="C2"), daemon.used("C2")), (("queued", None), 1), "the contact is taken back, and the next message uses one")
        same(gate.json("NEXT")["channel"], "email")
        same(gate.refused("DONE", leases["C2"], "sent")[:8], "NOLEASE ")
        gate.json("DONE", gate.json("MINE")[0]["lease"], "sent")
        daemon.client("C3", phone=None, email="c3@example.com")
        daemon.event("E3", "C3", "account_opened", "2025-02-20")  # due on the 27th
        lease = gate.json("NEXT")["lease"]
        daemon.advance(16 * 60)
        gate.json("DONE", lease, "sent")
        same((state(daemon, client="C3"), daemon.followup(client="C3")["closed_on"]), (("done-late", None), TUESDAY))
        daemon.check()


@test("a rejected contact whose matter has come back meanwhile reopens nothing twice")
def _():
    with Daemon(settings={"share": "100"}) as daemon:
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", ())
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        for number, client in ((1, "C1"), (2, "C2")):
            daemon.event(f"E{number}", client, "account_closed")
        tell(anna, "reached")
        review = rita.json("REVIEW.NEXT")
        items = [row["item"] for row in review["closed"]]
        same(len(items), 2)
        daemon.event("E3", "C1", "account_reopened")
        scores = {name: 1 for name in ("greeting", "listening", "verifying", "acting", "closing")}
        answer = rita.json("REVIEW.DONE", review["review"], "rejected", {"scores": scores, "note": "no"})
        same(set(answer["reopened"]), set(items))
        same([row["state"] for row in daemon.list("followups")], ["cancelled", "queued"], "what its fact has stopped stays stopped")
        daemon.check()


@test("a call about more clients than one outcome names: the first 256 are closed, the rest wait on; corrected, all of them are open again")
def _():
    with Daemon(settings={"request_bytes": "1048576"}) as daemon:
        anna, many = daemon.agent("anna"), 260
        daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": f"C{n:03}", "name": "x", "phone": "13912345678", "person_ref": "P"}) for n in range(many)])
        daemon.operator.pipeline([("EVENT.PUT", {"event_ref": f"E{n:03}", "client_ref": f"C{n:03}", "kind": "feedback", "occurred_at": TUESDAY}) for n in range(many)])
        daemon.work()  # they are admitted in slices
        call = anna.json("NEXT")
        same(len(call["agenda"]), many)
        answer = anna.json("DONE", call["lease"], "reached")
        same((len(answer["closed"]), len(answer["left"]), answer["state"]), (256, 4, "resting"))

        def states():
            rows = [row["state"] for row in daemon.list("followups", limit=1000)]
            return {name: rows.count(name) for name in set(rows)}
        same(states(), {"done": 256, "queued": 4})
        attempt = daemon.list("attempts", client="C000")[0]["attempt"]
        same(len(daemon.json("CORRECT", attempt, {"disposition": "busy"}, "nobody was there")["reopened"]), 256)
        same((states(), len(daemon.list("calls"))), ({"queued": many}, 1))
        answer = daemon.json("CORRECT", attempt, {"disposition": "reached"}, "he was")
        same((len(answer["closed"]), len(answer["reopened"]), states()), (256, 0, {"done": 256, "queued": 4}))
        daemon.check()
        true(daemon.json("VERIFY")["holds"])


@test("NEXT past more calls than it takes off in one turn: who waits is given the one behind them")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for number in range(300):
            client = f"C{number}"
            daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": client, "name": "x", "phone": "13912345678"}),
                                      ("EVENT.PUT", {"event_ref": "E" + client, "client_ref": client, "kind": "account_closed", "occurred_at": TUESDAY})])
            anna.pipeline([("RECORD", client, {"items": [], "done_at": f"{TUESDAY}T0{hour}:00"}) for hour in (1, 2)])
        good = one(daemon, "D1")
        same(anna.json("NEXT", "WAIT", 60)["call"], good)
        rows = [(row["state"], row["reason"]) for row in daemon.list("followups", limit=1000)]
        same((rows.count(("scheduled", "cap")), rows.count(("queued", None))), (300, 1))


@test("reports of more groups than one page holds: each stands there once, in order, and they add up")
def _():
    with Daemon() as daemon:
        for number in range(70):
            daemon.client(f"C{number:02}", branch=f"SH{number:02}")
            daemon.event(f"E{number}", f"C{number:02}", "complaint")
        daemon.client("D1")
        daemon.event("F1", "D1", "complaint")
        report = daemon.json("REPORT", "BY", "branch")
        same([row["branch"] for row in report["rows"]], [f"SH{number:02}" for number in range(70)] + ["(none)"])
        same(({row["due"] for row in report["rows"]}, report["total"]["due"]), ({1}, 71))
        lines = daemon.call("REPORT", "BY", "branch", "FORMAT", "csv").splitlines()
        same((len(lines), lines[1][:6], lines[-1][:8]), (73, "SH00,1", "(total),"))


@test("everything has left the call that an agent holds: what he tells of it all the same is taken, of its client, and it ends")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for client, touched, disposition, said, used in (("C1", True, "reached", "", 1), ("C2", False, "reached", "", 1), ("C3", True, "no-answer", "", 0),
                                                         ("C4", True, "not-convenient", {"at": TUESDAY + "T15:30"}, 0), ("C5", True, "refused", "", 1), ("C6", True, "disputed", "", 1),
                                                         ("C7", True, "wrong-number", "", 0)):
            call = one(daemon, client)
            lease = anna.json("NEXT")["lease"]
            daemon.event("R" + client, client, "account_reopened")
            same(state(daemon, client=client), ("cancelled", "account_reopened"))
            if touched:
                same(anna.json("TOUCH", lease)["agenda"], [])
            answer = anna.json("DONE", lease, disposition, said)
            same((answer["call"], answer["closed"]), (call, []), disposition)
            same([row["disposition"] for row in daemon.list("attempts", client=client)], [disposition])
            same((daemon.list("calls"), daemon.used(client)), ([], used), disposition)
        same(sorted((row["kind"], row["client_ref"]) for row in daemon.list("tasks")), [("disputed", "C6"), ("disputed", "C6"), ("wrong-number", "C7")])
        daemon.check()


@test("a rejected refusal: the duty waits again, what the client does not want stays ended")
def _():
    with Daemon(settings={"share": "100"}) as daemon:
        anna, rita = daemon.agent("anna", queues=("service", "hq", "manager/*")), daemon.agent("rita", "reviewer", ())
        daemon.client("C1")
        daemon.event("E1", "C1", "transfer_requested")
        daemon.event("E2", "C1", "permission_opened")
        anna.json("DONE", anna.json("NEXT")["lease"], "refused")
        review = rita.json("REVIEW.NEXT")["review"]
        scores = {name: 1 for name in ("greeting", "listening", "verifying", "acting", "closing")}
        answer = rita.json("REVIEW.DONE", review, "rejected", {"scores": scores, "note": "he was talked into it"})
        same(answer["reopened"], [daemon.followup(rule="permission-opened")["followup"]])
        same((state(daemon, rule="permission-opened")[0], state(daemon, rule="transfer-out")), ("queued", ("suppressed", "do-not-contact")))
        daemon.check()


@test("with whom it was in the client's place is corrected too: only to an attorney on file on that day; of two clients it is the same one")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        one(daemon, "C1", attorney="张三:2025-12-31; 李四; 王五:2025-03-03")
        lease = anna.json("NEXT")["lease"]
        same(anna.refused("DONE", lease, "reached-attorney"), 'ERR there are several attorneys on file: name the one it was, like {"attorney":"Zhang San"}')
        matches(anna.refused("DONE", lease, "reached-attorney", {"attorney": "王五"}), "^ERR client C1 has no attorney 王五 on file for 2025-03-04")
        same(anna.json("DONE", lease, "reached-attorney", {"attorney": "张三"})["attorney"], "张三")
        attempt = daemon.list("attempts")[0]["attempt"]
        matches(daemon.refused("CORRECT", attempt, {"attorney": "张"}, "x"), "^ERR client C1 has no attorney 张 on file for 2025-03-04")
        daemon.json("CORRECT", attempt, {"attorney": "李四"}, "it was his brother")
        daemon.json("CORRECT", attempt, {"attorney": "王五", "done_at": "2025-03-03T16:00"}, "a day before, and the uncle")
        matches(daemon.refused("CORRECT", attempt, {"disposition": "reached", "attorney": "李四"}, "x"), "^ERR attorney: reached tells of no contact with an attorney")
        same(daemon.followup()["closed_on"], "2025-03-03")
        daemon.client("D1", person_ref="P", attorney="张三")
        daemon.client("D2", person_ref="P", attorney="李四")
        for client in ("D1", "D2"):
            daemon.event("E" + client, client, "complaint")
        lease = anna.json("NEXT")["lease"]
        matches(anna.refused("DONE", lease, "reached-attorney"), "^ERR there are several attorneys on file")
        matches(anna.refused("DONE", lease, "reached-attorney", {"attorney": "张三"}), "^ERR client D2 has no attorney 张三 on file")
        daemon.client("D2", person_ref="P", attorney="张三")
        same(anna.json("DONE", lease, "reached-attorney")["attorney"], "张三")
        daemon.check()


if __name__ == "__main__":
    run()
