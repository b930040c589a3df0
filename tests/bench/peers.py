"""The queues that followupd is measured beside: filled once, kept as a master copy, and for each measurement started on a fresh copy of it. One runs at a time."""
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from results import BUILD, SCALE, SCRATCH

PATIENCE = 120


def tell(text):
    print(f"bench: {text}", flush=True)


def settle(folder):
    """What has been copied is on the disk before anybody is measured."""
    subprocess.run(["sync", "-f", folder], check=True)


def copy_tree(source, target):
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", source, target], check=True)


def connected(path):
    """A connection to a unix socket, once somebody listens there."""
    until = time.monotonic() + PATIENCE
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(path)
            return client
        except OSError:
            client.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


# In what order a call is waiting: what the book of followupd holds, see book.py.
def order_of(number):
    """priority and due day (counted from the oldest) of a call"""
    kind = number % 20
    return (1, number % 3) if kind == 0 else (3, 5 + number % 3) if kind < 9 else (4, 14 + number % 3)


class Peer:
    """A server: name is what the load generator calls it."""

    def __init__(self):
        self.process = None
        self.master = os.path.join(SCRATCH, f"{self.name}-{SCALE}")
        self.folder = os.path.join(SCRATCH, self.name)

    def prepare(self):
        """The master copy, made once and kept between runs."""
        if os.path.exists(os.path.join(self.master, "filled")):
            return
        tell(f"filling {self.name} with {SCALE:,} calls")
        shutil.rmtree(self.master, ignore_errors=True)
        os.makedirs(self.master)
        self.fill()
        with open(os.path.join(self.master, "filled"), "w", encoding="utf-8"):
            pass

    def restore(self):
        copy_tree(self.master, self.folder)
        settle(self.folder)

    def wait_ended(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None

    stop = wait_ended

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def load_words(self, agents):
        """What the generator is told of it."""
        return ["--at", self.at]

    @property
    def at(self):
        return os.path.join(self.folder, "socket")


class Bare(Peer):
    """What SQLite itself can do on this machine."""

    name = "bare"
    title = "a bare loop over SQLite"
    program = os.path.join(BUILD, "bench", "bare_loop")

    def fill(self):
        subprocess.run([self.program, "fill", os.path.join(self.master, "book.db"), str(SCALE)], check=True)

    def start(self):
        self.process = subprocess.Popen([self.program, "serve", os.path.join(self.folder, "book.db"), self.at], stdin=subprocess.DEVNULL)
        connected(self.at).close()


class Redis(Peer):
    settings = ("--appendonly", "yes", "--save", "", "--port", "0")

    def serve(self, folder, *words):
        self.process = subprocess.Popen(["redis-server", "--dir", folder, "--unixsocket", os.path.join(folder, "socket"), *self.settings, *words],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with connected(os.path.join(folder, "socket")) as client:
            until = time.monotonic() + PATIENCE
            while self.ask(client, b"PING\r\n") != b"+PONG\r\n":
                if time.monotonic() > until:
                    raise RuntimeError("redis-server does not become ready")
                time.sleep(0.02)

    @staticmethod
    def ask(client, request):
        client.sendall(request)
        answer = b""
        while not answer.endswith(b"\r\n"):
            answer += client.recv(1 << 16)
        return answer

    def fill(self):
        self.serve(self.master, "--appendfsync", "no")
        with connected(os.path.join(self.master, "socket")) as client:
            for first in range(0, SCALE, 500):
                words = [b for number in range(first, min(first + 500, SCALE)) for b in self.entry(number)]
                request = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in [*self.insert, *words])
                answer = self.ask(client, b"*%d\r\n%s" % (len(words) + len(self.insert), request))
                if not answer.startswith(b":"):
                    raise RuntimeError(answer)
            self.ask(client, b"BGREWRITEAOF\r\n")
            until = time.monotonic() + PATIENCE
            while b"aof_rewrite_in_progress:0" not in (said := self.ask(client, b"INFO persistence\r\n")) or b"aof_rewrite_scheduled:0" not in said:
                if time.monotonic() > until:
                    raise RuntimeError("redis-server does not finish its log")
                time.sleep(0.1)
        self.wait_ended()

    def start(self):
        self.serve(self.folder, "--appendfsync", "always")


class RedisSorted(Redis):
    name = "redis-sorted"
    title = "Redis, sorted set"
    insert = (b"ZADD", b"ready")

    @staticmethod
    def entry(number):
        priority, due = order_of(number)
        return b"%d" % (priority * 100000 + due), b"%010d" % number


class RedisList(Redis):
    name = "redis-list"
    title = "Redis, lists"
    insert = (b"RPUSH", b"ready")

    @staticmethod
    def entry(number):
        return (b"%010d" % number,)


class Beanstalkd(Peer):
    name = "beanstalkd"
    title = "beanstalkd"

    def serve(self, folder, *words):
        self.process = subprocess.Popen(["beanstalkd", "-l", "unix:" + os.path.join(folder, "socket"), "-b", folder, *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connected(os.path.join(folder, "socket")).close()

    def fill(self):
        self.serve(self.master, "-F")
        with connected(os.path.join(self.master, "socket")) as client:
            for first in range(0, SCALE, 1000):
                request = b""
                wanted = min(1000, SCALE - first)
                for number in range(first, first + wanted):
                    priority, due = order_of(number)
                    request += b"put %d 0 900 10\r\n%010d\r\n" % (priority * 100000 + due, number)
                client.sendall(request)
                answer = b""
                while answer.count(b"\n") < wanted:
                    answer += client.recv(1 << 16)
                if answer.count(b"INSERTED") != wanted:
                    raise RuntimeError(answer[:200])
        self.wait_ended()
        os.remove(os.path.join(self.master, "socket"))

    def start(self):
        self.serve(self.folder, "-f0")
        with connected(self.at) as client:  # it answers once it has read its log
            client.sendall(b"stats\r\n")
            client.recv(1 << 16)


class Postgres(Peer):
    """Runs as the user postgres when root asks, as initdb wants it. database(): a connection string. Subclasses may fill it with something else."""

    name = "postgresql"
    title = "PostgreSQL 15"
    settings = {"listen_addresses": "''", "max_connections": 300, "shared_buffers": "'1GB'", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_wal_size": "'4GB'",
                "logging_collector": "off"}
    program = "/usr/lib/postgresql/15/bin/"

    def run(self, *command, **options):
        before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run([*before, *command], capture_output=True, text=True, cwd="/", **options)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def user(self):
        return "postgres" if os.geteuid() == 0 else re.sub(r"\W", "", os.environ.get("USER", "postgres"))

    def database(self, folder=None):
        return f"host={folder or self.folder} dbname=postgres user={self.user()}"

    @property
    def at(self):
        return self.database()

    def sql(self, statements):
        """What it answers, one row a line."""
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.database(self.serving), "-f", "-", input=statements)

    serving = None

    def serve(self, folder):
        self.run(self.program + "pg_ctl", "-D", os.path.join(folder, "data"), "-w", "-t", str(PATIENCE), "-s", "-l", os.path.join(folder, "log"),
                 "-o", f"-k {folder} " + " ".join(f"-c {name}={value}" for name, value in self.settings.items()), "start")
        self.serving = folder

    def stop(self):
        if self.serving:
            self.run(self.program + "pg_ctl", "-D", os.path.join(self.serving, "data"), "-w", "-s", "-m", "fast", "stop")
            self.serving = None

    def create(self):
        """An empty cluster in the master folder, being served."""
        if os.geteuid() == 0:
            shutil.chown(self.master, "postgres", "postgres")
        self.run(self.program + "initdb", "-D", os.path.join(self.master, "data"), "--no-sync", "-A", "trust", "-E", "UTF8", "--locale=C", "-U", self.user())
        self.serve(self.master)

    def fill(self):
        self.create()
        self.sql(f"""
            CREATE TABLE call(id bigint PRIMARY KEY, queue int NOT NULL, priority int NOT NULL, due_on date NOT NULL, state int NOT NULL, agent int, lease_until timestamptz);
            INSERT INTO call(id, queue, priority, due_on, state)
              SELECT n, 1, CASE WHEN n % 20 = 0 THEN 1 WHEN n % 20 < 9 THEN 3 ELSE 4 END,
                date '2025-03-02' + CASE WHEN n % 20 = 0 THEN n % 3 WHEN n % 20 < 9 THEN 5 + n % 3 ELSE 14 + n % 3 END, 0 FROM generate_series(0, {SCALE - 1}) n;
            CREATE INDEX call_ready ON call(priority, due_on, id) WHERE state = 0;
            VACUUM (FREEZE, ANALYZE) call; CHECKPOINT;""")
        self.stop()

    def start(self):
        self.serve(self.folder)


ALL = (Bare, RedisSorted, RedisList, Beanstalkd, Postgres)
