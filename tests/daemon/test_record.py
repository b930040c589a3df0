#!/usr/bin/env python3
"""The record: every decision, try and look is in it, and nobody can change a word of it unseen (POLICY 8)."""
import hashlib
import os
import shutil
import sqlite3

from harness import Daemon, TUESDAY, matches, run, same, test, true

KINDS = {1: "created", 2: "moved", 3: "queued", 4: "deferred", 5: "done", 6: "done-late", 7: "missed", 8: "cancelled", 9: "suppressed", 10: "reopened",
         20: "handed-out", 21: "attempt", 22: "promised", 25: "lease-expired", 30: "look", 31: "paused", 32: "resumed", 33: "acknowledged", 34: "agent-added", 35: "agent-deleted", 36: "rules-changed",
         40: "sample-drawn", 45: "review-drawn", 46: "reviewed", 60: "corrected", 61: "erased", 62: "retired"}


def busy_day(daemon):
    """A client opened, called in vain and reached; another who waits for a slot."""
    anna = daemon.agent("anna")
    daemon.client("C1", person_ref="P1", name="Li Na", branch="SH01")
    daemon.client("C2", person_ref="P1", name="Li Na too")
    daemon.event("E1", "C1", "account_opened", "2025-03-03")
    call = anna.json("NEXT")
    anna.json("DONE", call["lease"], "no-answer", {"note": "rang ten times"})
    daemon.set_clock(TUESDAY + "T15:00:00")
    call = anna.json("NEXT")
    daemon.event("E2", "C2", "complaint")
    anna.json("DONE", call["lease"], "reached", {"note": "all is well", "items": [item["item"] for item in call["agenda"]]})
    return anna


def kinds(daemon, client):
    return [(entry["kind"], entry.get("rule"), entry.get("agent")) for entry in daemon.json("HISTORY", client)]


@test("HISTORY tells a client's whole story: decided, handed out, tried, looked at, by whom")
def _():
    with Daemon() as daemon:
        anna = busy_day(daemon)
        opened = "account-opened"
        same(kinds(daemon, "C1"), [("created", opened, None), ("queued", opened, None), ("handed-out", None, "anna"), ("attempt", None, "anna"),
            ("handed-out", None, "anna"), ("attempt", None, "anna"), ("done", opened, "anna")])
        entries = daemon.json("HISTORY", "C1")
        same(entries[0]["said"], {"rule": opened, "occasion": "E1", "opens_on": "2025-03-03", "due_on": "2025-03-10", "priority": 3})
        tried = [entry["said"] for entry in entries if entry["kind"] == "attempt"]
        same([one["said"]["note"] for one in tried], ["rang ten times", "all is well"])
        same({one["number"] for one in tried}, {"139****5678"}, "numbers are masked")
        same([one["at"] for one in tried], [TUESDAY + "T09:30:00", TUESDAY + "T15:00:00"])
        same(entries[-1]["kind"], "look", "the first look is there when one looks again")
        same((entries[-1]["agent"], entries[-1]["said"]), ("operator", {"command": "HISTORY C1", "clients": []}))
        # The other client's complaint joined the call while she spoke, and waits now.
        same([kind for kind, rule, _ in kinds(daemon, "C2") if rule == "complaint"], ["created", "queued"])
        same(len(daemon.json("HISTORY", "C1", "LIMIT", 2)), 2)
        after = entries[1]["entry"]
        same(daemon.json("HISTORY", "C1", "LIMIT", 1, "AFTER", after)[0]["entry"], entries[2]["entry"])
        matches(daemon.refused("HISTORY", "nobody"), "^ERR there is no client nobody")
        matches(daemon.refused("HISTORY", "C1", "LIMIT", "0"), "^ERR HISTORY client")
        matches(anna.refused("HISTORY", "C1"), "^NOPERM ")


@test("a lease that runs out is in the record, with who let it; it is no try")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened", TUESDAY)
        anna.json("NEXT")
        daemon.advance(16 * 60)
        same([(entry["kind"], entry.get("agent")) for entry in daemon.json("HISTORY", "C1")][2:], [("handed-out", "anna"), ("lease-expired", "anna")])
        same(daemon.list("attempts"), [])


