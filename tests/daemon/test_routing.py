#!/usr/bin/env python3
"""Who gets what: breaks, and clients of a departed manager (POLICY 6)."""
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


if __name__ == "__main__":
    run()
