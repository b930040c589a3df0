#!/usr/bin/env python3
"""The bulk work: import, the day cycle, a festival for everybody, memory, restart, simulate, bytes; each beside its peers, in one run on one machine.

    bulk.py [CLIENTS ...]        sizes of the book (or CLIENTS in the environment); 1000000 and 10000000 unless QUICK=1 (then 100000)

Environment, as make bench sets it: BUILD, BENCH_SCRATCH, BENCH_RESULTS, ROUNDS, QUICK, ONLY (import, day, festival, memory, simulate). What is measured of the daemon is the real one with
everything switched on, but for a clock that is set from one day to the next.
"""
import datetime
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../daemon"))
import harness  # noqa: E402
from harness import BUILD, FOLLOWUPCTL, FOLLOWUPD, Daemon  # noqa: E402
import bulk_peer  # noqa: E402
import results  # noqa: E402

harness.PATIENCE = 7200.0
harness.Client.__init__.__defaults__ = harness.Daemon.connect.__defaults__ = (harness.PATIENCE,)  # a large book takes its time
QUICK = os.environ.get("QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS") or (1 if QUICK else 5))
ONLY = os.environ.get("ONLY", "").split()
SIZES = [int(word) for word in sys.argv[1:] if word.isdigit()] or [int(word) for word in os.environ.get("CLIENTS", "").split()] or ([100000] if QUICK else [1000000, 10000000])
SCRATCH = os.path.join(os.environ.get("BENCH_SCRATCH") or os.path.join(BUILD, "bench", "scratch"), "bulk")
TODAY = datetime.date(2026, 3, 4)  # a Wednesday; the book knows of two years before it
ORDINARY = [TODAY + datetime.timedelta(days) for days in (1, 2, 3)]
FESTIVAL = datetime.date(2026, 3, 8)  # kept by every branch here, so that one follows soon
AGENTS = 256
ROWS_A_COMMIT = 1000  # of the plain loop


def wanted(part):
    return not ONLY or any(word in part for word in ONLY)


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Stopwatch:
    """Wall seconds, and what a process spent of the processor meanwhile."""

    def __init__(self, pid=None):
        self.pid = pid

    def _cpu(self):
        if self.pid is None:
            return sum(os.times()[:4])
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        self.cpu, self.wall = self._cpu(), time.monotonic()
        return self

    def __exit__(self, *_):
        self.wall, self.cpu = time.monotonic() - self.wall, self._cpu() - self.cpu

    def __str__(self):
        return f"{self.wall:.2f} s (processor {self.cpu:.2f} s)"


def made(name, *words):
    """A file of the made-up book, made once."""
    path = os.path.join(SCRATCH, name)
    if not os.path.exists(path):
        with open(path + ".new", "wb") as file:
            subprocess.run([os.path.join(BUILD, "bench", "bulk_book"), *map(str, words), str(TODAY)], stdout=file, check=True)
        os.rename(path + ".new", path)
    return path


class Book:
    """The files of one size."""

    def __init__(self, count):
        self.count = count
        self.clients = made(f"clients-{count}.csv", "clients", count)
        self.events = made(f"events-{count}.csv", "events", count)

    def daemon(self):
        daemon = Daemon(clock=f"{TODAY}T19:00:00", start_on=f"{TODAY}")
        with open(daemon.config, "a", encoding="utf-8") as file:
            file.write("festival bench-day { solar = %d-%d  priority = 7 }\n" % (FESTIVAL.month, FESTIVAL.day))
        return daemon.start()


def import_file(daemon, kind, path):
    """Until all is durable, and from then on until all has been worked."""
    with Stopwatch(daemon.process.pid) as taken:
        process = subprocess.Popen([FOLLOWUPCTL, "-s", daemon.socket, "import", kind, path], stdout=subprocess.PIPE, text=True)
        said = process.stdout.readline()
    with Stopwatch(daemon.process.pid) as settled:
        daemon.work()
    process.wait()
    harness.true("0 refused" in said, said)
    say(f"  {said.strip()} in {taken}, settled in {settled}")
    return taken, settled


def work(daemon, day):
    """A day is worked through."""
    with Stopwatch(daemon.process.pid) as taken:
        daemon.set_clock(f"{day}T00:00:01")
    return taken


