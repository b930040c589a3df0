#!/usr/bin/env python3
"""Words that nobody expects and bounds that somebody reaches: refused in words that say what is wanted, and what stands just inside the bound works."""
import json
import sqlite3

from harness import Daemon, TUESDAY, matches, run, same, test

NOON = TUESDAY + "T12:00"
BIG = {"request_bytes": "1048576", "request_arguments": "1024"}


def one(daemon, client="C1", kind="account_closed", event=None, **fields):
    """A client and his call's number."""
    daemon.client(client, **fields)
    daemon.event(event or "E" + client, client, kind)
    return daemon.list("calls", client=client)[0]["call"]


@test("a number that is none is refused by every command that wants one, and says which number is wanted")
def _():
    with Daemon() as daemon:
        one(daemon)
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", ())
        daemon.agent("sara", "supervisor", ())
        lease = anna.json("NEXT")["lease"]
        before = daemon.json("VERIFY")["entries"]
        for number in ("x", "0", "-1", "1x", "", "1.5x", " "):
            for who, words, wanted in ((anna, ("TAKE", number), "a call's number is wanted"), (daemon, ("MOVE", number, "hq", "x"), "a call's number is wanted"),
                                       (daemon, ("ACK", number, "seen"), "a task's number is wanted"),
                                       (daemon, ("OVERRIDE", number, "sara", "x"), "a follow-up's number is wanted"),
                                       (daemon, ("CORRECT", number, {"disposition": "busy"}, "x"), "an attempt's number is wanted .LIST attempts."),
                                       (rita, ("REVIEW.DONE", number, "accepted", "{}"), "a review's number is wanted")):
                matches(who.refused(*words), f"^ERR {wanted}$", words)
            if number != "1.5x":
                same(anna.refused("SHOW", number), "ERR SHOW needs a call's number")
        for number in ("1", "1.", "1.0", ".1", "0.1", "01.1", "x.1", "1.x", "1.1x", "1.1.1", "1" * 19 + ".1", "1." + "1" * 10, "", "-1.1", "1.-1"):
            for words in (("DONE", number, "reached"), ("TOUCH", number), ("RELEASE", number, "x")):
                same(anna.refused(*words), "ERR a lease is written CALL.GENERATION, as NEXT gave it", words)
        for number in ("7.1", "1.7", "999999999999999999.1"):
            for words in (("DONE", number, "reached"), ("TOUCH", number), ("RELEASE", number, "x")):
                matches(anna.refused(*words), "^NOLEASE ", words)
        same(daemon.json("VERIFY")["entries"], before, "nothing refused is written down")
        same(anna.json("TOUCH", lease)["lease"], lease)


@test("HISTORY, LIST and VERIFY say what they can be narrowed by")
def _():
    with Daemon() as daemon:
        one(daemon)
        for words in (("LIMIT",), ("LIMIT", "0"), ("LIMIT", "10001"), ("LIMIT", "x"), ("LIMIT", "1x"), ("LIMIT", ""), ("AFTER",), ("AFTER", "-1"), ("AFTER", "1" * 19),
                      ("FROM", "1"), ("LIMIT", "1", "AFTER")):
            same(daemon.refused("HISTORY", "C1", *words), "ERR HISTORY client [LIMIT 1 to 10000] [AFTER entry]", words)
        first, second = daemon.json("HISTORY", "C1", "limit", 2)
        same(daemon.json("HISTORY", "C1", "AFTER", first["entry"], "LIMIT", 1), [second])
        same(daemon.refused("HISTORY", "C9"), "ERR there is no client C9")
        for words, wanted in ((("calls", "STATE", "asleep"), "calls have no state asleep"), (("tasks", "STATE", "done"), "tasks have no state done"),
                              (("followups", "STATE", "x"), "followups have no state x"), (("clients", "STATE", "x"), "LIST clients cannot be narrowed by STATE"),
                              (("clients", "RULE", "x"), "LIST clients cannot be narrowed by RULE"), (("events", "QUEUE", "x"), "LIST events cannot be narrowed by QUEUE"),
                              (("calls", "LIMIT", "10001"), "LIMIT is a number up to 10000"), (("calls", "LIMIT", "-1"), "LIMIT is a number up to 10000"),
                              (("calls", "LIMIT", "1x"), "LIMIT is a number up to 10000"), (("calls", "LIMIT", ""), "LIMIT is a number up to 10000"),
                              (("calls", "AFTER", "x"), "AFTER is the number of the last one seen"), (("calls", "AFTER"), "AFTER needs a value"),
                              (("followups", "LIKE", "x"), "LIST followups cannot be narrowed by LIKE"),
                              (("attempts", "CLIENT", "A", "CLIENT", "D1"), "CLIENT is named twice"), (("events", "LIMIT", "1", "client", "A", "Limit", "2"), "Limit is named twice"),
                              (("everything",), "LIST followups.calls.clients")):
            matches(daemon.refused("LIST", *words), f"^ERR {wanted}", words)
        same(len(daemon.list("calls", state="ready", rule="account-closed", queue="service")), 1)
        same([daemon.list("tasks", state=state) for state in ("open", "acknowledged")], [[], []])
        head = daemon.json("VERIFY")["head"]
        for words in (("1",), ("0", head), ("x", head), ("1", head[:-1]), ("1", head + "0"), ("1", "g" * len(head)), ("1", head.upper().replace("0", "A"))):
            matches(daemon.refused("VERIFY", *words), "^ERR VERIFY .link digest., as an earlier head of the record was noted in the log", words)


