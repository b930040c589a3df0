#!/usr/bin/env python3
"""The bulk work: import, the day cycle, a festival for everybody, memory, restart, the bytes of the book, simulate; each beside its peers, in turns in one run on one machine.

    bulk.py [CLIENTS ...]        sizes of the book (or CLIENTS in the environment); 1000000 and 10000000 unless QUICK=1 (then 100000)

Environment, as make bench sets it: BUILD, BENCH_SCRATCH, BENCH_FIGURES, BENCH_OUT, QUICK, ONLY (import, day, festival, memory, restart, bytes, simulate), ROUNDS, and LARGE_ROUNDS for books of more
than a million. What is measured of the daemon is the real one with everything switched on, but for a clock that is set from one day to the next.
"""
import datetime
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

import bulk_peer
import bulk_report
import results
from bulk_books import BUILD, EVE, FESTIVAL, FOLLOWUPCTL, ORDINARY, SCRATCH, TODAY, Book, Stopwatch, clear, harness, import_file, remove, say, status, sync, warm, work
from bulk_report import ROWS_A_COMMIT, Figures
from harness import FOLLOWUPD

QUICK = os.environ.get("QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS") or (1 if QUICK else 5))
LARGE_ROUNDS = int(os.environ.get("LARGE_ROUNDS") or 1)
SIZES = [int(word) for word in sys.argv[1:] if word.isdigit()] or [int(word) for word in os.environ.get("CLIENTS", "").replace(",", " ").split()] or ([100000] if QUICK else [1000000, 10000000])
ONLY = os.environ.get("ONLY", "").replace(",", " ").split()
AGENTS = 256
AFTERNOON = f"{FESTIVAL}T15:00:00"  # within the calling hours of a Wednesday
SIMULATED = 100000


def wanted(part):
    return not ONLY or any(word in part for word in ONLY)


def rounds(count):
    return ROUNDS if count <= 1000000 else min(ROUNDS, LARGE_ROUNDS)


def in_turns(place, *works):
    """Each of them, with another one first each time."""
    first = place % len(works)
    for one in works[first:] + works[:first]:
        one()


# --- Import ---------------------------------------------------------------------------------------------

def plain_loop(book):
    path = os.path.join(SCRATCH, "upsert.db")
    remove(path)
    try:
        with Stopwatch() as taken:
            subprocess.run([os.path.join(BUILD, "bench", "bulk_upsert"), path, book.clients, str(ROWS_A_COMMIT)], stdout=subprocess.DEVNULL, check=True)
        return taken
    finally:
        remove(path)


def postgres_import(book):
    server = bulk_peer.Postgres(SCRATCH)
    try:
        columns = ("client_ref, person_ref, name, phone, email, tier, branch, manager, introducer, birthday, birthday_calendar, opened_on, closed_on, last_trade_on, assets, status")
        server.ask(f"CREATE TABLE book(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client_ref TEXT NOT NULL UNIQUE, {' TEXT, '.join(columns.split(', ')[1:])} TEXT)")
        server.ask("CREATE INDEX ON book(person_ref) WHERE person_ref IS NOT NULL")
        server.ask("CREATE INDEX ON book(manager) WHERE manager IS NOT NULL")
        with Stopwatch() as taken:
            server.ask(f"CREATE TEMPORARY TABLE file({' TEXT, '.join(columns.split(', '))} TEXT)")
            server.ask(f"\\copy file FROM '{book.clients}' WITH (FORMAT csv, HEADER)")
            server.ask(f"INSERT INTO book({columns}) SELECT {columns} FROM file ON CONFLICT(client_ref) DO UPDATE SET "
                       + ", ".join(f"{name}=excluded.{name}" for name in columns.split(", ")[1:]))
        return taken
    finally:
        server.close()


