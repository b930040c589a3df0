#!/usr/bin/env python3
"""Who gets what: breaks, and clients of a departed manager (POLICY 6)."""
import json

from harness import Daemon, TUESDAY, matches, run, same, test, true


def listed(daemon, name):
    return next(row for row in daemon.json("AGENT.LIST") if row["agent"] == name)


@test("BREAK: no call until READY, which says how long; the break outlives connections and restarts, and AGENT.LIST shows it")
def _():
    daemon = Daemon()
    with daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        same((listed(daemon, "anna")["state"], listed(daemon, "anna")["break"], listed(daemon, "anna")["calls"]), ("ready", None, []))
        same(anna.json("BREAK", "lunch"), {"agent": "anna", "state": "break", "break": "lunch", "since": TUESDAY + "T09:30:00", "calls": []})
        refusal = f"ERR anna is on a break (lunch) since {TUESDAY}T09:30:00: READY ends it"
        for words in (("NEXT",), ("NEXT", "WAIT", 10), ("NEXT", "COUNT", 5), ("NEXT", "QUEUE", "service")):
            same(anna.refused(*words), refusal, words)
        daemon.advance(600)
        same(anna.json("BREAK", "lunch")["since"], TUESDAY + "T09:30:00", "the same again is a retry")
        daemon.restart(TUESDAY + "T09:40:00")
        anna = daemon.agent("anna")
        same(anna.refused("NEXT"), refusal)
        row = listed(daemon, "anna")
        same((row["state"], row["break"], row["since"], row["calls"]), ("break", "lunch", TUESDAY + "T09:30:00", []))
        daemon.advance(300)
        same(anna.json("READY"), {"agent": "anna", "state": "ready", "break": "lunch", "since": TUESDAY + "T09:30:00", "minutes": 15})
        same(anna.json("READY"), {"agent": "anna", "state": "ready"}, "again")
        call = anna.json("NEXT")["call"]
        row = listed(daemon, "anna")
        same((row["state"], row["break"], row["since"], row["calls"]), ("ready", None, None, [call]))
        daemon.check()


@test("BREAK while a call is held: it is touched, closed and given back as ever; another code changes it; unknown ones are refused by name")
def _():
    with Daemon() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        call = anna.json("NEXT")
        same(anna.json("BREAK", "meeting")["calls"], [call["call"]])
        matches(anna.refused("NEXT"), "^ERR anna is on a break")
        same([held["lease"] for held in anna.json("MINE")], [call["lease"]])
        anna.json("TOUCH", call["lease"])
        anna.json("RELEASE", call["lease"], "called away")
        taken = anna.json("TAKE", call["call"])
        daemon.advance(60)
        same(anna.json("BREAK", "rest")["since"], TUESDAY + "T09:31:00")
        same(anna.json("DONE", taken["lease"], "reached")["closed"], [1])
        same(anna.refused("BREAK", "fishing"), "ERR no such break: fishing; there are: lunch, meeting, training, rest")
        same(listed(daemon, "anna")["break"], "rest")
        same(bert.call("NEXT"), None, "only he is away")
        matches(daemon.refused("BREAK", "lunch"), "^NOPERM ")
        same([row["state"] for row in daemon.json("AGENT.LIST")], ["break", "ready"])
        daemon.add_agent("anna", "agent", ["service"])
        same(listed(daemon, "anna")["break"], "rest", "another token ends no break")
        daemon.check()


@test("a NEXT WAIT on another connection is refused in the moment of the BREAK, and gets nothing; a gateway's messages go on")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        waiting = daemon.agent("anna")
        waiting.send("NEXT", "WAIT", 3600)
        true(waiting.is_silent(), "it waits")
        anna.json("BREAK", "training")
        matches(waiting.read(), r"^ERR anna is on a break \(training\)")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_closed")
        same(daemon.list("calls")[0]["state"], "ready")
        both = daemon.agent("both", "agent,gateway", ("service", "sms"))
        daemon.client("C2", birthday="1980-03-04", tier="silver")
        both.json("BREAK", "lunch")
        same((both.json("NEXT")["channel"], both.call("NEXT")), ("sms", None))
        both.json("READY")
        same(both.json("NEXT")["channel"], "phone")
        daemon.check()