@test("a reason is asked for and has a bound wherever somebody decides against the rules")
def _():
    with Daemon() as daemon:
        call = one(daemon)
        anna, sara = daemon.agent("anna"), daemon.agent("sara", "supervisor", ())
        daemon.agent("sven", "supervisor", ())
        daemon.client("C2", manager="M17")
        anna.json("DONE", anna.json("NEXT")["lease"], "disputed")
        call = one(daemon, "C3")
        commands = (("MOVE", call, "hq"), ("PAUSE", "QUEUE", "hq", NOON), ("DNC", "C1", "sms", "none"), ("OVERRIDE", 1, "sven"), ("HANDOVER", "M17", "M20"),
                    ("CORRECT", 1, {"disposition": "busy"}), ("ACK", 1))
        for words in commands:
            for reason in ("", "x" * 201):
                same(sara.refused(*words, reason), "ERR a reason is needed, of at most 200 bytes", words)
        same(daemon.refused("ERASE", "C1", "sven", ""), "ERR a reason is needed, of at most 200 bytes")
        same((daemon.list("calls", client="C3")[0]["queue"], daemon.json("PAUSE"), daemon.json("HANDOVER")), ("service", [], []))
        longest = "理" * 66 + "xx"
        same(sara.json("MOVE", call, "hq", longest)["queue"], "hq")
        same(sara.json("PAUSE", "QUEUE", "hq", NOON, longest)[0]["reason"], longest)
        same(sara.json("ACK", 1, longest), {"task": 1, "state": "acknowledged"})
        same(sara.refused("ACK", 1, "again"), "ERR task 1 has been acknowledged already")
        same(sara.refused("ACK", 99, "x"), "ERR there is no task 99")
        sara.json("RESUME", "QUEUE", "hq")
        sara.json("MOVE", call, "service", "back")
        lease = anna.json("NEXT")["lease"]
        for reason in ("", "x" * 201):
            same(anna.refused("RELEASE", lease, reason), "ERR RELEASE needs a reason of at most 200 bytes")
        same(anna.json("RELEASE", lease, "x" * 200)["state"], "ready")