def status(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(name)


def plain_loop(book):
    path = os.path.join(SCRATCH, "upsert.db")
    for end in ("", "-wal", "-shm"):
        if os.path.exists(path + end):
            os.remove(path + end)
    with Stopwatch() as taken:
        subprocess.run([os.path.join(BUILD, "bench", "bulk_upsert"), path, book.clients, str(ROWS_A_COMMIT)], stdout=subprocess.DEVNULL, check=True)
    os.remove(path)
    return taken


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


FIGURES = {}


def note(work_name, count, who, taken):
    """Seconds, or megabytes."""
    seconds = taken.wall if isinstance(taken, Stopwatch) else taken
    FIGURES.setdefault((work_name, count), {}).setdefault(who, []).append((seconds, taken.cpu if isinstance(taken, Stopwatch) else None))
    say(f"  {work_name}, {count} clients: {who} {taken if isinstance(taken, Stopwatch) else f'{taken:.3f}'}")


def measure_import(book):
    for _ in range(ROUNDS if book.count <= 1000000 else min(ROUNDS, 3)):
        note("import", book.count, "SQLite, plain loop", plain_loop(book))
        note("import", book.count, "PostgreSQL, COPY and upsert", postgres_import(book))
        daemon = book.daemon()
        taken, settled = import_file(daemon, "clients", book.clients)
        note("import", book.count, "followupd", taken)
        note("import", book.count, "followupd, until settled as well", settled)
        daemon.remove()


def plain_days(peer, book, name):
    peer.build(book.clients, book.events, TODAY, FESTIVAL, [("bench-day", (FESTIVAL.month, FESTIVAL.day))])
    peer.work(TODAY)
    for day in ORDINARY:
        before = peer.count()
        with Stopwatch() as taken:
            peer.work(day)
        note("day", book.count, name, taken)
        say(f"    {peer.count() - before} follow-ups made")


def festival_peer(book, before, after):
    """INSERT ... SELECT into the same tables and indexes, with the same rows."""
    db = sqlite3.connect(before, isolation_level=None)
    db.executescript(f"PRAGMA synchronous=FULL; PRAGMA cache_size=-32000; PRAGMA secure_delete=ON; ATTACH '{after}' AS made;")
    last = {table: db.execute(f"SELECT coalesce(max(id), 0) FROM main.{table}").fetchone()[0] for table in ("followup", "call", "entry", "link")}
    with Stopwatch() as taken:
        db.execute("BEGIN IMMEDIATE")
        for table in ("followup", "call", "entry", "link"):
            db.execute(f"INSERT INTO main.{table} SELECT * FROM made.{table} WHERE id>?", (last[table],))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint")
    rows = {table: db.execute(f"SELECT count(*) FROM main.{table} WHERE id>?", (last[table],)).fetchone()[0] for table in last}
    db.close()
    say(f"    the same rows: {rows}")
    return taken


def table_bytes(path):
    """Bytes of each table with its indexes, and its rows."""
    db = sqlite3.connect(path)
    sizes = {}
    for table, size in db.execute("SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name=s.name WHERE s.aggregate=TRUE GROUP BY 1"):
        sizes[table] = [size, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]]
    db.close()
    return sizes


def measure_book(book):
    """One book from its first row to its festival."""
    daemon = book.daemon()
    import_file(daemon, "clients", book.clients)
    import_file(daemon, "events", book.events)
    say(f"  resident {status(daemon.process.pid, 'VmRSS'):.0f} MB, at most {status(daemon.process.pid, 'VmHWM'):.0f} MB")
    if wanted("day") or wanted("festival"):
        for day in ORDINARY:
            note("day", book.count, "followupd", work(daemon, day))
            say("    " + daemon.log().splitlines()[-1][-200:])
    if wanted("day"):
        peer = bulk_peer.Sqlite(os.path.join(SCRATCH, "plain.db"))
        plain_days(peer, book, "SQLite, plain")
        peer.close()
        os.remove(os.path.join(SCRATCH, "plain.db"))
        peer = bulk_peer.Postgres(SCRATCH)
        plain_days(peer, book, "PostgreSQL, plain")
        peer.close()
    if wanted("festival"):
        daemon.stop()
        before = os.path.join(SCRATCH, "before.db")
        shutil.copy(daemon.database, before)
        daemon.start(f"{ORDINARY[-1]}T23:00:00")
        daemon.work()
        taken = work(daemon, FESTIVAL)
        note("festival", book.count, "followupd", taken)
        say("    " + daemon.log().splitlines()[-1][-200:])
        daemon.stop()
        note("festival", book.count, "SQLite, INSERT ... SELECT", festival_peer(book, before, daemon.database))
        for end in ("", "-wal", "-shm"):
            if os.path.exists(before + end):
                os.remove(before + end)
        daemon.start(f"{FESTIVAL}T00:00:02")
    if wanted("memory"):
        measure_memory(book, daemon)
    daemon.stop()
    total = os.path.getsize(daemon.database)
    say(f"  database {total / 1e6:.1f} MB")
    sizes = table_bytes(daemon.database) if book.count <= 1000000 else {}
    if sizes:
        rows = [[table, f"{count:,}", f"{size / 1e6:.1f}", f"{size / count:.0f}"] for table, (size, count) in sorted(sizes.items(), key=lambda item: -item[1][0]) if count > 100]
        EXTRA.append(("bytes", f"{book.count:,} clients with two years of events, three days and a festival: {total / 1e6:.0f} MB, tables with their indexes:\n\n"
                      + results.table(["table", "rows", "MB", "bytes a row"], rows)))
    daemon.remove()


