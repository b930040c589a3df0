#!/usr/bin/env python3
"""CORRECT: what was told of a try was wrong. The record keeps what was told, a later entry says what is true, and the follow-ups, the cap and the reports go by that (POLICY 8)."""
import sqlite3

from harness import Daemon, TUESDAY, matches, run, same, test, true

AFTERNOON = TUESDAY + "T15:00:00"


def opened(daemon, client="C1", event="E1", **fields):
    """A client whose account was opened: one call on service, due in a week."""
    daemon.client(client, branch="SH01", **fields)
    daemon.event(event, client, "account_opened", "2025-03-03")


def attempts(daemon, **filters):
    return [(a["attempt"], a["disposition"], a["corrected_by"]) for a in daemon.list("attempts", **filters)]


def state(daemon, number):
    rows = [row for row in daemon.list("followups", limit=1000) if row["followup"] == number]
    return (rows[0]["state"], rows[0]["reason"], rows[0]["closed_on"])


def holds(daemon):
    verdict = daemon.json("VERIFY")
    true(verdict["holds"], verdict)
    daemon.check()


@test("a contact that was none: the slot is free, its follow-up is open again and called once more; the entries tell both")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        call = anna.json("NEXT")
        anna.json("DONE", call["lease"], "reached", {"note": "all is well"})
        item, attempt = call["agenda"][0]["item"], attempts(daemon)[0][0]
        same(daemon.used("C1"), 1)
        done = mary.json("CORRECT", attempt, {"disposition": "no-answer"}, "she mixed up two clients")
        entry = done.pop("entry")
        same(done, {"attempt": attempt, "disposition": "no-answer", "at": "2025-03-04T09:30:00", "contact": False, "over_cap": False, "closed": [], "reopened": [item]})
        same(state(daemon, item), ("queued", None, None))
        same(daemon.used("C1"), 1, "the new call's slot, and no contact")
        same(daemon.json("WHY", "C1")["contacts"], [])
        same(attempts(daemon), [(attempt, "no-answer", entry)])
        told = daemon.json("HISTORY", "C1")
        kinds = [e["kind"] for e in told if e["kind"] != "look"]
        same(kinds, ["created", "queued", "handed-out", "attempt", "done", "reopened", "corrected", "queued"])
        first = next(e for e in told if e["kind"] == "attempt")
        same((first["said"]["disposition"], first["corrected_by"]), ("reached", entry), "what was told stands")
        second = next(e for e in told if e["kind"] == "corrected")
        same((second["agent"], second["said"]["reason"], second["said"]["before"]["disposition"], second["said"]["after"]["disposition"]),
             ("mary", "she mixed up two clients", "reached", "no-answer"))
        same(second["said"]["after"]["said"], {"note": "all is well"})
        same({second["said"][when]["at"] for when in ("before", "after")}, {"2025-03-04T09:30:00"})
        same(next(e["reason"] for e in told if e["kind"] == "reopened"), "corrected")
        holds(daemon)
        # Sent again: done once, answered the same; it is a different thing with other words.
        again = mary.json("CORRECT", attempt, '{ "disposition" : "no-answer" }', "she mixed up two clients")
        same((again.pop("entry"), again), (entry, done))
        matches(mary.refused("CORRECT", attempt, {"disposition": "no-answer"}, "for another reason"), "^ERR attempt .* says that already")
        # The same DONE again is still answered as it was.
        same(anna.json("DONE", call["lease"], "reached", {"note": "all is well"})["closed"], [item])
        same(attempts(daemon), [(attempt, "no-answer", entry)])
        # She calls him again.
        call = anna.json("NEXT")
        same([i["item"] for i in call["agenda"]], [item])
        anna.json("DONE", call["lease"], "reached")
        same(state(daemon, item), ("done", None, TUESDAY))
        holds(daemon)


@test("a correction is corrected again, back to what was told; reports and the cap follow every time")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        call = anna.json("NEXT")
        anna.json("DONE", call["lease"], "reached", {"satisfaction": 2})
        item, attempt = call["agenda"][0]["item"], attempts(daemon)[0][0]

        def report():
            row = next(row for row in daemon.json("REPORT")["rows"] if row["rule"] == "account-opened")
            return row["done"], row["open"], row["tries"], row["reached"], row["satisfaction"]
        same(report(), (1, 0, 1, 1, 2.0))
        mary.json("CORRECT", attempt, {"disposition": "busy"}, "wrong key")
        same(report()[:4], (0, 1, 1, 0))
        back = mary.json("CORRECT", attempt, {"disposition": "reached", "satisfaction": 5}, "it was right, and he was happy")
        same((back["closed"], back["reopened"], back["contact"]), ([item], [], True))
        same(report(), (1, 0, 1, 1, 5.0))
        same(state(daemon, item), ("done", None, TUESDAY))
        same(daemon.list("calls"), [], "the call that had come back has ended")
        same(daemon.used("C1"), 1)
        mary.json("CORRECT", attempt, {"satisfaction": 3}, "he said so")
        same(report(), (1, 0, 1, 1, 3.0))
        same([e["said"]["after"]["said"]["satisfaction"] for e in daemon.json("HISTORY", "C1") if e["kind"] == "corrected" and e["said"]["after"]["said"]], [2, 5, 3])
        holds(daemon)


