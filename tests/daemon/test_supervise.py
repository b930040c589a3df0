#!/usr/bin/env python3
"""What a supervisor decides against the rules' own course: TAKE, MOVE, PAUSE, RESUME, DNC, OVERRIDE, and calls that widen by themselves (POLICY 5, 6)."""
import json

from harness import Closed, Daemon, TUESDAY, matches, run, same, test, true


def done(agent, call):
    return agent.json("DONE", call["lease"], "reached")


@test("TAKE gives a named call whatever its place and the hours; who holds another's call keeps it")
def _():
    with Daemon(clock=TUESDAY + "T12:00:00") as daemon:
        agent, other = daemon.agent("anna"), daemon.agent("bert")
        daemon.client("C1")
        daemon.client("C2")
        daemon.event("E1", "C1", "account_closed")
        daemon.event("E2", "C2", "permission_opened")
        call = daemon.list("calls", client="C2")[0]["call"]
        same(agent.refused("NEXT").split()[0], "CLOSED")
        taken = agent.json("TAKE", call)
        same((taken["call"], taken["number"], taken["agenda"][0]["client_ref"]), (call, "13912345678", "C2"))
        matches(other.refused("TAKE", call), "^BUSY ")
        same(agent.json("TAKE", call)["lease"], taken["lease"], "taken again by its holder")
        same(done(agent, taken)["over_cap"], False)
        matches(agent.refused("TAKE", call), "^ERR there is no call")
        matches(daemon.refused("TAKE", 1), "^NOPERM |^ERR ", )
        daemon.check()


@test("TAKE keeps to recusal, to one call an agent, and to one agent a person")
def _():
    with Daemon() as daemon:
        manager, anna, bert = daemon.agent("M1"), daemon.agent("anna"), daemon.agent("bert")
        daemon.client("C1", manager="M1", person_ref="P1")
        daemon.event("E1", "C1", "complaint")
        call = daemon.list("calls")[0]["call"]
        matches(manager.refused("TAKE", call), "^NOPERM a rule says that M1 must not make this call")
        daemon.client("C2")
        daemon.event("E2", "C2", "account_closed")
        held = anna.json("NEXT", "QUEUE", "service")
        other = ({1, 2} - {held["call"]}).pop()
        matches(anna.refused("TAKE", other), "^BUSY anna holds a call already")
        same(bert.json("TAKE", other)["call"], other)
        daemon.check()


@test("MOVE puts a waiting call on another queue, where it stays when matters join it")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna", queues=("hq",))
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        call = daemon.list("calls")[0]["call"]
        same(agent.call("NEXT"), None)
        same(daemon.json("MOVE", call, "hq", "head office knows him")["queue"], "hq")
        daemon.event("E2", "C1", "complaint")
        given = agent.json("NEXT")
        same((given["call"], given["queue"], len(given["agenda"])), (call, "hq", 2))
        matches(daemon.refused("MOVE", call, "service", "no"), "^BUSY ")
        done(agent, given)
        daemon.event("E3", "C1", "feedback")
        call = daemon.list("calls")[0]["call"]
        matches(daemon.refused("MOVE", call, "nowhere", "no"), "^ERR no rule puts calls on a queue nowhere")
        matches(daemon.refused("MOVE", call, "hq", ""), "^ERR a reason is needed")
        matches(daemon.refused("MOVE", call, "sms", "no"), "^ERR sms is a queue of messages")
        same([row["disposition"] for row in daemon.list("attempts", client="C1")], ["moved", "reached"])
        daemon.check()


@test("a paused queue hands nothing out and says why and until when; it goes on by word, and by itself when the time is over")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        same(daemon.json("PAUSE", "QUEUE", "service", TUESDAY + "T10:00", "system down")[0]["reason"], "system down")
        same(agent.refused("NEXT"), f"CLOSED until={TUESDAY}T10:00:00 paused: system down")
        same(daemon.json("RESUME", "QUEUE", "service"), [])
        agent.json("RELEASE", agent.json("NEXT")["lease"], "just a look")
        daemon.json("PAUSE", "QUEUE", "service", TUESDAY + "T10:00", "again")
        agent.send("NEXT", "WAIT", 3600)
        true(agent.is_silent(), "it waits")
        daemon.set_clock(TUESDAY + "T10:00:00")
        matches(str(agent.read()), "account-closed", "woken when the pause is over")
        same(daemon.json("PAUSE"), [])
        for words in (("QUEUE", "nowhere", TUESDAY + "T10:30", "x"), ("DESK", "service", TUESDAY + "T10:30", "x"), ("QUEUE", "service", "soon", "x"),
                      ("QUEUE", "service", TUESDAY + "T09:00", "x"), ("QUEUE", "service", TUESDAY + "T10:30", "")):
            matches(daemon.refused("PAUSE", *words), "^ERR ")