@test("every look at a client is written down with who asked; the holder's own is not, nor one that shows nobody")
def _():
    with Daemon() as daemon:
        anna, ada = busy_day(daemon), daemon.agent("ada", "auditor")

        def looks(client):
            return [(e.get("agent"), e["said"]["command"]) for e in daemon.json("HISTORY", client) if e["kind"] == "look" and e["said"]["command"] != f"HISTORY {client}"]
        ada.json("LIST", "clients")
        ada.json("LIST", "followups", "CLIENT", "C1")
        ada.json("WHY", "C1")
        ada.json("LIST", "tasks")
        ada.refused("WHY", "nobody")
        same(looks("C1"), [("ada", "LIST clients"), ("ada", "LIST followups CLIENT C1"), ("ada", "WHY C1")])
        same(looks("C2"), [("ada", "LIST clients")])
        daemon.set_clock("2025-03-05T09:30:00")
        call = anna.json("NEXT")["call"]
        anna.json("SHOW", call)
        anna.json("MINE")
        daemon.json("SHOW", call)
        same([look for look in looks("C2") if "SHOW" in look[1]], [("operator", f"SHOW {call}")])


@test("what joins a call while it is held is a look when its holder is told; so are the clients whom a reload's answer names")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1", person_ref="P1")
        daemon.client("C2", person_ref="P1")
        daemon.event("E1", "C1", "complaint")
        lease = anna.json("NEXT")["lease"]
        anna.json("TOUCH", lease)
        daemon.event("E2", "C2", "feedback")

        def looks(client):
            return [(e.get("agent"), e["said"]["command"]) for e in daemon.json("HISTORY", client) if e["kind"] == "look" and "HISTORY" not in e["said"]["command"]]
        same((looks("C1"), looks("C2")), ([], []))
        same(len(anna.json("TOUCH", lease)["agenda"]), 2)
        same((looks("C1"), looks("C2")), ([], [("anna", f"joined {lease}")]))
        anna.json("MINE")
        anna.json("NEXT")
        same(looks("C2"), [("anna", f"joined {lease}")], "told once")
        anna.json("RELEASE", lease, "later")
        daemon.switch("complaint", "no")
        for words in (("RELOAD", "DRY"), ("RELOAD",)):
            changes = daemon.json(*words)["changes"]
            same({change["client_ref"] for change in changes}, {"C1", "C2"})
            same(looks("C1")[-1], ("operator", " ".join(words)))
        true(daemon.json("VERIFY")["holds"])


@test("a cap that says no names the contacts that used it up")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        for number in range(2):
            daemon.event(f"E{number}", "C1", "feedback", TUESDAY)
            anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        daemon.event("E9", "C1", "permission_opened", TUESDAY)
        held = [entry for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "deferred"]
        same([(entry["rule"], entry["reason"]) for entry in held], [("permission-opened", "cap")])
        same([contact["agent"] for contact in held[0]["said"]["contacts"]], ["anna", "anna"])


def digest(data):
    return hashlib.sha256(data).digest()


def chain(path):
    """The record worked out again, from what the manual says of it alone."""
    book = sqlite3.connect(path)
    before, heads = bytes(32), []
    for link, first, last, kept in book.execute("SELECT id, first_entry, last_entry, digest FROM link ORDER BY id"):
        text = before + f"{link}\n".encode()
        rows = book.execute("SELECT e.id, e.at, e.kind, c.ref, e.followup_id, e.call_id, a.text, r.text, e.salt, e.body FROM entry e LEFT JOIN client c ON c.id=e.client_id"
                            " LEFT JOIN name a ON a.id=e.agent LEFT JOIN name r ON r.id=e.reason WHERE e.id BETWEEN ? AND ? ORDER BY e.id", (first, last))
        for number, at, kind, ref, followup, call, agent, reason, salt, body in rows:
            said = digest((salt or b"") + body.encode()).hex() if body is not None else (salt or b"").hex()
            words = [number, at, KINDS[kind], ref, followup, call, agent, reason, said]
            text += digest("".join(f"{'' if word is None else word}\n" for word in words).encode())
        more = book.execute("SELECT s.entry_id, c.ref FROM entry_subject s JOIN client c ON c.id=s.client_id WHERE s.said_by BETWEEN ? AND ?", (first, last)).fetchall()
        if more:
            text += digest("".join(f"{entry}\n{ref}\n" for entry, ref in sorted(more, key=lambda row: (row[0], row[1].encode()))).encode())
        before = digest(text)
        same(before, kept, f"link {link}")
        heads.append(before.hex())
    return heads


