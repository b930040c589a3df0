#!/usr/bin/env python3
"""Handing out: order, hours, waiting, leases, recusal, agents (POLICY 6)."""
import json
import os
import select
import signal

from harness import Daemon, Error, MORNING, TUESDAY, matches, run, same, test, true


def finish(agent, call, disposition="reached", *more):
    return agent.json("DONE", call["lease"], disposition, *more)


def client_of(call):
    return call["agenda"][0]["client_ref"]


def complaints(daemon, *refs):
    for ref in refs:
        daemon.client(ref)
        daemon.event("E-" + ref, ref, "complaint")


@test("the order of a queue: due today or overdue, then priority, then due day, then the call created first")
def _():
    with Daemon() as daemon:
        for ref in "ABCDEFG":
            daemon.client(ref)
        daemon.event("1", "C", "account_opened", TUESDAY)
        daemon.event("2", "F", "account_opened", TUESDAY)
        daemon.event("3", "D", "account_opened", "2025-03-03")
        daemon.event("4", "A", "account_opened", "2025-02-25")  # due today
        daemon.event("5", "B", "complaint", TUESDAY)
        daemon.event("6", "E", "complaint", "2025-03-03")  # due today
        daemon.event("7", "G", "complaint", "2025-02-20")  # overdue
        agent = daemon.agent("anna")
        order = []
        while (call := agent.json("NEXT")) is not None:
            order.append(client_of(call))
            finish(agent, call)
        same("".join(order), "GEABDCF")
        daemon.check()


@test("the order of a queue after the night: what has become due goes first")
def _():
    with Daemon(clock=TUESDAY + "T20:00:00") as daemon:
        daemon.client("A")
        daemon.client("B")
        daemon.event("1", "A", "account_opened", "2025-02-26")  # due tomorrow
        daemon.event("2", "B", "complaint", TUESDAY)  # due tomorrow
        daemon.client("C")
        daemon.event("3", "C", "account_opened", TUESDAY)
        daemon.set_clock("2025-03-05T09:30:00")
        daemon.event("4", "C", "complaint")  # due on Thursday; and carries the other matter with it
        daemon.check()
        agent = daemon.agent("anna")
        order = []
        while (call := agent.json("NEXT")) is not None:
            order.append(client_of(call))
            finish(agent, call)
        same(order, ["B", "A", "C"])


HOURS = [
    ("2025-03-04T09:29:59", "2025-03-04T09:30:00"),
    ("2025-03-04T09:30:00", None),
    ("2025-03-04T10:59:59", None),
    ("2025-03-04T11:00:00", "2025-03-04T15:00:00"),
    ("2025-03-04T16:59:59", None),
    ("2025-03-04T17:00:00", "2025-03-05T09:30:00"),
    ("2025-03-07T11:00:00", "2025-03-10T14:30:00"),  # from Friday to Monday afternoon
    ("2025-03-08T10:00:00", "2025-03-10T14:30:00"),
    ("2025-03-10T10:00:00", "2025-03-10T14:30:00"),
    ("2025-04-03T17:00:00", "2025-04-07T14:30:00"),  # Qingming
    ("2025-04-27T09:30:00", None),  # a make-up Sunday counts as a Thursday
    ("2025-04-30T17:00:00", "2025-05-06T09:30:00"),  # Labour Day
    ("2025-09-30T17:00:00", "2025-10-09T09:30:00"),  # eight days off
    ("2025-10-11T15:00:00", None),  # a make-up Saturday
]


@test("calling hours: NEXT outside them says when they open again, over weekends, days off and make-up days")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        agent = daemon.agent("anna")
        for number, (time, until) in enumerate(HOURS):
            daemon.set_clock(time)
            daemon.event(f"E{number}", "C1", "complaint")
            if until:
                same(agent.refused("NEXT"), f"CLOSED until={until}", time)
            else:
                call = agent.json("NEXT")
                true(call is not None, time)
                finish(agent, call)
        daemon.set_clock("2025-10-12T03:00:00")
        queues = {row["queue"]: row for row in daemon.json("QUEUES")}
        same(queues.get("service", {"open": False})["open"], False)


@test("QUEUES tells what is due today from what is overdue, and neither counts what is in somebody's hands")
def _():
    with Daemon() as daemon:
        for number, kind, day in ((1, "complaint", "2025-03-01"), (2, "complaint", "2025-03-03"), (3, "account_opened", "2025-03-04"), (4, "complaint", "2025-03-01")):
            daemon.client(f"C{number}")
            daemon.event(f"E{number}", f"C{number}", kind, day)
        row, = daemon.json("QUEUES")
        same((row["ready"], row["due_now"], row["overdue"], row["oldest_due_on"]), (4, 3, 2, "2025-03-02"))
        daemon.agent("anna").json("NEXT")
        row, = daemon.json("QUEUES")
        same((row["ready"], row["due_now"], row["overdue"], row["leased"], row["oldest_due_on"]), (3, 2, 1, 1, "2025-03-02"))


