#!/usr/bin/env python3
"""What comes of a try: DONE and RECORD, retries, channels, messages, the cap (POLICY 5 and 7)."""
import json

from harness import Daemon, MORNING, TUESDAY, matches, run, same, test, true

WEDNESDAY = "2025-03-05"


def round_the_clock(**more):
    """A desk that is always open, so that tries in every part of the day can be made."""
    return Daemon(settings={"hours": "always"}, **more)


def finish(agent, call, disposition="reached", said=None):
    return agent.json("DONE", call["lease"], disposition, *([json.dumps(said)] if said is not None else []))


def state(daemon, **filters):
    row = daemon.followup(**filters)
    return row["state"], row["reason"]


RETRIES = [  # disposition, at, then rests until
    ("no-answer", "09:30:00", TUESDAY + "T12:00:00"),  # after 2 hours, but in another part of the day
    ("no-answer", "10:30:00", TUESDAY + "T12:30:00"),
    ("busy", "09:30:00", TUESDAY + "T12:00:00"),
    ("busy", "11:45:00", TUESDAY + "T12:15:00"),
    ("switched-off", "09:30:00", TUESDAY + "T13:30:00"),
    ("no-answer", "12:00:00", TUESDAY + "T18:00:00"),
    ("switched-off", "15:00:00", TUESDAY + "T19:00:00"),
    ("busy", "18:00:00", WEDNESDAY + "T00:00:00"),
    ("no-answer", "23:00:00", WEDNESDAY + "T01:00:00"),
]


@test("no-answer, busy, switched-off: again after their delay, in another part of the day, not before")
def _():
    with round_the_clock(clock=TUESDAY + "T00:00:00") as daemon:
        agent = daemon.agent("anna")
        for number, (disposition, at, until) in enumerate(RETRIES):
            daemon.client(f"C{number}")
        for number, (disposition, at, until) in sorted(enumerate(RETRIES), key=lambda one: one[1][1]):
            daemon.set_clock(f"{TUESDAY}T{at}")
            daemon.event(f"E{number}", f"C{number}", "complaint")
            call = agent.json("NEXT")
            while call["agenda"][0]["client_ref"] != f"C{number}":  # an earlier one whose time has come
                finish(agent, call)
                call = agent.json("NEXT")
            answer = finish(agent, call, disposition)
            same((answer["state"], answer["not_before"], answer["closed"]), ("resting", until, []), (disposition, at))
            same(agent.json("SHOW", call["call"])["not_before"], until)
            same(daemon.used(f"C{number}"), 1, "a try uses no contact, only the waiting call its slot")
        daemon.check()


@test("a call that rests comes back when its time has come, not a second before, and wakes who waits")
def _():
    with round_the_clock() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        agent = daemon.agent("anna")
        finish(agent, agent.json("NEXT"), "no-answer")
        agent.send("NEXT", "WAIT", 600)
        daemon.advance(2 * 3600 + 1799)
        true(agent.is_silent())
        daemon.advance(1)
        call = json.loads(agent.read())
        same((call["lease"], call["tries_today"], call["agenda"][0]["tries"]), ("1.2", 1, 1))


@test("three tries a day and five in all; then the rule's next channel")
def _():
    with round_the_clock(clock=TUESDAY + "T09:00:00") as daemon:
        daemon.client("C1", email="c1@example.com")
        daemon.event("E1", "C1", "account_opened")
        agent, gateway = daemon.agent("anna"), daemon.agent("gate", "gateway", ["sms", "email"])
        rests = []
        for number in range(5):
            answer = finish(agent, agent.json("NEXT"), "no-answer")
            if number < 4:
                rests.append(answer["not_before"])
                same(agent.json("NEXT"), None)
                daemon.set_clock(answer["not_before"])
        same(rests, [TUESDAY + "T12:00:00", TUESDAY + "T18:00:00", WEDNESDAY + "T00:00:00", WEDNESDAY + "T12:00:00"])
        same(agent.json("NEXT"), None)
        message = gateway.json("NEXT")
        same((message["channel"], message["queue"], message["number"], message["agenda"][0]["rule"]), ("email", "email", "c1@example.com", "account-opened"))
        same(daemon.used("C1"), 1)
        same(finish(gateway, message, "sent")["closed"], [1])
        same(state(daemon), ("done", None))
        same(len(daemon.list("attempts", client="C1")), 6)
        daemon.check()


