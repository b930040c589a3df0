"""Books of a million clients and more: their files, and the stages of their life that are kept as copies, so that each section can begin at once and by itself.

A book is imported on the evening of TODAY (stage settled), worked through the ordinary days (eve), and greets everybody at the festival (festival). A stage that is missing is made from the one before
it. Stages are kept in the scratch folder until the run of all sections is over, or until make bench-clean; room() sees to it that the disk is not filled.
"""
import datetime
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../daemon"))
import harness  # noqa: E402
from harness import BUILD, FOLLOWUPCTL  # noqa: E402
from results import SCRATCH as BENCH_SCRATCH  # noqa: E402
from service import Service  # noqa: E402

harness.PATIENCE = 6 * 3600.0
harness.Client.__init__.__defaults__ = harness.Daemon.connect.__defaults__ = (harness.PATIENCE,)  # a large book takes its time
SCRATCH = os.path.join(BENCH_SCRATCH, "bulk")
TODAY = datetime.date(2026, 3, 4)  # a Wednesday; the book knows of two years before it
ORDINARY = [TODAY + datetime.timedelta(days) for days in range(1, 6)]
FESTIVAL = datetime.date(2026, 3, 11)  # kept by every branch here, so that one follows soon; its letters open on TODAY
EVE = FESTIVAL - datetime.timedelta(1)
STAGES = ("settled", "eve", "festival")
# Bytes a client, with two years of events: measured, see the section of the book's size. What each part of the work needs on the disk at once is made of them.
BYTES = {"files": 240, "settled": 480, "festival": 960, "plain": 700, "postgres": 1100}


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


def sync():
    """What was copied is on the disk before anybody is measured."""
    subprocess.run(["sync", "-f", SCRATCH], check=True)


def warm(*paths):
    """Files, and all in folders, are read once, so that nobody is measured reading from the disk what another one finds in the page cache."""
    subprocess.run(["find", *paths, "-type", "f", "-exec", "cat", "{}", "+"], stdout=subprocess.DEVNULL, check=False)


def remove(path):
    """A database with what stands beside it."""
    for end in ("", "-wal", "-shm", "-lock"):
        if os.path.exists(path + end):
            os.remove(path + end)


def status(pid, name):
    """Megabytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(name)


def clear():
    """What a run that was killed has left."""
    os.makedirs(SCRATCH, exist_ok=True)
    for name in os.listdir(SCRATCH):
        if name.startswith(("followupd-test-", "plain", "upsert", "peer", "postgres")) or name.endswith(".new"):
            path = os.path.join(SCRATCH, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


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


class Book:
    """The files and the stages of one size."""

    def __init__(self, count):
        self.count = count
        digest = hashlib.sha256()
        for path in ("daemon/store/store_schema.c", "tests/bench/bulk_book.c", "tests/bench/bulk_books.py"):
            with open(os.path.join(harness.ROOT, path), "rb") as file:
                digest.update(file.read())
        self.digest = digest.hexdigest()[:10]
        for name in os.listdir(SCRATCH):
            if name.startswith(f"book-{count}-") and self.digest not in name:  # of another schema, or made otherwise
                os.remove(os.path.join(SCRATCH, name))

    def _made(self, what):
        path = os.path.join(SCRATCH, f"{what}-{self.count}.csv")
        if not os.path.exists(path):
            with open(path + ".new", "wb") as file:
                subprocess.run([os.path.join(BUILD, "bench", "bulk_book"), what, str(self.count), str(TODAY)], stdout=file, check=True)
            os.rename(path + ".new", path)
        return path

    @property
    def clients(self):
        return self._made("clients")

    @property
    def events(self):
        return self._made("events")

    def stage(self, name):
        return os.path.join(SCRATCH, f"book-{self.count}-{self.digest}-{name}.db")

    def room(self, *parts, why):
        """So much must be free; stages that can be made again give way, the earlier ones first."""
        needed = sum(BYTES[part] for part in parts) * self.count * 11 // 10 + (1 << 30)
        for name in STAGES[:-1]:
            if shutil.disk_usage(SCRATCH).free < needed and any(os.path.exists(self.stage(later)) for later in STAGES[STAGES.index(name) + 1:]):
                remove(self.stage(name))
        free = shutil.disk_usage(SCRATCH).free
        if free < needed:
            raise OSError(f"{why} with {self.count:,} clients needs {needed / 1e9:.0f} GB of disk, {free / 1e9:.0f} GB are free at {SCRATCH}")

    def daemon(self):
        """One with a book of its own, not started."""
        daemon = Service(clock=f"{TODAY}T19:00:00", start_on=f"{TODAY}")
        with open(daemon.config, "a", encoding="utf-8") as file:
            file.write("festival bench-day { solar = %d-%d  priority = 7 }\n" % (FESTIVAL.month, FESTIVAL.day))
        return daemon

    def daemon_at(self, stage, clock, own=False):
        """One on a copy of that stage, or (own) on the stage itself, which is there afterwards whatever happens."""
        path = self.need(stage)
        daemon = self.daemon()
        if own:
            daemon.database = path
            daemon.set("database", f'"{path}"')
        else:
            shutil.copyfile(path, daemon.database)
            sync()
        return daemon.start(clock)

    def keep(self, daemon, stage):
        """The daemon ends, and what it leaves is that stage from now on."""
        harness.same(daemon.stop(), 0, "exit status")
        if daemon.database != self.stage(stage):
            os.rename(daemon.database, self.stage(stage))
        daemon.remove()

    def need(self, stage):
        """The path of that stage, which is made when it is not there."""
        path = self.stage(stage)
        if os.path.exists(path):
            if os.path.exists(path + "-wal"):  # a run was killed while a daemon was at it
                sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
            return path
        say(f"  making the book of {self.count:,} clients, stage {stage}")
        if stage == "settled":
            self.room("files", "settled", why="a book")
            daemon = self.daemon().start()
            for what in ("clients", "events"):
                import_file(daemon, what, getattr(self, what))
        elif stage == "eve":
            self.need("settled")
            self.room("settled", why="a copy")
            daemon = self.daemon_at("settled", f"{TODAY}T19:00:00")
            work(daemon, EVE)
        else:
            self.need("eve")
            self.room("festival", why="a festival")
            daemon = self.daemon_at("eve", f"{EVE}T00:00:01")
            work(daemon, FESTIVAL)
        self.keep(daemon, stage)
        return path

    def forget(self):
        for name in STAGES:
            remove(self.stage(name))
        for what in ("clients", "events"):
            path = os.path.join(SCRATCH, f"{what}-{self.count}.csv")
            if os.path.exists(path):
                os.remove(path)
