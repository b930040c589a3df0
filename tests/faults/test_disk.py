#!/usr/bin/env python3
"""The disk of a running daemon breaks: STORE, exit 74, and after the restart all that was answered is there. Its room ends: STORE, and it works again without a restart (DESIGN 3)."""
import array
import errno
import fcntl
import json
import os
import pwd
import select
import signal
import sqlite3
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from harness import BUILD, PATIENCE, Closed, Daemon, Error, Skip, TUESDAY, matches, run, same, test, true  # noqa: E402


class Disk:
    """What the daemon's disk does from now on."""

    def __init__(self, daemon):
        self.plan, self.copies = os.path.join(daemon.folder, "disk"), os.path.join(daemon.folder, "copies")
        self.environment = {"LD_PRELOAD": os.path.join(BUILD, "faults/broken_disk.so"), "BROKEN_DISK": self.plan, "BROKEN_COPY": self.copies,
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def breaks(self, call, error):
        self.say(self.plan, f"{call} {error}")

    def copy(self, how):
        self.say(self.copies, how)

    @staticmethod
    def say(plan, text):
        with open(plan + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(plan + ".new", plan)

    def mends(self):
        os.unlink(self.plan)


def clients_of(daemon):
    return {row["client_ref"] for row in daemon.list("clients", limit=1000)}


def whole(daemon):
    daemon.check()
    true(daemon.json("VERIFY")["holds"], "the record is broken")


COMMANDS = [  # of whom, what
    ("operator", ("CLIENT.PUT", {"client_ref": "N", "name": "N", "phone": "139"})),
    ("operator", ("EVENT.PUT", {"event_ref": "N", "client_ref": "C1", "kind": "complaint", "occurred_at": TUESDAY})),
    ("operator", ("AGENT.ADD", "new", "agent", "QUEUES", "service")),
    ("operator", ("CLOCK", "SET", "2025-03-06T10:00:00")),
    ("operator", ("WHY", "C1")),
    ("anna", ("NEXT",)),
]


@test("an I/O error under any kind of command: STORE, then exit 74; after the restart the book is whole, and the command is done")
def _():
    for call in ("pwrite", "fsync"):
        for who, words in COMMANDS:
            daemon = Daemon()
            disk = Disk(daemon)
            with daemon:
                daemon.restart(environment=disk.environment)
                daemon.client("C1")
                daemon.event("E1", "C1", "complaint")
                anna = daemon.agent("anna")
                disk.breaks(call, errno.EIO)
                client = anna if who == "anna" else daemon.operator
                client.send(*words)
                try:
                    answer = client.read()
                except (Closed, ConnectionError):
                    answer = None
                true(answer is None or isinstance(answer, Error) and answer.startswith("STORE "), f"{call} {words}: {answer!r}")
                same(daemon.wait(), 74, f"{call} {words}")
                matches(daemon.log(), "event=stopping reason=storage_damaged exit=74")
                disk.mends()
                daemon.start(environment=disk.environment)
                whole(daemon)
                true("C1" in clients_of(daemon))
                client = daemon.agent("anna") if who == "anna" else daemon.operator
                true(client.call(*words) is not None, f"{call} {words}")
                whole(daemon)


@test("several in one turn: none of them is answered OK, whoever reads alone is not taken down, and the next start knows nothing half")
def _():
    daemon = Daemon()
    disk = Disk(daemon)
    with daemon:
        daemon.restart(environment=disk.environment)
        daemon.client("C1")
        disk.breaks("fsync", errno.EIO)
        client = daemon.operator
        client.write(b"".join(client.encode("CLIENT.PUT", {"client_ref": f"N{number}", "name": "N"}) for number in range(20)))
        answers = []
        try:
            while len(answers) < 20:
                answers.append(client.read())
        except (Closed, ConnectionError):
            pass
        true(answers, "nobody is told why")
        same([answer for answer in answers if not (isinstance(answer, Error) and answer.startswith("STORE "))], [])
        same(daemon.wait(), 74)
        disk.mends()
        daemon.start()
        there = clients_of(daemon) - {"C1"}
        true(there in (set(), {f"N{number}" for number in range(20)}), f"half a turn: {there}")
        whole(daemon)


def was_taken(client):
    """Waits until the daemon has read all that was sent."""
    left, until = array.array("i", [1]), time.monotonic() + PATIENCE
    while left[0] > 0:
        true(time.monotonic() < until, "the daemon works nothing while a commit is on its way to the disk")
        fcntl.ioctl(client.socket, termios.TIOCOUTQ, left)


@test("while a commit is not on the disk nobody hears of it, whatever he asked; and if it never gets there, nobody ever does")
def _():
    for good in (True, False):
        daemon = Daemon()
        disk = Disk(daemon)
        with daemon:
            daemon.restart(environment=disk.environment)
            daemon.client("C1")
            daemon.event("E1", "C1", "complaint")
            anna = daemon.agent("anna")
            listener, asker, reader = daemon.connect(), daemon.connect(), daemon.connect()
            same(listener.call("SUBSCRIBE", "events"), ["subscribe", "events", 1])
            for client in (asker, reader, daemon.operator):
                same(client.call("PING"), "PONG")
            disk.breaks("hang", 0)
            anna.send("NEXT")
            book = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, isolation_level=None)
            while book.execute("SELECT count(*) FROM call WHERE shown IS NOT NULL").fetchone() != (1,):
                pass
            # It is committed. Now the turn that is worked meanwhile.
            for client, *words in ((reader, "INFO"), (asker, "QUEUES"), (daemon.operator, "PING")):
                client.send(*words)
                was_taken(client)
            for client in (anna, listener, asker, reader, daemon.operator):
                true(client.is_silent(), "something was told before it was on the disk")
            true("event=handed_out" not in daemon.log())
            if good:
                disk.mends()
                matches(anna.read(), '"client_ref":"C1"')
                matches(listener.read()[2], "handed_out")
                matches(reader.read(), "(?m)^record_digest:")
                matches(asker.read(), '"leased":1')
                same(daemon.operator.read(), "PONG")
                whole(daemon)
            else:
                disk.breaks("fsync", errno.EIO)
                for client in (anna, reader, asker):
                    matches(client.read(), "^STORE ")
                same(daemon.wait(), 74)
                same(listener.ended(), b"")
                true("event=handed_out" not in daemon.log())
                disk.mends()
                daemon.start()
                whole(daemon)
            book.close()


@test("a RELOAD that cannot tell what it changes comes into force in the middle of others' turn: what they have done stays done, and is on the disk")
def _():
    for second in (("CLIENT.PUT", {"client_ref": "B", "name": "B"}), ("EVENT.PUT", {"event_ref": "EB", "client_ref": "C1", "kind": "feedback", "occurred_at": TUESDAY})):
        daemon = Daemon()
        disk = Disk(daemon)
        with daemon:
            daemon.restart(environment=disk.environment)
            daemon.client("C1")
            first, other, looker = daemon.connect(), daemon.connect(), daemon.connect()
            daemon.work()
            disk.copy("hang")
            daemon.switch("abnormal", "no")
            daemon.operator.send("RELOAD")
            while "\nblocked_clients:1\r" not in looker.call("INFO", "clients"):
                true(daemon.operator.is_silent())
            # One commit does not get to the disk. Its session has more to ask, so that the next turn is worked meanwhile, and stays open.
            disk.breaks("hang", 0)
            first.write(first.encode("CLIENT.PUT", {"client_ref": "A", "name": "A"}) + first.encode("PING") * 1000)
            book = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, isolation_level=None)
            while book.execute("SELECT count(*) FROM client WHERE ref='A'").fetchone() != (1,):
                pass
            book.close()
            other.send(*second)
            was_taken(other)
            true(other.is_silent() and daemon.operator.is_silent())
            # What it would be compared on cannot be made: the answer comes while that turn is open.
            disk.copy("copy")
            disk.mends()
            same([first.read() for _ in range(1001)], [1] + ["PONG"] * 1000)
            same(other.read(), 1)
            answer = json.loads(daemon.operator.read())
            same(answer["reloaded"], True)
            matches(str(answer["warnings"]), "what this changes for open follow-ups is not known: ")
            daemon.kill()
            daemon.forget_notified()  # the reload was told, too
            daemon.start()
            same(clients_of(daemon), {"C1", "A"} | ({"B"} if second[0] == "CLIENT.PUT" else set()))
            same(len(daemon.list("events")), int(second[0] == "EVENT.PUT"))
            whole(daemon)


