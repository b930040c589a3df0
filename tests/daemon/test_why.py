#!/usr/bin/env python3
"""WHY CALL, WHY QUEUE and WHY client: the answer to "why is nothing coming out?" agrees with what NEXT does, and changes nothing (POLICY 8)."""
import json

from harness import Daemon, TUESDAY, matches, run, same, test, true


def use_up(agent, client, contacts=2):
    for hour in range(1, contacts + 1):
        agent.json("RECORD", client, {"done_at": f"{TUESDAY}T0{hour}:00", "items": []})


def gate(answer, name):
    return next((row for row in answer["gates"] if row["gate"] == name), None)


def call_of(daemon, client):
    return daemon.list("calls", client=client)[0]["call"]


def book(daemon):
    return [daemon.list(what) for what in ("followups", "calls", "tasks")]


@test("WHY CALL: its verdict says what holds it back, gate by gate, and NEXT agrees")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna", queues=("service", "hq")), daemon.agent("bert")
        daemon.client("C1", manager="M17", introducer="I3")
        daemon.event("E1", "C1", "account_closed")
        call = call_of(daemon, "C1")

        def why(pattern, name, needs=None, nothing=True):
            before = book(daemon)
            answer = daemon.json("WHY", "CALL", call)
            matches(answer["verdict"], pattern)
            same(list(answer)[0], "verdict")
            same(gate(answer, name)["open"], False, name)
            if needs:
                matches(answer["needs"], needs)
            same(book(daemon), before, "WHY changes nothing")
            if nothing:
                same(anna.call("NEXT", "QUEUE", "service") if name not in ("queue", "hours") else anna.refused("NEXT", "QUEUE", "service")[:6],
                     None if name not in ("queue", "hours") else "CLOSED")

        answer = daemon.json("WHY", "CALL", call)
        matches(answer["verdict"], "^may go out now, and is the first of its queue: NEXT gives it to anna or others$")
        same((answer["needs"], answer["place"], [row["agent"] for row in answer["agents"]]), (None, 1, ["anna", "bert"]))
        daemon.json("PAUSE", "QUEUE", "service", TUESDAY + "T10:00", "no line")
        why("^held back: service is paused until 2025-03-04T10:00:00 by operator: no line$", "queue", "^RESUME QUEUE service")
        daemon.json("RESUME", "QUEUE", "service")
        # Somebody holds it; its holder is asked by name.
        lease = anna.json("NEXT", "QUEUE", "service")["lease"]
        why("^anna holds it until 2025-03-04T09:45:00", "state", "DONE or RELEASE", nothing=False)
        anna.json("DONE", lease, "no-answer")
        why("^held back: it rests between two tries until 2025-03-04T12:00:00", "state", f"TAKE {call}")
        anna.json("DONE", anna.json("TAKE", call)["lease"], "not-convenient", '{"at":"2025-03-04T15:30"}')
        why("appointment: it rests until 2025-03-04T15:30:00", "state")
        daemon.set_clock(TUESDAY + "T15:31:00")
        answer = daemon.json("WHY", "CALL", call)
        matches(gate(answer, "appointment")["says"], "agreed for 2025-03-04T15:30:00 by anna: it goes first, until 2025-03-04T15:45:00 to nobody else")
        same([row["why_not"] is None for row in answer["agents"]], [True, False], "bert may not")
        # After hours.
        daemon.set_clock(TUESDAY + "T17:30:00")
        why("^held back: the queue's hours are closed; it may be called from 2025-03-05T09:30:00$", "hours", "^wait until 2025-03-05T09:30:00; TAKE")
        daemon.check()


@test("WHY CALL: while somebody speaks with the same person in another call, the second one says in which")
def _():
    with Daemon() as daemon:
        m17, anna = daemon.agent("M17", queues=("manager/*",)), daemon.agent("anna")
        daemon.client("C1", manager="M17")
        daemon.event("E1", "C1", "transfer_requested")
        held = m17.json("NEXT")
        daemon.event("E2", "C1", "complaint")  # he must not speak of it, so it has a call of its own
        other = next(row["call"] for row in daemon.list("calls", client="C1") if row["call"] != held["call"])
        answer = daemon.json("WHY", "CALL", other)
        same(answer["verdict"], f"held back: M17 speaks with the person in call {held['call']}, until {TUESDAY}T09:45:00")
        same((answer["needs"], anna.call("NEXT")), (f"call {held['call']} ends", None))
        m17.json("DONE", held["lease"], "reached")
        same(anna.json("NEXT")["call"], other)