def measure_memory(book, daemon):
    for place in range(AGENTS):
        daemon.add_agent(f"agent{place}")
    connections = [daemon.agent(f"agent{place}") for place in range(AGENTS)]
    daemon.set_clock(f"{FESTIVAL + datetime.timedelta(1)}T15:00:00")
    for connection in connections:
        connection.call("NEXT")
    note("memory", book.count, "followupd", status(daemon.process.pid, "VmRSS"))
    note("memory", book.count, "followupd, at most since the start", status(daemon.process.pid, "VmHWM"))
    for _ in range(ROUNDS):
        daemon.kill()
        began = time.monotonic()
        daemon.start(f"{FESTIVAL + datetime.timedelta(1)}T15:00:10")
        killed = time.monotonic() - began
        daemon.stop()
        began = time.monotonic()
        daemon.start(f"{FESTIVAL + datetime.timedelta(1)}T15:00:10")
        note("restart", book.count, "followupd", time.monotonic() - began)
        note("restart", book.count, "followupd, after SIGKILL", killed)


def measure_simulate(count=100000):
    book = Book(count)
    first, last = datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)
    for _ in range(min(ROUNDS, 3)):
        with Stopwatch() as taken:
            subprocess.run([FOLLOWUPD, "simulate", "-c", os.path.join(harness.ROOT, "conf/followupd.conf"), "--clients", book.clients, "--events", book.events, "--from", f"{first}",
                            "--to", f"{last}", "--without", "yearly-sample", "--summary"], stdout=subprocess.DEVNULL, check=True)
        note("simulate", count, "followupd", taken)
        peer = bulk_peer.Sqlite(os.path.join(SCRATCH, "plain.db"))
        peer.db.execute("PRAGMA synchronous=OFF")
        peer.build(book.clients, book.events, first, last, [])
        with Stopwatch() as taken:
            day = first
            while day <= last:
                peer.work(day)
                peer.db.execute("UPDATE followup SET state='done', closed_on=? WHERE state='queued'", (bulk_peer.number(day),))
                day += datetime.timedelta(1)
        note("simulate", count, "SQLite, plain", taken)
        say(f"    {peer.count()} follow-ups")
        peer.close()


PEERS = {  # work: the peers, with what is wanted of each (times their speed) and what is aimed at; a pair of targets for all
    "import": ("Clients imported", {"PostgreSQL, COPY and upsert": (1.0, 2.0), "SQLite, plain loop": (0.7, 1.0)}),
    "day": ("The cycle of an ordinary day", None),
    "festival": ("A festival for everybody", {"SQLite, INSERT ... SELECT": (1 / 3, 1 / 1.5)}),
    "restart": ("Restart until ready", 1.0, 0.3),
    "simulate": ("Simulate, 100,000 clients, a year", None, 30.0),
    "memory": ("Resident, MB", 128.0, 64.0),
}
TITLES = {"import": "Import", "day": "The day cycle", "festival": "A festival that touches every client", "restart": "Restart", "memory": "Memory",
          "simulate": "Simulate", "bytes": "The size of the book"}