@test("a desk that is closed still knows its messages: bulk queues are always open")
def _():
    with Daemon(clock="2025-03-02T03:00:00") as daemon:
        daemon.client("C1", birthday="1980-03-02", tier="silver")
        gateway = daemon.agent("gate", "gateway", ["sms", "email", "letter"])
        same(gateway.json("NEXT")["channel"], "sms")
        matches(daemon.agent("anna").refused("NEXT"), "^CLOSED until=2025-03-03T14:30:00")


@test("hours that open wake whoever waits; when they close again he waits on")
def _():
    with Daemon(clock=TUESDAY + "T12:00:00") as daemon:
        complaints(daemon, "C1")
        first, second = daemon.agent("anna"), daemon.agent("bert")
        first.send("NEXT", "WAIT", 600)
        daemon.call("PING")
        second.send("NEXT", "WAIT", 600)
        daemon.advance(10799)
        true(first.is_silent() and second.is_silent(), "a second before the desk opens")
        daemon.advance(1)
        same(client_of(json.loads(first.read())), "C1")
        daemon.set_clock(TUESDAY + "T20:00:00")
        true(second.is_silent())
        daemon.client("C2")
        daemon.event("E2", "C2", "complaint")
        daemon.advance(1)
        true(second.is_silent(), "a call, but nobody may be rung at night")
        daemon.set_clock("2025-03-05T09:30:00")
        true(isinstance(json.loads(second.read()), dict))


@test("clients' own hours: those who are closed stand in nobody's way, however many they are, and come in their order when they open")
def _():
    with Daemon(clock=TUESDAY + "T09:30:00") as daemon:
        anna = daemon.agent("anna")
        for n in range(60):
            daemon.client(f"C{n}", hours="Tue 15:30-16:00" if n % 2 else "Mon 15:00-16:00; Tue 15:30-16:00; Wed 09:00-17:00", manager=f"M{n % 3}")
            daemon.event(f"E{n}", f"C{n}", "complaint", "2025-03-03")
        same(anna.call("NEXT"), None)
        daemon.client("LAST")
        daemon.event("EL", "LAST", "account_closed")
        call = anna.json("NEXT")
        same(client_of(call), "LAST")
        finish(anna, call)
        # Other hours count from the moment they are known.
        daemon.client("C31", hours="Tue 09:00-11:00", manager="M1")
        daemon.client("C44", hours="", manager="M2")
        for wanted in ("C31", "C44"):
            call = anna.json("NEXT")
            same(client_of(call), wanted)
            finish(anna, call)
        same(anna.call("NEXT"), None)
        row, = daemon.json("QUEUES")
        same((row["ready"], row["resting"], row["open"]), (58, 0, True))
        # His hours open while the desk is open: whoever waits gets the first of them.
        daemon.set_clock(TUESDAY + "T15:00:00")
        anna.send("NEXT", "WAIT", 3600)
        daemon.call("PING")
        daemon.advance(1799)
        true(anna.is_silent())
        daemon.advance(1)
        call = json.loads(anna.read())
        same(client_of(call), "C0")
        for wanted in ("C1", "C2"):
            finish(anna, call)
            call = anna.json("NEXT")
            same(client_of(call), wanted)
        finish(anna, call)
        daemon.set_clock(TUESDAY + "T16:00:00")
        same(anna.call("NEXT"), None)
        daemon.set_clock("2025-03-05T09:30:00")
        same(client_of(anna.json("NEXT")), "C4")
        daemon.check()


@test("a rule's own hours let its calls out of a closed queue, at once after RELOAD too, and close it where the queue is open")
def _():
    with Daemon(clock=TUESDAY + "T12:00:00") as daemon:
        anna = daemon.agent("anna")
        for n in range(40):
            daemon.client(f"C{n}")
            daemon.event(f"E{n}", f"C{n}", "account_closed" if n < 39 else "complaint", "2025-03-03")
        same(anna.refused("NEXT"), f"CLOSED until={TUESDAY}T15:00:00")
        daemon.replace("rule complaint {\n", 'rule complaint {\n\thours = "Mon-Sun 12:00-13:00, 20:00-21:00"\n', "rules.d/complaint.conf")
        daemon.call("RELOAD")
        daemon.work()
        call = anna.json("NEXT")
        same(client_of(call), "C39")
        same(anna.call("RELEASE", call["lease"], "later")[:7], '{"call"')
        daemon.set_clock(TUESDAY + "T15:00:00")
        same(client_of(anna.json("NEXT")), "C0")
        daemon.check()