@test("the chain is what the manual says: worked out again in another language, link by link")
def _():
    with Daemon() as daemon:
        busy_day(daemon)
        # Entries that concern further clients: a look at both, and a try that turns out to have been about the other's matter too.
        daemon.list("clients")
        first = next(row["attempt"] for row in daemon.list("attempts") if row["disposition"] == "no-answer")
        daemon.json("CORRECT", first, {"disposition": "reached", "items": [daemon.followup(rule="complaint")["followup"]]}, "he had complained, and was reached")
        verdict = daemon.json("VERIFY")
        same((verdict["holds"], verdict["erased"]), (True, 0))
        info = daemon.call("INFO", "storage")
        matches(info, f"record_link:{verdict['links']}\r\nrecord_digest:{verdict['head']}")
        daemon.stop()
        heads = chain(daemon.database)
        same((len(heads), heads[-1]), (verdict["links"], verdict["head"]))
        true(len(heads) > 5)
        kinds_concerned = sqlite3.connect(daemon.database).execute("SELECT DISTINCT e.kind, b.kind FROM entry_subject s JOIN entry e ON e.id=s.entry_id JOIN entry b ON b.id=s.said_by")
        true({(30, 30), (21, 60)} <= set(kinds_concerned), "further clients of a look, and of a try by its correction")


@test("a client's entries are found wherever they stand in a record of millions, page by page, and when he is erased")
def _():
    def told(client):
        return [(e["kind"], e.get("rule"), e.get("said")) for e in daemon.json("HISTORY", client) if e["kind"] != "look"]

    with Daemon() as daemon:
        busy_day(daemon)
        daemon.add_agent("mary", "supervisor")
        clients = [row["client_ref"] for row in daemon.list("clients")]
        before = {client: told(client) for client in clients}
        tries = [row["disposition"] for row in daemon.list("attempts", client=clients[0])]
        true(tries)
        daemon.stop()
        book = sqlite3.connect(daemon.database)
        # Some of them in each block of the index, in the same order; the chain no longer holds then.
        for table, columns in (("entry", ("id",)), ("entry_subject", ("entry_id", "said_by")), ("attempt", ("id", "corrected_by"))):
            for column in columns:
                book.execute(f"UPDATE {table} SET {column}=-({column}+{column}/3*262144)")
                book.execute(f"UPDATE {table} SET {column}=-{column}")
        book.commit()
        book.close()
        daemon.start()
        same({client: told(client) for client in clients}, before)
        same([row["disposition"] for row in daemon.list("attempts", client=clients[0])], tries)
        whole = [entry["entry"] for entry in daemon.json("HISTORY", clients[0])]
        paged = []
        while not paged or paged[-1] < whole[-1]:
            paged += [entry["entry"] for entry in daemon.json("HISTORY", clients[0], "AFTER", paged[-1] if paged else 0, "LIMIT", 2)]
        same(paged[:len(whole)], whole)
        true(whole[-1] > 262144 * 2, str(whole))
        daemon.json("ERASE", clients[0], "mary", "he has asked")
        daemon.work()
        left = [entry.get("said") for entry in daemon.json("HISTORY", clients[0]) if entry["kind"] == "attempt"]
        true(left and not any(left), str(left))


TAMPERINGS = {
    "a word of what an agent said": "UPDATE entry SET body=replace(body, 'ten times', 'twice') WHERE body LIKE '%ten times%'",
    "the disposition of a try": "UPDATE entry SET body=replace(body, '\"no-answer\"', '\"busy\"') WHERE kind=21",
    "the moment of an entry": "UPDATE entry SET at=at+1 WHERE id=(SELECT max(id)-2 FROM entry)",
    "who did it": "UPDATE entry SET agent=NULL WHERE kind=20",
    "whom it was done to": "UPDATE entry SET client_id=2 WHERE kind=5",
    "the name of an agent": "UPDATE name SET text='bert' WHERE text='anna'",
    "the client's number": "UPDATE client SET ref='C7' WHERE ref='C1'",
    "the kind": "UPDATE entry SET kind=6 WHERE kind=5",
    "an entry taken out": "DELETE FROM entry WHERE id=(SELECT min(id) FROM entry WHERE kind=21)",
    "an entry put in": "INSERT INTO entry(at, kind) VALUES(1, 5)",
    "a link taken out": "DELETE FROM link WHERE id=2",
    "a link's digest": "UPDATE link SET digest=zeroblob(32) WHERE id=(SELECT max(id) FROM link)",
    "a body erased by hand, without its digest": "UPDATE entry SET body=NULL WHERE kind=21",
    "an attempt in the lists": "UPDATE attempt SET disposition='reached' WHERE disposition='no-answer'",
    "the day of an attempt in the lists": "UPDATE attempt SET at=at-86400",
    "a further client left out": "DELETE FROM entry_subject WHERE client_id=2",
    "another entry in a further client's history": "UPDATE entry_subject SET entry_id=1 WHERE client_id=2",
    "a further client put in": "INSERT INTO entry_subject SELECT 2, id, id FROM entry WHERE kind=20 LIMIT 1",
    "a further client whom no entry has named": "INSERT INTO entry_subject VALUES(2, 1, 1000000)",
}