@test("break_codes are configuration: checked with file and line, and one that a reload takes away still ends")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        anna.json("BREAK", "rest")
        daemon.set("break_codes", '{"lunch", "Lunch"}')
        matches(daemon.refused("RELOAD"), "followupd.conf:[0-9]+: break_codes: 'Lunch' will not do")
        daemon.set("break_codes", '{"prayer"}')
        daemon.json("RELOAD")
        matches(anna.refused("NEXT"), r"\(rest\)")
        matches(anna.refused("BREAK", "lunch"), "there are: prayer$")
        same(anna.json("READY")["break"], "rest")


def queue_of(daemon, client):
    return daemon.list("calls", client=client)[0]["queue"]


@test("HANDOVER moves the waiting calls of a manager to his successor at once, at their place, and back; chains are followed, circles refused")
def _():
    daemon = Daemon()
    with daemon:
        anna = daemon.agent("anna", queues=("manager/M20",))
        for number in (1, 2):
            daemon.client(f"C{number}", manager="M17", branch="SH01")
            daemon.event(f"E{number}", f"C{number}", "transfer_requested")
        daemon.client("C3", manager="M20")
        daemon.event("E3", "C3", "transfer_requested")
        anna.send("NEXT", "WAIT", 3600)
        same(daemon.list("calls")[0]["queue"], "manager/M17")
        same(anna.json("DONE", json.loads(anna.read())["lease"], "reached")["closed"], [3])
        widens = daemon.json("SHOW", 1)["agenda"]
        row, = daemon.json("HANDOVER", "M17", "M20", "left for another house")
        same({name: row[name] for name in ("manager", "successor", "present_manager", "clients", "reason", "by", "at")},
             {"manager": "M17", "successor": "M20", "present_manager": "M20", "clients": 2, "reason": "left for another house", "by": "operator",
              "at": TUESDAY + "T09:30:00"})
        same([queue_of(daemon, client) for client in ("C1", "C2")], ["manager/M20", "manager/M20"])
        same((daemon.json("SHOW", 1)["agenda"], daemon.list("clients", client="C1")[0]["manager"]), (widens, "M17"), "the rest stays")
        same(anna.json("NEXT")["agenda"][0]["client_ref"], "C1", "the older one first")
        daemon.restart()
        # A chain, in either order of its making; the middle one's own clients too.
        daemon.json("HANDOVER", "M20", "M30", "retired")
        same(sorted((row["manager"], row["present_manager"]) for row in daemon.json("HANDOVER")), [("M17", "M30"), ("M20", "M30")])
        same(queue_of(daemon, "C2"), "manager/M30")
        for words, why in ((("M30", "M17"), "M17's clients go to M30 already"), (("M17", "M17"), "or he is the same"), (("M30", "M20"), "nobody would be left")):
            matches(daemon.refused("HANDOVER", *words, "x"), why)
        for words in (("M99", "M20", "x"), ("M17", "M 2", "x"), ("M17", "manager/*", "x"), ("M17", "M30", ""), ("M99", "none", "x"), ("M17",)):
            matches(daemon.refused("HANDOVER", *words), "^ERR ")
        daemon.event("E4", "C3", "transfer_requested")
        same(queue_of(daemon, "C3"), "manager/M30", "what comes later goes there too")
        daemon.json("HANDOVER", "M17", "none", "he came back")
        same((queue_of(daemon, "C2"), queue_of(daemon, "C3")), ("manager/M17", "manager/M30"))
        daemon.json("HANDOVER", "M17", "M30", "no, he did not")
        daemon.client("C2", manager="M40")
        same(queue_of(daemon, "C2"), "manager/M40", "the core systems know better now")
        daemon.check()


