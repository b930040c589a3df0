"""A terminal for the tests: what a person would see of a program, and typing into it."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
import unicodedata

from harness import FOLLOWUPCTL, PATIENCE, true


def width(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 0 if unicodedata.combining(letter) else 1 for letter in text)


def plain(text):
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


class Terminal:
    """followupctl on a terminal of its own. Used as a context."""

    def __init__(self, daemon, *words, columns=80, rows=24, agent=None, environment=None):
        self.columns, self.rows = columns, rows
        self.said = ""  # all of it
        self.seen = 0   # up to where expect() has read, colours aside
        command = [FOLLOWUPCTL, "-s", daemon.socket] + (["--agent", agent] if agent else []) + list(words)
        variables = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8")
        variables.pop("NO_COLOR", None)
        if agent:
            variables["FOLLOWUP_TOKEN"] = daemon.agents[agent]
        variables.update(environment or {})
        self.process, self.leader = pty.fork()
        if self.process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(daemon.folder)
            os.execve(FOLLOWUPCTL, command, variables)
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.process, 9)
            os.waitpid(self.process, 0)
        os.close(self.leader)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=PATIENCE):
        """More of what it says; False at its end."""
        if not select.select([self.leader], [], [], seconds)[0]:
            raise AssertionError(f"nothing more came; so far: {self.said[-2000:]!r}")
        try:
            data = os.read(self.leader, 65536)
        except OSError:  # the other end is closed
            data = b""
        self.said += data.decode(errors="replace")
        return bool(data)

    def expect(self, text):
        """Waits until it says that (colours aside), behind what was waited for before."""
        until = time.monotonic() + PATIENCE
        while True:
            rest = plain(self.said)[self.seen:]
            if text in rest:
                end = rest.index(text) + len(text)
                self.seen += end
                return rest[:end]
            true(time.monotonic() < until, lambda: f"{text!r} never came: {rest!r}")
            true(self.read(), lambda: f"it ended before {text!r}: {rest!r}")

    def forget(self):
        """All that was said before no longer counts."""
        self.said, self.seen = "", 0

    def type(self, text):
        os.write(self.leader, text.encode())

    def answer(self, question, text):
        """Waits for the question and types a line."""
        said = self.expect(question)
        self.type(text + "\n")
        return said

    def end(self):
        """Its exit status, when it has ended."""
        while self.read():
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        return self.status

    def screen(self):
        """What stands on the screen: the lines that cursor moves and erasing have left. Knows what top sends and no more."""
        lines = [[" "] * self.columns for _ in range(self.rows)]
        row = column = 0
        for piece in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|.|\n", self.said, re.DOTALL):
            if piece == "\x1b[H":
                row = column = 0
            elif piece == "\x1b[K":
                lines[row][column:] = [" "] * (self.columns - column)
            elif piece.startswith("\x1b[?1049"):
                lines = [[" "] * self.columns for _ in range(self.rows)]
            elif piece.startswith("\x1b["):
                true(re.fullmatch(r"\x1b\[(\?25[lh]|[0-9;]*m)", piece), f"unknown to the test: {piece!r}")
            elif piece == "\r":
                column = 0
            elif piece == "\n":
                row += 1
                true(row < self.rows, "it scrolls")
            else:
                wide = width(piece)
                true(column + wide <= self.columns, lambda: f"line {row} is too long: {''.join(lines[row])!r}")
                lines[row][column:column + wide] = [piece] + [""] * (wide - 1)
                column += wide
        return ["".join(line).rstrip() for line in lines]