@test("a paused rule's follow-ups wait with that reason, also those that stood on a call; afterwards they go on at once")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        daemon.client("C1")
        daemon.client("C2")
        daemon.event("E1", "C1", "account_closed")
        daemon.json("PAUSE", "RULE", "account-closed", TUESDAY + "T10:00", "the script is being rewritten")
        daemon.event("E2", "C2", "account_closed")
        same((daemon.followup(client="C2")["state"], daemon.followup(client="C2")["reason"]), ("scheduled", "paused"))
        same(agent.call("NEXT"), None, "the gate takes it off the call")
        same(daemon.followup(client="C1")["reason"], "paused")
        daemon.json("RESUME", "RULE", "account-closed")
        same([daemon.followup(client=client)["state"] for client in ("C1", "C2")], ["queued", "queued"])
        daemon.json("PAUSE", "RULE", "account-closed", TUESDAY + "T10:00", "once more")
        daemon.event("E3", "C2", "account_reopened")
        same(daemon.followup(client="C2")["state"], "cancelled", "what stops it stops it all the same")
        daemon.check()


@test("very many clients: PAUSE RULE, RESUME and HANDOVER are answered before all of them have been looked at, and a kill in between loses none")
def _():
    many = 700
    with Daemon() as daemon:
        with daemon.connect() as feeder:
            feeder.pipeline([("CLIENT.PUT", {"client_ref": f"C{number}", "name": "x", "phone": "139", "manager": "M17"}) for number in range(many)])
            feeder.pipeline([("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number}", "kind": "transfer_requested", "occurred_at": TUESDAY})
                             for number in range(many)])
        daemon.work()

        def kinds():
            rows = daemon.list("followups", limit=many + 1)
            return len(rows), {(row["state"], row["reason"] or "", row["queue"] or "") for row in rows}

        def killed(*words):
            daemon.json(*words)
            daemon.kill()
            daemon.start()
            daemon.work()
            daemon.check()

        same(kinds(), (many, {("queued", "", "manager/M17")}))
        killed("HANDOVER", "M17", "M20", "left")
        same(kinds(), (many, {("queued", "", "manager/M20")}))
        killed("PAUSE", "RULE", "transfer-out", TUESDAY + "T12:00", "a look")
        same({(state, reason) for state, reason, _ in kinds()[1]}, {("scheduled", "paused")})
        killed("RESUME", "RULE", "transfer-out")
        same(kinds(), (many, {("queued", "", "manager/M20")}))
        # One right behind the other: the last word counts.
        daemon.operator.pipeline([("PAUSE", "RULE", "transfer-out", TUESDAY + "T12:00", "a look"), ("RESUME", "RULE", "transfer-out"),
                                  ("PAUSE", "RULE", "transfer-out", TUESDAY + "T12:00", "and again")])
        daemon.work()
        same({(state, reason) for state, reason, _ in kinds()[1]}, {("scheduled", "paused")})


