#!/usr/bin/env python3
"""A full disk, a failing one, a damaged book, and one that is not ours (DESIGN 3: answer after commit)."""
import os
import resource
import select
import shutil
import signal
import sqlite3
import subprocess
import time

from harness import PATIENCE, Daemon, Error, Refused, Skip, matches, run, same, test, true


class SmallDisk:
    """A file system of a few hundred kilobytes for the daemon's book."""

    def __init__(self, daemon, kilobytes):
        self.daemon = daemon
        self.folder = os.path.join(daemon.folder, "disk")
        os.mkdir(self.folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", self.folder], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"no file system of its own can be mounted: {done.stderr.strip()}")
        self.ballast = os.path.join(self.folder, "ballast")
        daemon.set("database", f'"{self.folder}/book.db"')
        daemon.database = f"{self.folder}/book.db"

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def free(self):
        os.unlink(self.ballast)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=False)
        if self.daemon not in Daemon.alive:
            shutil.rmtree(self.daemon.folder, ignore_errors=True)  # where nothing could be removed while this stood in it


def put(client, number):
    client.send("CLIENT.PUT", {"client_ref": f"C{number}", "name": "x" * 100, "phone": "139"})
    return client.read()


def put_until_refused(client, first=0, most=20000):
    for number in range(first, most):
        reply = put(client, number)
        if isinstance(reply, Error):
            return number, reply
        same(reply, 1)
    raise AssertionError("the disk has never been full")


def clients_of(daemon):
    return {row["client_ref"] for row in daemon.list("clients", limit=10000)}


@test("a full disk: STORE to every writer, INFO, METRICS and PING go on, and it works again once there is room")
def _():
    daemon = Daemon(start_on="2025-01-01")
    with SmallDisk(daemon, 1500) as disk:
        with daemon:
            daemon.client("A1")
            daemon.event("E1", "A1", "complaint")
            agent = daemon.agent("anna")
            feeder = daemon.connect()
            disk.fill()
            count, error = put_until_refused(feeder)
            matches(error, "^STORE ")
            same(feeder.call("PING"), "PONG")
            info = daemon.info("storage")
            same(info["storage"], "failing")
            matches(info["storage_message"], "full")
            matches(agent.refused("NEXT"), "^STORE ")
            matches(daemon.refused("EVENT.PUT", {"event_ref": "E2", "client_ref": "A1", "kind": "complaint", "occurred_at": "2025-03-04"}), "^STORE ")
            # What reads goes on; a turn with a writer in it takes no reader down.
            with daemon.connect() as other:
                other.write(other.encode("PING") + other.encode("CLIENT.PUT", {"client_ref": "Z", "name": "z" * 100}) + other.encode("QUEUES") + other.encode("INFO")
                            + other.encode("METRICS"))
                replies = [other.read() for _ in range(5)]
            same(replies[0], "PONG")
            matches(replies[1], "^STORE ")
            matches(replies[2], '"queue":"service"')
            matches(replies[3], "storage:failing")
            matches(replies[4], "(?m)^followupd_storage_failing 1$")
            matches(replies[4], '(?m)^followupd_calls{queue="service",state="ready"} 1$')
            matches(daemon.log(), "event=storage_failing")
            # Lists and reloads that name clients are looks, which cannot be written down; what cannot be said is not done.
            matches(daemon.refused("LIST", "clients", "LIMIT", 10000), "^STORE .*full")
            daemon.switch("complaint", "no")
            matches(daemon.refused("RELOAD"), "^STORE .*full")
            daemon.switch("complaint", "yes")
            # It stays, also when asked again and again.
            for number in range(50):
                matches(put(feeder, 30000 + number), "^STORE ")
            disk.free()
            same(put(feeder, count), 1, "room again: at the next command, without a restart")
            same(daemon.info("storage")["storage"], "healthy")
            matches(daemon.log(), "event=storage_works")
            true(agent.json("NEXT") is not None)
            same(clients_of(daemon), {f"C{number}" for number in range(count + 1)} | {"A1"}, "what was acknowledged is there, what was refused is not")
            daemon.check()
            daemon.restart()
            same(clients_of(daemon), {f"C{number}" for number in range(count + 1)} | {"A1"})
            daemon.check()


