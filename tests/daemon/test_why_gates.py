#!/usr/bin/env python3
"""Every gate of WHY in the words that a supervisor reads: what holds a call or a queue back, and what would have to happen (POLICY 5, 6)."""
import json

from harness import Daemon, MORNING, TUESDAY, matches, run, same, test, true

NOON = TUESDAY + "T12:00"


class Desk:
    """A daemon whose clients have one call each."""

    def __init__(self, daemon):
        self.daemon, self.count = daemon, 0

    def call(self, kind="account_closed", **fields):
        """A new client and the number of his call."""
        self.count += 1
        client = f"C{self.count}"
        self.daemon.client(client, **fields)
        self.daemon.event(f"E{self.count}", client, kind)
        call, = self.daemon.list("calls", client=client)
        return client, call["call"]

    def why(self, call):
        return self.daemon.json("WHY", "CALL", call)

    def gate(self, call, name):
        """Whether a gate is open, and what it says; None when it says nothing."""
        return next(((row["open"], row["says"]) for row in self.why(call)["gates"] if row["gate"] == name), None)


def told(answer):
    return answer["verdict"], answer["needs"]


@test("a matter that may not go out any more: which one, whose, why, and what becomes of it; NEXT agrees")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        anna = daemon.agent("anna", queues=("hq", "service"))

        def forbid(client):
            return "DNC", client, "phone", "none", "he has asked us"

        def close(client):
            return "EVENT.PUT", {"event_ref": "X" + client, "client_ref": client, "kind": "account_closed", "occurred_at": TUESDAY}

        def join(client):
            return "CLIENT.PUT", {"client_ref": client, "name": "x", "person_ref": "P9", "phone": "13912345678"}

        def no_number(client):
            return "CLIENT.PUT", {"client_ref": client, "name": "x", "phone": ""}

        def pause(_):
            return "PAUSE", "RULE", "permission-opened", NOON, "new script"

        address = "the client has no address for the channel, or does not wish it"
        lift = "NEXT will take it to the rule's next channel, or suppress it; DNC client channel CLEAR reason lifts a prohibition"
        for change, says, needs in ((forbid, address, lift), (no_number, address, lift), (close, "the account is not open", "NEXT will cancel it"),
                                    (join, "its client has become part of another person", "NEXT will take it off this call"),
                                    (pause, f"paused until {NOON}:00 by operator: new script", "RESUME the rule, or wait")):
            client, call = desk.call("permission_opened")
            item = daemon.followup(client=client)["followup"]
            # In one turn, before the facts are worked.
            verdict = told(json.loads(daemon.operator.pipeline([change(client), ("WHY", "CALL", call)])[1]))
            same(verdict, (f"held back: permission-opened of {client} ({item}), by phone: {says}", needs))
            if change is pause:
                daemon.json("RESUME", "RULE", "permission-opened")
        anna.json("DONE", anna.json("NEXT", "QUEUE", "hq")["lease"], "reached")
        anna.json("DONE", anna.json("NEXT", "QUEUE", "hq")["lease"], "reached")
        same(anna.call("NEXT", "QUEUE", "hq"), None)
        same([(row["client_ref"], row["state"], row["reason"]) for row in daemon.list(rule="permission-opened")],
             [("C1", "suppressed", "do-not-contact"), ("C2", "suppressed", "no-channel"), ("C3", "cancelled", "account_closed"),
              ("C4", "done", None), ("C5", "done", None)])
        daemon.check()


@test("a channel switched off: what waits on it says so, the call and the client, before NEXT takes it away")
def _():
    with Daemon() as daemon:
        daemon.agent("anna", queues=("service",))
        daemon.client("C1", opened_on="2020-01-01")
        daemon.event("E1", "C1", "complaint")
        item = daemon.followup(client="C1")["followup"]
        daemon.replace("channel phone  { kind = talk", "channel phone  { on = no  kind = talk")
        daemon.json("RELOAD")
        says = f"complaint of C1 ({item}), by phone: the channel is off or gone"
        answer = daemon.json("WHY", "C1")
        call, = answer["calls"]
        same((answer["verdict"], call["held_back"]), (f"1 open, held back on call {call['call']}: {says}", says))
        same(told(daemon.json("WHY", "CALL", call["call"])),
             (f"held back: {says}", "NEXT will take it to the rule's next channel, or suppress it; switch the channel on again and RELOAD"))
        daemon.replace("{ on = no  kind = talk", "{ kind = talk")
        daemon.json("RELOAD")
        same(daemon.json("WHY", "C1")["calls"][0]["held_back"], None)