@test("those who wait are served in the order they came, at once, and before anybody who asks later")
def _():
    with Daemon() as daemon:
        agents = [daemon.agent(name) for name in ("anna", "bert", "cara", "dora")]
        for agent in agents[:3]:
            agent.send("NEXT", "WAIT", 600)
            daemon.call("PING")
        same(daemon.info("clients")["blocked_clients"], "3")
        complaints(daemon, "C1")
        same(client_of(json.loads(agents[0].read())), "C1")
        true(agents[1].is_silent() and agents[2].is_silent())
        # In one turn: the call appears, and somebody who did not wait asks for it.
        complaints(daemon, "C2")
        same(agents[3].json("NEXT"), None)
        same(client_of(json.loads(agents[1].read())), "C2")
        with daemon.connect() as feeder:
            for ref in ("C3", "C4"):
                feeder.send("CLIENT.PUT", {"client_ref": ref, "name": "A", "phone": "13912345678"})
                feeder.send("EVENT.PUT", {"event_ref": "E-" + ref, "client_ref": ref, "kind": "complaint", "occurred_at": TUESDAY})
            same([feeder.read() for _ in range(4)], [1, 1, 1, 1])
        same(client_of(json.loads(agents[2].read())), "C3")
        same(client_of(agents[3].json("NEXT")), "C4")
        same(daemon.info("clients")["blocked_clients"], "0")


@test("a hundred and fifty who wait, as many calls in one heap: each gets one, in the order they came")
def _():
    with Daemon() as daemon:
        agents = []
        for number in range(150):
            agents.append(daemon.agent(f"agent{number}"))
            agents[-1].send("NEXT", "WAIT", 600)
            daemon.call("PING")
        heap = []
        for number in range(150):
            heap += [("CLIENT.PUT", {"client_ref": f"C{number}", "name": "A", "phone": "139"}),
                     ("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number}", "kind": "complaint", "occurred_at": TUESDAY})]
        daemon.operator.pipeline(heap)
        same([client_of(json.loads(agent.read())) for agent in agents], [f"C{number}" for number in range(150)])
        same(daemon.info("clients")["blocked_clients"], "0")
        daemon.check()
        # And when the desk opens: those who rest and those who wait, all at the same second.
        for number, agent in enumerate(agents):
            agent.json("DONE", f"{number + 1}.1", "busy")
            agent.send("NEXT", "WAIT", 600)
            daemon.call("PING")
        daemon.set_clock(TUESDAY + "T15:00:00")
        same([client_of(json.loads(agent.read())) for agent in agents], [f"C{number}" for number in range(150)])
        daemon.check()


@test("a call goes past a waiting agent who may not have it to the next one who may")
def _():
    with Daemon() as daemon:
        manager = daemon.agent("M17")
        hq = daemon.agent("hugo", queues=["hq"])
        other = daemon.agent("anna")
        for agent in (manager, hq, other):
            agent.send("NEXT", "WAIT", 600)
            daemon.call("PING")
        daemon.client("C1", manager="M17")
        daemon.event("E1", "C1", "complaint")
        same(client_of(json.loads(other.read())), "C1")
        true(manager.is_silent() and hq.is_silent())
        daemon.event("E2", "C1", "transfer_requested")
        daemon.client("C2")
        daemon.event("E3", "C2", "abnormal")
        same(client_of(json.loads(hq.read())), "C2")
        true(manager.is_silent())


@test("WAIT ends with null when its time is over; a released or expired call wakes who waits")
def _():
    with Daemon() as daemon:
        agent, other = daemon.agent("anna"), daemon.agent("bert")
        agent.send("NEXT", "WAIT", 1)
        same(agent.read(), None)
        agent.send("NEXT", "WAIT", 1, "COUNT", 2)
        same(agent.read_line(), b"*-1")
        complaints(daemon, "C1")
        lease = agent.json("NEXT")["lease"]
        other.send("NEXT", "WAIT", 600)
        daemon.call("PING")
        true(other.is_silent())
        agent.call("RELEASE", lease, "wrong desk")
        call = json.loads(other.read())
        same(call["lease"], "1.2")
        agent.send("NEXT", "WAIT", 600)
        daemon.call("PING")
        daemon.advance(899)
        true(agent.is_silent())
        daemon.advance(1)
        same(json.loads(agent.read())["lease"], "1.3")


@test("who is given a call in the very turn in which his wait ends is given it once")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        complaints(daemon, "C1")
        call, holder, other = anna.json("NEXT"), anna, bert
        for _ in range(20):
            other.send("NEXT", "WAIT", 1)
            while daemon.info("clients")["blocked_clients"] != "1":
                true(other.is_silent())
            # The daemon finds both at once: what was released, and that the time is over.
            daemon.process.send_signal(signal.SIGSTOP)
            os.waitpid(daemon.process.pid, os.WUNTRACED)
            holder.send("RELEASE", call["lease"], "wrong desk")
            true(not select.select([other.socket], [], [], 1.1)[0])
            daemon.process.send_signal(signal.SIGCONT)
            json.loads(holder.read())
            answer = other.read()
            same(other.call("PING"), "PONG", "one answer to one NEXT")
            if answer is not None:  # otherwise the time was over a turn before
                return
            call, holder, other = other.json("NEXT"), other, holder
        raise AssertionError("the two have never fallen into one turn")