@test("a try that was a contact after all counts on its day, closes what the agent was told of, and is marked when it is one too many")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        call = anna.json("NEXT")
        anna.json("DONE", call["lease"], "no-answer")
        item, attempt = call["agenda"][0]["item"], attempts(daemon)[0][0]
        done = mary.json("CORRECT", attempt, {"disposition": "reached", "done_at": "2025-03-03T16:00"}, "the recording says so")
        same((done["closed"], done["at"], done["contact"], done["over_cap"]), ([item], "2025-03-03T16:00:00", True, False))
        same(state(daemon, item), ("done", None, "2025-03-03"))
        same(daemon.list("calls"), [])
        for number in range(2):
            daemon.event(f"F{number}", "C1", "feedback", TUESDAY)
            call = anna.json("NEXT")
            anna.json("DONE", call["lease"], "reached" if number == 0 else "busy")
        last = attempts(daemon)[-1][0]
        same(mary.json("CORRECT", last, {"disposition": "reached"}, "he was there")["over_cap"], True)
        same([c["over_cap"] for c in daemon.json("WHY", "C1")["contacts"]], [False, False, True])
        holds(daemon)


@test("wrong items are swapped: what was not spoken of is open again, what was is closed by the day of the contact")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        daemon.event("E1", "C1", "feedback")
        daemon.event("E2", "C2", "complaint")
        daemon.event("E3", "C9", "complaint")
        daemon.client("C9")
        call = anna.json("NEXT")
        ours = {item["client_ref"]: item["item"] for item in call["agenda"]}
        same(set(ours), {"C1", "C2"})
        anna.json("DONE", call["lease"], "reached", {"items": [ours["C1"]]})
        attempt = attempts(daemon)[0][0]
        stranger = daemon.followup(client="C9")["followup"]
        matches(mary.refused("CORRECT", attempt, {"items": [stranger]}, "x"), "^ERR item [0-9]+ is not a matter of this client")
        daemon.set_clock("2025-03-06T09:30:00")
        swapped = mary.json("CORRECT", attempt, {"items": [ours["C2"]]}, "it was about the other account")
        same((swapped["closed"], swapped["reopened"]), ([ours["C2"]], [ours["C1"]]))
        same(state(daemon, ours["C2"]), ("done", None, TUESDAY))
        same(state(daemon, ours["C1"])[0], "queued")
        same(len(daemon.json("WHY", "C1")["contacts"]), 1, "one contact of the person as before")
        # On another day: what it closes is late now.
        moved = mary.json("CORRECT", attempt, {"done_at": "2025-03-06T09:00"}, "it was on Thursday")
        same(moved["at"], "2025-03-06T09:00:00")
        same(state(daemon, ours["C2"]), ("done-late", None, "2025-03-06"))
        same([c["day"] for c in daemon.json("WHY", "C2")["contacts"]], ["2025-03-06"])
        holds(daemon)


@test("taken back after its last useful day a follow-up is missed; when its account has closed since, cancelled")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        for client in ("C1", "C2"):
            opened(daemon, client, "E" + client)
        items = {}
        for _ in range(2):
            call = anna.json("NEXT")
            anna.json("DONE", call["lease"], "reached")
            items[call["agenda"][0]["client_ref"]] = call["agenda"][0]["item"]
        daemon.event("X2", "C2", "account_closed", "2025-03-05")
        daemon.set_clock("2025-06-03T09:30:00")
        for client, number in zip(("C1", "C2"), [a[0] for a in attempts(daemon)]):
            client = daemon.list("attempts", after=number - 1, limit=1)[0]["client_ref"]
            mary.json("CORRECT", number, {"disposition": "no-answer"}, "it never happened")
        same(state(daemon, items["C1"]), ("missed", "expired", "2025-06-03"))
        same(state(daemon, items["C2"]), ("cancelled", "account_closed", "2025-06-03"))
        holds(daemon)