@test("DNC stops a channel until its day, moves what has another, and is lifted by CLEAR")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        daemon.client("C1", email="c1@example.com", opened_on="2025-03-04")
        same(daemon.json("DNC", "C1", "phone", TUESDAY, "asked us not to"),
             [{"channel": "phone", "until": TUESDAY, "reason": "asked us not to", "by": "operator"}])
        daemon.event("E1", "C1", "account_opened")
        same(daemon.followup(client="C1")["channel"], "email", "a duty moves to its next permitted channel")
        daemon.client("C2")
        daemon.json("DNC", "C2", "all", "none", "wants no word from us")
        daemon.event("E2", "C2", "permission_opened")
        same(daemon.followup(client="C2")["reason"], "do-not-contact")
        same(daemon.json("DNC", "C2", "all", "CLEAR", "changed his mind"), [])
        daemon.event("E3", "C2", "complaint")
        same(agent.call("NEXT", "QUEUE", "service") is not None, True)
        for *words, wanted in (
                ("C9", "all", "none", "x", "no client C9"),
                ("C1", "pigeon", "none", "x", "no such channel: pigeon; there are: all, phone, sms, "),
                ("C1", "all", "soon", "x", "until when"),
                ("C1", "all", "2025-03-03", "x", "2025-03-03 has passed"),
                ("C1", "all", "none", "", "a reason is needed")):
            matches(daemon.refused("DNC", *words), "^ERR .*" + wanted)
        rows = daemon.list("attempts", client="C2")
        same([(row["disposition"], row["client_ref"], row["call"]) for row in rows[:2]], [("do-not-contact", "C2", None)] * 2)
        told = [entry["said"]["said"] for entry in daemon.json("HISTORY", "C2") if entry.get("said", {}).get("disposition") == "do-not-contact"]
        same(told, [{"channel": "all", "until": "none", "reason": "wants no word from us"}, {"channel": "all", "until": "CLEAR", "reason": "changed his mind"}])
        daemon.add_agent("sue", "supervisor", ())
        daemon.json("ERASE", "C2", "sue", "he asks")
        matches(daemon.refused("DNC", "C2", "all", "none", "no word, he said"), "^ERR client C2 has been erased")


@test("OVERRIDE lets a third contact of the quarter go ahead, with two names and a reason; nothing else does")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna", queues=("service", "hq"))
        first, _second = daemon.agent("sara", "supervisor", ()), daemon.agent("sven", "supervisor", ())
        daemon.client("C1")
        for number in (1, 2):
            agent.json("RECORD", "C1", {"done_at": f"{TUESDAY}T0{number}:00"})
        daemon.event("E1", "C1", "account_closed")
        followup = daemon.followup(client="C1")
        same((followup["state"], followup["reason"]), ("scheduled", "cap"))
        same(agent.call("NEXT"), None)
        number = followup["followup"]
        for words in ((number, "sara", "her own second"), (number, "anna", "not a supervisor"), (number, "nobody", "x"), (number, "sven", ""), (99, "sven", "x")):
            matches(first.refused("OVERRIDE", *words), "^ERR ")
        same(agent.call("NEXT"), None, "a refused override changes nothing")
        same(first.json("OVERRIDE", number, "sven", "the account is being emptied")["state"], "queued")
        call = agent.json("NEXT")
        same(done(agent, call)["over_cap"], True)
        same(daemon.followup(client="C1")["state"], "done")
        matches(first.refused("OVERRIDE", number, "sven", "again"), "^ERR .* is done")
        same([row["agent"] for row in daemon.list("attempts", client="C1") if row["disposition"] == "override"], ["sara"])
        daemon.check()


@test("OVERRIDE brings back what has been suppressed for want of a slot")
def _():
    with Daemon() as daemon:
        first, _second = daemon.agent("sara", "supervisor", ()), daemon.agent("sven", "supervisor", ())
        agent = daemon.agent("anna", queues=("service", "manager/*"))
        daemon.client("C1")
        for number in (1, 2):
            agent.json("RECORD", "C1", {"done_at": f"{TUESDAY}T0{number}:00"})
        daemon.event("E1", "C1", "transfer_requested")
        daemon.set_clock("2025-03-18T09:30:00")
        followup = daemon.followup(client="C1")
        same((followup["state"], followup["reason"]), ("suppressed", "cap"))
        same(first.json("OVERRIDE", followup["followup"], "sven", "he has written to us")["state"], "queued")
        done(agent, agent.json("NEXT"))
        same(daemon.followup(client="C1")["state"], "done-late")
        daemon.check()


@test("a call that its manager does not take widens to service after a day, and keeps its place")
def _():
    with Daemon() as daemon:
        agent, manager = daemon.agent("anna"), daemon.agent("M7", queues=("manager/M7",))
        daemon.client("C1", manager="M7")
        daemon.event("E1", "C1", "transfer_requested")
        call = daemon.list("calls")[0]
        same((call["queue"], agent.call("NEXT")), ("manager/M7", None))
        daemon.set_clock("2025-03-05T09:30:00")
        same(daemon.list("calls")[0]["queue"], "service")
        same(manager.call("NEXT"), None)
        same(agent.json("NEXT")["call"], call["call"])
        daemon.check()