WORDS = {
    "import": f"Until every row is durable. The daemon gets the file from followupctl by CLIENT.LOAD, checks every cell, keeps the history of assets and notes whom to look at; what follows "
              f"from the rows is worked in the slices afterwards (`until settled as well`: so long on top), which none of the peers does. The plain loop commits every {ROWS_A_COMMIT} rows; "
              "PostgreSQL copies into a temporary table and upserts from there in one transaction.\n",
    "day": "Three ordinary days one after the other; each is a round. The peers are bulk_plain.sql: the same rules, indexed, one transaction, without cap, merging, foresight, record, corrections "
           "or missed days. They make the same follow-ups.\n",
    "festival": "Every client's greeting created and admitted, cap, foresight and record included, in slices. The peer inserts the same rows (follow-ups, calls, entries, links) into a copy of the "
                "book as it was the evening before, with the same indexes, in one transaction.\n",
    "memory": f"After the festival, with {AGENTS} agents signed in who have each asked for a call.\n",
    "restart": "From the start of the process until it tells the service manager that it is ready; after SIGKILL it recovers the log of writes.\n",
    "simulate": "The peer is bulk_plain.sql day by day without syncs, every queued follow-up done on its day.\n",
}
EXTRA = []


def judge(work_name, count, who, own, seconds):
    """The row of the table of targets, or None."""
    targets = PEERS.get(work_name)
    title = f"{targets[0]}, {count:,} clients" if targets else ""
    if targets is None:
        return None
    if who.startswith("followupd"):
        if len(targets) < 3 or who != "followupd":
            return None
        unit = "" if work_name == "memory" else " s"
        wanted_, aim = targets[1], targets[2]
        return {"work": title, "peer": "-", "measured": f"{own:.2f}{unit}", "at_least": f"{wanted_:g}{unit}" if wanted_ else "-", "aim": f"{aim:g}{unit}",
                "verdict": results.verdict(own, wanted_, aim, smaller=True)}
    if work_name == "day":
        return None
    ratio = seconds / own
    at_least, aim = (targets[1] or {}).get(who, (None, None))
    return {"work": title, "peer": who, "measured": results.times(ratio), "at_least": results.times(at_least) if at_least else "-", "aim": results.times(aim) if aim else "-",
            "verdict": results.verdict(ratio, at_least, aim)}


def judge_day(count, peers, own):
    times_ = sorted(statistics.median(seconds for seconds, _ in rounds) for who, rounds in peers.items() if not who.startswith("followupd"))
    if len(times_) < 2:
        return []
    return [{"work": f"The cycle of an ordinary day, {count:,} clients", "peer": "plain SQL, the slower and the faster", "measured": f"{results.times(times_[-1] / own)}, {results.times(times_[0] / own)}",
             "at_least": "1.0x the slower", "aim": "1.0x the faster", "verdict": "aim" if own <= times_[0] else "least" if own <= times_[-1] else "below"}]


def report(work_names):
    """The sections of what has been measured by now."""
    for place, work_name in enumerate(TITLES, 50):
        if work_name not in work_names:
            continue
        rows, verdicts = [], []
        for (name, count), peers in FIGURES.items():
            if name != work_name:
                continue
            own = statistics.median(seconds for seconds, _ in peers["followupd"])
            for who, rounds in peers.items():
                middle = statistics.median(seconds for seconds, _ in rounds)
                spent = [cpu for _, cpu in rounds if cpu is not None]
                rows.append([f"{count:,}, {who}", results.spread(seconds for seconds, _ in rounds), f"{statistics.median(spent):.2f}" if spent and who.startswith("followupd") else "",
                             "" if who.startswith("followupd") else results.times(middle / own)])
                row = judge(work_name, count, who, own, middle)
                verdicts += [row] if row else []
            if work_name == "day":
                verdicts += judge_day(count, peers, own)
        unit = "MB" if work_name == "memory" else "seconds"
        text = WORDS.get(work_name, "") + "\n" + (results.table(["clients", f"{unit}: min / **median** / max", "of the processor", "followupd is so many times as quick"], rows) if rows else "")
        text += "".join(f"\n{line}\n" for name, line in EXTRA if name == work_name)
        results.section(place, work_name, f"## {TITLES[work_name]}\n\n{text}", verdicts)


def main():
    os.makedirs(SCRATCH, exist_ok=True)
    tempfile.tempdir = SCRATCH
    for count in SIZES:
        say(f"{count} clients")
        book = Book(count)
        if wanted("import"):
            measure_import(book)
            report(["import"])
        if any(wanted(part) for part in ("day", "festival", "memory")):
            measure_book(book)
            report(["day", "festival", "memory", "restart", "bytes"])
    if wanted("simulate"):
        measure_simulate()
        report(["simulate"])
    with open(os.path.join(HERE, "bulk_notes.md"), encoding="utf-8") as file:
        results.section(59, "bulk-notes", "## The bulk work: what was tried, what it gave, what is left\n\n" + file.read())


if __name__ == "__main__":
    main()