# What is said, and the refusal; None: it is taken.
SAID = (
    ({"items": None}, "items: a list of numbers is wanted"),
    ({"items": ["1"]}, "items: a list of at most 256 numbers is wanted"),
    ({"items": [1.5]}, "items: a list of at most 256 numbers is wanted"),
    ({"items": list(range(1000, 1257))}, "items: a list of at most 256 numbers is wanted"),
    ({"items": [999]}, "item 999 is not a matter of this client"),
    ({"answers": None}, "answers: an object is wanted"),
    ({"answers": {f"a{number}": "x" for number in range(65)}}, "answers: more than 64"),
    ({"answers": {"y" * 65: "x", "a": "", "b": None}}, None),
    ({"done_at": None}, "done_at: a time like"),
    ({"done_at": 20250304}, "done_at: a time like"),
    ({"done_at": "1989-12-31T10:00"}, "done_at: a time like 2025-03-03T10:15 is wanted, from 1990 on"),
    ({"done_at": "2025-03-04T09:30:01"}, "done_at lies in the future"),
    ({"done_at": "2025-02-30"}, "done_at: a time like"),
    ({"disposition": None}, "disposition: a name is wanted"),
    ({"disposition": ""}, "disposition: a name is wanted"),
    ({"disposition": "x" * 70}, "disposition: a name is wanted|no such disposition"),
    ({"channel": 7}, "channel: a name is wanted"),
    ({"attorney": ""}, "attorney: the name of the client's attorney is wanted"),
    ({"attorney": "x" * 201}, "attorney: the name of the client's attorney is wanted"),
    ({"attorney": "a\u0000b"}, "a JSON object is wanted"),
    ({"attorney": "Zhang San"}, "attorney: reached tells of no contact with an attorney"),
    ({"satisfaction": None}, "satisfaction: a whole number from 1 to 5 is wanted"),
    ({"satisfaction": 10}, "satisfaction: a whole number from 1 to 5 is wanted"),
    ({"needs": None}, "needs: a text is wanted"),
    ({"opinions": ["x"]}, "opinions: a text is wanted"),
    ({"recording": "rec-17"}, "recording: an object is wanted"),
    ({"recording": {}}, "recording: ref is missing"),
    ({"recording": {"ref": None}}, "recording: ref: a text of at most 512 bytes is wanted"),
    ({"recording": {"ref": "x" * 513}}, "recording: ref: a text of at most 512 bytes is wanted"),
    ({"recording": {"ref": "x", "checksum": 5}}, "recording: checksum: a text of at most 512 bytes is wanted"),
    ({"recording": {"ref": "x" * 512, "length": 90, "codec": None}}, None),
    ({"promise": None}, "promise: an object is wanted"),
    ({"promise": "soon"}, "promise: an object is wanted"),
    ({"promise": [1]}, "promise: an object, or a list of at most 8 of them is wanted"),
    ({"promise": [{"by": "2025-03-10", "matter": "x"}] * 9}, "promise: an object, or a list of at most 8 of them is wanted"),
    ({"promise": {"matter": "x"}}, "promise: by is missing"),
    ({"promise": {"by": "2025-03-10"}}, "promise: matter is missing"),
    ({"promise": {"by": None, "matter": "x"}}, "promise: by: a day like 2025-03-10 is wanted"),
    ({"promise": {"by": "2101-01-01", "matter": "x"}}, "promise: by: a day like 2025-03-10 is wanted"),
    ({"promise": {"by": "2025-03-10", "matter": ""}}, "promise: matter: a text of at most 512 bytes is wanted"),
    ({"promise": {"by": "2025-03-10", "matter": "x" * 513}}, "promise: matter: a text of at most 512 bytes is wanted"),
    ({"promise": {"by": "2025-03-10", "matter": "x", "dept": 5}}, "promise: dept: a text of at most 64 bytes is wanted"),
    ({"promise": {"by": "2025-03-03", "matter": "x"}}, "promise: by: 2025-03-03 lies before the day of the contact, 2025-03-04"),
    ({"promise": [{"by": "2025-03-10", "matter": "x"}, {"by": "2025-03-11"}]}, "promise: matter is missing"),
    ({"promise": []}, None),
    ({"promise": [{"by": "2025-03-10", "matter": "m" * 512, "dept": None, "colour": "red"}] * 8}, None),
    ([1], "a JSON object is wanted"),
    ("reached", "a JSON object is wanted"),
)


@test("what an agent says: every member that is none is refused by name, at DONE and at RECORD, and the lease stays; the longest is taken")
def _():
    with Daemon(settings=BIG) as daemon:
        anna = daemon.agent("anna")
        for number, (said, wanted) in enumerate(SAID):
            client = f"C{number}"
            one(daemon, client)
            lease = anna.json("NEXT")["lease"]
            text = json.dumps(said)
            if wanted is None:
                same(anna.json("DONE", lease, "reached", text)["left"], [], said)
                anna.json("RECORD", client, text)
                continue
            before = daemon.json("VERIFY")["entries"]
            for words in (("DONE", lease, "reached", text), ("RECORD", client, text)):
                matches(anna.refused(*words), "^ERR (" + wanted + ")", words)
            same(daemon.json("VERIFY")["entries"], before)
            anna.json("DONE", lease, "reached")
        call = one(daemon, "D1")
        lease = anna.json("NEXT")["lease"]
        for words in (("DONE", lease, "reached"), ("RECORD", "D1")):
            same(anna.refused(*words, {"note": "x" * 65536}), "ERR more than 64 KiB were said")
        same(anna.json("DONE", lease, "reached", '{"note":"' + "x" * (65536 - 11) + '"}')["call"], call)
        same(anna.refused("RECORD", "D1", {"disposition": "no-answer"}), "ERR RECORD tells of a contact; no-answer is none")
        same(anna.refused("RECORD", "D1", {"disposition": "sent"}), "ERR sent is not an outcome of a call: name the channel of the message")
        same(anna.refused("RECORD", "D1", {"channel": "pigeon"}), "ERR no such channel: pigeon")
        same(anna.refused("RECORD", "D9", {}), "ERR there is no client D9")
        same(anna.refused("RECORD", "D1", {"disposition": "sent", "channel": "sms", "promise": {"by": "2025-03-10", "matter": "x"}}),
             "ERR promise: sent tells of nobody to whom something could be promised")
        daemon.check()