@test("a refusal, a dispute and a wrong number that were none, and those that nobody told of")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna", queues=("service", "hq")), daemon.agent("mary", "supervisor")

        def one(client, told):
            daemon.client(client, phone="1391234" + client[1:].zfill(4), tier="diamond", birthday="09-10")
            daemon.event("P" + client, client, "permission_opened")
            daemon.event("T" + client, client, "transfer_requested")
            call = anna.json("NEXT")
            same({i["client_ref"] for i in call["agenda"]}, {client})
            anna.json("DONE", call["lease"], told)
            return attempts(daemon)[-1][0], [i["item"] for i in call["agenda"]]

        def greets(client):
            return next(rule for rule in daemon.json("WHY", client)["rules"] if rule["rule"] == "birthday-call")["channel"] == "phone"

        def again():
            anna.json("DONE", anna.json("NEXT")["lease"], "no-answer")

        attempt, items = one("C1", "refused")
        same(greets("C1"), False)
        mary.json("CORRECT", attempt, {"disposition": "reached"}, "he did not refuse")
        same([state(daemon, item)[0] for item in items], ["done", "done"])
        same(greets("C1"), True)
        same(mary.json("CORRECT", attempt, {"disposition": "no-answer"}, "nor was he there")["closed"], [])
        true(all(state(daemon, item)[0] == "queued" for item in items))
        again()

        attempt, items = one("C2", "wrong-number")
        same({state(daemon, item)[:2] for item in items}, {("scheduled", "wrong-number")})
        mary.json("CORRECT", attempt, {"disposition": "no-answer"}, "the number is right")
        true(all(state(daemon, item)[0] == "queued" for item in items))
        again()

        attempt, items = one("C3", "reached")
        mary.json("CORRECT", attempt, {"disposition": "disputed"}, "he does not acknowledge it")
        same([t["kind"] for t in daemon.list("tasks", client="C3")], ["disputed", "disputed"])
        true(all(state(daemon, item)[0] == "done" for item in items))

        attempt, items = one("C4", "reached")
        mary.json("CORRECT", attempt, {"disposition": "refused"}, "he wants no calls")
        states = {state(daemon, item)[0] for item in items}
        same((states, greets("C4")), ({"done", "suppressed"}, False))
        holds(daemon)


@test("what was promised in a contact that happened at another time, and then was none, is promised no more")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        anna.json("DONE", anna.json("NEXT")["lease"], "reached", {"promise": {"by": "2025-03-06", "matter": "the fees"}})
        attempt = attempts(daemon)[0][0]
        mary.json("CORRECT", attempt, {"done_at": "2025-03-03T16:00"}, "it was yesterday")
        same([(p["made_on"], p["by"]) for p in daemon.list("promises")], [("2025-03-03", "2025-03-06")])
        mary.json("CORRECT", attempt, {"disposition": "no-answer"}, "nobody was there")
        same(daemon.list("promises"), [])
        holds(daemon)


@test("a contact that was none, and then was one after all, holds what was promised in it again, on the day it was promised for")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        promises = [{"by": "2025-03-06", "matter": "the fees", "dept": "operations"}, {"by": "2025-03-07", "matter": "a form"}]
        anna.json("DONE", anna.json("NEXT")["lease"], "reached", {"promise": promises})
        attempt = attempts(daemon)[0][0]
        made = daemon.list("promises")
        mary.json("CORRECT", attempt, {"disposition": "no-answer"}, "nobody was there")
        same(daemon.list("promises"), [])
        mary.json("CORRECT", attempt, {"disposition": "reached", "satisfaction": 4}, "it was another call")
        again = daemon.list("promises")
        same([dict(row, promise=0) for row in again], [dict(row, promise=0) for row in made])
        mary.json("CORRECT", attempt, {"satisfaction": 5}, "he said five")
        same(daemon.list("promises"), again)  # a contact before and after: nothing is promised twice
        daemon.set_clock("2025-03-06T09:30:00")
        same([row["state"] for row in daemon.list("promises")], ["queued", None])
        holds(daemon)


@test("a message that was told as sent and did not arrive goes on to the next channel, whenever that comes out")
def _():
    with Daemon(clock=TUESDAY + "T09:30:00") as daemon:
        gate, mary = daemon.agent("gate", "gateway", queues=("sms", "email")), daemon.agent("mary", "supervisor")
        daemon.client("C1", email="c1@example.com", birthday="03-04", tier="standard")
        message = gate.json("NEXT")
        gate.json("DONE", message["lease"], "sent")
        attempt = attempts(daemon)[0][0]
        done = mary.json("CORRECT", attempt, {"disposition": "bounced"}, "the provider lost it")
        same((done["contact"], done["reopened"]), (False, [message["agenda"][0]["item"]]))
        second = gate.json("NEXT")
        same((second["channel"], second["agenda"][0]["item"]), ("email", message["agenda"][0]["item"]))
        matches(mary.refused("CORRECT", attempt, {"disposition": "reached"}, "x"), "^ERR reached is not an outcome of a message")
        holds(daemon)