@test("WHY CALL: recusal, breaks, held calls, queues that nobody serves; contacts used up since; a number that is wrong; widening")
def _():
    with Daemon() as daemon:
        daemon.client("C1", manager="M17", introducer="I3")
        daemon.event("E1", "C1", "complaint")
        call = call_of(daemon, "C1")
        matches(daemon.json("WHY", "CALL", call)["verdict"], "^held back: no agent serves service$")
        m17 = daemon.agent("M17", queues=("service", "manager/*"))
        answer = daemon.json("WHY", "CALL", call)
        same(answer["must_not_call"], "I3, M17, role marketing")
        matches(answer["verdict"], "^held back: none of the 1 who serve service may take it now$")
        matches(answer["needs"], "^AGENT.ADD somebody who is none of these: I3, M17, role marketing; or MOVE")
        same(m17.call("NEXT"), None)
        anna = daemon.agent("anna")
        anna.json("BREAK", "lunch")
        matches(daemon.json("WHY", "CALL", call)["agents"][1]["why_not"], "^on a break .lunch. since 2025-03-04T09:30:00$")
        matches(daemon.json("WHY", "CALL", call)["verdict"], "^held back: none of the 2")
        anna.json("READY")
        held = anna.json("NEXT")
        daemon.client("C2")
        daemon.event("E2", "C2", "complaint")
        matches(daemon.json("WHY", "CALL", call_of(daemon, "C2"))["agents"][1]["why_not"], f"^holds call {held['call']}, ")
        # The same person, another call: a follow-up that must not join it has its own.
        anna.json("DONE", held["lease"], "reached")
        daemon.client("C3")
        daemon.event("E3", "C3", "account_closed")
        use_up(anna, "C3")
        answer = daemon.json("WHY", "CALL", call_of(daemon, "C3"))
        matches(answer["verdict"], "^held back: 2 of 2 contacts made since 2025-01-01, 0 more held by agents$")
        matches(answer["needs"], "OVERRIDE [0-9]+ second reason")
        daemon.client("C4", manager="M17", branch="SH01")
        daemon.event("E4", "C4", "transfer_requested")
        answer = daemon.json("WHY", "CALL", call_of(daemon, "C4"))
        same((answer["queue"], answer["widens_at"], answer["widens_to"]), ("manager/M17", "2025-03-05T09:30:00", "service"))
        matches(daemon.refused("WHY", "CALL", 99), "^ERR there is no call 99")
        matches(daemon.refused("WHY", "CALL", "x"), "^ERR WHY CALL needs a call's number")
        matches(daemon.refused("WHY", "CALL", 1, 2), "^ERR WHY .CLIENT. client, WHY CALL call or WHY QUEUE queue")


