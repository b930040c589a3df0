#!/usr/bin/env python3
"""What is read beside the loop is without memory: BUSY or STORE, or the answer as ever, never a part of one; and as ever the next time (DESIGN 3)."""
import mmap
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from harness import BUILD, FOLLOWUPD, LONG, Daemon, Error, Skip, TUESDAY, matches, run, same, test, true  # noqa: E402

PLACES = 300 if LONG else 24  # of each command's, at which memory ends

# What the answer begins with, where it changes from one time to the next.
COMMANDS = {("REPORT",): None, ("REPORT", "BY", "agent", "FORMAT", "text"): None, ("VERIFY",): None, ("QUEUES",): None, ("FORECAST", "DAYS", "2"): None, ("RELOAD", "DRY"): None,
            ("CHECK",): '{"faults":\\[\\]', ("METRICS",): "# HELP"}


class Memory:
    """What threads other than the loop's have of it."""

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


@test("a command that is read by another thread, whatever it has no memory for: the right answer or none, and the right one when it is asked again")
def _():
    if "libasan" in subprocess.run(["ldd", FOLLOWUPD], capture_output=True, text=True, check=True).stdout:
        raise Skip("the sanitizer's own memory")
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
            true(refused > 0 or words == ("METRICS",), (words, "nothing of it is noticed"))  # which tells what it can, whatever fails
        daemon.check()


if __name__ == "__main__":
    run()