@test("no other channel: after the last try missed, unreachable")
def _():
    with round_the_clock(clock=TUESDAY + "T09:00:00") as daemon:
        daemon.client("C1", email="c1@example.com")
        daemon.client("C2")
        daemon.event("E1", "C1", "complaint")  # by phone alone
        daemon.event("E2", "C2", "account_opened")  # no address for the second channel
        agent = daemon.agent("anna")
        for _ in range(5):
            rest = []
            for _ in range(2):
                rest.append(finish(agent, agent.json("NEXT"), "no-answer").get("not_before"))
            if rest[1]:
                daemon.set_clock(rest[1])
        same(state(daemon, client="C1"), ("missed", "unreachable"))
        same(state(daemon, client="C2"), ("missed", "unreachable"))
        same(daemon.list("calls"), [])
        same(daemon.used("C1"), 0)
        daemon.check()


@test("messages: sent is a contact; bounced goes on to the next channel, then to nothing")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-04", tier="silver", email="c1@example.com")
        daemon.client("C2", birthday="1980-03-04", tier="silver")
        daemon.client("C3", birthday="1980-03-04", tier="silver", email="c3@example.com")
        gateway = daemon.agent("gate", "gateway", ["sms", "email"])
        first, second, third = (json.loads(text) for text in gateway.call("NEXT", "COUNT", 10))
        matches(gateway.refused("DONE", first["lease"], "reached"), "^ERR ")
        matches(gateway.refused("DONE", first["lease"], "no-answer"), "^ERR ")
        matches(gateway.refused("DONE", first["lease"], "eaten"), "^ERR no such disposition; there are: ")
        same(finish(gateway, first, "bounced")["closed"], [])
        same(finish(gateway, second, "bounced")["closed"], [])
        same(finish(gateway, third, "sent")["closed"], [3])
        same(state(daemon, client="C2"), ("missed", "unreachable"))
        same((daemon.used("C2"), daemon.used("C3")), (0, 1))
        again = gateway.json("NEXT")
        same((again["channel"], again["agenda"][0]["client_ref"], again["number"]), ("email", "C1", "c1@example.com"))
        finish(gateway, again, "bounced")
        same(state(daemon, client="C1"), ("missed", "unreachable"))
        same(daemon.used("C1"), 0)
        agent = daemon.agent("anna")
        daemon.event("E1", "C1", "complaint")
        matches(agent.refused("DONE", agent.json("NEXT")["lease"], "sent"), "^ERR ")
        daemon.check()


@test("a message whose lease ran out is uncertain: it counts, is not sent again, and waits for the gateway's word")
def _():
    with Daemon() as daemon:
        for ref in ("C1", "C2", "C3"):
            daemon.client(ref, birthday="1980-03-04", tier="silver", email=f"{ref}@example.com")
        gateway = daemon.agent("gate", "gateway", ["sms", "email"])
        sent, bounced, silent = (json.loads(text) for text in gateway.call("NEXT", "COUNT", 10))
        daemon.advance(900)
        gateway.send("NEXT", "COUNT", 10)
        same(gateway.read(), None, "not sent again")
        same({row["state"] for row in daemon.list("calls")}, {"uncertain"})
        same([daemon.used(ref) for ref in ("C1", "C2", "C3")], [1, 1, 1])
        daemon.check()
        first = gateway.call("DONE", sent["lease"], "sent")
        same(json.loads(first)["closed"], [1])
        same(gateway.call("DONE", sent["lease"], "sent"), first)
        same((state(daemon, client="C1"), daemon.used("C1")), (("done", None), 1), "the contact counts once")
        finish(gateway, bounced, "bounced")
        same(daemon.used("C2"), 1, "the slot of the next channel's message")
        again = gateway.json("NEXT")
        same((again["channel"], again["agenda"][0]["client_ref"]), ("email", "C2"))
        same(daemon.json("CHECK")["book"]["contacts"], 3)
        daemon.restart()
        gateway = daemon.agent("gate")
        same(daemon.used("C3"), 1)
        same(finish(gateway, silent, "sent")["closed"], [3])
        same((state(daemon, client="C3"), daemon.used("C3")), (("done", None), 1))
        daemon.check()


