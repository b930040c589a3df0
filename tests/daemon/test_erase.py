#!/usr/bin/env python3
"""ERASE and retention: a client who asks to be erased is gone, what the law keeps of him is sealed, and the record holds through all of it (POLICY 8)."""
import hashlib
import os
import sqlite3

from harness import Daemon, TUESDAY, matches, run, same, test, true

NAME, PHONE, EMAIL, NOTE = "欧阳明", "13987654321", "ouyang@example.com", "his mother is ill"


def told(daemon):
    """A client of whom everything is known that can be; another account of his person, of which the first call speaks too."""
    anna, mary = daemon.agent("anna"), daemon.agent("mary", "supervisor")
    daemon.client("C1", name=NAME, phone=PHONE, email=EMAIL, person_ref="P1", birthday="1975-03-20", manager="M1", introducer="I1", branch="SH01", hours="Mon-Fri 09:00-12:00",
                  attorney="Zhang San", assets="123456", do_not_contact="letter", tier="gold", opened_on="2015-06-01")
    daemon.client("C2", name=NAME, phone="13911112222", person_ref="P1")
    daemon.event("E1", "C1", "complaint", detail="the branch lost his letter")
    daemon.event("E2", "C2", "feedback", detail="about the other account")
    call = anna.json("NEXT")
    same({i["client_ref"] for i in call["agenda"]}, {"C1", "C2"})
    anna.json("DONE", call["lease"], "reached", {"note": "both accounts"})
    daemon.event("E3", "C1", "complaint", detail="again")
    call = anna.json("NEXT")
    same({i["client_ref"] for i in call["agenda"]}, {"C1"})
    anna.json("DONE", call["lease"], "reached", {"note": NOTE, "promise": {"by": "2025-03-10", "matter": "send it again"}})
    daemon.event("E4", "C1", "transfer_requested")
    daemon.event("E5", "C1", "complaint")
    mary.json("DNC", "C1", "sms", "none", "he said " + NOTE)
    return anna, mary


def said(daemon, client):
    return [(e["kind"], e.get("said"), e.get("sealed")) for e in daemon.json("HISTORY", client) if e["kind"] in ("attempt", "created", "promised")]


def in_book(daemon, *texts):
    """Which of the texts stand anywhere in the tables of the stopped daemon's book, and where."""
    book = sqlite3.connect(daemon.database)
    found = []
    for (table,) in book.execute("SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite%'").fetchall():
        for row in book.execute(f"SELECT * FROM {table}"):
            found += [(table, text) for text in texts for value in row if text in (value.decode(errors="replace") if isinstance(value, bytes) else str(value))]
    book.close()
    return sorted(set(found))