@test("a duty that must wait for a slot raises an alarm at once, once; WHY says when a slot comes free and that it is too late")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        daemon.client("C1")
        for number in (1, 2):
            agent.json("RECORD", "C1", {"done_at": f"{TUESDAY}T0{number}:00"})
        daemon.event("E1", "C1", "transfer_requested")
        same(daemon.list("tasks"), [], "a transfer is no duty")
        daemon.event("E2", "C1", "permission_opened")
        daemon.set_clock("2025-03-05T09:30:00")
        task, = daemon.list("tasks", state="open")
        followup = daemon.followup(client="C1", rule="permission-opened")
        same((task["kind"], task["queue"], task["followup"], task["client_ref"]), ("duty-waits", "supervisors", followup["followup"], "C1"))
        same(daemon.info("work")["tasks_open"], "1")
        waiting = {row["followup"]: row for row in daemon.json("WHY", "C1")["waiting"]}
        same(waiting[followup["followup"]]["slot_free_on"], "2025-04-01")
        matches(waiting[followup["followup"]]["what_comes"], "in time$")
        transfer = daemon.followup(client="C1", rule="transfer-out")
        matches(waiting[transfer["followup"]]["what_comes"], "^no slot comes free in time")
        rules = {row["rule"]: row for row in daemon.json("WHY", "C1")["rules"]}
        same((rules["birthday-call"]["holds"], rules["anniversary"]["holds"]), ("for other tiers", "the rule is off"))
        same((rules["festival"]["next_occasion"], rules["festival"]["opens_on"], rules["festival"]["channel"]), ("labour-day/2025", "2025-05-01", "sms"))


@test("SUBSCRIBE tells of events as they become true, in RESP2 and as pushes in RESP3, until UNSUBSCRIBE; nothing about clients")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        old, new = daemon.agent("sara", "supervisor", ()), daemon.agent("sara")
        new.call("HELLO", "3")
        for board in (old, new):
            same(board.call("SUBSCRIBE", "events")[:2], ["subscribe", "events"])
            matches(board.refused("SUBSCRIBE", "news"), "there is one channel: events")
        daemon.client("C1", phone="13911112222")
        daemon.event("E1", "C1", "account_closed")
        call = agent.json("NEXT")
        agent.json("DONE", call["lease"], "reached")
        for board in (old, new):
            heard, texts = [], []
            while "done" not in heard:
                kind, channel, text = board.read()
                same((kind, channel), ("message", "events"))
                texts.append(text)
                heard.append(json.loads(text)["event"])
            true("queues_changed" in heard and "handed_out" in heard, heard)
            true(not any(word in text for text in texts for word in ("C1", "13911112222", "孔丽勇")), texts)
        old.send("UNSUBSCRIBE")
        while old.read()[0] != "unsubscribe":
            pass  # what was under way
        daemon.event("E2", "C1", "complaint")
        same(old.call("PING"), "PONG", "nothing came before it")


@test("SUBSCRIBE gives names as they are, in Chinese and with quotes in them, and nothing in a name is taken for a member")
def _():
    with Daemon() as daemon:
        agent, board = daemon.agent("李小明"), daemon.agent("sara", "supervisor", ())
        board.call("SUBSCRIBE", "events")
        daemon.client("C1", manager='M"1 event=fake \\x41')
        daemon.event("E1", "C1", "complaint")
        agent.json("NEXT")
        daemon.json("HANDOVER", 'M"1 event=fake \\x41', "M2", "left")
        heard = {}
        while "handover" not in heard:
            event = json.loads(board.read()[2])
            heard[event["event"]] = event
        same(heard["handed_out"]["agent"], "李小明")
        same(heard["handover"]["manager"], 'M"1 event=fake \\x41')
        true("fake" not in heard, heard)


@test("who is shut out, or let in anew, while he listens is told no more: his connection ends at once, and nobody else's")
def _():
    with Daemon() as daemon:
        boards = {name: daemon.agent(name, "supervisor", ()) for name in ("sara", "tina", "udo")}
        for board in boards.values():
            board.call("SUBSCRIBE", "events")
        for name, words in (("sara", ("AGENT.DEL", "sara")), ("tina", ("AGENT.ADD", "tina", "supervisor"))):
            daemon.call(*words)
            try:
                while True:
                    boards[name].read()  # what was told before
            except Closed:
                pass
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        daemon.agent("anna").json("NEXT")
        while json.loads(boards["udo"].read()[2])["event"] != "handed_out":
            pass  # what else came
        same(boards["udo"].call("PING"), "PONG")


run()