@test("who signs out in a turn that the disk refuses is signed out; who signs in is not; the protocol is the one that was answered")
def _():
    daemon = Daemon()
    disk = Disk(daemon)
    with daemon:
        daemon.restart(environment=disk.environment)
        daemon.add_agent("anna")
        daemon.add_agent("mary", "supervisor", [])
        leaving, coming, choosing = (daemon.connect_tcp() for _ in range(3))
        same([client.call("AUTH", "mary", daemon.agents["mary"]) for client in (leaving, choosing)], ["OK"] * 2)
        same(leaving.json("WHOAMI")["name"], "mary")
        disk.breaks("pwrite", errno.ENOSPC)
        # All in one turn.
        daemon.process.send_signal(signal.SIGSTOP)
        os.waitpid(daemon.process.pid, os.WUNTRACED)
        leaving.send("RESET")
        choosing.send("HELLO", "3")
        coming.send("AUTH", "anna", daemon.agents["anna"])
        daemon.operator.send("CLIENT.PUT", {"client_ref": "N", "name": "N"})
        daemon.process.send_signal(signal.SIGCONT)
        matches(daemon.operator.read(), "^STORE ")
        matches(coming.read(), "^STORE ")
        same(leaving.read(), "RESET")
        choosing.read()
        matches(leaving.refused("WHOAMI"), "^NOAUTH ")
        matches(coming.refused("WHOAMI"), "^NOAUTH ")
        choosing.send("COMMAND", "INFO", "none")
        same([choosing.read_line(), choosing.read_line()], [b"*1", b"_"], "nothing, as version 3 writes it")
        disk.mends()
        whole(daemon)