@test("under a rule that recuses the manager neither the departed one nor his successors call; a widened or moved call stays where it is")
def _():
    with Daemon() as daemon:
        old, new, last, anna = (daemon.agent(name, queues=("service", "hq", "branch/*", "manager/*")) for name in ("M17", "M20", "M30", "anna"))
        daemon.client("C1", manager="M17", branch="SH01")
        daemon.event("E1", "C1", "complaint")
        same(new.json("RELEASE", new.json("NEXT")["lease"], "x")["state"], "ready", "before the handover he may")
        daemon.json("HANDOVER", "M17", "M20", "left")
        daemon.json("HANDOVER", "M20", "M30", "left")
        for agent in (old, new, last):
            same(agent.call("NEXT"), None)
        held = anna.json("NEXT")
        same(held["agenda"][0]["rule"], "complaint")
        anna.json("DONE", held["lease"], "reached")
        # manager-departed goes by the client's own field.
        daemon.event("E2", "", "manager_departed", detail="M17")
        same((daemon.followup(rule="manager-departed")["client_ref"], queue_of(daemon, "C1")), ("C1", "branch/SH01"))
        for agent in (old, new, last):
            same(agent.call("NEXT"), None)
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        # Ordinary work is the successor's.
        daemon.client("C2", manager="M18")
        daemon.json("HANDOVER", "M18", "M20", "left")
        daemon.event("E3", "C2", "transfer_requested")
        same(last.json("RELEASE", last.json("NEXT")["lease"], "later")["state"], "ready")
        daemon.json("MOVE", daemon.list("calls", client="C2")[0]["call"], "hq", "they know him")
        daemon.json("HANDOVER", "M20", "none", "back")
        same(queue_of(daemon, "C2"), "hq")
        daemon.client("C3", manager="M18")
        daemon.event("E4", "C3", "transfer_requested")
        same(queue_of(daemon, "C3"), "manager/M20")
        daemon.set_clock("2025-03-05T09:31:00")
        same(queue_of(daemon, "C3"), "service", "widened")
        daemon.json("HANDOVER", "M18", "M30", "again")
        same(queue_of(daemon, "C3"), "service")
        daemon.check()


@test("a matter that recuses the manager does not join the call that a successor holds")
def _():
    with Daemon() as daemon:
        new = daemon.agent("M20", queues=("manager/*",))
        daemon.client("C1", manager="M17")
        daemon.json("HANDOVER", "M17", "M20", "left")
        daemon.event("E1", "C1", "transfer_requested")
        held = new.json("NEXT")
        daemon.event("E2", "C1", "complaint")
        same(len(new.json("TOUCH", held["lease"])["agenda"]), 1)
        same(len(daemon.list("calls", client="C1")), 2)
        daemon.check()


@test("many clients: a handover is worked in slices, and ends the same")
def _():
    many = 1500
    with Daemon() as daemon:
        for first in range(0, many, 500):
            commands = []
            for n in range(first, first + 500):
                commands.append(("CLIENT.PUT", {"client_ref": f"C{n}", "name": "x", "phone": "13912345678", "manager": "M17"}))
                commands.append(("EVENT.PUT", {"event_ref": f"E{n}", "client_ref": f"C{n}", "kind": "transfer_requested", "occurred_at": TUESDAY}))
            daemon.operator.pipeline(commands)
        daemon.work()
        daemon.json("HANDOVER", "M17", "M20", "left")
        daemon.work()
        same({row["queue"]: row["ready"] for row in daemon.json("QUEUES")}, {"manager/M20": many})
        daemon.check()


def alarms(daemon, state="open"):
    return [(task["client_ref"], task["call"]) for task in daemon.list("tasks", state=state) if task["kind"] == "nobody-left"]