@test("a message whose matter was settled by phone meanwhile is one still when the gateway tells of it, and a call one when a message has followed it")
def _():
    with round_the_clock() as daemon:
        for ref in ("C1", "C2"):
            daemon.client(ref, birthday="1980-03-04", tier="silver", email=f"{ref}@example.com")
        agent, gateway = daemon.agent("anna"), daemon.agent("gate", "gateway", ["sms", "email"])
        sent, bounced = (json.loads(text) for text in gateway.call("NEXT", "COUNT", 10))
        daemon.advance(900)
        for item, ref in ((1, "C1"), (2, "C2")):
            same(agent.json("RECORD", ref, {"items": [item]})["closed"], [item])
        same(daemon.list("calls"), [])
        same([daemon.used(ref) for ref in ("C1", "C2")], [2, 2])
        matches(gateway.refused("DONE", sent["lease"], "reached"), "^ERR reached is not an outcome of a message")
        finish(gateway, sent, "sent")
        finish(gateway, bounced, "bounced")
        same([daemon.used(ref) for ref in ("C1", "C2")], [2, 1], "what came back was no contact")
        # The other way round: the number goes while the client is on the phone.
        daemon.client("C3", email="C3@example.com")
        daemon.event("E3", "C3", "account_opened")
        call = agent.json("NEXT")
        same(call["channel"], "phone")
        daemon.advance(900)
        daemon.client("C3", email="C3@example.com", phone="")
        same(daemon.agent("bert").json("NEXT"), None)
        message = gateway.json("NEXT")
        same((message["channel"], message["agenda"][0]["item"]), ("email", call["agenda"][0]["item"]))
        same(finish(agent, call, "reached", {"items": [3]})["closed"], [3])
        same(state(daemon, client="C3"), ("done", None))
        daemon.check()


@test("an agent ticks what he has settled; the rest stays and is not rung at once")
def _():
    with round_the_clock() as daemon:
        daemon.client("C1")
        daemon.client("C9")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C1", "account_opened")
        daemon.event("E9", "C9", "account_opened")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        same([item["item"] for item in call["agenda"]], [1, 2])
        for bad in ("{", "[]", '{"items": 1}', '{"items": ["x"]}', '{"items": [77]}', '{"items": [3]}', '{"done_at": "soon"}', '{"done_at": "1850-03-04T09:00"}',
                    '{"done_at": "2025-03-04T09:30:01"}', '{"channel": 7}',
                    '{"items": [1.5]}', "x" * 60000):
            matches(agent.refused("DONE", call["lease"], "reached", bad), "^ERR ", bad[:30])
        answer = finish(agent, call, "reached", {"items": [2], "note": "the complaint tomorrow"})
        same((answer["closed"], answer["left"], answer["state"], answer["not_before"]), ([2], [1], "resting", TUESDAY + "T11:30:00"))
        same(agent.json("NEXT")["agenda"][0]["client_ref"], "C9")
        same(state(daemon, rule="complaint"), ("queued", None))
        daemon.check()