@test("WHY QUEUE: the verdict names the first thing in the way, for the desk and for one agent, and foretells NEXT")
def _():
    with Daemon() as daemon:
        def verdict(*words, queue="service"):
            before = book(daemon)
            answer = daemon.json("WHY", "QUEUE", queue, *words)
            same((list(answer)[0], book(daemon)), ("verdict", before))
            return answer["verdict"]

        matches(verdict(), "^nothing waits on service: 0 rest, 0 are held, 0 wait for a contact")
        daemon.client("C1", manager="M17")
        daemon.event("E1", "C1", "complaint")
        matches(verdict(), "^no agent serves service, on which 1 wait$")
        m17, anna = daemon.agent("M17", queues=("service",)), daemon.agent("anna")
        matches(verdict("AGENT", "M17"), "^rules say of all 1 calls that wait that M17 must not make them$")
        answer = daemon.json("WHY", "QUEUE", "service", "AGENT", "M17")
        same((answer["hidden"], answer["excluded"]), (1, [{"calls": 1, "must_not_call": "M17, role marketing"}]))
        same(verdict("AGENT", "anna"), "1 wait, and NEXT QUEUE service gives call 1 to anna")
        same(verdict(), "1 wait, and NEXT QUEUE service gives call 1")
        anna.json("BREAK", "meeting")
        same(verdict("AGENT", "anna"), f"anna: on a break (meeting) since {TUESDAY}T09:30:00")
        same(daemon.json("WHY", "QUEUE", "service", "AGENT", "anna")["needs"], "he says READY")
        anna.json("READY")
        held = anna.json("NEXT")
        matches(verdict("AGENT", "anna"), "^anna: holds call 1, and NEXT gives it to him again$")
        answer = daemon.json("WHY", "QUEUE", "service")
        matches(answer["verdict"], "^nothing waits on service: 0 rest, 1 are held")
        same(answer["holders"], [{"call": 1, "agent": "anna", "until": TUESDAY + "T09:45:00"}])
        anna.json("DONE", held["lease"], "no-answer")
        matches(verdict(), f"^nothing waits on service: 1 rest, the first until {TUESDAY}T12:00:00")
        daemon.json("PAUSE", "QUEUE", "service", TUESDAY + "T10:00", "no line")
        matches(verdict(), f"^service is paused until {TUESDAY}T10:00:00 by operator: no line$")
        daemon.json("RESUME", "QUEUE", "service")
        daemon.client("C2", hours="Mon-Fri 16:00-17:00")
        daemon.event("E2", "C2", "account_closed")
        matches(verdict(), "^none of the 1 calls looked at may go out now; of 1: the client's own hours are closed; it may be called from 2025-03-04T16:00:00$")
        same(anna.call("NEXT"), None)
        daemon.set_clock(TUESDAY + "T17:30:00")
        matches(verdict(), "^service is closed until 2025-03-05T09:30:00; 2 wait$")
        matches(verdict("AGENT", "anna", queue="hq"), "^anna: does not serve hq$")
        matches(verdict(queue="sms"), "^nothing waits on sms")
        for words in (("QUEUE", "nowhere"), ("QUEUE", "manager/*"), ("QUEUE", "service", "AGENT", "nobody"), ("QUEUE", "service", "BERT", "x")):
            matches(daemon.refused("WHY", *words), "^ERR ")


@test("WHY client: a line in words for what is open, windows before and after roll, who must not call, the next change")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", manager="M17")
        use_up(anna, "C1")
        daemon.client("C1", manager="M17", introducer="I3", birthday="1980-03-09", tier="diamond")
        daemon.json("HANDOVER", "M17", "M20", "left")
        daemon.event("E1", "C1", "transfer_requested")
        daemon.event("E2", "C1", "permission_opened")
        answer = daemon.json("WHY", "CLIENT", "C1")
        same(answer, daemon.json("WHY", "C1"))
        matches(answer["verdict"], "^[0-9] open, [0-9] held back; ")
        same((answer["manager"], answer["present_manager"], answer["slots_used"], len(answer["contacts"])), ("M17", "M20", 2, 2))
        open_ = {row["rule"]: row for row in answer["waiting"]}
        same(open_["permission-opened"]["summary"], "no contact left: 2 of 2 used; one comes free on 2025-04-01, in time: it is of use until 2025-05-03")
        matches(open_["transfer-out"]["summary"], "^no contact left: 2 of 2 used; none comes free in time .the next on 2025-04-01, it is of use until 2025-03-10.: OVERRIDE [0-9]+, ")
        rules = {row["rule"]: row for row in answer["rules"]}
        birthday = rules["birthday-call"]
        same([birthday[name] for name in ("computed_opens_on", "computed_due_on", "opens_on", "due_on", "state")],
             ["2025-03-06", "2025-03-09", "2025-03-04", "2025-03-07", "scheduled"], "the ninth is a Sunday")
        same((rules["permission-opened"]["must_not_call"], rules["permission-opened"]["state"]), ("I3, M17, M20, role marketing", "scheduled"))
        same((answer["next_change_on"], answer["next_change"]), ("2025-03-08", "the last useful day of birthday-call has passed"))
        daemon.client("C2", birthday="1990-03-20", tier="silver")
        answer = daemon.json("WHY", "C2")
        same((answer["verdict"], answer["next_change_on"]), ("nothing is open; the next is birthday, on 2025-03-20", "2025-03-20"))
        daemon.event("E3", "C3", "complaint")
        matches(daemon.json("WHY", "C3")["verdict"], "^only events have spoken of him")
        daemon.json("PAUSE", "RULE", "account-closed", TUESDAY + "T12:00", "new script")
        daemon.event("E4", "C2", "account_closed")
        answer = daemon.json("WHY", "C2")
        same(answer["waiting"][0]["summary"], f"its rule is paused until {TUESDAY}T12:00:00 by operator: new script")
        matches(daemon.refused("WHY", "C9"), "^ERR there is no client C9")
        daemon.client("C4", hours="Mon-Fri 16:00-17:00")
        daemon.event("E5", "C4", "permission_opened")
        daemon.client("C5")
        daemon.event("E6", "C5", "permission_opened")
        daemon.client("C6")
        daemon.event("E7", "C6", "complaint")
        same([daemon.json("WHY", client)["calls"][0]["held_back"] for client in ("C4", "C5", "C6")],
             [f"the client's own hours are closed; it may be called from {TUESDAY}T16:00:00", "nobody who serves its queue may make it", None])