@test("nobody left: one alarm for a queue and those recused, raised as a call comes to stand there, ended when somebody may make it")
def _():
    with Daemon() as daemon:
        for number in (1, 2, 3):
            daemon.client(f"C{number}", manager="M1")
        daemon.event("E1", "C1", "complaint")
        same((alarms(daemon), daemon.info("work")["queues_unserved_names"]), ([], "service"), "a book without a desk")
        daemon.agent("M1", queues=("service",))
        same(alarms(daemon), [("C1", 1)], "he is recused, and nobody else serves it")
        daemon.event("E2", "C2", "complaint")
        same(alarms(daemon), [("C1", 1)], "the same people are recused: one alarm")
        daemon.event("E3", "C3", "account_closed")
        same(alarms(daemon), [("C1", 1)], "this one he may make")
        daemon.client("C4", manager="M1")
        daemon.event("E5", "C4", "permission_opened")
        same(alarms(daemon), [("C1", 1), ("C4", 4)], "nobody serves hq")
        same((daemon.info("work")["queues_unserved"], daemon.info("work")["queues_unserved_names"]), ("2", "service hq"))
        daemon.agent("max", "agent,marketing", ("service", "hq"))
        same(alarms(daemon), [("C1", 1), ("C4", 4)], "he is of a role that both exclude")
        daemon.agent("anna")
        same(alarms(daemon), [("C4", 4)], "service is served")
        same([(task["acknowledged_by"], task["note"]) for task in daemon.list("tasks", state="acknowledged")],
             [("", "somebody serves the queue"), ("", "somebody serves the queue")])
        daemon.json("ACK", daemon.list("tasks", state="open")[0]["task"], "we know")
        daemon.json("AGENT.DEL", "anna")
        same(alarms(daemon), [("C1", 1)], "the last one who may is gone")
        daemon.add_agent("anna", "agent", ["service", "hq"])
        same((alarms(daemon), daemon.info("work")["queues_unserved"]), ([], "0"))
        daemon.check()


@test("nobody left: no alarm for what will widen by itself, one when it has; a message without a gateway; and after a restart no second one")
def _():
    daemon = Daemon()
    with daemon:
        daemon.agent("anna", queues=("hq",))
        daemon.client("C1", manager="M1")
        daemon.event("E1", "C1", "transfer_requested")
        same(alarms(daemon), [], "it moves to service tomorrow")
        daemon.client("C2", birthday="1980-03-04", tier="silver")
        same([client for client, _ in alarms(daemon)], ["C2"], "no gateway sends messages")
        daemon.set_clock("2025-03-05T09:31:00")
        same([client for client, _ in alarms(daemon)], ["C1"], "the greeting's day is over")
        daemon.restart("2025-03-05T09:32:00")
        daemon.add_agent("bert", "agent", ["hq"])
        same([client for client, _ in alarms(daemon)], ["C1"])
        daemon.add_agent("cara", "agent", ["*"])
        same(alarms(daemon), [])
        daemon.check()


@test("nobody left: thousands of queues are looked at in slices when the agents change")
def _():
    many = 1500
    with Daemon() as daemon:
        daemon.set("queue", '"manager/*"', "rules.d/complaint.conf")
        daemon.json("RELOAD")
        daemon.agent("anna", queues=("hq",))
        daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": f"C{n}", "name": "x", "phone": "13912345678", "manager": f"M{n}"}) for n in range(many)])
        daemon.operator.pipeline([("EVENT.PUT", {"event_ref": f"E{n}", "client_ref": f"C{n}", "kind": "complaint", "occurred_at": TUESDAY}) for n in range(many)])
        daemon.work()
        same(len(daemon.list("tasks", state="open", limit=5000)), many)
        daemon.add_agent("bert", "agent", ["manager/*"])
        daemon.work()
        same(len(daemon.list("tasks", state="open", limit=5000)), 0)
        daemon.json("AGENT.DEL", "bert")
        daemon.work()
        same((len(daemon.list("tasks", state="open", limit=5000)), daemon.info("work")["queues_unserved"]), (many, str(many)))
        daemon.check()


if __name__ == "__main__":
    run()