@test("a message that may have been sent: its gateway is asked by the number; when the gateway is gone nobody is, and it ends by itself")
def _():
    with Daemon() as daemon:
        gate, _other = daemon.agent("gate", "gateway", ("sms",)), daemon.agent("other", "gateway", ("sms",))
        daemon.agent("anna", queues=("service",))
        daemon.agent("otto", queues=("sms", "service"))
        daemon.client("C1", tier="silver", birthday="1990-03-04")
        lease = gate.json("NEXT")["lease"]
        answer = daemon.json("WHY", "QUEUE", "sms")
        same((answer["held"], answer["holders"]), (1, [{"call": 1, "agent": "gate", "until": TUESDAY + "T09:45:00"}]))
        daemon.set_clock(TUESDAY + "T09:45:00")
        same(told(daemon.json("WHY", "CALL", 1)), ("held back: gate was given the message, and nobody knows whether it went out", f"the gateway says DONE {lease} sent or bounced"))
        same(daemon.json("WHY", "QUEUE", "sms")["holders"], [{"call": 1, "agent": "gate", "until": None}])
        daemon.call("AGENT.DEL", "gate")
        daemon.call("AGENT.DEL", "other")
        same(told(daemon.json("WHY", "CALL", 1)), ("held back: somebody who is no agent any more was given the message, and nobody knows whether it went out",
                                                   "nobody is left who could tell: it ends with the last useful day of its matters"))
        answer = daemon.json("WHY", "CALL", 1)
        same([row for row in answer["gates"] if row["gate"] == "agents"], [{"gate": "agents", "open": False, "says": "no gateway serves sms"}])
        same(daemon.json("WHY", "QUEUE", "sms")["holders"], [{"call": 1, "agent": None, "until": None}])
        # A second one waits on a queue that nobody serves: agents who name it cannot take it.
        daemon.client("C2", tier="silver", birthday="1990-03-04")
        same(told(daemon.json("WHY", "CALL", 2)), ("held back: no gateway serves sms", "AGENT.ADD somebody for the queue"))
        same(told(daemon.json("WHY", "QUEUE", "sms")), ("no gateway serves sms, on which 1 wait", "AGENT.ADD somebody for it"))
        for agent, says, needs in (("anna", "messages are for gateways", "AGENT.ADD with another role, which makes a new token"),
                                   ("otto", "messages are for gateways", "AGENT.ADD with another role, which makes a new token")):
            same(told(daemon.json("WHY", "QUEUE", "sms", "AGENT", agent)), (f"{agent}: {says}", needs))
        daemon.set_clock("2025-03-05T09:30:00")
        same([(row["state"], row["reason"]) for row in daemon.list()], [("missed", "expired"), ("missed", "expired")])
        same(daemon.list("calls"), [])
        daemon.check()


@test("a matter whose rule a reload switches off, or takes away, and a call on which nothing is left while somebody holds it")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        anna, gate = daemon.agent("anna"), daemon.agent("gate", "gateway", ("sms",))
        client, call = desk.call("complaint")
        daemon.switch("complaint", "no")
        reloaded, answer = daemon.operator.pipeline([("RELOAD",), ("WHY", "CALL", call)])
        matches(reloaded, "reloaded")
        same(told(json.loads(answer)), (f"held back: complaint of {client} (1), by phone: the rule is off or gone", "NEXT will cancel it; switch the rule on again and RELOAD"))
        same((anna.call("NEXT"), daemon.followup()["reason"]), (None, "rule-off"))
        daemon.client("C9", tier="standard", birthday="03-04")
        message = gate.json("NEXT")["call"]
        daemon.event("X", "C9", "account_closed")
        anna.json("DONE", anna.json("NEXT")["lease"], "wrong-number")
        same(desk.gate(message, "matters"), (True, "nothing is left on its agenda: it ends when nobody holds it"))
        matches(desk.why(message)["verdict"], "^gate holds it until")
        gate.json("RELEASE", f"{message}.1", "x")
        matches(daemon.refused("WHY", "CALL", message), "^ERR there is no call")