@test("who asks for a call while storage fails is answered, and so are those who have waited for one")
def _():
    daemon = Daemon(start_on="2025-01-01", clock="2025-03-04T09:00:00")
    with SmallDisk(daemon, 1500) as disk:
        with daemon:
            waiter, asker = daemon.agent("anna"), daemon.agent("ben")
            daemon.client("A1")
            daemon.event("E1", "A1", "complaint")
            disk.fill()
            put_until_refused(daemon.operator)
            waiter.send("NEXT", "WAIT", 60)
            while daemon.info("clients")["blocked_clients"] != "1":
                true(waiter.is_silent())
            # Both in one turn: the desk opens, and whoever waited comes before him.
            daemon.process.send_signal(signal.SIGSTOP)
            os.waitpid(daemon.process.pid, os.WUNTRACED)
            daemon.operator.send("CLOCK", "SET", "2025-03-04T09:30:00")
            asker.send("NEXT")
            daemon.process.send_signal(signal.SIGCONT)
            matches(waiter.read(), "^STORE ")
            matches(asker.read(), "^STORE ")
            disk.free()


@test("a full disk in the middle of long work: the day cycle waits, then goes on where it was")
def _():
    daemon = Daemon(start_on="2025-01-01")
    with SmallDisk(daemon, 40000) as disk:
        with daemon:
            for number in range(500):
                daemon.client(f"B{number}", birthday="1980-03-05", tier="silver")
            daemon.restart()  # gives back the room that the log of the writes before has taken
            disk.fill()
            daemon.operator.send("CLOCK", "SET", "2025-03-05T09:30:00")
            reply = daemon.operator.read()
            matches(reply, "^STORE ")
            same(daemon.call("PING"), "PONG")
            disk.free()
            same(put(daemon.operator, 1), 1)
            daemon.work()
            same(len(daemon.list("calls", limit=1000)), 500)
            daemon.check()


@test("a start on a full disk succeeds for those who only look, and serves everybody once there is room")
def _():
    for end in ("stop", "kill"):
        daemon = Daemon(start_on="2025-01-01")
        with SmallDisk(daemon, 1500) as disk:
            with daemon:
                daemon.client("A1")
                disk.fill()
                put_until_refused(daemon.operator)
                getattr(daemon, end)()
                disk.fill()
                daemon.start()
                same(daemon.call("PING"), "PONG", end)
                matches(daemon.refused("CLIENT.PUT", {"client_ref": "Z", "name": "z" * 100}), "^STORE ", end)
                same(daemon.info("storage")["storage"], "failing", end)
                matches(daemon.call("METRICS"), "(?m)^followupd_storage_failing 1$", end)
                disk.free()
                for _ in range(1000):  # the daemon tries by itself every few seconds, or when it is asked
                    reply = put(daemon.operator, 50000)
                    if not isinstance(reply, Error):
                        break
                    with daemon.connect() as nobody:
                        select.select([nobody.socket], [], [], 0.05)
                same(reply, 1, end)
                true("A1" in clients_of(daemon), end)
                daemon.work()
                daemon.check()


@test("an I/O error: STORE to whom it concerns, then exit 74; everything acknowledged is there after the restart")
def _():
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))

    with Daemon(preexec_fn=limited) as daemon:
        count, error = put_until_refused(daemon.connect())
        matches(error, "^STORE ")
        same(daemon.wait(), 74)
        matches(daemon.log(), "event=stopping reason=storage_damaged exit=74")
        daemon.start()
        same(clients_of(daemon), {f"C{number}" for number in range(count)})
        daemon.check()