@test("NEXT's words are checked")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna", queues=["service", "branch/*"])
        for words in (["QUEUE"], ["WAIT"], ["WAIT", "-1"], ["WAIT", "3601"], ["WAIT", "x"], ["COUNT", "0"], ["COUNT", "1001"], ["COUNT"], ["SOON"],
                      ["WAIT", "0", "WAIT", "0"], ["QUEUE", "WAIT", "1"], ["QUEUE", "hq"], ["QUEUE", "service", "manager/M1"], ["QUEUE", "branch/*"]):
            if words == ["QUEUE", "branch/*"]:
                same(agent.call("NEXT", *words), None)
            else:
                matches(agent.refused("NEXT", *words), "^ERR ", words)
        same(agent.call("next", "queue", "service", "branch/SH01", "wait", "0"), None)
        matches(daemon.refused("NEXT"), "^NOPERM ")


@test("a gateway takes many at once, an agent one; and he is given again the one he holds")
def _():
    with Daemon() as daemon:
        for number in range(1, 6):
            daemon.client(f"B{number}", birthday="1980-03-04", tier="silver")
        complaints(daemon, "C1", "C2")
        gateway = daemon.agent("gate", "gateway", ["sms", "email"])
        calls = [json.loads(text) for text in gateway.call("NEXT", "COUNT", 3)]
        same([client_of(call) for call in calls], ["B1", "B2", "B3"])
        same([client_of(json.loads(text)) for text in gateway.call("NEXT", "COUNT", 100)], ["B4", "B5"])
        gateway.send("NEXT", "COUNT", 100)
        same(gateway.read_line(), b"*-1")
        agent = daemon.agent("anna")
        one = [json.loads(text) for text in agent.call("NEXT", "COUNT", 3)]
        same([client_of(call) for call in one], ["C1"])
        same(agent.json("NEXT")["lease"], one[0]["lease"])
        same([json.loads(text)["lease"] for text in agent.call("NEXT", "COUNT", 3, "WAIT", 100)], [one[0]["lease"]])
        same([call["lease"] for call in agent.json("MINE")], [one[0]["lease"]])
        # Also on another connection, and after the first has gone.
        agent.close()
        again = daemon.agent("anna")
        same(again.json("NEXT")["lease"], one[0]["lease"])
        finish(again, one[0])
        same(client_of(again.json("NEXT")), "C2")
        daemon.check()


@test("what two supervisors have let go ahead does not give way to what comes later")
def _():
    with Daemon() as daemon:
        first, _second = daemon.agent("sara", "supervisor", ()), daemon.agent("sven", "supervisor", ())
        daemon.client("C1", person_ref="P", tier="gold", birthday="1980-03-13", manager="M1")
        daemon.client("C2", person_ref="P", phone="", email="c2@example.com")
        daemon.agent("anna").json("RECORD", "C2", {"done_at": TUESDAY + "T01:00"})
        daemon.set_clock("2025-03-11T09:30:00")
        greeting = daemon.followup(client="C1")
        same((greeting["rule"], greeting["state"], greeting["reason"]), ("birthday-call", "scheduled", "cap"))
        first.json("OVERRIDE", greeting["followup"], "sven", "his sixtieth year")
        daemon.event("E1", "C2", "account_opened", "2025-03-11")
        same(daemon.followup(client="C1")["state"], "queued")
        same([row["reason"] for row in daemon.list("followups", client="C2")], ["cap"])
        daemon.check()


@test("MINE tells a gateway of all that it has been given, however many")
def _():
    with Daemon() as daemon:
        for number in range(150):
            daemon.client(f"B{number}", birthday="1980-03-04", tier="silver")
        gateway = daemon.agent("gate", "gateway", ["sms"])
        given = [json.loads(text)["lease"] for text in gateway.call("NEXT", "COUNT", 1000)]
        same(len(given), 150)
        same(sorted(call["lease"] for call in gateway.json("MINE")), sorted(given))


@test("a call shows its holder everything; others see a masked number")
def _():
    with Daemon() as daemon:
        complaints(daemon, "C1")
        agent, other = daemon.agent("anna"), daemon.agent("bert")
        call = agent.json("NEXT")
        same((call["call"], call["lease"], call["lease_until"], call["held_by"], call["queue"], call["channel"], call["priority"], call["due_on"]),
             (1, "1.1", TUESDAY + "T09:45:00", "anna", "service", "phone", 1, "2025-03-05"))
        same(call["number"], "13912345678")
        same(agent.json("SHOW", "1")["number"], "13912345678")
        for seen in (other.json("SHOW", "1"), daemon.json("SHOW", "1")):
            same(seen["number"], "139****5678")
            true("lease" not in seen, seen)
        true("13912345678" not in daemon.call("LIST", "clients") + daemon.call("LIST", "calls") + daemon.call("WHY", "C1") + daemon.log())
        matches(agent.refused("SHOW", "2"), "^ERR ")
        matches(agent.refused("SHOW", "x"), "^ERR ")


@test("whatever a number looks like, four characters of it are masked, in SHOW and in HISTORY")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        for number, (phone, masked) in enumerate((("110", "****"), ("6655123", "****"), ("66551234", "****1234"), ("0106655123", "****5123"), ("02166551234", "021****1234"),
                                                  ("139 1234 5678", "139****5678"), ("+86 21 6655 1234", "+86****1234"))):
            ref = f"C{number}"
            daemon.client(ref, phone=phone)
            daemon.event(f"E{number}", ref, "complaint")
            call = daemon.list("calls", client=ref)[0]["call"]
            same(daemon.json("SHOW", call)["number"], masked, phone)
            held = agent.json("TAKE", call)
            same(held["number"], phone)
            agent.json("DONE", held["lease"], "reached", {"answers": {}})
            same([entry["said"]["number"] for entry in daemon.json("HISTORY", ref) if "number" in (entry.get("said") or {})], [masked], phone)


@test("a lease: TOUCH extends it; when it ends the call goes back with a new generation")
def _():
    with Daemon() as daemon:
        complaints(daemon, "C1")
        agent, other = daemon.agent("anna"), daemon.agent("bert")
        lease = agent.json("NEXT")["lease"]
        daemon.advance(600)
        same(agent.json("TOUCH", lease)["lease_until"], TUESDAY + "T09:55:00")
        daemon.advance(899)
        same(other.json("NEXT"), None)
        daemon.advance(1)
        matches(agent.refused("TOUCH", lease), "^NOLEASE ")
        matches(agent.refused("RELEASE", lease, "x"), "^NOLEASE ")
        same(other.json("NEXT")["lease"], "1.2")
        matches(agent.refused("TOUCH", lease), "^NOLEASE ")
        matches(agent.refused("TOUCH", "1.2"), "^NOLEASE ")
        matches(agent.refused("DONE", lease, "no-answer"), "^NOLEASE ")
        matches(agent.refused("DONE", "1.2", "reached"), "^NOLEASE ")
        matches(agent.refused("DONE", "1.3", "reached"), "^NOLEASE ")
        matches(agent.refused("DONE", "7.1", "reached"), "^NOLEASE ")
        for bad in ("1", "x", "1.", ".1", "1.1x", "-1.1", "01.1", "99999999999999999999.1", "1.99999999999"):
            matches(agent.refused("DONE", bad, "reached"), "^ERR ", bad)
        same(agent.json("MINE"), [])
        same(agent.json("NEXT"), None)
        daemon.check()


@test("what happened under a lease that has ended is recorded, and leaves nothing for the new holder")
def _():
    with Daemon() as daemon:
        complaints(daemon, "C1")
        agent, other = daemon.agent("anna"), daemon.agent("bert")
        old = agent.json("NEXT")
        daemon.advance(900)
        new = other.json("NEXT")
        same(new["call"], old["call"])
        answer = finish(agent, old)
        same(answer["closed"], [1])
        same(daemon.followup()["state"], "done")
        same([(row["agent"], row["disposition"], row["after_lease"]) for row in daemon.list("attempts")], [("anna", "reached", True)])
        same(other.json("TOUCH", new["lease"])["agenda"], [])
        same(finish(other, new, "no-answer")["left"], [])
        same(daemon.list("calls"), [])
        daemon.check()
        # The same, but the new holder reaches the client too: a second contact, of a client who is known.
        daemon.event("E2", "C1", "complaint")
        old = agent.json("NEXT")
        daemon.advance(900)
        new = other.json("NEXT")
        finish(agent, old)
        same(finish(other, new)["closed"], [])
        same(daemon.list("calls"), [])
        same(daemon.used("C1"), 3)
        same([row["client_ref"] for row in daemon.list("attempts")], ["C1"] * 4)
        daemon.check()


@test("nobody has taken it since: the former holder's contact closes the call")
def _():
    with Daemon() as daemon:
        complaints(daemon, "C1")
        agent = daemon.agent("anna")
        old = agent.json("NEXT")
        daemon.advance(900)
        same(finish(agent, old)["closed"], [1])
        same(daemon.list("calls"), [])
        same(agent.json("NEXT"), None)
        # A call given back by RELEASE likewise: the client rang back at that moment.
        daemon.event("E2", "C1", "complaint")
        call = agent.json("NEXT")
        agent.call("RELEASE", call["lease"], "engaged")
        same(finish(agent, call)["closed"], [2])
        same(daemon.list("calls"), [])
        daemon.check()


@test("the same DONE again is answered the same, also after a restart; another one is refused")
def _():
    with Daemon() as daemon:
        complaints(daemon, "C1", "C2")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        first = agent.call("DONE", call["lease"], "reached", '{"note": "all well"}')
        same(agent.call("DONE", call["lease"], "reached", '{"note": "all well"}'), first)
        matches(agent.refused("DONE", call["lease"], "no-answer"), "^NOLEASE ")
        matches(daemon.agent("bert").refused("DONE", call["lease"], "reached", '{"note": "all well"}'), "^NOLEASE ")
        busy = agent.json("NEXT")
        second = agent.call("DONE", busy["lease"], "busy")
        daemon.restart()
        agent = daemon.agent("anna")
        same(agent.call("DONE", call["lease"], "reached", '{"note": "all well"}'), first)
        same(agent.call("DONE", busy["lease"], "busy"), second)
        matches(agent.refused("DONE", busy["lease"], "reached"), "^NOLEASE ")
        same(len(daemon.list("attempts")), 2, "attempts written")
        same(daemon.json("CHECK")["book"]["contacts"], 1)


@test("a fact that arrives while the call is held joins it; TOUCH and DONE tell of it")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.client("C2")
        daemon.event("E1", "C1", "complaint")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        daemon.event("E2", "C1", "account_opened")
        same(len(daemon.list("calls")), 1)
        answer = finish(agent, call)
        same((answer["closed"], answer["left"]), ([1], [2]))
        same([item["rule"] for item in answer["joined"]], ["account-opened"])
        same(daemon.followup(rule="account-opened")["state"], "queued")
        daemon.event("E3", "C2", "complaint")
        call = agent.json("NEXT")
        same(client_of(call), "C2")
        daemon.event("E4", "C2", "account_opened")
        same([item["rule"] for item in agent.json("TOUCH", call["lease"])["agenda"]], ["complaint", "account-opened"])
        answer = finish(agent, call)
        same(sorted(answer["closed"]), [3, 4])
        daemon.check()


@test("RELEASE puts a call back at its place and says why in the record")
def _():
    with Daemon() as daemon:
        complaints(daemon, "C1", "C2")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        matches(agent.refused("RELEASE", call["lease"], ""), "^ERR ")
        matches(agent.refused("RELEASE", call["lease"], "x" * 201), "^ERR ")
        same(agent.json("RELEASE", call["lease"], "language")["state"], "ready")
        matches(agent.refused("RELEASE", call["lease"], "again"), "^NOLEASE ")
        same(agent.json("NEXT")["lease"], "1.2")
        same([row["disposition"] for row in daemon.list("attempts")], ["released"])


@test("recusal: who brought or manages the client, or is of an excluded role, never gets the call, and it hides no other")
def _():
    with Daemon() as daemon:
        daemon.client("C1", manager="M17", introducer="I5")
        daemon.client("C2", manager="M18")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C2", "complaint")
        manager, introducer = daemon.agent("M17"), daemon.agent("I5")
        marketing = daemon.agent("max", "agent,marketing")
        same(client_of(manager.json("NEXT")), "C2")
        same(introducer.json("NEXT"), None)
        same(marketing.json("NEXT"), None)
        same(client_of(daemon.agent("anna").json("NEXT")), "C1")
        # A manager who changes after the call was made; and one whose client joins.
        daemon.client("C3", manager="M1")
        daemon.event("E3", "C3", "complaint")
        daemon.client("C3", manager="I5")
        same(introducer.json("NEXT"), None)
        same(client_of(daemon.agent("M1").json("NEXT")), "C3")
        daemon.check()


@test("behind the calls of many managers, none of which he may make, an agent gets his own in order, those too that come meanwhile; more managers than are remembered change nothing")
def _():
    for managers in (40, 1100):
        with Daemon() as daemon:
            marketing = daemon.agent("max", "agent,marketing", ("service",))

            def comes(ref, kind, manager=""):
                facts = [("CLIENT.PUT", {"client_ref": ref, "name": "x", "phone": "13900000000", "manager": manager}),
                         ("EVENT.PUT", {"event_ref": "E" + ref, "client_ref": ref, "kind": kind, "occurred_at": TUESDAY + "T08:00"})]
                same({type(reply) for reply in daemon.operator.pipeline(facts)}, {int})

            def calls(*refs):
                for ref in refs:
                    call = marketing.json("NEXT")
                    same((managers, call and client_of(call)), (managers, ref))
                    if call is not None:
                        marketing.json("DONE", call["lease"], "reached")

            for place in range(managers):
                comes(f"C{place}", "complaint", f"M{place}")
            for place in range(4):
                comes(f"D{place}", "account_closed")
            calls("D0", "D1", "D2", "D3", None)
            comes("D4", "account_closed")  # where nothing was left
            calls("D4", None)
            comes("D5", "account_closed")
            comes("C", "complaint", "M")
            calls("D5", None)
            same(client_of(daemon.agent("M0", queues=("service",)).json("NEXT")), "C1", "not his own client's")
            daemon.check()


@test("a call of the manager's queue moves to the service desk when nobody takes it for a day")
def _():
    with Daemon(clock=TUESDAY + "T10:00:00") as daemon:
        daemon.client("C1", manager="M17")
        daemon.event("E1", "C1", "transfer_requested")
        service = daemon.agent("anna")
        same(daemon.list("calls")[0]["queue"], "manager/M17")
        same(service.json("NEXT"), None)
        daemon.advance(86399)
        same(service.json("NEXT"), None)
        daemon.advance(1)
        call = service.json("NEXT")
        same((client_of(call), call["queue"]), ("C1", "service"))


@test("queues by pattern: an agent serves all that fit, and names one of them")
def _():
    with Daemon() as daemon:
        for ref, branch in (("C1", "SH01"), ("C2", "BJ02"), ("C3", "SH02")):
            daemon.client(ref, branch=branch, manager="M17")
        daemon.event("E1", None, "manager_departed", detail="M17")
        same(sorted(row["queue"] for row in daemon.list("calls")), ["branch/BJ02", "branch/SH01", "branch/SH02"])
        agent = daemon.agent("anna", queues=["branch/SH*"])
        same(agent.json("NEXT", "QUEUE", "branch/SH02")["queue"], "branch/SH02")
        finish(agent, agent.json("MINE")[0])
        matches(agent.refused("NEXT", "QUEUE", "branch/BJ02"), "^ERR anna does not serve queue branch/BJ02")
        same(agent.json("NEXT")["queue"], "branch/SH01")
        matches(daemon.agent("bert", queues=["branch/*"]).refused("NEXT", "QUEUE", "branch/BJ02", "hq"), "^ERR bert does not serve queue hq")


@test("no second phone call to a person while one is held, whatever the account or branch")
def _():
    with Daemon() as daemon:
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P2")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C2", "abnormal")  # on queue hq
        anna, hugo = daemon.agent("anna"), daemon.agent("hugo", queues=["hq"])
        call = anna.json("NEXT")
        daemon.client("C2", person_ref="P1")  # it turns out that they are one
        held = hugo.json("NEXT")
        same(held, None)
        same(len({row["call"] for row in daemon.list("calls", state="leased")}), 1)
        daemon.check()
        finish(anna, call)
        rest = hugo.json("NEXT") or anna.json("NEXT")
        daemon.check()
        states = {row["client_ref"]: row["state"] for row in daemon.list()}
        same(states, {"C1": "done", "C2": "queued"}, rest)


@test("agents: added, listed, given a new token, deleted; their tokens are stored only as hashes")
def _():
    with Daemon() as daemon:
        token = daemon.add_agent("anna", "agent,supervisor", ["service", "branch/*"])
        true(len(token) >= 32)
        same(daemon.json("AGENT.LIST"), [{"agent": "anna", "roles": "agent,supervisor", "queues": "service branch/*", "state": "ready", "break": None, "since": None, "calls": []}])
        for words in (("anna", "king", "QUEUES", "service"), ("anna", ""), ("an na", "agent", "QUEUES", "service"), ("", "agent", "QUEUES", "service"), ("x" * 65, "feeder"),
                      ("operator", "operator"), ("anna", "agent"), ("anna", "agent", "QUEUES"), ("anna", "agent", "DESKS", "service"), ("anna", "marketing", "QUEUES", "service"),
                      ("anna", "agent", "QUEUES", "a b"), ("anna", "agent", "QUEUES", "x" * 65 if False else "")):
            matches(daemon.refused("AGENT.ADD", *words), "^ERR ", words)
        old = daemon.agent("anna")
        same(old.json("WHOAMI")["roles"], ["agent", "supervisor"])
        complaints(daemon, "C1")
        call = old.json("NEXT")
        true(call is not None)
        fresh = daemon.json("AGENT.ADD", "anna", "agent", "QUEUES", "service")["token"]
        true(fresh != token)
        matches(old.refused("NEXT"), "^NOAUTH ", "signed out by the new token")
        matches(old.refused("AUTH", "anna", token), "^NOAUTH ")
        matches(old.refused("AUTH", fresh, "anna"), "^NOAUTH ", "the two mixed up: the log has the token no more than otherwise")
        same(old.call("AUTH", "anna", fresh), "OK")
        same(old.json("NEXT")["lease"], call["lease"], "the lease stays with the name")
        matches(old.refused("QUEUES"), "^NOPERM ")
        matches(daemon.refused("AGENT.DEL", "anna"), "^BUSY ")
        finish(old, call)
        same(daemon.json("AGENT.DEL", "anna")["deleted"], "anna")
        matches(old.refused("NEXT"), "^NOAUTH ")
        matches(daemon.refused("AGENT.DEL", "anna"), "^ERR ")
        same(daemon.json("AGENT.LIST"), [])
        daemon.stop()
        with open(daemon.database, "rb") as file:
            book = file.read()
        true(token.encode() not in book and fresh.encode() not in book, "a token in the book")
        true(token not in daemon.log() and fresh not in daemon.log(), "a token in the log")


@test("an agent who is shut out while he waits hears so, and gets nothing")
def _():
    with Daemon() as daemon:
        agent = daemon.agent("anna")
        agent.send("NEXT", "WAIT", 600)
        daemon.call("PING")
        daemon.call("AGENT.DEL", "anna")
        reply = agent.read()
        true(isinstance(reply, Error), reply)
        matches(reply, "^(NOAUTH|NOPERM) ")
        complaints(daemon, "C1")
        same(daemon.list("calls")[0]["state"], "ready")


@test("a supervisor makes agents, but no operator, and touches none")
def _():
    with Daemon() as daemon:
        chief = daemon.agent("chief", "supervisor", [])
        daemon.add_agent("root", "operator", [])
        true("token" in chief.json("AGENT.ADD", "anna", "agent", "QUEUES", "service"))
        for words in (("evil", "operator"), ("evil", "agent,operator", "QUEUES", "service"), ("root", "agent", "QUEUES", "service"), ("chief", "supervisor,operator")):
            matches(chief.refused("AGENT.ADD", *words), "^NOPERM ", words)
        matches(chief.refused("AGENT.DEL", "root"), "^NOPERM ")
        same([row["agent"] for row in daemon.json("AGENT.LIST")], ["anna", "chief", "root"])


@test("LIST: what it is narrowed by, page by page; its words are checked")
def _():
    with Daemon() as daemon:
        for number in range(1, 8):
            daemon.client(f"C{number}")
            daemon.event(f"E{number}", f"C{number}", "complaint" if number % 2 else "abnormal")
        daemon.event("E8", "C1", "account_opened")
        agent = daemon.agent("anna")
        finish(agent, agent.json("NEXT"), "reached", '{"items": [1]}')
        same([row["occasion"] for row in daemon.list(client="C1")], ["E1", "E8"])
        same({row["queue"] for row in daemon.list(queue="hq")}, {"hq"})
        same(len(daemon.list(rule="abnormal")), 3)
        same([row["client_ref"] for row in daemon.list(state="done")], ["C1"])
        same([row["client_ref"] for row in daemon.list(state="queued", rule="complaint", queue="service", limit=2)], ["C3", "C5"])
        seen, last = [], 0
        while page := daemon.list(limit=3, after=last):
            true(len(page) <= 3)
            seen += [row["followup"] for row in page]
            last = seen[-1]
        same(seen, list(range(1, 9)))
        same(len(daemon.list("calls", state="ready")), 6)
        same(len(daemon.list("calls", state="resting")), 1)
        same([row["client_ref"] for row in daemon.list("calls", client="C2")], ["C2"])
        same(daemon.list("calls", rule="abnormal", queue="service"), [])
        same(len(daemon.list("clients", limit=5)), 5)
        same([row["event_ref"] for row in daemon.list("events", client="C1")], ["E1", "E8"])
        same(daemon.list(client="nobody"), [])
        for words in (("cats",), ("followups", "CLIENT"), ("followups", "STATE", "tired"), ("followups", "LIMIT", "x"), ("followups", "LIMIT", "-1"), ("followups", "LIMIT", "100001"),
                      ("clients", "QUEUE", "service"), ("events", "STATE", "done"), ("followups", "AFTER", "x"), ("calls", "COLOUR", "red")):
            matches(daemon.refused("LIST", *words), "^ERR ", words)


@test("LIST followups by what they wait for, or ended for")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for ref in ("C1", "C2", "C3"):
            daemon.client(ref)
        for day in ("2025-03-01", "2025-03-02"):
            anna.call("RECORD", "C1", {"done_at": day})
        daemon.event("E1", "C1", "account_opened")
        daemon.event("E2", "C2", "account_opened")
        daemon.event("E3", "C3", "account_closed")
        daemon.event("E4", "C3", "account_reopened")
        same([row["client_ref"] for row in daemon.list(reason="cap")], ["C1"])
        same(daemon.list(reason="cap", state="suppressed"), [])
        same([(row["client_ref"], row["state"]) for row in daemon.list(reason="account_reopened")], [("C3", "cancelled")])
        same(daemon.list(reason="cap", client="C2"), [])
        same(daemon.list(reason="payment_made"), [], "a kind of event that has not happened yet")
        for words in (("followups", "REASON", "boredom"), ("followups", "REASON"), ("calls", "REASON", "cap")):
            matches(daemon.refused("LIST", *words), "^ERR ", words)


@test("LIST of one client is what LIST says of him, whichever list it is")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        for number in range(3):
            daemon.client(f"C{number}")
            daemon.event(f"D{number}", f"C{number}", "trade")
            daemon.event(f"E{number}", f"C{number}", "complaint")
        for _ in range(2):
            anna.json("DONE", anna.json("NEXT")["lease"], "disputed", {"promise": {"by": "2025-03-10", "matter": "the fees"}})
        for what in ("followups", "calls", "clients", "events", "attempts", "tasks", "promises", "reviews"):
            rows = daemon.list(what)
            for client in ("C0", "C1", "C2", "C3"):
                same(daemon.list(what, client=client), [row for row in rows if row["client_ref"] == client], what)
            true(rows or what == "reviews", what)


@test("LIST knows what its usage names")
def _():
    with Daemon() as daemon:
        for kind in daemon.call("HELP", "list")[0].split()[1].split("|"):
            same(daemon.list(kind), [], kind)


@test("the log tells of hand-outs and outcomes by call and agent, and never of a client")
def _():
    with Daemon(clock=MORNING) as daemon:
        daemon.client("CLIENT-77", name="SECRET-NAME", phone="13900001111")
        daemon.event("E1", "CLIENT-77", "complaint", detail="SECRET-DETAIL")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        finish(agent, call, "reached", '{"note": "SECRET-NOTE"}')
        agent.call("RECORD", "CLIENT-77", '{"note": "SECRET-NOTE"}')
        daemon.refused("CLIENT.PUT", '{"client_ref": "CLIENT-77", "tier": "SECRET-TIER"}')
        log = daemon.log()
        matches(log, r"event=handed_out lease=1\.1 agent=anna")
        matches(log, r"event=done lease=1\.1 disposition=reached agent=anna")
        for secret in ("CLIENT-77", "SECRET", "13900001111"):
            true(secret not in log, secret)


if __name__ == "__main__":
    run()