@test("who must not make a call does not close its matters by the way either: his contact is taken down and counts, they wait for somebody else")
def _():
    with round_the_clock() as daemon:
        anna = daemon.agent("anna", "agent", ["service", "hq", "branch/*"])
        close = {"manager": daemon.agent("M17", "agent", ["service", "hq", "manager/M17"]), "introducer": daemon.agent("I18", "agent", ["service", "hq"]),
                 "exclude_roles": daemon.agent("max", "agent,marketing", ["service", "hq"])}
        for number, (why, agent) in enumerate(close.items()):
            ref = f"C{number}"
            daemon.client(ref, manager="M17", introducer="I18")
            daemon.event(f"E{number}", ref, "account_opened")
            row, = daemon.list("followups", client=ref)
            matches(agent.refused("TAKE", row["call"]), "^NOPERM a rule says", why)
            item = row["followup"]
            matches(agent.refused("RECORD", ref, {"items": [item]}), f"^ERR item {item}: its rule says that .* must not make this call; without it", why)
            same(agent.json("RECORD", ref, {"items": []})["closed"], [], why)
            same([(row["disposition"], row["agent"]) for row in daemon.list("attempts", client=ref)], [("reached", agent.json("WHOAMI")["name"])], why)
            for told in ({}, {"disposition": "refused"}):
                same(agent.json("RECORD", ref, told)["closed"], [], (why, told))
            same([row["state"] for row in daemon.list("followups", client=ref)], ["queued"], why)
            same(anna.json("RECORD", ref, {"answers": {}})["closed"], [item], why)
            # What is done is done: naming it again is nobody's harm.
            same(agent.json("RECORD", ref, {"items": [item]})["closed"], [], why)
        # Under a lease that is about something else.
        daemon.client("D", manager="M17", tier="gold", birthday="1980-03-04", phone="139")
        call = close["manager"].json("NEXT", "QUEUE", "manager/M17")
        same([item["rule"] for item in call["agenda"]], ["birthday-call"])
        daemon.event("ED", "D", "account_opened")
        greeting, opened = (row["followup"] for row in daemon.list("followups", client="D"))
        matches(close["manager"].refused("DONE", call["lease"], "reached", {"items": [greeting, opened]}), f"^ERR item {opened}: its rule says that M17 must not")
        same(close["manager"].json("DONE", call["lease"], "reached")["closed"], [greeting])
        # What one was given one closes, whoever one has become since.
        daemon.client("F")
        daemon.event("EF", "F", "complaint")
        given = anna.json("TAKE", daemon.list("followups", client="F")[0]["call"])
        daemon.client("F", manager="anna")
        item = given["agenda"][0]["item"]
        daemon.set_clock(TUESDAY + "T12:00:00")
        same(anna.json("DONE", given["lease"], "reached", {"items": [item]})["closed"], [item])
        daemon.check()


@test("RECORD: the client rang in; his matters leave the waiting call, and it counts")
def _():
    with Daemon() as daemon:
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C2", "account_opened")
        same(len(daemon.list("calls")), 1)
        agent = daemon.agent("anna")
        answer = agent.json("RECORD", "C2", "{}")
        same((answer["closed"], answer["left"], answer["over_cap"]), ([2], [1], False))
        same(state(daemon, client="C2"), ("done", None))
        same(state(daemon, client="C1"), ("queued", None))
        same(agent.json("RECORD", "C1", '{"items": [1]}')["closed"], [1])
        same(daemon.list("calls"), [])
        same(daemon.used("C1"), 2)
        matches(agent.refused("RECORD", "nobody", "{}"), "^ERR ")
        matches(agent.refused("RECORD", "C1", '{"disposition": "no-answer"}'), "^ERR ")
        matches(agent.refused("RECORD", "C1", '{"channel": "drums"}'), "^ERR ")
        matches(agent.refused("RECORD", "C1", '{"items": [99]}'), "^ERR ")
        matches(agent.refused("RECORD", "C1", "x"), "^ERR ")
        same(daemon.used("C1"), 2, "what was refused counts nothing")
        daemon.check()


@test("RECORD of an earlier day: done or done-late goes by the day it happened, also for a missed follow-up")
def _():
    with Daemon(clock="2025-03-01T09:00:00") as daemon:
        for number in (1, 2, 3):
            daemon.client(f"C{number}")
            daemon.event(f"E{number}", f"C{number}", "complaint", "2025-03-03")
        daemon.set_clock("2025-04-20T09:00:00")
        same({row["state"] + " " + row["reason"] for row in daemon.list()}, {"missed expired"})
        agent = daemon.agent("anna")
        same(agent.json("RECORD", "C1", '{"done_at": "2025-03-04T16:00", "items": [1]}')["closed"], [1])
        same(agent.json("RECORD", "C2", '{"done_at": "2025-03-05T16:00", "items": [2]}')["closed"], [2])
        rows = {row["client_ref"]: (row["state"], row["closed_on"], row["reason"]) for row in daemon.list()}
        same(rows["C1"], ("done", "2025-03-04", None))
        same(rows["C2"], ("done-late", "2025-03-05", None))
        same(rows["C3"][0], "missed")
        same(daemon.used("C1"), 0, "it counts in the quarter in which it happened")
        daemon.check()


