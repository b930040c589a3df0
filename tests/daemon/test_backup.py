#!/usr/bin/env python3
"""BACKUP while serving, copies by themselves, and the drill: what was saved is put back and served again."""
import glob
import json
import os
import shutil
import signal
import subprocess

from harness import FOLLOWUPD, Daemon, Error, MORNING, TUESDAY, matches, run, same, test, true


def fill(daemon, count=400):
    for reply in daemon.operator.pipeline([words for number in range(count) for words in (
            ("CLIENT.PUT", {"client_ref": f"C{number}", "name": "Li Na", "phone": "13912345678"}),
            ("EVENT.PUT", {"event_ref": f"E{number}", "client_ref": f"C{number}", "kind": "account_opened", "occurred_at": TUESDAY}))]):
        true(not isinstance(reply, Error), reply)


def restore(daemon, *words):
    return subprocess.run([FOLLOWUPD, "restore", "-c", daemon.config, *words], capture_output=True, text=True, check=False)


def book(daemon):
    """What people see of it."""
    return [daemon.list(what, limit=10000) for what in ("clients", "events", "followups", "calls", "attempts")]


@test("the drill: a copy made while agents work is put in the place of a lost book, and the desk goes on from there")
def _():
    with Daemon() as daemon:
        fill(daemon)
        anna = daemon.agent("anna")
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        held = anna.json("NEXT")
        copy = os.path.join(daemon.folder, "copy.db")
        waiting = daemon.connect()
        waiting.send("BACKUP", copy)
        for number in range(200):  # all this while it is copied or verified
            daemon.event(f"L{number}", f"C{number}", "complaint")
        made = json.loads(waiting.read())
        same((made["backup"], made["clients"], made["verified"]), (copy, 400, True))
        true(made["links"] > 2 and made["bytes"] == os.path.getsize(copy))
        same(os.stat(copy).st_mode & 0o777, 0o600)
        matches(daemon.info("storage")["last_backup_age_seconds"], "^0$")
        same(daemon.json("VERIFY", made["links"], made["head"])["holds"], True, "its head is one of the book's")
        checked = restore(daemon, "--check", copy)
        same((checked.returncode, checked.stderr), (0, ""))
        matches(checked.stdout, f"good: 400 clients, .* head {made['head']}")
        # The book is in use.
        refused = restore(daemon, copy)
        same(refused.returncode, 74)
        matches(refused.stderr, "another process serves this book; stop it first")
        daemon.stop()
        for name in glob.glob(daemon.database + "*"):
            os.unlink(name)
        done = restore(daemon, copy)
        same((done.returncode, done.stderr), (0, ""))
        daemon.start()
        daemon.check()
        verdict = daemon.json("VERIFY", made["links"], made["head"])
        true(verdict["holds"])
        again = daemon.connect()
        again.call("AUTH", "anna", daemon.agents["anna"])
        same(again.json("NEXT")["lease"], held["lease"], "who held a call holds it still")
        same(again.json("DONE", held["lease"], "reached")["over_cap"], False)
        # The rest is loaded again, and nothing is there twice.
        for number in range(200):
            daemon.event(f"L{number}", f"C{number}", "complaint")
        same(len(daemon.list("events", limit=10000)), 600)
        daemon.check()