@test("WHY QUEUE is a look at the clients of whom it says what holds their calls back")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.client("C2", hours="Mon-Fri 16:00-17:00")
        auditor, _ = daemon.agent("ada", "auditor", ()), daemon.agent("anna")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C2", "complaint")
        held_back = auditor.json("WHY", "QUEUE", "service")["held_back"]
        same([(row["gate"], row["call"], row["client_ref"]) for row in held_back], [("hours", call_of(daemon, "C2"), "C2")])
        looks = {client: [row["said"]["command"] for row in daemon.json("HISTORY", client) if row["kind"] == "look" and row["agent"] == "ada"] for client in ("C1", "C2")}
        same(looks, {"C1": [], "C2": ["WHY QUEUE service"]})


@test("WHY CALL is a look at the clients on its agenda; reviewers and auditors may ask, agents may not")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        auditor, anna = daemon.agent("ada", "auditor", ()), daemon.agent("anna")
        auditor.json("WHY", "CALL", 1)
        auditor.json("WHY", "QUEUE", "service", "AGENT", "anna")
        looks = [row for row in daemon.json("HISTORY", "C1") if row["kind"] == "look"]
        same([(row["agent"], row["said"]["command"]) for row in looks], [("ada", "WHY CALL 1")])
        matches(anna.refused("WHY", "CALL", 1), "^NOPERM ")


@test("followupctl why prints a page for people: the verdict first, nothing empty, what does not concern the client drawn together; --json everything")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", manager="M17", birthday="1980-03-09", tier="diamond")
        daemon.event("E1", "C1", "complaint")
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        daemon.event("E2", "C1", "feedback")
        status, page, _ = daemon.ctl("why", "C1")
        lines = page.splitlines()
        same((status, lines[0][:9]), (0, "verdict: "))
        true(len(lines) < 50, page)
        true(not [line for line in lines if line.endswith(": none") or line.endswith(":") and not lines[lines.index(line) + 1].startswith("  ")], page)
        matches(page, "(?m)^  birthday-call +2025 +2025-03-04 to 2025-03-07 +2025-03-06 to 2025-03-09 +phone +done$")
        matches(page, "(?m)^  the rule is off  +anniversary, ")
        matches(page, "(?ms)^ended_last:$.* complaint +E1 +2025-03-05 +done +2025-03-04$")
        for words, first in ((("call", "2"), "verdict: may go out now, "), (("queue", "service", "--agent", "anna"), "verdict: 1 wait, and NEXT QUEUE service gives call "),
                             (("client", "C1"), lines[0])):
            status, page, _ = daemon.ctl("why", *words)
            same((status, page[:len(first)]), (0, first))
        same(json.loads(daemon.ctl("why", "C1", "--json")[1]), daemon.json("WHY", "C1"))
        same(daemon.ctl("why", "C9"), (1, "", "followupctl: ERR there is no client C9\n"))


if __name__ == "__main__":
    run()
