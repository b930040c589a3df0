"""followupd with many calls waiting: the book is made the way a desk makes it, by importing files of clients and events, and kept as a master copy."""
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
import time

from results import ROOT, SCALE, SCRATCH
from peers import settle, tell
from service import Service

sys.path.insert(0, os.path.join(ROOT, "tests/daemon"))
from harness import FOLLOWUPCTL, FOLLOWUPD, same, true  # noqa: E402

CLOCK = "2025-03-04T09:30:00"  # a Tuesday within the calling hours; it stands still while it is measured
START_ON = "2025-03-01"
AGENTS = 256
MANAGERS = int(os.environ.get("MANAGERS") or 200)  # clients' managers, who may not make most of their calls

CLIENT_COLUMNS = "client_ref,person_ref,name,phone,email,tier,branch,manager,introducer,birthday,birthday_calendar,opened_on,last_trade_on,assets,status,hours"
EVENT_COLUMNS = "event_ref,client_ref,kind,occurred_at"


def client_row(number, traded="2025-02-20", manager=None, hours="", assets=0):
    """A person with one account. Half of the clients were brought by their manager."""
    of = number * 7919 % MANAGERS if MANAGERS else 0
    manager = manager or (f"M{of:03}" if MANAGERS else "")
    return (f"C{number:08},P{number:08},孔丽勇,139{number:08},c{number}@example.com,{'gold' if number % 50 == 0 else 'standard'},SH{of % 100:02},{manager},"
            f"{manager if number % 2 else ''},19{50 + number % 50}-{number * 7 % 12 + 1:02}-{number * 11 % 28 + 1:02},{'lunar' if number % 9 == 0 else 'solar'},"
            f"2020-05-17,{traded},{number * 37 % 5000000 + assets},normal,{hours}\n")


def write_files(folder, count):
    """Each client has one reason to be called: of 20 one has complained, eight have opened an account, eleven have not traded for six months. Some of each are due on each of three days."""
    clients, events = os.path.join(folder, "clients.csv"), os.path.join(folder, "events.csv")
    with open(clients, "w", encoding="utf-8") as client_file, open(events, "w", encoding="utf-8") as event_file:
        client_file.write(CLIENT_COLUMNS + "\n")
        event_file.write(EVENT_COLUMNS + "\n")
        for number in range(count):
            kind, day = number % 20, number % 3
            client_file.write(client_row(number, traded=f"2024-09-0{day + 1}" if kind >= 9 else "2025-02-20"))
            if kind < 9:
                event_file.write(f"E{number:08},C{number:08},{'complaint' if kind == 0 else 'account_opened'},2025-03-0{day + 1}\n")
    return clients, events


class Book(Service):
    """A daemon on a copy of a master book. It speaks to the load generator like a peer (peers.Peer). Subclasses have other calls in it."""

    name = "followupd"
    title = "followupd"
    kind = "calls"
    names = "agents"  # whose connections the load has: a file beside the master book

    def __init__(self, clock=CLOCK, start_on=START_ON, **options):
        os.makedirs(SCRATCH, exist_ok=True)
        tempfile.tempdir = SCRATCH
        super().__init__(clock=clock, start_on=start_on, **options)
        digest = hashlib.sha256()
        for path in (FOLLOWUPD, __file__, inspect.getfile(type(self))):
            with open(path, "rb") as file:
                digest.update(file.read())
        self.master = os.path.join(SCRATCH, f"book-{self.kind}-{SCALE}-{MANAGERS}-{digest.hexdigest()[:12]}")
        self.ready_after = None  # seconds from the start of the process until it is ready

    def import_file(self, what, path):
        status, said, errors = self.ctl_long("import", what, path)
        true(status == 0 and " 0 refused" in said, f"{said} {errors}")

    def ctl_long(self, *words):
        done = subprocess.run([FOLLOWUPCTL, "-s", self.socket, *words], capture_output=True, text=True, cwd=self.folder)
        return done.returncode, done.stdout, done.stderr

    def fill(self):
        """All that is in the book, through the door that everybody uses."""
        for what, path in zip(("clients", "events"), write_files(self.folder, SCALE)):
            self.import_file(what, path)
            os.remove(path)
        self.work_long()
        same(self.waiting("service"), SCALE, "calls that wait")

    def waiting(self, queue):
        return {row["queue"]: row["ready"] for row in self.json("QUEUES")}.get(queue, 0)

    def work_long(self):
        """Waits until what is due has been worked."""
        with self.connect(3600) as client:
            client.call("CLOCK", "ADVANCE", 0)

    def sign_up(self):
        for number in range(AGENTS):
            self.add_agent(f"agent{number:03}")

    def prepare(self):
        if os.path.exists(os.path.join(self.master, self.names)):
            return
        tell(f"making the book {self.kind}: {SCALE:,} clients")
        # Books of other builds are of no use any more.
        for old in os.listdir(SCRATCH):
            if old.startswith(f"book-{self.kind}-"):
                shutil.rmtree(os.path.join(SCRATCH, old))
        os.makedirs(self.master)
        self.start()
        self.sign_up()
        self.fill()
        same(self.stop(), 0, "exit status")
        shutil.move(self.database, os.path.join(self.master, "book.db"))
        for names, agents in self.groups().items():
            with open(os.path.join(self.master, names + ".new"), "w", encoding="utf-8") as file:
                file.writelines(f"{name} {self.agents[name]}\n" for name in agents)
            os.rename(file.name, os.path.join(self.master, names))

    def groups(self):
        """Files of agents' names and tokens."""
        return {"agents": sorted(self.agents)}

    def restore(self):
        for end in ("-wal", "-shm"):
            if os.path.exists(self.database + end):
                os.remove(self.database + end)
        shutil.copyfile(os.path.join(self.master, "book.db"), self.database)
        if os.path.exists(self.log_file):
            os.truncate(self.log_file, 0)
        settle(self.folder)

    @property
    def at(self):
        return self.socket

    def start(self, *arguments, **options):
        began = time.monotonic()
        super().start(*arguments, **options)
        self.ready_after = time.monotonic() - began
        return self

    def resident(self):
        """Megabytes that it holds in memory, and the most that it ever held."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            said = dict(line.split(":", 1) for line in file)
        return int(said["VmRSS"].split()[0]) / 1024, int(said["VmHWM"].split()[0]) / 1024

    def load_words(self, agents):
        return ["--at", self.at, "--names", os.path.join(self.master, self.names)]

    def stop(self):
        return super().stop() if self.process is not None else 0