@test("who is erased is gone at once: fields, follow-ups, calls, rules, tasks; his record is sealed, and it all still verifies")
def _():
    with Daemon() as daemon:
        anna, mary = told(daemon)
        before = daemon.json("VERIFY")
        same(daemon.used("C2"), 3, "two contacts of the person, and a call")
        for words, why in ((("nobody", "mary", "x"), "there is no client nobody"), (("C1", "operator", "x"), "somebody else"), (("C1", "anna", "x"), "supervisor"),
                           (("C1", "mary", ""), "a reason is needed")):
            matches(daemon.refused("ERASE", *words), "^ERR .*" + why)
        matches(mary.refused("ERASE", "C1", "mary", "x"), "^NOPERM")
        same(daemon.json("ERASE", "C1", "mary", "his letter of 3 March"), {"client_ref": "C1", "erased_at": TUESDAY + "T09:30:00"})
        same(daemon.json("ERASE", "C1", "mary", "his letter of 3 March")["erased_at"], TUESDAY + "T09:30:00")
        # Nothing of him is open, and nothing waits.
        same({(f["state"], f["reason"]) for f in daemon.list("followups", client="C1") if f["state"] not in ("done", "done-late")}, {("cancelled", "erased")})
        same(daemon.list("calls"), [])
        row = daemon.list("clients", client="C1")[0]
        same({key for key, value in row.items() if value is not None}, {"client", "client_ref", "erased_at"} | ({"next_on"} if row["next_on"] else set()))
        why = daemon.json("WHY", "C1")
        same((why["known"], why["erased_at"], "rules" in why), (False, TUESDAY + "T09:30:00", False))
        same(len(why["contacts"]), 2, "they stay in the cap of his person")
        same(daemon.used("C2"), 2)
        same([e["detail"] for e in daemon.list("events", client="C1")], [None] * 4)
        same(daemon.list("promises", client="C1"), [])
        same({t["state"] for t in daemon.list("tasks", client="C1")} - {"acknowledged"}, set())
        # His record tells what was done, and nothing of what was said.
        same({(what is None, sealed) for kind, what, sealed in said(daemon, "C1")}, {(True, True)})
        kinds = [e["kind"] for e in daemon.json("HISTORY", "C1")]
        true({"attempt", "erased", "cancelled", "look", "done"} <= set(kinds), kinds)
        erased = next(e for e in daemon.json("HISTORY", "C1") if e["kind"] == "erased")
        same((erased["agent"], erased["said"]), ("operator", {"second": "mary", "reason": "his letter of 3 March"}))
        # What belongs to the other account too stays hers, but for his number.
        shared = next(what for kind, what, _ in said(daemon, "C2") if kind == "attempt")
        same((shared["said"], shared.get("number")), ({"note": "both accounts"}, None))
        # He cannot come back.
        for words in (("CLIENT.PUT", {"client_ref": "C1", "name": NAME, "phone": PHONE}), ("EVENT.PUT", {"event_ref": "E9", "client_ref": "C1", "kind": "complaint", "occurred_at": TUESDAY})):
            matches(daemon.refused(*words), "^ERR client C1 has been erased")
        path = os.path.join(daemon.folder, "clients.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"client_ref,name,phone\nC1,{NAME},{PHONE}\nC3,Li Na,13900000003\n")
        status, out, _ = daemon.ctl("import", "clients", path, "--rejects", path + ".rejects")
        matches(out, "2 rows, 1 changed, 0 unchanged, 1 refused")
        matches(open(path + ".rejects", encoding="utf-8").read(), "client C1 has been erased")
        matches(mary.refused("CORRECT", daemon.list("attempts")[-1]["attempt"], {"disposition": "busy"}, "x"), "^ERR ")
        daemon.set_clock("2025-06-02T15:00:00")
        same([f for f in daemon.list("followups", client="C1") if f["state"] in ("scheduled", "queued")], [])
        verdict = daemon.json("VERIFY", before["links"], before["head"])
        same((verdict["holds"], verdict["erased"]), (True, 0))
        true(verdict["sealed"] > 3, verdict)
        daemon.check()
        true(NAME not in daemon.log() and PHONE not in daemon.log())
        same([text for text in (PHONE, NOTE, NAME) if text in repr([daemon.json("HISTORY", c) for c in ("C1", "C2")])], [])
        daemon.stop()
        same({table for table, _ in in_book(daemon, PHONE, EMAIL, NOTE, "Zhang San", "the branch lost", "send it again", "1975")} - {"entry"}, set(), "only the record keeps it")
        with open(daemon.database, "rb") as file:
            true(EMAIL.encode() not in file.read(), "nor is anything left between the rows")


@test("an erased client of thousands of entries is worked in slices; kill -9 in the middle loses nothing")
def _():
    with Daemon() as daemon:
        mary, anna = daemon.agent("mary", "supervisor"), daemon.agent("anna")
        daemon.client("C1", name=NAME)
        events = [("EVENT.PUT", {"event_ref": f"T{i}", "client_ref": "C1", "kind": "trade", "occurred_at": "2025-02-03", "detail": "order %d of the widow" % i}) for i in range(3000)]
        same({type(reply) for reply in daemon.operator.pipeline(events)}, {int})
        for i in range(800):
            anna.send("RECORD", "C1", {"note": f"call {i} about the widow", "done_at": f"2025-01-{1 + i % 28:02d}T10:{i % 60:02d}"})
        for i in range(800):
            anna.read()
        daemon.call("ERASE", "C1", "mary", "asked for")
        daemon.kill()
        daemon.start()
        same({sealed for _, _, sealed in said(daemon, "C1")}, {True})
        daemon.kill()
        daemon.start()
        daemon.work()
        verdict = daemon.json("VERIFY")
        true(verdict["holds"] and verdict["sealed"] >= 800, verdict)
        daemon.stop()
        same({table for table, _ in in_book(daemon, "widow")}, {"entry"})
        book = sqlite3.connect(daemon.database)
        same(book.execute("SELECT count(*) FROM erasure").fetchone(), (0,))
        same(book.execute("SELECT count(*) FROM entry WHERE kind=21 AND sealed IS NULL").fetchone(), (0,))


@test("erased while an agent speaks with him: the call is over, what he tells is kept and sealed")
def _():
    with Daemon() as daemon:
        anna, _ = daemon.agent("anna"), daemon.agent("mary", "supervisor")
        daemon.client("C1", name=NAME, phone=PHONE)
        daemon.event("E1", "C1", "complaint")
        call = anna.json("NEXT")
        daemon.json("ERASE", "C1", "mary", "asked for")
        same(anna.json("TOUCH", call["lease"])["agenda"], [])
        same("promises" in anna.json("DONE", call["lease"], "reached", {"note": NOTE, "promise": {"by": "2025-03-10", "matter": NOTE}}), False)
        matches(anna.refused("RECORD", "C1", {"note": NOTE}), "^ERR client C1 has been erased")
        same(daemon.list("promises"), [])
        same([what for kind, what, _ in said(daemon, "C1") if kind == "attempt"], [None])
        same(daemon.json("HISTORY", "C1")[-1]["kind"], "look")
        daemon.check()
        true(daemon.json("VERIFY")["holds"])


@test("the last of a person's accounts takes his name along; what two shared is sealed with the second")
def _():
    with Daemon() as daemon:
        told(daemon)
        daemon.json("ERASE", "C1", "mary", "asked for")
        daemon.work()
        same([what is not None for kind, what, _ in said(daemon, "C2") if kind == "attempt"], [True])
        daemon.json("ERASE", "C2", "mary", "asked for")
        daemon.work()
        same([what is not None for kind, what, _ in said(daemon, "C2") if kind == "attempt"], [False])
        daemon.check()
        daemon.stop()
        book = sqlite3.connect(daemon.database)
        same(book.execute("SELECT count(*) FROM person").fetchone(), (0,))
        same(book.execute("SELECT count(*) FROM entry WHERE kind=21 AND sealed IS NULL").fetchone(), (0,))


def keeping(term, then="seal"):
    daemon = Daemon(settings={"then": then})
    daemon.replace("keep = 20y", f"keep = {term}")
    return daemon


def long_ago(daemon, year):
    anna = daemon.agent("anna")
    daemon.client("C1", name=NAME)
    anna.json("RECORD", "C1", {"note": f"in {year}"})


def retired(daemon):
    daemon.work()
    daemon.clock = daemon.call("CLOCK")
    daemon.stop()
    book = sqlite3.connect(daemon.database)
    rows = [body for (body,) in book.execute("SELECT body FROM entry WHERE kind=62 ORDER BY id")]
    book.close()
    daemon.start()
    return rows


@test("on the disk nothing of his fields is left between the rows, nor, once the daemon has stopped, in the log")
def _():
    with Daemon() as daemon:
        daemon.agent("mary", "supervisor")
        for i in range(300):  # pages before him and behind him
            if i == 150:
                daemon.client("C1", name=NAME, phone=PHONE, email=EMAIL)
                daemon.event("E1", "C1", "complaint", detail=NOTE)
                daemon.client("C1", name=NAME, phone=PHONE, email=EMAIL, tier="gold", hours="Mon-Fri 09:00-12:00")
            daemon.client(f"D{i}", name=f"Client {i}", phone=f"1390000{i:04d}")

        def found():
            files = {name: os.path.join(daemon.folder, name) for name in os.listdir(daemon.folder) if name.startswith("book.db")}
            return {word for path in files.values() for word in (NAME, PHONE, EMAIL, NOTE) if word.encode() in open(path, "rb").read()}

        same(found(), {NAME, PHONE, EMAIL, NOTE})
        daemon.json("ERASE", "C1", "mary", "asked for")
        daemon.work()
        daemon.stop()
        same(found(), set())


@test("what is older than the record is kept is sealed, or erased, year by year; one entry says how much, and the chain holds")
def _():
    for then, count in (("seal", "sealed"), ("erase", "erased")):
        with keeping("2y", then) as daemon:
            long_ago(daemon, 2025)
            heads = [daemon.json("VERIFY")]
            daemon.set_clock("2026-03-04T09:30:00")
            long_ago(daemon, 2026)
            daemon.work()
            same(daemon.json("VERIFY")[count], 0)
            daemon.set_clock("2027-03-05T09:30:00")
            daemon.work()
            verdict = daemon.json("VERIFY", heads[0]["links"], heads[0]["head"])
            same(verdict["holds"], True)
            true(verdict[count] > 0)
            notes = [(what["said"]["note"] if what else None) for kind, what, _ in said(daemon, "C1") if kind == "attempt"]
            same(notes, [None, "in 2026"])
            rows = retired(daemon)
            same(len(rows), 1)
            matches(rows[0], '^{"%s":%d,"up_to":[0-9]+}$' % (count, verdict[count]))
            same({table for table, _ in in_book_running(daemon, "in 2025")}, {"entry"} if then == "seal" else set())
            daemon.set_clock("2028-03-05T09:30:00")
            same(len(retired(daemon)), 2)
            same(daemon.json("VERIFY")["holds"], True)
            if then == "seal":  # and one day they are erased after all
                daemon.stop()
                daemon.set("then", "erase")
                daemon.start()
                daemon.work()
                verdict = daemon.json("VERIFY")
                same((verdict["holds"], verdict["sealed"]), (True, 0))
                true(verdict["erased"] > 0)


def in_book_running(daemon, *texts):
    daemon.clock = daemon.call("CLOCK")
    daemon.stop()
    found = in_book(daemon, *texts)
    daemon.start()
    return found


@test("a record that is kept for ever, and kill -9 between the slices of one that is not")
def _():
    with keeping("none") as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        for i in range(600):
            anna.send("RECORD", "C1", {"note": f"word {i}", "done_at": f"2025-01-{1 + i % 28:02d}T10:{i % 60:02d}"})
        for i in range(600):
            anna.read()
        daemon.stop()
        daemon.start(clock="2075-03-04T09:30:00", wait=True)
        same(daemon.json("VERIFY")["sealed"], 0)
        daemon.stop()
        daemon.replace("keep = none", "keep = 1m")
        for _ in range(3):
            daemon.start()
            daemon.kill()
        daemon.start()
        daemon.work()
        verdict = daemon.json("VERIFY")
        true(verdict["holds"] and verdict["sealed"] >= 600, verdict)
        rows = retired(daemon)
        same(sum(int(row.split(":")[1].split(",")[0]) for row in rows), verdict["sealed"])


run()