@test("what cannot be corrected is refused, by name, and changes nothing")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        call = anna.json("NEXT")
        anna.json("RELEASE", call["lease"], "lunch")
        call = anna.json("NEXT")
        anna.json("DONE", call["lease"], "reached")
        released, reached = [a[0] for a in attempts(daemon)]
        before = daemon.json("VERIFY")
        for words, why in (
                ((released, {"disposition": "busy"}, "x"), "is no outcome"),
                ((9999, {"disposition": "busy"}, "x"), "there is no attempt 9999"),
                (("x", {"disposition": "busy"}, "x"), "an attempt's number"),
                ((reached, {"disposition": "busy"}, ""), "a reason is needed"),
                ((reached, {}, "x"), "what is true of it instead"),
                ((reached, "", "x"), "what is true of it instead"),
                ((reached, "[1]", "x"), "a JSON object is wanted"),
                ((reached, {"disposition": "dreamt"}, "x"), "no such disposition"),
                ((reached, {"disposition": "sent"}, "x"), "sent is not an outcome of a call"),
                ((reached, {"disposition": "reached"}, "x"), "nothing would change"),
                ((reached, {"client": "C2"}, "x"), "client: the client stays"),
                ((reached, {"channel": "sms"}, "x"), "channel: the channel stays"),
                ((reached, {"disposition": "not-convenient", "at": "2025-03-05T10:00"}, "x"), "at: an appointment"),
                ((reached, {"done_at": "2025-03-05T10:00"}, "x"), "done_at lies in the future"),
                ((reached, {"disposition": "reached-attorney"}, "x"), "has no attorney"),
                ((reached, {"satisfaction": 9}, "x"), "satisfaction")):
            matches(mary.refused("CORRECT", *words), "^ERR .*" + why)
        same(daemon.json("VERIFY")["entries"], before["entries"])
        matches(anna.refused("CORRECT", reached, {"disposition": "busy"}, "x"), "^NOPERM")
        holds(daemon)


TAMPERINGS = {
    "the corrected row": "UPDATE attempt SET disposition='reached' WHERE corrected_by IS NOT NULL",
    "the correction forgotten": "UPDATE attempt SET disposition='reached', contact_id=1, corrected_by=NULL WHERE corrected_by IS NOT NULL",
    "only its number": "UPDATE attempt SET corrected_by=NULL WHERE corrected_by IS NOT NULL",
    "a correction that nobody made": "UPDATE attempt SET disposition='busy', corrected_by=1 WHERE corrected_by IS NULL AND disposition='no-answer'",
    "an earlier correction": "UPDATE attempt SET disposition='busy', corrected_by=(SELECT min(id) FROM entry WHERE kind=60) WHERE corrected_by IS NOT NULL",
    "the agent": "UPDATE attempt SET agent='bert' WHERE corrected_by IS NOT NULL",
    "the reason": "UPDATE entry SET body=replace(body, 'because', 'although') WHERE kind=60",
    "the contact": "UPDATE attempt SET contact_id=1 WHERE corrected_by IS NOT NULL",
}


@test("VERIFY knows of corrections, and still finds what was changed by hand")
def _():
    with Daemon() as daemon:
        anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        opened(daemon)
        opened(daemon, "C2", "E2")
        for disposition in ("reached", "no-answer"):
            call = anna.json("NEXT")
            anna.json("DONE", call["lease"], disposition)
        attempt = attempts(daemon)[0][0]
        mary.json("CORRECT", attempt, {"disposition": "busy"}, "because")
        mary.json("CORRECT", attempt, {"disposition": "switched-off"}, "because")
        holds(daemon)
        daemon.stop()
        book = sqlite3.connect(daemon.database)
        book.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = {table: book.execute(f"SELECT * FROM {table}").fetchall() for table in ("attempt", "entry")}
        for what, sql in TAMPERINGS.items():
            true(book.execute(sql).rowcount > 0, f"{what}: nothing was changed")
            book.commit()
            daemon.start()
            verdict = daemon.json("VERIFY")
            same(verdict["holds"], False, what)
            daemon.stop()
            for table, rows in kept.items():
                book.execute(f"DELETE FROM {table}")
                book.executemany(f"INSERT INTO {table} VALUES({','.join('?' * len(rows[0]))})", rows)
            # The last start may have written entries of its own: they go with their links.
            book.execute("DELETE FROM link WHERE last_entry>(SELECT max(id) FROM entry)")
            book.commit()
        daemon.start()
        holds(daemon)


run()