@test("who judges a contact says what a form asks for, and no more than 64 KiB")
def _():
    with Daemon(settings={"share": "100", **BIG}) as daemon:
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", ())
        one(daemon)
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        same(rita.json("REVIEW.NEXT")["review"], 1)
        scores = {name: 3 for name in ("greeting", "listening", "verifying", "acting", "closing")}
        for verdict in ("open", "leased", "maybe", "", "Accepted"):
            same(rita.refused("REVIEW.DONE", 1, verdict, {"scores": scores}), "ERR a verdict is accepted or rejected")
        for said, wanted in (("", "scores are missing: greeting, listening, verifying, acting, closing; say"), ("[]", "a JSON object is wanted"), ("{", "a JSON object is wanted"),
                             ({"scores": [1]}, "scores: an object is wanted"), ({"scores": None}, "scores: an object is wanted"),
                             ({"scores": dict(scores, acting=6)}, "scores: acting: a whole number from 0 to 5"), ({"scores": dict(scores, acting=-1)}, "scores: acting: a whole number"),
                             ({"scores": dict(scores, acting="3")}, "scores: acting: a whole number"), ({"scores": dict(scores, acting=None)}, "scores: acting: a whole number"),
                             ({"scores": dict(scores, singing=3)}, "scores: singing does not stand on the form"), ({"scores": scores, "note": None}, "note: a text is wanted"),
                             ({"scores": scores, "colour": 1}, "colour: only scores and a note are wanted"), ({"scores": {}, "note": "x" * 65536}, "more than 64 KiB were said")):
            matches(rita.refused("REVIEW.DONE", 1, "accepted", said), "^ERR " + wanted, said)
        for note in (None, ""):
            said = {"scores": scores} if note is None else {"scores": scores, "note": note}
            matches(rita.refused("REVIEW.DONE", 1, "rejected", said), "^ERR note: a rejection says why")
        same(rita.json("REVIEW.DONE", 1, "accepted", {"scores": scores, "note": ""}), {"review": 1, "state": "accepted"})
        same(rita.refused("REVIEW.DONE", 1, "rejected", {"scores": scores, "note": "x"}), "NOLEASE review 1 has been judged already")
        same(rita.json("REVIEW.DONE", 1, "accepted", {"scores": scores, "note": ""}), {"review": 1, "state": "accepted"}, "sent again")


@test("agents: roles and queues that are none, too many of them, and queues that only a rule names")
def _():
    with Daemon(settings=BIG) as daemon:
        labels = [f"label-{number}-" + "l" * 50 for number in range(6)]
        daemon.set("queue", '"complaints"', "rules.d/complaint.conf")
        daemon.set("exclude_roles", "{" + ", ".join(f'"{label}"' for label in labels) + "}", "rules.d/complaint.conf")
        daemon.json("RELOAD")
        for roles, wanted in ((",agent", "roles are names separated by commas"), ("agent,,feeder", "roles are names separated by commas"), ("a" * 65, "roles are names separated by commas"),
                              ("king", "no such role: king .agent, gateway, feeder"), (labels[0], "an agent needs a role that may do something"), ("", "an agent needs a role"),
                              ("agent," + ",".join(labels), "too many roles")):
            matches(daemon.refused("AGENT.ADD", "anna", roles, "QUEUES", "service"), "^ERR " + wanted, roles)
        for queues, wanted in ((("nowhere",), "no rule puts calls on a queue nowhere, and no section of the configuration names it"), (("a b",), "not a queue's name: 3 bytes"),
                               (("x" * 65,), "not a queue's name: 65 bytes"), (("",), "not a queue's name: 0 bytes"), (("a\x7f",), "not a queue's name"), (("a{",), "not a queue's name"),
                               ([f"manager/{number:03}-" + "m" * 50 for number in range(140)], "too many queues")):
            matches(daemon.refused("AGENT.ADD", "anna", "agent", "QUEUES", *queues), "^ERR " + wanted, queues[:1])
        same(daemon.json("AGENT.LIST"), [])
        daemon.json("AGENT.ADD", "anna", f"agent,{labels[0]},{labels[1]}", "QUEUES", "complaints", "*", *[f"manager/{number:03}-" + "m" * 50 for number in range(120)])
        row, = daemon.json("AGENT.LIST")
        same((row["roles"], row["queues"].split()[:2], len(row["queues"].split())), (f"agent,{labels[0]},{labels[1]}", ["complaints", "*"], 122))