@test("an agent who gets nothing is told the one thing that is in his way: role, queue, break, the call he holds")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        anna = daemon.agent("anna")
        daemon.agent("gate", "gateway", ("sms", "service"))
        desk.call()

        def why(agent, queue):
            return told(daemon.json("WHY", "QUEUE", queue, "AGENT", agent))
        same(why("gate", "service"), ("gate: calls are for agents", "AGENT.ADD with another role, which makes a new token"))
        same(why("anna", "hq"), ("anna: does not serve hq", "AGENT.ADD with this queue, which makes a new token"))
        anna.json("BREAK", "lunch")
        same(why("anna", "service"), (f"anna: on a break (lunch) since {MORNING}", "he says READY"))
        same(why("anna", "hq"), ("anna: does not serve hq", "AGENT.ADD with this queue, which makes a new token"), "READY would bring him no call of hq")
        anna.json("READY")
        call = anna.json("NEXT")["call"]
        same(why("anna", "service"), (f"anna: holds call {call}, and NEXT gives it to him again", "he says DONE or RELEASE"))
        desk.call()
        same(told(daemon.json("WHY", "QUEUE", "service")), ("call 2 would go out, but all 1 who serve service are busy or on a break", "somebody says DONE, RELEASE or READY"))


@test("the contacts of a call: exempt, free, without a limit, used up, and too soon after the last")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        _, call = desk.call("complaint")
        same(desk.gate(call, "contacts"), (True, "goes ahead whatever the contacts say: a matter on it is exempt"))
    with Daemon(settings={"cap": "none"}) as daemon:
        desk = Desk(daemon)
        client, call = desk.call()
        same(desk.gate(call, "contacts"), (True, "there is no limit"))
        same(daemon.json("WHY", client)["cap"], "none")
    with Daemon(settings={"min_gap": "7d", "reserve": "0", "window": "rolling"}) as daemon:
        anna = daemon.agent("anna")
        daemon.agent("gate", "gateway", ("sms",))
        daemon.client("C1", birthday=TUESDAY, opened_on="2020-01-01", last_trade_on="2024-08-31")
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        message, = daemon.list("calls")
        same(told(daemon.json("WHY", "CALL", message["call"])),
             ("held back: the client was contacted less than 7 days ago", "NEXT will dissolve it; its matters are tried again from 2025-03-11 on"))
        same(daemon.json("WHY", "QUEUE", "sms")["held_back"][0]["gate"], "min_gap")
        answer = daemon.json("WHY", "C1")
        same((answer["calls"][0]["held_back"], answer["counted_since"]), ("the client was contacted less than 7 days ago", "2024-12-04"))
        true("slots_free_again_on" not in answer, "of a rolling window no day frees them all")
    with Daemon() as daemon:
        daemon.replace("rule account-closed {\n", "rule account-closed {\n\tclass = free\n", "rules.d/account-closed.conf")
        daemon.call("RELOAD")
        desk = Desk(daemon)
        client, call = desk.call()
        same(desk.gate(call, "contacts"), (True, "uses no contact"))
        same([row["uses_contact"] for row in daemon.json("WHY", client)["calls"]], [False])


@test("hours: the queue's, the rule's own, the client's, and those that never meet")
def _():
    with Daemon() as daemon:
        daemon.replace("rule complaint {\n", 'rule complaint {\n\thours = "Mon-Fri 18:00-19:00"\n', "rules.d/complaint.conf")
        daemon.call("RELOAD")
        desk = Desk(daemon)
        _, rules = desk.call("complaint")
        _, clients = desk.call("complaint", hours="Thu 18:30-18:45")
        _, never = desk.call("complaint", hours="Mon-Sun 10:00-11:00")
        _, plain = desk.call()
        same(desk.gate(plain, "hours"), (True, "open now"))
        same(told(desk.why(rules))[0], f"held back: the rule's hours are closed; it may be called from {TUESDAY}T18:00:00")
        same(told(desk.why(clients)), ("held back: the rule's hours are closed; it may be called from 2025-03-06T18:30:00",
                                       f"wait until 2025-03-06T18:30:00; TAKE {clients} when the client rings in"))
        same(told(desk.why(never)), ("held back: the rule's hours are closed, and never open together with the others within a year",
                                     f"change the client's hours, or TAKE {never}"))
        daemon.set_clock(TUESDAY + "T18:00:00")
        same(desk.gate(rules, "hours"), (True, "open now"))
        same(desk.gate(clients, "hours"), (False, "the client's own hours are closed; it may be called from 2025-03-06T18:30:00"))
        same(desk.gate(plain, "hours"), (False, "the queue's hours are closed; it may be called from 2025-03-05T09:30:00"))