@test("RECORD of the same moment told twice counts once; another moment, or other words, is another contact")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        agent = daemon.agent("anna")
        first = agent.call("RECORD", "C1", '{"done_at": "2025-03-03T16:00", "note": "x"}')
        same(agent.call("RECORD", "C1", '{"done_at": "2025-03-03T16:00", "note": "x"}'), first)
        same(daemon.used("C1"), 1)
        daemon.restart()
        agent = daemon.agent("anna")
        same(agent.call("RECORD", "C1", '{"done_at": "2025-03-03T16:00", "note": "x"}'), first)
        agent.call("RECORD", "C1", '{"done_at": "2025-03-03T17:00", "note": "x"}')
        daemon.agent("bert").call("RECORD", "C1", '{"done_at": "2025-03-03T16:00", "note": "x"}')
        same(daemon.used("C1"), 3)


@test("above the cap a contact that happened is recorded and marked, never refused")
def _():
    with Daemon() as daemon:
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        agent = daemon.agent("anna")
        same([agent.json("RECORD", client, "{}")["over_cap"] for client in ("C1", "C2", "C1", "C2")], [False, False, True, True])
        same([row["over_cap"] for row in daemon.list("attempts")], [False, False, True, True])
        same(daemon.used("C2"), 4)
        same([contact["over_cap"] for contact in daemon.json("WHY", "C1")["contacts"]], [False, False, True, True])


@test("the third contact of a quarter is never handed out: two accounts of one person, two agents, two desks")
def _():
    with Daemon() as daemon:
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1", phone=None, email="x@example.com")
        anna, gateway = daemon.agent("anna"), daemon.agent("gate", "gateway", ["email", "sms"])
        hugo = daemon.agent("hugo", queues=["hq", "service"])
        anna.json("RECORD", "C1", "{}")
        daemon.event("E1", "C1", "permission_opened")  # takes the last slot
        daemon.event("E2", "C2", "account_opened")  # by e-mail: waits
        same(state(daemon, client="C1"), ("queued", None))
        same(state(daemon, client="C2"), ("scheduled", "cap"))
        same((gateway.json("NEXT"), anna.json("NEXT")), (None, None))
        finish(hugo, hugo.json("NEXT"))
        same(daemon.used("C1"), 2)
        same(gateway.json("NEXT"), None)
        daemon.set_clock("2025-03-31T10:00:00")
        same(state(daemon, client="C2"), ("scheduled", "cap"))
        daemon.set_clock("2025-04-01T10:00:00")  # a new quarter
        same(state(daemon, client="C2"), ("queued", None))
        same(gateway.json("NEXT")["agenda"][0]["client_ref"], "C2")
        daemon.check()


@test("the cap is looked at again when a call is handed out: contacts that happened meanwhile dissolve it")
def _():
    with Daemon() as daemon:
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        daemon.client("C3")
        daemon.event("E1", "C1", "account_opened")
        daemon.event("E3", "C3", "account_opened")
        agent = daemon.agent("anna")
        for _ in range(2):
            agent.json("RECORD", "C2", '{"items": []}')
        same(agent.json("NEXT")["agenda"][0]["client_ref"], "C3")
        same(state(daemon, client="C1"), ("scheduled", "cap"))
        same(agent.json("RECORD", "C1", "{}")["over_cap"], True)
        daemon.check()


@test("two calls of one person, one slot: the second is not handed out while the first is held")
def _():
    with Daemon() as daemon:
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1", phone=None, email="x@example.com")
        daemon.event("E1", "C1", "account_opened")
        daemon.event("E2", "C2", "account_opened")
        anna, gateway = daemon.agent("anna"), daemon.agent("gate", "gateway", ["email"])
        anna.json("RECORD", "C1", '{"items": []}')  # one contact, two calls waiting: one of them is too many
        call = anna.json("NEXT")
        true(call is not None)
        same(gateway.json("NEXT"), None)
        same(state(daemon, client="C2"), ("scheduled", "cap"))
        finish(anna, call)
        same(gateway.json("NEXT"), None)
        same(daemon.used("C1"), 2)
        daemon.check()