@test("a book of a newer release, of another program, or no book at all is refused and left as it is")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.stop()
        with sqlite3.connect(daemon.database) as book:
            version = book.execute("PRAGMA user_version").fetchone()[0]
            book.execute(f"PRAGMA user_version={version + 1}")
        book.close()

        def refused(why, status):
            with open(daemon.database, "rb") if os.path.isfile(daemon.database) else open(os.devnull, "rb") as file:
                before = file.read()
                daemon.start(wait=False)
                same(daemon.wait(), status, "78 is not tried again: tests/systemd/test_service.py")
                file.seek(0)
                same(file.read() == before, True, "not a byte is changed")
            matches(daemon.log().splitlines()[-1], f"event=not_started database=.* reason=.*{why}.* exit={status}$")

        refused("is newer than this program's .*: install the newer followupd, or restore a copy", 78)
        with sqlite3.connect(daemon.database) as book:
            same(book.execute("SELECT count(*) FROM client").fetchone(), (1,))
            book.execute(f"PRAGMA user_version={version}")
        book.close()
        daemon.start()
        same(clients_of(daemon), {"C1"})
        daemon.stop()
        os.rename(daemon.database, daemon.database + ".kept")
        with sqlite3.connect(daemon.database) as book:
            book.execute("CREATE TABLE recipe(name)")
        book.close()
        refused("not a followupd database: .* another file", 78)
        with open(daemon.database, "wb") as file:
            file.write(b"This is no database. " * 1000)
        refused("not a database", 74)
        os.unlink(daemon.database)
        os.mkdir(daemon.database)
        refused("", 74)


@test("a second daemon on the same book is refused")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        second = Daemon()
        second.set("database", f'"{daemon.database}"')
        second.start(wait=False)
        same(second.wait(), 74)
        matches(second.log(), "another process serves this book")
        second.remove()
        same(daemon.client("C2"), 1)
        daemon.check()


@test("a damaged book is noticed, never answered from: STORE and exit 74, or no start at all")
def _():
    with Daemon() as daemon:
        for number in range(300):
            daemon.client(f"C{number}", birthday="1980-03-04", tier="silver")
        daemon.stop()
        with open(daemon.database, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for place in range(8192, size - 4096, 4096):
                file.seek(place)
                file.write(b"\xa5" * 200)
        daemon.start(wait=False)
        try:
            daemon.wait_notified("READY=1")
            reply = daemon.refused("LIST", "clients")
            matches(reply, "^STORE ")
        except (AssertionError, ConnectionError, Refused) as trouble:
            matches(str(trouble), "has ended with 74|STORE|Connection|closed|Broken|None")
        if daemon.process is not None:
            same(daemon.wait(), 74)


@test("somebody who reads the book from outside for long does not hold up the desk; the write-ahead log shrinks when he has ended")
def _():
    with Daemon() as daemon:
        daemon.client("C")
        reader = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        same(reader.execute("SELECT count(*) FROM client").fetchone()[0], 1)
        began = time.monotonic()
        for number in range(0, 12000, 100):
            daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": f"C{n}", "name": "孔丽勇", "attorney": "x" * 200 + ";" + "y" * 199}) for n in range(number, number + 100)])
        true(time.monotonic() - began < 30, "a checkpoint waits for the reader")
        same(reader.execute("SELECT count(*) FROM client").fetchone()[0], 1, "he sees what was there when he began")
        log = os.path.getsize(daemon.database + "-wal")
        true(log > 16777216, f"the log holds what he may not see: {log} bytes")
        reader.close()
        began, number = time.monotonic(), 0
        while os.path.getsize(daemon.database + "-wal") > 16777216:
            true(time.monotonic() - began < 20, "it shrinks to its limit")
            daemon.client("C", name=f"name {(number := number + 1)}")
        daemon.check()


if __name__ == "__main__":
    run()