@test("an appointment that nobody kept is anyone's; one of an agent who is gone too; another's is not taken for a while")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        anna, bert = daemon.agent("anna"), daemon.agent("bert")

        def agreed(agent, at):
            _, call = desk.call()
            same(agent.json("DONE", agent.json("NEXT")["lease"], "not-convenient", {"at": at})["call"], call)
            return call
        first = agreed(anna, TUESDAY + "T10:00")
        second = agreed(anna, TUESDAY + "T10:30")
        daemon.set_clock(TUESDAY + "T10:00:00")
        answer = desk.why(first)
        same({row["agent"]: row["why_not"] for row in answer["agents"]},
             {"anna": None, "bert": f"agreed for {TUESDAY}T10:00:00 by anna: it goes first, until {TUESDAY}T10:15:00 to nobody else"})
        matches(answer["verdict"], "NEXT gives it to anna$")
        same((bert.call("NEXT"), anna.json("NEXT")["call"]), (None, first))
        anna.json("RELEASE", f"{first}.2", "one moment")
        daemon.set_clock(TUESDAY + "T10:15:00")
        same(desk.gate(first, "appointment"), (True, f"agreed for {TUESDAY}T10:00:00: it goes first, to anyone"))
        same(bert.json("NEXT")["call"], first)
        daemon.call("AGENT.DEL", "anna")
        daemon.set_clock(TUESDAY + "T10:30:00")
        same(desk.gate(second, "appointment"), (True, f"agreed for {TUESDAY}T10:30:00: it goes first, to anyone"))
        bert.json("DONE", f"{first}.3", "reached")
        same(bert.json("NEXT")["call"], second)


@test("the place of a call in its queue, who may take it, and that it was moved by hand")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        daemon.add_agent("anna")
        calls = [desk.call()[1] for _ in range(3)]
        same([(desk.why(call)["place"], desk.why(call)["verdict"]) for call in calls],
             [(1, "may go out now, and is the first of its queue: NEXT gives it to anna"), (2, "may go out now, to anna; 1 call of its queue goes before it"),
              (3, "may go out now, to anna; 2 calls of its queue go before it")])
        daemon.add_agent("bert")
        same([desk.why(call)["verdict"] for call in calls[:2]],
             ["may go out now, and is the first of its queue: NEXT gives it to anna or others", "may go out now, to anna and others; 1 call of its queue goes before it"])
        same(desk.why(f"{calls[2]}.1")["call"], calls[2], "a lease names its call")
        same(desk.why(calls[2])["moved_by_hand"], None)
        daemon.json("MOVE", calls[2], "hq", "head office knows him")
        answer = desk.why(calls[2])
        same((answer["moved_by_hand"], answer["queue"], answer["place"], told(answer)),
             ("yes", "hq", 1, ("held back: no agent serves hq", "AGENT.ADD somebody for the queue; or MOVE it to another queue, or wait for READY or DONE")))
        for word in ("0", "-1", "1x", "", "1 "):
            matches(daemon.refused("WHY", "CALL", word), "^ERR WHY CALL needs a call's number")
        for number in range(60):
            daemon.add_agent(f"x{number:02}")
        answer = desk.why(calls[0])
        same((len(answer["agents"]), answer["gates"][-1]["says"]), (50, "62 of the 62 who serve service may take it now"))
        same(len(daemon.json("WHY", "QUEUE", "service")["agents"]), 50)