@test("exempt matters go ahead above the cap, are counted, and take what waits on their channel along")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        agent = daemon.agent("anna")
        for _ in range(2):
            agent.json("RECORD", "C1", "{}")
        daemon.event("E1", "C1", "account_opened")
        same(state(daemon), ("scheduled", "cap"))
        daemon.event("E2", "C1", "complaint")
        call = agent.json("NEXT")
        same(sorted(item["rule"] for item in call["agenda"]), ["account-opened", "complaint"])
        same(finish(agent, call)["over_cap"], True)
        same({row["state"] for row in daemon.list()}, {"done"})
        same(daemon.used("C1"), 3)
        daemon.check()


@test("a greeting leaves a slot free, gives way to a service call, and says why it never went out")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-04", tier="silver")
        same(state(daemon), ("queued", None))
        agent, gateway = daemon.agent("anna"), daemon.agent("gate", "gateway", ["sms"])
        agent.json("RECORD", "C1", "{}")
        daemon.event("E1", "C1", "account_opened")
        same(state(daemon, rule="birthday"), ("scheduled", "preempted"))
        same(state(daemon, rule="account-opened"), ("queued", None))
        same(gateway.json("NEXT"), None)
        daemon.client("C2", birthday="1980-03-04", tier="silver")
        daemon.client("C3", birthday="1980-03-05", tier="silver")
        agent.json("RECORD", "C3", "{}")
        call = gateway.json("NEXT")
        same(call["agenda"][0]["client_ref"], "C2")
        daemon.set_clock("2025-03-06T10:00:00")
        same(state(daemon, rule="birthday", client="C1"), ("suppressed", "preempted"))
        same(state(daemon, rule="birthday", client="C3"), ("suppressed", "cap"))
        daemon.check()


@test("no cap, a cap of none at all, and a gap between two contacts, as configured")
def _():
    with Daemon(settings={"cap": "none"}) as daemon:
        daemon.client("C1")
        agent = daemon.agent("anna")
        for number in range(5):
            daemon.event(f"E{number}", "C1", "account_opened")
            same(finish(agent, agent.json("NEXT"))["over_cap"], False)
    with Daemon(settings={"cap": "0"}) as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        same(state(daemon), ("scheduled", "cap"))
        daemon.event("E2", "C1", "complaint")
        same(daemon.agent("anna").json("NEXT")["agenda"][0]["rule"], "complaint")
    with Daemon(settings={"min_gap": "7d"}) as daemon:
        daemon.client("C1")
        agent = daemon.agent("anna")
        agent.json("RECORD", "C1", "{}")
        daemon.event("E1", "C1", "account_opened")
        same(state(daemon), ("scheduled", "min-gap"))
        daemon.set_clock("2025-03-10T15:00:00")
        same(state(daemon), ("scheduled", "min-gap"))
        daemon.set_clock("2025-03-11T09:30:00")
        same(state(daemon), ("queued", None))


@test("a rolling window: a contact counts for 91 days")
def _():
    with Daemon(settings={"window": "rolling"}) as daemon:
        daemon.client("C1")
        agent = daemon.agent("anna")
        agent.json("RECORD", "C1", "{}")
        agent.json("RECORD", "C1", "{}")
        daemon.set_clock("2025-06-02T16:00:00")  # the 91st day, counting the first
        daemon.event("E1", "C1", "account_opened")
        same(state(daemon, rule="account-opened"), ("scheduled", "cap"))
        daemon.set_clock("2025-06-03T09:30:00")
        same(state(daemon, rule="account-opened"), ("queued", None))


@test("do not contact, and no address: the next channel, or suppressed with the reason")
def _():
    with Daemon(clock=MORNING) as daemon:
        daemon.client("C1", email="c1@example.com", do_not_contact="phone:2025-12-31")
        daemon.client("C2", phone=None)
        daemon.client("C3", do_not_contact="phone:2025-12-31; email")
        for number in (1, 2, 3):
            daemon.event(f"E{number}", f"C{number}", "account_opened")
        same(daemon.followup(client="C1")["channel"], "email")
        same(state(daemon, client="C2"), ("suppressed", "no-channel"))
        same(state(daemon, client="C3"), ("suppressed", "do-not-contact"))
        daemon.client("C4")
        daemon.event("E4", "C4", "account_opened")
        daemon.client("C4", do_not_contact="phone:2025-12-31")
        agent = daemon.agent("anna")
        same(agent.json("NEXT"), None, "forbidden since the call was made")
        daemon.check()


if __name__ == "__main__":
    run()