@test("a user of this machine is the agent of his name, but not by an agent whom the disk has refused")
def _():
    user = pwd.getpwnam("nobody")
    if os.geteuid() != 0:
        raise Skip("only root can be somebody else")
    for order in ("let in first", "asked first"):
        daemon = Daemon()
        disk = Disk(daemon)
        with daemon:
            daemon.restart(environment=disk.environment)
            os.chmod(daemon.folder, 0o755)
            os.chmod(daemon.socket, 0o666)

            def come():
                os.seteuid(user.pw_uid)
                try:
                    return daemon.connect()
                finally:
                    os.seteuid(0)
            early, other = come(), come()
            matches(other.refused("WHOAMI"), "^NOAUTH ")
            # A turn is closed when it takes longer than two commits: this one takes a tenth of a second.
            disk.breaks("hang", 0)
            daemon.operator.send("CLIENT.PUT", {"client_ref": "C", "name": "C"})
            select.select([daemon.operator.socket], [], [], 0.1)
            disk.mends()
            same(daemon.operator.read(), 1)
            disk.breaks("pwrite", errno.ENOSPC)
            daemon.process.send_signal(signal.SIGSTOP)
            os.waitpid(daemon.process.pid, os.WUNTRACED)
            words = [(daemon.operator, ("AGENT.ADD", "nobody", "supervisor")), (early, ("PING",))]
            for client, command in words if order == "let in first" else words[::-1]:
                client.send(*command)
            daemon.process.send_signal(signal.SIGCONT)
            matches(daemon.operator.read(), "^STORE ")
            early.read()
            matches(early.refused("WHOAMI"), "^NOAUTH ", order)
            disk.mends()
            daemon.json("AGENT.ADD", "nobody", "supervisor")
            same(come().json("WHOAMI")["roles"], ["supervisor"])
            whole(daemon)