@test("nobody may: rules exclude everybody, or all who serve the queue")
def _():
    with Daemon() as daemon:
        for number in range(140):
            daemon.client(f"C{number}", person_ref="P", manager=f"M{number}-" + "x" * 58, introducer=f"I{number}-" + "y" * 58)
        for number in range(140):
            daemon.event(f"E{number}", f"C{number}", "complaint")
        daemon.agent("anna")
        call = daemon.list("calls")[0]["call"]
        answer = daemon.json("WHY", "CALL", call)
        same((answer["must_not_call"], told(answer)), ("everybody", ("held back: none of the 1 who serve service may take it now",
             "AGENT.ADD somebody who is none of these: everybody; or MOVE it to another queue, or wait for READY or DONE")))
        same(answer["agents"], [{"agent": "anna", "why_not": "a rule says that he must not make it"}])
        answer = daemon.json("WHY", "QUEUE", "service")
        same((told(answer), answer["excluded"]), (("rules say of all 1 calls that wait that whoever serves the queue must not make them", "AGENT.ADD somebody who may"),
                                                  [{"calls": 1, "must_not_call": "everybody"}]))


@test("a queue looked down: the gate that holds back most of what was looked at, the first fifty of a lane, twenty lanes of those excluded")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        anna = daemon.agent("anna")
        early, _ = desk.call(hours="Mon-Fri 16:00-17:00")
        for _ in range(2):
            client, call = desk.call()
            for hour in (1, 2):
                anna.json("RECORD", client, {"done_at": f"{TUESDAY}T0{hour}:00", "items": []})
        answer = daemon.json("WHY", "QUEUE", "service")
        same(answer["verdict"], "none of the 3 calls looked at may go out now; of 2: 2 of 2 contacts made since 2025-01-01, 0 more held by agents")
        same([(row["gate"], row["calls"], row["client_ref"]) for row in answer["held_back"]], [("contacts", 2, "C2"), ("hours", 1, early)])
        for _ in range(55):
            desk.call(hours="Mon-Fri 16:00-17:00")
        answer = daemon.json("WHY", "QUEUE", "service")
        same((answer["ready"], answer["looked_at"]), (58, 50))
        matches(answer["verdict"], "^none of the 50 calls looked at may go out now; of 48: the client's own hours are closed")
        same(anna.call("NEXT"), None)
        same(daemon.json("WHY", "QUEUE", "service")["waiting_for_contact"], 2, "NEXT has dissolved them")
    with Daemon() as daemon:
        desk = Desk(daemon)
        for number in range(22):
            desk.call("complaint", manager=f"M{number}")
            daemon.add_agent(f"M{number}")
        answer = daemon.json("WHY", "QUEUE", "service", "AGENT", "M3")
        same((answer["ready"], answer["hidden"], answer["excluded"]), (22, 1, [{"calls": 1, "must_not_call": "M3, role marketing"}]))
        daemon.add_agent("mark", "agent,marketing")
        answer = daemon.json("WHY", "QUEUE", "service", "AGENT", "mark")
        same((answer["hidden"], len(answer["excluded"]), told(answer)),
             (22, 20, ("rules say of all 22 calls that wait that mark must not make them", "somebody else says NEXT")))


@test("a queue that never opens, one that is paused, and a pattern that is none")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        daemon.agent("anna")
        desk.call(hours="Mon-Fri 16:00-17:00")
        daemon.json("PAUSE", "QUEUE", "service", NOON, "no line")
        same(told(daemon.json("WHY", "QUEUE", "service")), (f"service is paused until {NOON}:00 by operator: no line", "RESUME QUEUE service, or wait"))
        same(daemon.json("WHY", "QUEUE", "service")["paused"], f"paused until {NOON}:00 by operator: no line")
        daemon.json("RESUME", "QUEUE", "service")
        same(daemon.refused("WHY", "QUEUE", "branch/*"), "ERR no rule puts calls on a queue branch/*, and no section of the configuration names it")
        same(daemon.refused("WHY", "QUEUE", "service", "AGENT", "nobody"), "ERR there is no agent nobody")
        daemon.set_clock(TUESDAY + "T12:00:00")
        same(told(daemon.json("WHY", "QUEUE", "service")), (f"service is closed until {TUESDAY}T15:00:00; 1 wait", "wait until the desk opens; TAKE a call whose client rings in"))