def measure_import(book):
    """The last round goes on with the events, and its book is what the other sections begin with."""
    book.room("files", "settled", "plain", why="import")
    figures = Figures("import", book.count)
    _ = book.clients, book.events

    def own():
        daemon = book.daemon().start()
        taken, settled = import_file(daemon, "clients", book.clients)
        figures.note("followupd", taken)
        figures.note("followupd, until settled as well", settled)
        if place == rounds(book.count) - 1:
            taken, settled = import_file(daemon, "events", book.events)
            figures.note("followupd, two years of events after that", taken)
            figures.note("followupd, until these are settled as well", settled)
            book.keep(daemon, "settled")
            figures.fact("file", os.path.getsize(book.stage("settled")))
        else:
            daemon.remove()

    for place in range(rounds(book.count)):
        in_turns(place, lambda: figures.note("SQLite, plain loop", plain_loop(book)), lambda: figures.note("PostgreSQL, COPY and upsert", postgres_import(book)), own)
        figures.save()


# --- The day cycle ----------------------------------------------------------------------------------------

def build_plain(peer, book):
    peer.build(book.clients, book.events, TODAY, FESTIVAL, [("bench-day", (FESTIVAL.month, FESTIVAL.day))])
    peer.work(TODAY)


def followups(daemon):
    """How many there ever were: their numbers count up."""
    db = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    try:
        return db.execute("SELECT coalesce(max(id), 0) FROM followup").fetchone()[0]
    finally:
        db.close()


def measure_day(book):
    book.need("settled")
    book.room("files", "settled", "plain", "postgres", why="the day cycle")
    figures = Figures("day", book.count)
    say("  building the peers' books")
    peers = {"SQLite, plain": bulk_peer.Sqlite(os.path.join(SCRATCH, "plain.db")), "PostgreSQL, plain": bulk_peer.Postgres(SCRATCH)}
    daemon = None
    try:
        for peer in peers.values():
            build_plain(peer, book)
        daemon = book.daemon_at("settled", f"{TODAY}T19:00:00")
        daemon.work()
        sync()
        warm(daemon.database, *(peer.path for peer in peers.values()))

        def own():
            before = followups(daemon)
            figures.note("followupd", work(daemon, day), made=followups(daemon) - before)

        def plain(name):
            before = peers[name].count()
            with Stopwatch() as taken:
                peers[name].work(day)
            figures.note(name, taken, made=peers[name].count() - before)

        for place, day in enumerate(ORDINARY):
            say(f"  {day}")
            in_turns(place, own, *(lambda name=name: plain(name) for name in peers))
            figures.save()
        if not os.path.exists(book.stage("eve")):
            work(daemon, EVE)
            book.keep(daemon, "eve")
            daemon = None
    finally:
        for peer in peers.values():
            peer.close()
        remove(os.path.join(SCRATCH, "plain.db"))
        if daemon is not None:
            daemon.remove()


# --- A festival for everybody ------------------------------------------------------------------------------

PIECE = 100000  # rows of the peer's in one transaction: all in one takes it longer, and a log as large as the book


def festival_peer(book, after):
    """INSERT ... SELECT into the same tables and indexes, with the same rows."""
    before = os.path.join(SCRATCH, "peer.db")
    shutil.copyfile(book.stage("eve"), before)
    sync()
    db = sqlite3.connect(before, isolation_level=None)
    db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000; PRAGMA secure_delete=ON; ATTACH '{after}' AS made;")
    tables = ("followup", "call", "entry", "link")
    last = {table: db.execute(f"SELECT coalesce(max(id), 0) FROM main.{table}").fetchone()[0] for table in tables}
    ends = {table: db.execute(f"SELECT coalesce(max(id), 0) FROM made.{table}").fetchone()[0] for table in tables}
    with Stopwatch() as taken:
        for table in tables:
            for first in range(last[table], ends[table], PIECE):
                db.execute("BEGIN IMMEDIATE")
                db.execute(f"INSERT INTO main.{table} SELECT * FROM made.{table} WHERE id>? AND id<=?", (first, first + PIECE))
                db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint")
    rows = {table: db.execute(f"SELECT count(*) FROM main.{table} WHERE id>?", (last[table],)).fetchone()[0] for table in last}
    db.close()
    remove(before)
    say(f"    the same rows: {rows}")
    return taken, rows


