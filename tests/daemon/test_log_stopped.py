#!/usr/bin/env python3
"""A stopped syslog or journald: nobody reads the log, and no agent waits for it (STYLE 16). FOLLOWUP_LONG=1 stops it for 60 seconds.

timeout: 120
"""
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, FOLLOWUPD, GENTLE, LONG, PATIENCE, Daemon, Skip, run, same, test, true  # noqa: E402

SECONDS = 60 if LONG else 3
P99 = 0.050  # seconds that a PING may take, 99 of 100
SHIM = os.path.join(BUILD, "crash", "shim.so")


class Desk(threading.Thread):
    """An agent whose every step is a line of the log, until told to stop."""

    def __init__(self, daemon, name):
        super().__init__(daemon=True)
        self.connection, self.over, self.steps, self.trouble = daemon.agent(name), threading.Event(), 0, None

    def run(self):
        try:
            while not self.over.is_set():
                self.connection.call("RELEASE", self.connection.json("NEXT")["lease"], "not now")
                self.steps += 1
        except Exception as trouble:  # told by whoever joins
            self.trouble = trouble


class Pipe:
    """The end of a pipe that is read, used like a socket."""

    def __init__(self, descriptor):
        self.descriptor, self.timeout = descriptor, None

    def settimeout(self, seconds):
        self.timeout = seconds

    def recv(self, size):
        if not select.select([self.descriptor], [], [], self.timeout)[0]:
            raise TimeoutError
        return os.read(self.descriptor, size)

    def close(self):
        os.close(self.descriptor)


def pings(daemon, seconds):
    """The 99th percentile of how long a PING takes while the desk works, in seconds; and how much was done meanwhile."""
    desks = [Desk(daemon, name) for name in ("anna", "bert")]
    took = []
    with daemon.connect() as client:
        for desk in desks:
            desk.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            same(client.call("PING"), "PONG")
            took.append(time.monotonic() - began)
            desks[0].over.wait(0.002)
    for desk in desks:
        desk.over.set()
        desk.join()
        same(desk.trouble, None)
    took.sort()
    return took[len(took) * 99 // 100], sum(desk.steps for desk in desks)


class Reader(threading.Thread):
    """Reads a log until told to stop."""

    def __init__(self, receive):
        super().__init__(daemon=True)
        self.receive, self.over, self.text = receive, threading.Event(), b""

    def run(self):
        while not self.over.is_set():
            try:
                self.text += self.receive() + b"\n"
            except TimeoutError:
                pass

    def stop(self):
        self.over.set()
        self.join()


def stop_and_go_on(daemon, receive):
    for name in ("anna", "bert"):
        daemon.add_agent(name)
    for number in range(4):
        daemon.client(f"C{number}")
        daemon.event(f"E{number}", f"C{number}", "complaint")
    reader = Reader(receive)
    reader.start()
    usual, steps = pings(daemon, max(1, SECONDS / 4))
    reader.stop()
    true(steps > 0 and b"event=released" in reader.text, lambda: f"nothing is logged: {reader.text[-300:]}")
    before = int(daemon.info()["log_lines_dropped"])
    # Until its queue is full nothing can be seen.
    with daemon.connect() as client:
        until = time.monotonic() + PATIENCE
        while int(daemon.info()["log_lines_dropped"]) == before:
            true(time.monotonic() < until, "the log takes everything though nobody reads it")
            client.pipeline([("AUTH", "anna", daemon.agents["anna"])] * 200)
    # A machine that is slow anyway, for a while or always, proves nothing against the log; one that waits for it waits for ever.
    for _ in range(3):
        slow, steps = pings(daemon, SECONDS)
        if slow < P99:
            break
    dropped = int(daemon.info()["log_lines_dropped"])
    true(dropped >= before + steps, f"{steps} steps were made, and of {dropped - before} lines dropped is told")
    true(slow < max(P99, 2 * usual), f"with the log stopped a PING takes {slow * 1000:.1f} ms, 99 of 100; usually {usual * 1000:.1f} ms")
    print(f"# stopped for {SECONDS} s: PING p99 {slow * 1000:.1f} ms (usually {usual * 1000:.1f} ms), {steps} calls handed out and given back, {dropped - before} lines dropped")
    # It is back: it hears how much it has missed.
    reader = Reader(receive)
    reader.start()
    until = time.monotonic() + PATIENCE
    while (said := re.search(rb"event=log_lines_dropped count=(\d+)", reader.text)) is None:
        true(time.monotonic() < until, "what was dropped is never told")
        daemon.agent("anna").close()
    reader.stop()
    true(int(said.group(1)) >= dropped - before, f"{said.group(0)}, and {dropped - before} were dropped")


def start(daemon, words, environment, **standard):
    """Starts it with another log than the tests have otherwise."""
    with open(daemon.log_file, "w", encoding="utf-8") as file:
        file.write("it logs elsewhere\n")
    environment = dict(os.environ, NOTIFY_SOCKET=daemon.notify_path, **environment)
    daemon.process = subprocess.Popen([FOLLOWUPD, "-c", daemon.config, *words, "--test-clock", daemon.clock], stdin=subprocess.DEVNULL, env=environment, **standard)


def stream(ours, theirs, environment):
    daemon = Daemon(settings={"hours": "always"})
    ours.settimeout(0.2)
    try:
        start(daemon, ["-f"], environment, stderr=theirs)
        theirs.close()
        daemon.wait_notified("READY=1")
        stop_and_go_on(daemon, lambda: ours.recv(65536))
        daemon.kill()
    finally:
        ours.close()
    daemon.remove()


@test("syslog is stopped: PING answers as ever, lines are dropped, counted and told later")
def _():
    if not os.path.exists(SHIM) or GENTLE:
        raise Skip("what puts a socket of the test in the place of /dev/log is not built, or cannot be loaded into this build")
    daemon = Daemon(settings={"hours": "always"})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        path = os.path.join(daemon.folder, "syslog")
        log.bind(path)
        log.settimeout(0.2)
        start(daemon, [], {"LD_PRELOAD": SHIM, "CRASH_LOG": path})
        daemon.wait_notified("READY=1")
        stop_and_go_on(daemon, lambda: log.recv(65536))
    daemon.remove()


@test("journald is stopped, whose stream is standard error: the same")
def _():
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    its = os.fstat(ends[1].fileno())
    stream(*ends, {"JOURNAL_STREAM": f"{its.st_dev}:{its.st_ino}"})


@test("standard error is a pipe that nobody reads: the same")
def _():
    ends = os.pipe()
    stream(Pipe(ends[0]), os.fdopen(ends[1], "wb"), {})


if __name__ == "__main__":
    run()
