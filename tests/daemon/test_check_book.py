#!/usr/bin/env python3
"""CHECK finds what is wrong with a book: each fault is made by hand, and named."""
import shutil
import sqlite3

from harness import Daemon, TUESDAY, run, same, test, true

QUEUED = "(SELECT f.id FROM followup f WHERE f.client_ref='C1')"
CALL = f"(SELECT call_id FROM followup WHERE id={QUEUED})"
OTHER_CALL = "(SELECT call_id FROM followup WHERE client_ref='C2')"

FAULTS = [  # what is done to the book, and how each fault ends; Labour Day is the next day that matters to C3
    (f"UPDATE call SET priority=9 WHERE id={CALL}", ["priority or due day is not that of its agenda"]),
    (f"UPDATE followup SET call_id=NULL WHERE id={QUEUED}", ["nothing on its agenda, held by nobody", "queued without a call"]),
    (f"UPDATE call SET state=2, agent_id=NULL WHERE id={CALL}", ["leased without an agent or an end"]),
    (f"UPDATE call SET due_now=0, due_on=1 WHERE id={CALL}", ["priority or due day is not that of its agenda", "due and not marked so"]),
    (f"INSERT INTO touched VALUES({CALL})", ["left half worked out"]),
    (f"UPDATE followup SET state=0 WHERE id={QUEUED}", ["on a call and not queued"]),
    (f"UPDATE followup SET state=2, call_id=NULL, closed_on=NULL WHERE id={QUEUED}", ["nothing on its agenda, held by nobody", "ended without a day"]),
    (f"UPDATE followup SET state=4, call_id=NULL, closed_on=20000, reason=NULL WHERE id={QUEUED}",
     ["nothing on its agenda, held by nobody", "missed, cancelled or suppressed without a reason"]),
    (f"UPDATE followup SET closed_on=20000 WHERE id={QUEUED}", ["open and ended on a day"]),
    (f"UPDATE followup SET last_on=1 WHERE id={QUEUED}", ["open after its last useful day"]),
    (f"UPDATE call SET person=-12345 WHERE id={CALL}", ["on another person's call"]),
    (f"UPDATE call SET state=2, agent_id=1, lease_until=9999999999, person=7 WHERE id IN ({CALL}, {OTHER_CALL})",
     ["two phone calls leased at once"]),
    (f"UPDATE call SET owner_id=4711 WHERE id={CALL}", ["kept for an agent who is gone"]),
    ("INSERT INTO client_due(client_id, next_on) SELECT id, 2000000 FROM client WHERE ref='C3'", ["client C3: would be looked at too late; 2025-05-01 matters"]),
    ("UPDATE meta SET value=2000000 WHERE key='common_on'", [f"client {ref}: would be looked at too late; 2025-05-01 matters" for ref in ("C1", "C2", "C3")]),
    ("INSERT INTO refusal SELECT id, 1, '2026-01-01', 'anna', 0 FROM client WHERE ref='C3'",
     ["client C3: has forbidden or refused something, and his row knows of nothing"]),
    ("INSERT INTO do_not_contact SELECT id, 'all', '', 'asked', 'anna', 0 FROM client WHERE ref='C3'",
     ["client C3: has forbidden or refused something, and his row knows of nothing"]),
    # A follow-up that should be there, and for which nobody would look again.
    ("UPDATE followup SET occasion='gone' WHERE client_ref='C2'", ["client C2: would be looked at too late; 2025-03-04 matters"]),
]


@test("a sound book has no fault; each fault is found, and nothing else is said")
def _():
    with Daemon(settings={"cap": "none"}) as daemon:
        for number in (1, 2, 3):
            daemon.client(f"C{number}")
        daemon.event("E1", "C1", "complaint", TUESDAY)
        daemon.event("E2", "C2", "complaint", TUESDAY)
        daemon.check()
        same(daemon.stop(), 0)
        shutil.copy(daemon.database, daemon.database + ".sound")
        for statement, wanted in FAULTS:
            shutil.copy(daemon.database + ".sound", daemon.database)
            book = sqlite3.connect(daemon.database)
            book.execute("PRAGMA ignore_check_constraints=on")
            true(book.execute(statement).rowcount > 0, statement)
            book.commit()
            book.close()
            daemon.start()
            answer = daemon.json("CHECK")
            same((answer["count"], [fault[-len(end):] for fault, end in zip(answer["faults"], wanted)]), (len(wanted), wanted), statement)
            same(daemon.stop(), 0, statement)
        shutil.copy(daemon.database + ".sound", daemon.database)
        daemon.start()
        daemon.check()


if __name__ == "__main__":
    run()