@test("no room: STORE to writers, however often; with room again the next command works, without a restart")
def _():
    for call in ("pwrite", "ftruncate"):
        daemon = Daemon()
        disk = Disk(daemon)
        with daemon:
            daemon.restart(environment=disk.environment)
            daemon.client("C1")
            daemon.event("E1", "C1", "complaint")
            anna = daemon.agent("anna")
            disk.breaks(call, errno.ENOSPC)
            if call == "pwrite":
                for number in range(5):
                    matches(daemon.refused("CLIENT.PUT", {"client_ref": f"N{number}", "name": "N"}), "^STORE ")
                    matches(anna.refused("NEXT"), "^STORE ")
                    same(daemon.call("PING"), "PONG")
                same(daemon.info("storage")["storage"], "failing")
            disk.mends()
            same(daemon.client("C2"), 1)
            same(daemon.info("storage")["storage"], "healthy")
            same(clients_of(daemon), {"C1", "C2"})
            same(anna.json("NEXT")["agenda"][0]["client_ref"], "C1")
            whole(daemon)


@test("the service manager hears that all is well only while the book can be read")
def _():
    daemon = Daemon()
    disk = Disk(daemon)
    environment = dict(disk.environment, WATCHDOG_USEC="100000")
    with daemon:
        daemon.client("C1")
        daemon.restart(environment=environment)
        daemon.work()
        daemon.forget_notified()
        daemon.wait_notified("WATCHDOG=1")
        # Somebody else's write, so that what the daemon has in memory is of no use to it.
        book = sqlite3.connect(daemon.database, isolation_level=None)
        book.execute("PRAGMA wal_autocheckpoint=0")
        disk.breaks("pread", errno.EIO)
        book.execute("INSERT INTO meta VALUES('somebody else', 1)")
        # Nobody asks anything: it is the only one that looks at the book.
        until, told = time.monotonic() + PATIENCE, 0
        while (tries := daemon.log().count("event=watchdog_not_fed")) < 4:
            true(time.monotonic() < until and daemon.process.poll() is None, daemon.log_tail)
            told += select.select([daemon.notify], [], [], 0.02)[0] != [] and b"WATCHDOG=1" in daemon.notify.recv(4096) and tries > 0
        same(told, 0, "times that it was told so all the same")
        disk.mends()
        daemon.wait_notified("WATCHDOG=1")
        whole(daemon)
        book.close()


@test("a start on a disk that is broken, or full: exit 74, or a daemon that tells; never a book that is half made")
def _():
    for call, error, ends in (("pwrite", errno.EIO, True), ("fsync", errno.EIO, True), ("pwrite", errno.ENOSPC, None)):
        for fresh in (True, False):
            daemon = Daemon()
            disk = Disk(daemon)
            with daemon:
                daemon.client("C1")
                daemon.stop()
                if fresh:
                    os.unlink(daemon.database)
                disk.breaks(call, error)
                daemon.start(wait=False, environment=disk.environment)
                if ends and fresh:
                    same(daemon.wait(), 74, f"{call} {error} {fresh}")
                else:
                    # On a book that is there the start may need to write nothing; then the first who writes is told.
                    try:
                        daemon.wait_notified("READY=1")
                        matches(daemon.refused("CLIENT.PUT", {"client_ref": "N", "name": "N"}), "^STORE ")
                    except (AssertionError, ConnectionError) as trouble:
                        matches(str(trouble), "has ended with 74|closed|refused|No such file|reset|pipe")
                    daemon.kill()
                disk.mends()
                daemon.start()
                same(clients_of(daemon), set() if fresh else {"C1"}, f"{call} {error} {fresh}")
                same(daemon.client("C2"), 1)
                whole(daemon)


if __name__ == "__main__":
    run()
