#!/usr/bin/env python3
"""Threads are without memory, those that read beside the daemon's loop and those of the page's server: the answer as ever or none, never a part of one; and as ever the next time (DESIGN 3)."""
import http.client
import mmap
import os
import struct
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), folder) for folder in ("../console", "../daemon")]
from console import Browser, Console  # noqa: E402
from harness import BUILD, FOLLOWUPD, LONG, Daemon, Error, Skip, TUESDAY, matches, run, same, test, true  # noqa: E402

PLACES = 300 if LONG else 24  # of each command's, at which memory ends

# What the answer begins with, where it changes from one time to the next.
COMMANDS = {("REPORT",): None, ("REPORT", "BY", "agent", "FORMAT", "text"): None, ("VERIFY",): None, ("QUEUES",): None, ("FORECAST", "DAYS", "2"): None, ("RELOAD", "DRY"): None,
            ("CHECK",): '{"faults":\\[\\]', ("METRICS",): "# HELP"}


class Memory:
    """What threads other than the first have of it."""

    def __init__(self, daemon):
        path = os.path.join(daemon.folder, "memory")
        with open(path, "wb") as file:
            file.write(bytes(24))
        with open(path, "r+b") as file:
            self.plan = mmap.mmap(file.fileno(), 24)
        self.environment = {"LD_PRELOAD": os.path.join(BUILD, "faults/scarce_memory.so"), "SCARCE_MEMORY": path}

    def ends(self, at, onward=False):
        """The one that is asked for then fails, and with onward all that follow; 0: none."""
        self.plan[:] = struct.pack("=3q", at, onward, 0)

    def asked(self):
        return struct.unpack("=3q", self.plan[:])[2]


def needs_plain_memory():
    if "libasan" in subprocess.run(["ldd", FOLLOWUPD], capture_output=True, text=True, check=True).stdout:
        raise Skip("the sanitizer's own memory")


@test("a command that is read by another thread, whatever it has no memory for: the right answer or none, and the right one when it is asked again")
def _():
    needs_plain_memory()
    daemon = Daemon()
    memory = Memory(daemon)
    daemon.start_options = {"environment": memory.environment}
    with daemon:
        for place in range(20):
            daemon.client(f"C{place}", branch=f"B{place % 3}", manager=f"M{place % 5}")
            daemon.event(f"E{place}", f"C{place}", ("complaint", "account_closed")[place % 2], TUESDAY + "T08:00")
        anna = daemon.agent("anna", queues=("service",))
        for _ in range(3):
            anna.json("DONE", anna.json("NEXT")["lease"], "reached")

        daemon.switch("account-closed", "no")  # for RELOAD DRY to compare

        def ask(words):
            daemon.operator.send(*words)
            reply = daemon.operator.read()
            if isinstance(reply, Error) or COMMANDS[words] is None:
                return reply
            matches(reply, "^" + COMMANDS[words], words)
            return COMMANDS[words]

        for words in COMMANDS:
            ask(words)  # what is prepared once
            memory.ends(0)
            wanted = ask(words)
            count = memory.asked()
            true(not isinstance(wanted, Error) and count > 20, (words, wanted, count))
            refused = 0
            for onward in (False, True):
                for at in range(1, count + 1, max(1, count // PLACES)):
                    memory.ends(at, onward)
                    reply = ask(words)
                    memory.ends(0)
                    if isinstance(reply, Error):
                        refused += 1
                        matches(reply, "^(BUSY|STORE) ", (words, at, onward))
                    else:
                        same(reply, wanted, (words, at, onward))
                    same(ask(words), wanted, (words, at, onward, "asked again"))
                    if words == ("METRICS",):
                        matches(daemon.operator.call(*words), "(?m)^followupd_followups_open{", (at, onward, "without the book"))
            true(refused > 0 or words == ("METRICS",), (words, "nothing of it is noticed"))  # which tells what it can, whatever fails
        daemon.check()


@test("the page's server, whatever it has no memory for: it stays, whoever is signed in is never told that he is not, and his next request is answered")
def _():
    needs_plain_memory()
    with Daemon() as daemon:
        memory = Memory(daemon)
        with Console(daemon, environment=memory.environment) as console:
            sue = console.browser("sue", "supervisor,agent")
            daemon.add_agent("bob")
            def signs_in():
                answer = console.sign_in("bob", daemon.agents["bob"])
                if answer.status == 200:
                    memory.ends(0)
                    same(Browser(console, answer).call("MINE"), [])
                return answer.status

            def whole(answer, what):
                if answer.status == 200:
                    same(what(answer), wanted[what])
                return answer.status

            def tag(answer):
                return answer.headers["ETag"], answer.body

            def held(answer):
                return answer.json

            def name(answer):
                return answer.json["name"]

            wanted = {tag: tag(console.get("/")), held: held(sue.send("MINE")), name: "sue"}
            for ask in (signs_in, lambda: whole(console.get("/"), tag), lambda: whole(sue.send("MINE"), held),
                        lambda: whole(console.get("/api/session", Cookie=sue.cookie), name)):
                memory.ends(0)
                same(ask(), 200)
                count, missed = memory.asked(), 0
                true(count > 5, count)
                for onward in (False, True):
                    for at in range(1, count + 1, max(1, count // (8 * PLACES))):
                        memory.ends(at, onward)
                        try:
                            status = ask()
                            true(status not in (401, 403), (at, onward, status))
                            missed += status != 200
                        except (ConnectionError, http.client.HTTPException):
                            missed += 1  # closed without a word: all that its library can do
                        memory.ends(0)
                        same(ask(), 200, (at, onward, "asked again"))
                true(missed > 0, "nothing of it is noticed")
        daemon.check()


if __name__ == "__main__":
    run()