@test("VERIFY finds whatever is changed, left out or put in, and says where")
def _():
    with Daemon() as daemon:
        busy_day(daemon)
        daemon.list("clients")
        daemon.stop()
        shutil.copy(daemon.database, daemon.database + ".kept")
        for what, sql in TAMPERINGS.items():
            for suffix in ("-wal", "-shm"):
                if os.path.exists(daemon.database + suffix):
                    os.unlink(daemon.database + suffix)
            shutil.copy(daemon.database + ".kept", daemon.database)
            book = sqlite3.connect(daemon.database)
            changed = book.execute(sql).rowcount
            true(changed > 0, f"{what}: nothing was changed")
            book.commit()
            book.close()
            daemon.start()
            verdict = daemon.json("VERIFY")
            same(verdict["holds"], False, what)
            true(verdict["broken_link"] > 0 and verdict["why"], what)
            daemon.stop()


@test("a record cut short or made anew is found by a head that was kept elsewhere; an erased body breaks nothing")
def _():
    with Daemon() as daemon:
        busy_day(daemon)
        known = daemon.json("VERIFY")
        daemon.set_clock("2025-03-05T09:30:00")
        same(daemon.json("VERIFY", known["links"], known["head"])["holds"], True)
        daemon.wait_logged("record_head link=[0-9]+ digest=[0-9a-f]{64}")
        same(daemon.json("VERIFY", known["links"], "0" * 64)["broken_link"], known["links"])
        for words in ((1,), (0, known["head"]), (1, "abc"), ("x", known["head"])):
            matches(daemon.refused("VERIFY", *words), "^ERR ")
        daemon.stop()
        book = sqlite3.connect(daemon.database)
        for entry, salt, body in book.execute("SELECT id, salt, body FROM entry WHERE kind=21").fetchall():
            book.execute("UPDATE entry SET body=NULL, salt=? WHERE id=?", (digest(salt + body.encode()), entry))
        book.commit()
        book.close()
        daemon.start()
        verdict = daemon.json("VERIFY", known["links"], known["head"])
        same((verdict["holds"], verdict["erased"]), (True, 2))
        same([entry.get("erased") for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "attempt"], [True, True])
        daemon.stop()
        book = sqlite3.connect(daemon.database)
        last = book.execute("SELECT first_entry FROM link WHERE id=?", (known["links"],)).fetchone()[0]
        book.execute("DELETE FROM link WHERE id>=?", (known["links"],))
        book.execute("DELETE FROM entry WHERE id>=?", (last,))
        book.execute("DELETE FROM attempt WHERE id>=?", (last,))
        book.commit()
        book.close()
        daemon.start()
        verdict = daemon.json("VERIFY", known["links"], known["head"])
        same(verdict["holds"], False)


@test("what is refused leaves no entry, and kill -9 leaves no half link")
def _():
    with Daemon() as daemon:
        anna = busy_day(daemon)
        before = daemon.json("VERIFY")
        anna.refused("DONE", "1.9", "reached")
        daemon.refused("OVERRIDE", 1, "nobody", "why")
        same(daemon.json("VERIFY")["entries"], before["entries"])
        daemon.event("E7", "C1", "complaint")
        daemon.kill()
        daemon.start()
        after = daemon.json("VERIFY")
        same(after["holds"], True)
        true(after["entries"] > before["entries"])
        daemon.check()


run()