@test("a book that stands there is kept beside the restored one; a copy that is not good changes nothing")
def _():
    with Daemon() as daemon:
        fill(daemon, 20)
        copy, bad = os.path.join(daemon.folder, "copy.db"), os.path.join(daemon.folder, "bad.db")
        daemon.json("BACKUP", copy)
        before = book(daemon)
        daemon.client("C999", name="Too late")
        daemon.stop()
        shutil.copy(copy, bad)
        with open(bad, "r+b") as file:
            file.seek(os.path.getsize(bad) // 2)
            file.write(b"x" * 4096)
        for words, status in (((bad,), 74), ((os.path.join(daemon.folder, "none.db"),), 74), ((daemon.config,), 74), ((), 64), ((copy, copy), 64)):
            result = restore(daemon, *words)
            same((words, result.returncode), (words, status), result.stdout + result.stderr)
            true(result.stderr, "it says why")
        same(subprocess.run([FOLLOWUPD, "restore", "-c", "/nowhere.conf", copy], capture_output=True, check=False).returncode, 78)
        daemon.start()
        same(daemon.list("clients", client="C999")[0]["name"], "Too late")
        daemon.stop()
        done = restore(daemon, copy)
        same(done.returncode, 0, done.stderr)
        kept = done.stdout.split("the former book: ")[1].split("\n")[0]
        true(os.path.exists(kept))
        daemon.start()
        same(book(daemon), before)


@test("copies by themselves: once a day at their time, also after a downtime; the newest are kept, other files are left alone")
def _():
    folder = "backups"
    with Daemon(clock=MORNING) as daemon:
        where = os.path.join(daemon.folder, folder)
        os.mkdir(where)
        daemon.replace("folder = none ", f'folder = "{where}" ')
        daemon.replace("keep   = 14 ", "keep   = 3 ")
        daemon.restart()
        log = daemon.wait_logged("event=backup ")
        matches(log, "backup file=.*/followupd-20250304T093000.db")
        open(os.path.join(where, "notes.txt"), "w", encoding="utf-8").close()
        for day in range(5, 10):
            daemon.set_clock(f"2025-03-{day:02}T02:29:00")
            same(daemon.info("storage")["backup_running"], "no", "not before its time")
            daemon.set_clock(f"2025-03-{day:02}T02:30:00")
            daemon.wait_logged(f"followupd-202503{day:02}T023000.db")
        daemon.wait_logged("backup_dropped name=followupd-20250306T023000.db")
        same(sorted(os.listdir(where)), [f"followupd-202503{day:02}T023000.db" for day in (7, 8, 9)] + ["notes.txt"])
        # Made already: a restart makes no other; after days without the daemon one is made at once.
        daemon.restart(clock="2025-03-09T12:00:00")
        same(daemon.info("storage")["last_backup"], "2025-03-09T02:30:00")
        daemon.restart(clock="2025-03-12T12:00:00")
        daemon.wait_logged("followupd-20250312T120000.db")
        daemon.json("BACKUP", "by-hand.db")
        true(os.path.exists(os.path.join(where, "by-hand.db")))
        # A folder that is gone is said, and tried again within the hour.
        shutil.rmtree(where)
        daemon.set_clock("2025-03-13T02:30:00")
        daemon.wait_logged("backup_failed reason=.*No such file")
        same(daemon.info("storage")["backup_failed"], "yes")
        os.mkdir(where)
        daemon.set_clock("2025-03-13T03:30:00")
        daemon.wait_logged("followupd-20250313T033000.db")
        same(daemon.info("storage")["backup_failed"], "no")


@test("BACKUP is refused where it could do harm, and what is cut short leaves nothing behind")
def _():
    with Daemon() as daemon:
        fill(daemon, 20)
        copy = os.path.join(daemon.folder, "copy.db")
        matches(daemon.refused("BACKUP"), "^ERR where to")
        matches(daemon.refused("BACKUP", "relative.db"), "^ERR where to")
        daemon.json("BACKUP", copy)
        matches(daemon.refused("BACKUP", copy), "is there already")
        matches(daemon.refused("BACKUP", daemon.database), "is there already")
        matches(daemon.refused("BACKUP", daemon.database + "-journal"), "^ERR .*one of its logs .*; choose another")
        # However the folder is written.
        os.symlink(daemon.folder, os.path.join(daemon.folder, "way"))
        for name in ("./book.db-wal2", "conf/../book.db-shm2", "/book.db-journal", "way/book.db-journal"):
            matches(daemon.refused("BACKUP", f"{daemon.folder}/{name}"), "^ERR .*one of its logs .*; choose another")
        os.symlink("nowhere", os.path.join(daemon.folder, "loose.db"))
        matches(daemon.refused("BACKUP", os.path.join(daemon.folder, "loose.db")), "is there already")
        os.mkdir(os.path.join(daemon.folder, "other"))
        daemon.json("BACKUP", os.path.join(daemon.folder, "other/book.db-journal"))  # of another folder's book, if of any
        matches(daemon.refused("BACKUP", "/nowhere/copy.db"), "No such file")
        matches(daemon.refused("BACKUP", "/" + "x" * 5000), "^ERR .*too long")
        matches(daemon.agent("anna").refused("BACKUP", copy), "^NOPERM ")
        # Two at once: both ask while the daemon stands still, and the one who came later is told so.
        askers = daemon.connect(), daemon.connect()
        for asker in askers:
            same(asker.call("PING"), "PONG")
        daemon.process.send_signal(signal.SIGSTOP)
        for number, asker in enumerate(askers):
            asker.send("BACKUP", f"{copy}{number}")
        daemon.process.send_signal(signal.SIGCONT)
        answers = [asker.read() for asker in askers]
        refused = [number for number in (0, 1) if isinstance(answers[number], Error)]
        same(len(refused), 1)
        matches(answers[refused[0]], "^BUSY a copy is being made already")
        same([os.path.exists(f"{copy}{number}") for number in (0, 1)], [refused != [0], refused != [1]])
        # Whoever asked has gone: the copy is made all the same. A stop in the middle leaves no half file.
        third = daemon.connect()
        third.send("BACKUP", copy + "3")
        third.close()
        daemon.wait_logged("copy.db3")
        daemon.connect().send("BACKUP", copy + "4")
        daemon.stop()
        same([name for name in os.listdir(daemon.folder) if name.endswith(".part")], [])
        with open(copy + "5.part", "w", encoding="utf-8") as file:
            file.write("what a killed daemon has left")
        daemon.start()
        same(daemon.json("BACKUP", copy + "5")["verified"], True)
        daemon.check()


@test("a copy is never called as the book is, not even until it is verified")
def _():
    daemon = Daemon()
    book = daemon.database + ".part"
    daemon.set("database", f'"{book}"')
    with daemon:
        fill(daemon, 5)
        matches(daemon.refused("BACKUP", daemon.database), "^ERR .*the book's own name")
        true(os.path.exists(book), "the book is there")
    # Where its name is a link, what SQLite keeps beside it stands where the link leads to.
    daemon = Daemon()
    os.mkdir(os.path.join(daemon.folder, "far"))
    os.symlink("far/real.db", daemon.database)
    with daemon:
        fill(daemon, 5)
        for name in ("far/real.db-journal", "book.db-journal"):
            matches(daemon.refused("BACKUP", os.path.join(daemon.folder, name)), "^ERR .*one of its logs")


run()