def measure_festival(book):
    """One after the other: the peer inserts what the daemon has made."""
    book.need("eve")
    book.room("festival", "festival", why="a festival")
    figures = Figures("festival", book.count)
    for place in range(rounds(book.count)):
        daemon = book.daemon_at("eve", f"{EVE}T00:00:01")
        taken = work(daemon, FESTIVAL)
        figures.note("followupd", taken)
        figures.fact("memory", f"{status(daemon.process.pid, 'VmHWM'):.0f}")
        harness.same(daemon.stop(), 0, "exit status")
        theirs, rows = festival_peer(book, daemon.database)
        figures.note("SQLite, INSERT ... SELECT", theirs)
        figures.fact("rows", rows)
        figures.save()
        if place == rounds(book.count) - 1:
            remove(book.stage("festival"))
            os.rename(daemon.database, book.stage("festival"))
        daemon.remove()


# --- Memory and restart ------------------------------------------------------------------------------------

def measure_memory(book):
    """256 agents who each make calls, on the afternoon of the festival."""
    figures = Figures("memory", book.count)
    daemon = book.daemon_at("festival", AFTERNOON, own=True)
    try:
        daemon.work()
        queues = {row["queue"]: row["ready"] for row in daemon.json("QUEUES")}
        figures.fact("waiting", sum(queues.values()))
        figures.note("followupd, as it has started", status(daemon.process.pid, "VmRSS"))
        for place in range(AGENTS):
            daemon.add_agent(f"agent{place}")
        connections = [daemon.agent(f"agent{place}") for place in range(AGENTS)]
        made = 0
        for _ in range(20 if queues.get("service", 0) > 40 * AGENTS else 1):
            for connection in connections:
                connection.send("NEXT")
            leases = [connection.read() for connection in connections]
            for connection, said in zip(connections, leases):
                connection.send("DONE", harness.json.loads(said)["lease"], "reached") if said else connection.send("PING")
            made += sum(connection.read() != "PONG" for connection in connections)
        for connection in connections:
            connection.call("NEXT")
        figures.fact("made", made)
        figures.note("followupd", status(daemon.process.pid, "VmRSS"))
        figures.note("followupd, at most since the start", status(daemon.process.pid, "VmHWM"))
        daemon.call("METRICS")
        daemon.call("REPORT", "FROM", f"{TODAY}", "TO", f"{FESTIVAL}")
        figures.note("followupd, after METRICS and REPORT as well", status(daemon.process.pid, "VmRSS"))
        daemon.connect(3600).call("FORECAST", "DAYS", "2")
        figures.note("followupd, at most during a FORECAST of two days", status(daemon.process.pid, "VmHWM"))
        for connection in connections:
            connection.close()
        figures.save()
    finally:
        book.keep(daemon, "festival")


