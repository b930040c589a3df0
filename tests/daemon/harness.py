"""What the tests of the running daemon share.

A test is a function with the decorator @test("what is promised"); run() does them all and prints TAP. Each test starts a daemon of its own, in a folder of its own, on a socket of its
own, and tells it the time. Nothing here sleeps: readiness, reloads and ends are waited for where they are announced.
"""
import atexit
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.abspath(os.environ.get("ROOT") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.path.abspath(os.environ.get("BUILD") or os.path.join(ROOT, "build"))
FOLLOWUPD = os.path.abspath(os.environ.get("FOLLOWUPD") or os.path.join(BUILD, "followupd"))
FOLLOWUPCTL = os.path.abspath(os.environ.get("FOLLOWUPCTL") or os.path.join(BUILD, "followupctl"))
LONG = os.environ.get("FOLLOWUP_LONG") == "1"
GENTLE = os.environ.get("FOLLOWUP_END_GENTLY") == "1"  # a test ends its daemon by SIGTERM

PATIENCE = 60.0  # seconds after which something that was announced is taken for lost

TUESDAY = "2025-03-04"  # a work day: desks are open from 09:30 to 11:00 and from 15:00 to 17:00
MORNING = TUESDAY + "T09:30:00"


# --- Tests ------------------------------------------------------------------------------------------

class Skip(Exception):
    """Raised by a test that cannot be done here; says why."""


_tests = []


def test(what):
    def add(function):
        _tests.append((what, function))
        return function
    return add


def run():
    """Does every test of the program; its words narrow them down to those whose promise contains one."""
    words = sys.argv[1:]
    chosen = [(what, function) for what, function in _tests if not words or any(word in what for word in words)]
    failures = 0
    print(f"1..{len(chosen)}")
    for number, (what, function) in enumerate(chosen, 1):
        began = time.monotonic()
        try:
            function()
            print(f"ok {number} - {what}")
        except Skip as why:
            print(f"ok {number} - {what} # SKIP {' '.join(str(why).split())}")
        except Exception:
            failures += 1
            print(f"not ok {number} - {what}")
            for line in traceback.format_exc().splitlines():
                print(f"#   {line}")
            for daemon in Daemon.alive:
                print(f"#   log: {daemon.log_tail()}")
        finally:
            for daemon in list(Daemon.alive):
                daemon.remove()
        if os.environ.get("SHOW_TIMES"):
            print(f"# {time.monotonic() - began:.2f} s")
        sys.stdout.flush()
    sys.exit(1 if failures else 0)


def same(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{f'{what}: ' if what else ''}got {got!r}, wanted {wanted!r}")


def true(condition, what="a condition does not hold"):
    if not condition:
        raise AssertionError(what() if callable(what) else str(what))


def matches(text, pattern, what=""):
    if re.search(pattern, text) is None:
        raise AssertionError(f"{f'{what}: ' if what else ''}{text!r} does not match {pattern!r}")


# --- The protocol -----------------------------------------------------------------------------------

class Error(str):
    """An error reply."""


class Refused(AssertionError):
    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


class Closed(ConnectionError):
    """The daemon has closed the connection."""


class Set(list):
    pass


class Client:
    """One connection."""

    def __init__(self, address, timeout=PATIENCE):
        unix = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        self.socket.sendall(data)

    @staticmethod
    def encode(*words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            if isinstance(word, (dict, list)):
                word = json.dumps(word, ensure_ascii=False)
            word = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        return b"".join(parts)

    def send(self, *words):
        self.write(self.encode(*words))

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Closed("closed by the daemon")
        self.buffer += data

    def read_line(self):
        while b"\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise AssertionError(f"a line of the reply does not end with CR LF: {line!r}")
        return line[:-1]

    def read_bytes(self, count):
        while len(self.buffer) < count + 2:
            self._more()
        data, end, self.buffer = self.buffer[:count], self.buffer[count:count + 2], self.buffer[count + 2:]
        same(end, b"\r\n", "behind a bulk string")
        return data

    def read(self):
        """One reply as a Python value; text where it is UTF-8. An error is returned, not raised."""
        line = self.read_line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Error(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.read_bytes(int(rest))
            try:
                return data.decode()
            except UnicodeDecodeError:
                return data
        if kind in b"*>":  # a push is a list, too
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        if kind == b"~":
            return Set(self.read() for _ in range(int(rest)))
        if kind == b"%":
            return {self.read(): self.read() for _ in range(int(rest))}
        if kind == b"_":
            return None
        if kind == b"#":
            return rest == b"t"
        if kind == b",":
            return float(rest)
        raise AssertionError(f"no reply of the protocol: {line!r}")

    def call(self, *words):
        self.send(*words)
        reply = self.read()
        if isinstance(reply, Error):
            raise Refused(reply)
        return reply

    def json(self, *words):
        reply = self.call(*words)
        return None if reply is None else json.loads(reply)

    def refused(self, *words):
        """The error that a command must get."""
        self.send(*words)
        reply = self.read()
        if not isinstance(reply, Error):
            raise AssertionError(f"{words[0]} was not refused: {reply!r}")
        return reply

    def pipeline(self, commands):
        self.write(b"".join(self.encode(*words) for words in commands))
        return [self.read() for _ in commands]

    def is_silent(self):
        """Whether nothing has been answered yet: asks on the way for whatever was answered before."""
        return not self.buffer and not select.select([self.socket], [], [], 0)[0]

    def ended(self):
        """What else comes until the daemon closes the connection."""
        rest = self.buffer
        try:
            while True:
                data = self.socket.recv(1 << 16)
                if not data:
                    break
                rest += data
        except ConnectionResetError:
            pass
        return rest


# --- The daemon -------------------------------------------------------------------------------------

class Daemon:
    """A daemon with a folder of its own. Used as a context it is started at once, and everything is gone afterwards."""

    alive = []

    def __init__(self, clock=MORNING, start_on="2025-01-01", settings=(), arguments=(), **start):
        self.folder = tempfile.mkdtemp(prefix="followupd-test-")
        self.conf = os.path.join(self.folder, "conf")
        self.config = os.path.join(self.conf, "followupd.conf")
        self.socket = os.path.join(self.folder, "s")
        self.database = os.path.join(self.folder, "book.db")
        self.log_file = os.path.join(self.folder, "log")
        self.notify_path = os.path.join(self.folder, "notify")
        self.process = None
        self.clock = clock
        self.arguments = list(arguments)
        self.start_options = start
        self.agents = {}
        self._operator = None
        shutil.copytree(os.path.join(ROOT, "conf"), self.conf)
        self.set("database", f'"{self.database}"')
        self.set("listen", f'{{"unix:{self.socket}", "127.0.0.1:0"}}')
        self.set("start_on", start_on)
        for name, value in dict(settings).items():
            self.set(name, value)
        self.switch("yearly-sample", "no")  # which clients it draws is its own affair
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        Daemon.alive.append(self)

    def __enter__(self):
        try:
            self.start(**self.start_options)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.remove()  # after a failure run() shows the log first

    # The configuration.

    def path(self, name):
        return os.path.join(self.conf, name)

    def read_conf(self, name="followupd.conf"):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write_conf(self, text, name="followupd.conf"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def replace(self, old, new, name="followupd.conf"):
        text = self.read_conf(name)
        true(old in text, f"{name} does not contain {old!r}")
        self.write_conf(text.replace(old, new), name)

    def set(self, setting, value, name="followupd.conf"):
        """Gives a setting of the form "name = value" another value, at every place where it stands."""
        text, count = re.subn(rf"(?m)^(\s*{re.escape(setting)}\s*=\s*)(\{{[^}}]*\}}|\"[^\"]*\"|[^\s#}}]+)", lambda found: found.group(1) + value,
                              self.read_conf(name))
        true(count > 0, f"{name} has no setting {setting}")
        self.write_conf(text, name)

    def switch(self, rule, on):
        """Switches a rule "yes" or "no"."""
        for name in sorted(os.listdir(self.path("rules.d"))):
            text, count = re.subn(rf"(?m)^(rule {re.escape(rule)} {{\n)(\s*on\s*=.*\n)?", rf"\1\ton = {on}\n", self.read_conf("rules.d/" + name))
            if count > 0:
                self.write_conf(text, "rules.d/" + name)
                return
        raise AssertionError(f"there is no rule {rule}")

    # Its life.

    def start(self, clock=None, wait=True, **popen):
        self.clock = clock or self.clock
        command = [FOLLOWUPD, "-c", self.config, "-f"] + (["--test-clock", self.clock] if self.clock != "real" else []) + self.arguments
        environment = dict(os.environ, NOTIFY_SOCKET=self.notify_path)
        environment.pop("LISTEN_FDS", None)
        environment.update(popen.pop("environment", {}))
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, **popen)
        self._operator = None
        if wait:
            self.wait_notified("READY=1")
        return self

    def wait_notified(self, word):
        """Waits until the daemon tells its service manager that; what else it has told meanwhile."""
        before = []
        with PidFile(self.process.pid) as ended:
            while True:
                ready = select.select([self.notify, ended], [], [], PATIENCE)[0]
                if self.notify in ready:
                    said = self.notify.recv(4096).decode().splitlines()
                    before += said
                    if word in said:
                        return before
                elif ready:
                    raise AssertionError(f"the daemon has ended with {self.process.wait()} before it said {word}: {self.log_tail()}")
                else:
                    raise AssertionError(f"{word} has not been said for {PATIENCE} seconds")

    def forget_notified(self):
        while select.select([self.notify], [], [], 0)[0]:
            self.notify.recv(4096)

    def wait(self):
        """The exit status, once it has ended."""
        status = self.process.wait(PATIENCE)
        self.process = None
        self._operator = None
        return status

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.wait()

    def restart(self, clock=None, **start):
        same(self.stop(), 0, "exit status")
        return self.start(clock, **start)

    def remove(self):
        if GENTLE and self.process is not None:
            # Only a daemon that leaves by itself writes down what was run, and what leaked.
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        self.notify.close()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        if self in Daemon.alive:
            Daemon.alive.remove(self)

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def wait_logged(self, pattern):
        """Waits until the log has a line that matches."""
        until = time.monotonic() + PATIENCE
        while re.search(pattern, log := self.log()) is None:
            true(time.monotonic() < until, lambda: f"the log never said {pattern!r}: {self.log_tail()}")
            self.operator.call("PING")  # a turn of its loop
        return log

    def log_tail(self):
        return " | ".join(self.log().splitlines()[-8:])

    # Talking to it.

    @property
    def operator(self):
        if self._operator is None:
            self._operator = self.connect()
        return self._operator

    def connect(self, timeout=PATIENCE):
        return Client(self.socket, timeout)

    @property
    def port(self):
        return int(re.search(r"listener\d+:127\.0\.0\.1:(\d+)", self.operator.call("INFO", "clients")).group(1))

    def connect_tcp(self):
        return Client(("127.0.0.1", self.port))

    def call(self, *words):
        return self.operator.call(*words)

    def json(self, *words):
        return self.operator.json(*words)

    def refused(self, *words):
        return self.operator.refused(*words)

    def info(self, section="all"):
        lines = (line.split(":", 1) for line in self.call("INFO", section).splitlines() if ":" in line)
        return dict(lines)

    def add_agent(self, name, roles="agent", queues=("service",)):
        words = ["AGENT.ADD", name, roles] + (["QUEUES", *queues] if queues else [])
        self.agents[name] = self.json(*words)["token"]
        return self.agents[name]

    def agent(self, name, roles="agent", queues=("service",)):
        """A connection signed in under that name; the agent is added where there is none yet."""
        if name not in self.agents:
            self.add_agent(name, roles, queues)
        client = self.connect()
        same(client.call("AUTH", name, self.agents[name]), "OK")
        return client

    def client(self, ref, **fields):
        """Tells of a client with a telephone; None leaves a field out."""
        document = {"client_ref": ref, "name": "孔丽勇", "phone": "13912345678"}
        document.update(fields)
        return self.call("CLIENT.PUT", {name: value for name, value in document.items() if value is not None})

    def event(self, ref, client, kind, at=None, **fields):
        document = {"event_ref": ref, "client_ref": client, "kind": kind, "occurred_at": at or self.call("CLOCK")[:10]}
        document.update(fields)
        return self.call("EVENT.PUT", {name: value for name, value in document.items() if value is not None})

    def advance(self, seconds):
        same(self.call("CLOCK", "ADVANCE", seconds), "OK")

    def set_clock(self, time):
        same(self.call("CLOCK", "SET", time), "OK")

    def work(self):
        """Waits until everything that is due by now has been worked."""
        self.advance(0)

    def list(self, what="followups", **filters):
        words = [part for name, value in filters.items() for part in (name.upper(), value)]
        return self.json("LIST", what, *words)

    def followup(self, **filters):
        """The only follow-up that fits."""
        rows = self.list("followups", **filters)
        same(len(rows), 1, f"follow-ups with {filters}: {rows}")
        return rows[0]

    def used(self, client):
        """Slots that the client's person has used: his contacts and his calls."""
        return self.json("WHY", client)["slots_used"]

    def check(self):
        same(self.json("CHECK")["faults"], [], "CHECK")

    def ctl(self, *words, input=None, environment=None):
        """followupctl: its exit status, output and errors."""
        done = subprocess.run([FOLLOWUPCTL, "-s", self.socket, *words], input=input, capture_output=True, timeout=PATIENCE,
                              env=dict(os.environ, **(environment or {})), cwd=self.folder)
        return done.returncode, done.stdout.decode(errors="backslashreplace"), done.stderr.decode(errors="backslashreplace")


class PidFile:
    """Becomes readable when the process ends."""

    def __init__(self, pid):
        self.descriptor = os.pidfd_open(pid)

    def fileno(self):
        return self.descriptor

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)


def _remove_all():
    for daemon in list(Daemon.alive):
        daemon.remove()


def _leave(number, _):
    sys.exit(128 + number)  # atexit stops the daemons


atexit.register(_remove_all)
signal.signal(signal.SIGTERM, _leave)
