#!/usr/bin/env python3
"""Rights: every command with every role. What no row below allows is refused."""
from harness import Daemon, Error, matches, run, same, test

ROLES = ("agent", "gateway", "feeder", "supervisor", "reviewer", "auditor", "operator")

EVERYBODY = {"CLIENT", "COMMAND", "ECHO", "HELP", "INFO", "PING", "SELECT", "WHOAMI"}  # who is signed in
STRANGERS = {"AUTH", "HELLO", "QUIT", "RESET"}  # also who is not
READERS = {"supervisor", "reviewer", "auditor"}
ALLOWED = {
    "ACK": {"supervisor"},
    "AGENT.ADD": {"supervisor"},
    "AGENT.DEL": {"supervisor"},
    "AGENT.LIST": {"supervisor"},
    "BACKUP": {"operator"},
    "BREAK": {"agent"},
    "BRIEF": {"agent"},
    "CHECK": {"operator"},
    "CLIENT.LOAD": {"feeder"},
    "CLIENT.PUT": {"feeder"},
    "CLOCK": {"operator"},
    "DESK": READERS | {"agent", "gateway"},
    "DONE": {"agent", "gateway"},
    "CORRECT": {"supervisor"},
    "DISPOSITIONS": {"agent", "gateway", "supervisor"},
    "DNC": {"supervisor"},
    "ERASE": {"operator"},
    "EVENT.LOAD": {"feeder"},
    "EVENT.PUT": {"feeder"},
    "HANDOVER": {"supervisor"},
    "FORECAST": {"supervisor"},
    "HISTORY": READERS,
    "LIST": READERS,
    "METRICS": {"supervisor", "auditor", "operator"},
    "MINE": {"agent", "gateway"},
    "MOVE": {"supervisor"},
    "NEXT": {"agent", "gateway"},
    "OVERRIDE": {"supervisor"},
    "PAUSE": {"supervisor"},
    "QUEUES": {"supervisor"},
    "READY": {"agent"},
    "RECORD": {"agent"},
    "RELEASE": {"agent", "gateway"},
    "RELOAD": {"operator"},
    "REPORT": {"supervisor"},
    "RESUME": {"supervisor"},
    "REVIEW.DONE": {"reviewer"},
    "REVIEW.NEXT": {"reviewer"},
    "SHOW": {"agent", "supervisor"},
    "SHUTDOWN": {"operator"},
    "SUBSCRIBE": {"supervisor"},
    "TAKE": {"agent", "supervisor"},
    "TOUCH": {"agent", "gateway"},
    "UNSUBSCRIBE": {"supervisor"},
    "VERIFY": READERS | {"operator"},
    "WHY": READERS,
}

WORDS = {  # with the right number of words, and of no effect
    "ACK": ("x", "x"),
    "AGENT.ADD": ("", "x"),
    "AGENT.DEL": ("nobody",),
    "AUTH": ("nobody", "x"),
    "BREAK": ("x",),
    "BRIEF": ("x",),
    "CLIENT": ("ID",),
    "CLIENT.LOAD": ("x",),
    "CLIENT.PUT": ("x",),
    "CLOCK": (),
    "CORRECT": ("x", "{}", "x"),
    "DNC": ("nobody", "all", "none", "x"),
    "DONE": ("x", "reached"),
    "ECHO": ("x",),
    "ERASE": ("nobody", "x", "x"),
    "EVENT.LOAD": ("x",),
    "EVENT.PUT": ("x",),
    "HISTORY": ("nobody",),
    "LIST": ("clients",),
    "MOVE": ("x", "x", "x"),
    "OVERRIDE": ("x", "x", "x"),
    "RECORD": ("nobody", "{}"),
    "RELEASE": ("x", "x"),
    "RESUME": ("x", "x"), "REVIEW.DONE": ("x", "accepted"),
    "SELECT": ("0",),
    "SHOW": ("x",),
    "SUBSCRIBE": ("x",),
    "TAKE": ("x",),
    "TOUCH": ("x",),
    "WHY": ("nobody",),
}


def allowed(role, command):
    return command in EVERYBODY or command in STRANGERS or role in ALLOWED.get(command, ())