def cold(path):
    """The file's pages leave the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def measure_restart(book):
    figures = Figures("restart", book.count)
    daemon = book.daemon_at("festival", AFTERNOON, own=True)

    def again(who):
        with Stopwatch() as taken:
            daemon.start()
        figures.note(who, taken.wall)

    try:
        figures.fact("file", os.path.getsize(daemon.database))
        for place in range(max(rounds(book.count), 5)):
            daemon.work()
            daemon.stop()
            again("followupd")
            daemon.stop()
            cold(daemon.database)
            again("followupd, its file not in the page cache")
            for number in range(200):  # something for the log of writes
                daemon.client(f"R{place:03}{number:05}")
            daemon.kill()
            again("followupd, after SIGKILL")
        figures.save()
    finally:
        book.keep(daemon, "festival")


# --- The bytes of the book ----------------------------------------------------------------------------------

def table_bytes(path):
    """Bytes of each table with its indexes, and its rows."""
    db = sqlite3.connect(path)
    sizes = {}
    for table, size in db.execute("SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name=s.name WHERE s.aggregate=TRUE GROUP BY 1"):
        sizes[table] = [size, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]]
    db.close()
    return sizes


def send_messages(daemon, wish):
    """A gateway sends so many; how many were sent."""
    gateway, sent = daemon.agent("bench-gateway", "gateway", ("sms",)), 0
    while sent < wish:
        given = gateway.call("NEXT", "QUEUE", "sms", "COUNT", 100)
        if not given:
            break
        gateway.pipeline([("DONE", harness.json.loads(text)["lease"], "sent") for text in given])
        sent += len(given)
    gateway.close()
    return sent


def make_calls(daemon, wish):
    agent, made = daemon.agent("bench-agent", "agent", ("service",)), 0
    while made < wish and (said := agent.call("NEXT")):
        agent.call("DONE", harness.json.loads(said)["lease"], "reached", {"note": "客户表示近期资金另有安排，暂不操作。", "satisfaction": 5})
        made += 1
    agent.close()
    return made


def measure_bytes(book):
    figures = Figures("bytes", book.count)
    if book.count > 1000000:
        figures.fact("stages", {"festival": table_bytes(book.need("festival"))})
    else:
        book.need("festival")
        stages = {name: table_bytes(book.need(name)) for name in ("settled", "eve", "festival")}
        figures.fact("stages", stages)
        book.room("festival", why="a copy")
        for what, task, wish in (("message", send_messages, 20000), ("call", make_calls, 5000)):
            daemon = book.daemon_at("festival", AFTERNOON)
            with Stopwatch() as taken:
                count = task(daemon, wish)
            daemon.stop()
            figures.fact(what, [count, table_bytes(daemon.database), taken.wall])
            daemon.remove()
    figures.fact("file", os.path.getsize(book.stage("festival")))
    figures.save()


# --- Simulate -----------------------------------------------------------------------------------------------

def measure_simulate():
    book = Book(SIMULATED)
    figures = Figures("simulate", SIMULATED)
    first, last = datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)
    _ = book.clients, book.events

    def own():
        with Stopwatch() as taken:
            subprocess.run([FOLLOWUPD, "simulate", "-c", os.path.join(harness.ROOT, "conf/followupd.conf"), "--clients", book.clients, "--events", book.events, "--from", f"{first}",
                            "--to", f"{last}", "--without", "yearly-sample", "--summary"], stdout=subprocess.DEVNULL, check=True)
        figures.note("followupd", taken)

    def plain():
        peer = bulk_peer.Sqlite(os.path.join(SCRATCH, "plain.db"))
        peer.build(book.clients, book.events, first, last, [])
        peer.db.execute("PRAGMA synchronous=OFF")
        with Stopwatch() as taken:
            day = first
            while day <= last:
                peer.work(day)
                peer.db.execute("UPDATE followup SET state='done', closed_on=? WHERE state='queued'", (bulk_peer.number(day),))
                day += datetime.timedelta(1)
        figures.note("SQLite, plain", taken, made=peer.count())
        peer.close()
        remove(os.path.join(SCRATCH, "plain.db"))

    for place in range(min(ROUNDS, 3)):
        in_turns(place, plain, own)
        figures.save()


SECTIONS = {"import": measure_import, "day": measure_day, "festival": measure_festival, "memory": measure_memory, "restart": measure_restart, "bytes": measure_bytes}


def attempt(name, work_, *words):
    """Whether it came to its end: what fails costs nobody else his figures."""
    began = time.monotonic()
    try:
        say(f"{name} begins")
        work_(*words)
        say(f"{name} took {results.duration(time.monotonic() - began)}")
        return []
    except Exception:
        traceback.print_exc()
        for daemon in list(harness.Daemon.alive):
            say(daemon.log_tail())
            daemon.remove()
        return [name]


def main():
    clear()
    tempfile.tempdir = SCRATCH
    failed = []
    for count in SIZES:
        book = Book(count)
        for name, measure in SECTIONS.items():
            if wanted(name):
                failed += attempt(f"{name}, {count:,} clients", measure, book)
        if not ONLY:
            book.forget()
    if wanted("simulate"):
        failed += attempt("simulate", measure_simulate)
    bulk_report.assemble()
    left = sum(os.path.getsize(os.path.join(SCRATCH, name)) for name in os.listdir(SCRATCH) if os.path.isfile(os.path.join(SCRATCH, name)))
    if left > 1 << 30:
        say(f"{left / 1e9:.0f} GB of books are kept in {SCRATCH} for further sections; make bench-clean removes them")
    if failed:
        say(f"FAILED: {'; '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