@test("a queue that no day opens says so without a time; one that is closed gives what a rule's own hours let out; of many messages sent out twenty are named")
def _():
    with Daemon() as daemon:
        daemon.replace('queue "hq" {\n\thours = "Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00; Fri 09:30-11:00"', 'queue "hq" {\n\thours = "Sun 10:00-11:00"')
        daemon.replace("rule complaint {\n", 'rule complaint {\n\thours = "Mon-Fri 18:00-19:00"\n', "rules.d/complaint.conf")
        daemon.json("RELOAD")
        desk = Desk(daemon)
        anna = daemon.agent("anna", queues=("hq", "service"))
        _, call = desk.call("permission_opened")
        answer = daemon.json("WHY", "QUEUE", "hq")
        same((told(answer), answer["open"], answer["opens_at"]), (("hq is closed; 1 wait", "wait until the desk opens; TAKE a call whose client rings in"), False, None))
        row, = daemon.json("QUEUES")
        same((row["queue"], row["open"], "opens_at" in row), ("hq", False, False))
        same(anna.call("NEXT", "QUEUE", "hq"), None)
        matches(desk.gate(call, "hours")[1], "^the queue's hours are closed, and never open together")
        _, complaint = desk.call("complaint")
        daemon.set_clock(TUESDAY + "T18:00:00")
        answer = daemon.json("WHY", "QUEUE", "service")
        same((answer["open"], told(answer)), (False, (f"1 wait, and NEXT QUEUE service gives call {complaint}", None)))
        same(anna.json("NEXT", "QUEUE", "service")["call"], complaint)
    with Daemon() as daemon:
        gate = daemon.agent("gate", "gateway", ("sms",))
        for number in range(25):
            daemon.client(f"C{number}", tier="standard", birthday="03-04")
        daemon.event("E1", "C1", "account_closed")
        same([(row["queue"], row["uses_contact"]) for row in daemon.json("WHY", "C1")["calls"]], [("service", True)], "the better one has taken its place")
        daemon.event("E2", "C2", "complaint")
        same(sorted(row["queue"] for row in daemon.json("WHY", "C2")["calls"]), ["service", "sms"])
        same(len(gate.call("NEXT", "COUNT", 30)), 24)
        answer = daemon.json("WHY", "QUEUE", "sms")
        same((answer["held"], len(answer["holders"])), (24, 20))


@test("WHY client: nothing open, nothing to come; open and none held back; days kept free; who has been erased")
def _():
    with Daemon() as daemon:
        daemon.agent("sara", "supervisor", ())
        daemon.client("C1", phone=None)
        daemon.event("E1", "C1", "account_closed", "2024-01-01")
        same(daemon.json("WHY", "CLIENT", "C1")["verdict"], "nothing is open, and nothing is known that will be")
        daemon.client("C2")
        daemon.event("E2", "C2", "account_closed")
        same(daemon.json("WHY", "client", "C2")["verdict"], "1 open, none held back; account-closed: on call 1, ready on service: WHY CALL 1")
        daemon.client("C3", birthday="1990-03-20", opened_on="2020-01-01", tier="gold", person_ref="P3")
        daemon.client("C4", birthday="1991-03-27", opened_on="2020-01-01", tier="gold", person_ref="P3")
        same(daemon.json("WHY", "C3")["kept_free_for"], ["2025-03-17", "2025-03-24"])
        daemon.json("ERASE", "C2", "sara", "he has asked for it")
        answer = daemon.json("WHY", "C2")
        same((answer["verdict"], answer["erased_at"]), ("he has been erased: no rule looks at him, and nothing about him is taken in", MORNING))
        for words in ((), ("CLIENT", "C1", "x"), ("QUEUE", "service", "AGENT"), ("QUEUE", "service", "anna", "AGENT"), ("CALL", "1", "AGENT", "anna")):
            matches(daemon.refused("WHY", *words), "^ERR (WHY .CLIENT. client, WHY CALL call or WHY QUEUE queue|wrong number|usage|WHY)")


if __name__ == "__main__":
    run()