@test("every command with every role, and with none: allowed as the table says, refused otherwise")
def _():
    with Daemon() as daemon:
        commands = [name.upper() for name in daemon.call("COMMAND", "LIST")]
        unlisted = set(commands) - EVERYBODY - STRANGERS - set(ALLOWED)
        same(unlisted, set(), "commands that this test does not know")
        for role in ROLES:
            token = daemon.add_agent("one-" + role, role, ["service"] if role in ("agent", "gateway") else [])
            for command in commands:
                if command in ("SHUTDOWN", "QUIT") and allowed(role, command):
                    continue
                with daemon.connect_tcp() as client:
                    client.call("AUTH", "one-" + role, token)
                    client.send(command, *WORDS.get(command, ()))
                    reply = client.read()
                    refused = isinstance(reply, Error) and reply.startswith("NOPERM ")
                    same(refused, not allowed(role, command), f"{role} {command}: {reply!r}")
        with daemon.connect_tcp() as stranger:
            for command in commands:
                if command == "QUIT":
                    continue
                stranger.send(command, *WORDS.get(command, ()))
                reply = stranger.read()
                if command not in STRANGERS:
                    matches(reply, "^NOAUTH ", command)
            matches(stranger.refused("HELLO", "3", "AUTH", "operator", "x"), "^NOAUTH ")
        same(daemon.call("PING"), "PONG")


@test("HELP lists exactly what one may use")
def _():
    with Daemon() as daemon:
        for role in ROLES:
            client = daemon.agent("one-" + role, role, ["service"] if role in ("agent", "gateway") else [])
            listed = {line.split()[0] for line in client.call("HELP")}
            wanted = {name for name in set(ALLOWED) | EVERYBODY | STRANGERS if allowed(role, name)}
            same(listed, wanted, role)


@test("several roles add up; a role that is no right gives none")
def _():
    with Daemon() as daemon:
        both = daemon.agent("both", "feeder,auditor", [])
        same(both.call("CLIENT.PUT", '{"client_ref": "C1", "name": "A"}'), 1)
        same(len(both.json("LIST", "clients")), 1)
        matches(both.refused("CHECK"), "^NOPERM ")
        marketing = daemon.agent("max", "agent,marketing")
        matches(marketing.refused("LIST", "clients"), "^NOPERM ")


@test("nobody makes an operator who is none, however he writes it, and nobody touches one")
def _():
    with Daemon() as daemon:
        daemon.agent("chief", "operator", [])
        mary = daemon.agent("mary", "supervisor", [])
        before = daemon.json("AGENT.LIST")
        roles = ["operator", "agent,operator", "operator,agent", "operator,operator", *(",".join([role] * count + ["operator"]) for role in ("agent", "supervisor") for count in (30, 42, 43, 60, 1000))]
        for words in [("AGENT.ADD", name, role, "QUEUES", "service") for name in ("new", "mary") for role in roles] + [("AGENT.ADD", "chief", "supervisor"), ("AGENT.DEL", "chief")]:
            same(mary.refused(*words), "NOPERM only an operator may let in, change or shut out an operator", words[:2] + (len(words[-1]),))
        for role in (",operator", "agent,,operator", "agent,operator ", "agent,Operator"):
            matches(mary.refused("AGENT.ADD", "new", role, "QUEUES", "service"), "^(ERR|NOPERM) ", role)
        same(daemon.json("AGENT.LIST"), before)
        same(daemon.json("AGENT.ADD", "deputy", ",".join(["supervisor"] * 60 + ["operator"]))["agent"], "deputy", "an operator may")


@test("nobody is let in under a name that looks like another's: the second of two who answer for something is known by it")
def _():
    with Daemon() as daemon:
        sue = daemon.agent("sue", "supervisor", ())
        daemon.add_agent("bob", "supervisor", ())
        for name in ("bob\u200b", "\u2060bob", "b\u00adob", "\u202ebob", "bo\u200db", "bob\u0085", "\ufeffbob", "bob\U000e0020"):
            matches(sue.refused("AGENT.ADD", name, "supervisor"), "^ERR a name has .* marks that nobody sees")
        for name in ("王丽", "李\u3000明", "José", "bob2"):
            same(sue.json("AGENT.ADD", name, "supervisor")["agent"], name)


@test("an agent takes no messages, a gateway no calls")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-04", tier="silver")
        daemon.client("C2")
        daemon.event("E1", "C2", "complaint")
        same(daemon.agent("anna", "agent", ["sms"]).json("NEXT"), None)
        same(daemon.agent("gate", "gateway", ["service"]).json("NEXT"), None)
        both = daemon.agent("both", "agent,gateway", ["sms", "service"])
        same([both.json("NEXT")["channel"] for _ in range(2)], ["sms", "phone"])


@test("leases are their holder's: nobody else touches, closes or releases one, operators included")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        lease = daemon.agent("anna").json("NEXT")["lease"]
        other = daemon.agent("bert")
        for words in (("TOUCH", lease), ("DONE", lease, "reached"), ("RELEASE", lease, "x")):
            matches(other.refused(*words), "^NOLEASE ", words)
            matches(daemon.refused(*words), "^NOPERM ", words)
        same(daemon.list("calls")[0]["held_by"], "anna")


if __name__ == "__main__":
    run()