@test("a fact with more members than fields exist is refused as such, however many")
def _():
    with Daemon(settings=BIG) as daemon:
        for count in (100, 200, 4000, 5000):
            for command in ("CLIENT.PUT", "EVENT.PUT"):
                matches(daemon.refused(command, {f"m{number}": 1 for number in range(count)}), "^ERR (too many members|.*m0)", (command, count))
        for document, wanted in (({"client_ref": ["C1"]}, "one flat JSON object is wanted: a member holds a list or an object"), ("[]", "a JSON object is wanted"), ("", "a JSON object is wanted"),
                                 ("{", "not a JSON object"), ("{}", "client_ref")):
            matches(daemon.refused("CLIENT.PUT", document), "^ERR .*" + wanted, document)
        same(daemon.list("clients"), [])


@test("HANDOVER: a manager's clients are found wherever they stand in a large book")
def _():
    with Daemon() as daemon:
        daemon.client("C1", manager="M1")
        same(daemon.stop(), 0)
        book = sqlite3.connect(daemon.database)
        for number, manager in ((65535, "M1"), (65536, "M1"), (65537, "M2"), (131072, "M1"), (200000, "M1")):  # the index goes by blocks of 65,536
            book.execute("INSERT INTO client(id, ref, person, name, manager) VALUES(?1, 'C' || ?1, -?1, 'x', ?2)", (number, manager))
        book.commit()
        book.close()
        daemon.start()
        daemon.json("HANDOVER", "M1", "M3", "left")
        same([(row["manager"], row["clients"]) for row in daemon.json("HANDOVER")], [("M1", 5)])
        daemon.work()
        daemon.check()


@test("HANDOVER: a chain of thirty-two managers, and not one more")
def _():
    with Daemon() as daemon:
        for number in range(34):
            daemon.client(f"C{number}", manager=f"M{number:02}")
        for number in range(31):
            daemon.json("HANDOVER", f"M{number:02}", f"M{number + 1:02}", "left")
        same({row["present_manager"] for row in daemon.json("HANDOVER")}, {"M31"})
        matches(daemon.refused("HANDOVER", "M31", "M32", "left"), "more than 32 managers one after the other")
        # Two short chains make a long one.
        daemon.json("HANDOVER", "M15", "none", "back for a while")
        daemon.json("HANDOVER", "M31", "M32", "left")
        matches(daemon.refused("HANDOVER", "M15", "M16", "left"), "more than 32 managers one after the other")
        same((len(daemon.json("HANDOVER")), {row["present_manager"] for row in daemon.json("HANDOVER")}), (31, {"M15", "M32"}))
        for words, wanted in ((("M00", "M 1", "x"), "a successor has a name"), (("M00", "", "x"), "a successor has a name"), (("M00", "m*", "x"), "a successor has a name"),
                              (("nobody", "M01", "x"), "no client has the manager nobody"), (("nobody", "none", "x"), "the clients of nobody have been handed to nobody")):
            matches(daemon.refused("HANDOVER", *words), wanted, words)
        daemon.check()


@test("BREAK where the configuration knows of none")
def _():
    with Daemon() as daemon:
        daemon.set("break_codes", "{}")
        daemon.json("RELOAD")
        anna = daemon.agent("anna")
        same(anna.refused("BREAK", "lunch"), "ERR the configuration names no break_codes")
        same(anna.json("READY"), {"agent": "anna", "state": "ready"})


if __name__ == "__main__":
    run()
