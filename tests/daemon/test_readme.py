#!/usr/bin/env python3
"""The README's tour, typed again: what it shows is what comes out.

    test_readme.py --write      puts what really came out into README.md, README.zh-CN.md and the rule book, to be looked at before it is committed
"""
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from harness import BUILD, PATIENCE, ROOT, run, same, test, true

README = os.path.join(ROOT, "README.md")
BOOK = os.path.join(ROOT, "man/rulebook.zh-CN.md")  # explains one of its pages
CHINESE = os.path.join(ROOT, "README.zh-CN.md")  # the same commands with the same output, in other words
TOUR = "/tmp/tour"  # where the README says that it happens
BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def steps(block):
    """The commands of a block, each with what is shown below it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            true(found, f"a block of the README begins with {line!r}, which is no command")
            found[-1][1].append(line)
    return found


class Shell:
    """A shell in which the commands are typed, at the root of the tree, with a folder of its own in place of the README's."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="followupd-readme-")
        self.tour = os.path.join(self.folder, "tour")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify = os.path.join(self.folder, "notify")
        self.notify.bind(notify)
        environment = dict(os.environ, NOTIFY_SOCKET=notify, LC_ALL="C.UTF-8")
        for name in ("FOLLOWUP_TOKEN", "REDISCLI_AUTH", "LISTEN_FDS"):
            environment.pop(name, None)
        self.ends, ended = os.pipe()
        self.process = subprocess.Popen(["bash"], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True, pass_fds=[ended])
        self.ended = ended

    def type(self, command):
        """What a command prints, as lines."""
        command = command.replace("$PWD/build", BUILD).replace(TOUR, self.tour)
        background = command.endswith("&")
        if background:
            command = f"({command[:-1]}; echo $? >&{self.ended}) &"
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n%s\\n' =====\n".encode())
        self.process.stdin.flush()
        text = b""
        while not text.endswith(b"\n=====\n"):
            true(select.select([self.process.stdout], [], [], PATIENCE)[0], f"no end of: {command}")
            more = os.read(self.process.stdout.fileno(), 65536)
            true(more, f"the shell has ended at: {command}")
            text += more
        if background:
            self.wait_ready(command)
        text = text[:-len(b"\n=====\n")].decode().replace(self.tour, TOUR)
        return [line.rstrip() for line in text.splitlines()]

    def wait_ready(self, command):
        said = ""
        while "READY=1" not in said:
            ready = select.select([self.notify, self.ends], [], [], PATIENCE)[0]
            true(self.notify in ready, f"{'ended' if ready else 'not ready'}: {command}")
            said = self.notify.recv(4096).decode()

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # the daemon too, where the tour has not come to its end
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.notify.close()
        os.close(self.ends)
        os.close(self.ended)
        shutil.rmtree(self.folder, ignore_errors=True)


def walk(visit):
    shell = Shell()
    try:
        for block in BLOCK.finditer(read(README)):
            for command, shown in steps(block.group(1)):
                visit(block, command, shown, shell.type(command))
    finally:
        shell.close()


def write():
    blocks = {}

    def keep(block, command, _, printed):
        blocks.setdefault(block.start(), []).append("\n".join([f"$ {command}", *printed]) + "\n")

    walk(keep)
    text = BLOCK.sub(lambda found: "```console\n" + "".join(blocks[found.start()]) + "```", read(README))
    with open(README, "w", encoding="utf-8") as file:
        file.write(text)
    # The blocks of the other one, in the same order.
    fresh = iter(BLOCK.findall(text))
    text = BLOCK.sub(lambda found: "```console\n" + next(fresh, found.group(1)) + "```", read(CHINESE))
    with open(CHINESE, "w", encoding="utf-8") as file:
        file.write(text)
    # And in the rule book the command that it explains.
    printed = {shown.splitlines()[0]: shown for shown in re.findall(r"(?ms)^\$ .*?(?=^\$ |\Z)", "".join(block + "\n" for block in BLOCK.findall(read(README))))}
    text = BLOCK.sub(lambda found: "```console\n" + printed.get(found.group(1).splitlines()[0], found.group(1)).rstrip("\n") + "\n```", read(BOOK))
    with open(BOOK, "w", encoding="utf-8") as file:
        file.write(text)


@test("every command of the README prints what stands there")
def tour():
    count = 0

    def compare(_, command, shown, printed):
        nonlocal count
        count += 1
        same(printed, shown, f"{command} (if that is right now: tests/daemon/test_readme.py --write)")

    walk(compare)
    true(count > 20, f"only {count} commands have been found")


@test("every rule of the README is the one that is shipped")
def rules():
    shipped = "".join(read(os.path.join(ROOT, "conf/rules.d", name)) for name in sorted(os.listdir(os.path.join(ROOT, "conf/rules.d"))))
    found = re.findall(r"(?ms)^```conf\n(.*?)^```$", read(README))
    true(found, "there is no rule in the README")
    for text in found:
        true(text in shipped, f"not shipped so: {text.splitlines()[0]}")


@test("the Chinese README has the same commands with the same output, the same rule, and everything to be typed")
def chinese():
    same(BLOCK.findall(read(CHINESE)), BLOCK.findall(read(README)), "put right by: tests/daemon/test_readme.py --write")
    same(re.findall(r"(?ms)^```conf\n(.*?)^```$", read(CHINESE)), re.findall(r"(?ms)^```conf\n(.*?)^```$", read(README)))
    # Commands that are not run here, without what is said beside them.
    typed = [[line.split("  #")[0].rstrip() for line in re.findall(r"(?m)^    (\S.*)$", re.sub(r"(?ms)^```.*?^```$", "", read(path)))] for path in (CHINESE, README)]
    same(*typed)
    # Every setting and folder of the tables, and whatever else stands between backquotes in a first column.
    rows = [re.findall(r"(?m)^\| (`[^|]*`[^|]*?) *\|", read(path)) for path in (CHINESE, README)]
    same(*[[re.findall(r"`[^`]*`", row) for row in found] for found in rows])


@test("every file that a README names is there")
def files():
    both = read(README) + read(CHINESE)
    named = set(re.findall(r"`((?:conf|daemon|ctl|examples|include|tests|systemd|man)/[^ `]*)`", both)) | set(re.findall(r"\]\(((?!http)[^)]*)\)", both))
    named |= {"man/" + name for name in re.findall(r"`([a-z.-]+\.[1-8])`", both)}
    true(len(named) > 10, f"only {len(named)} files have been found")
    same([name for name in sorted(named) if not os.path.exists(os.path.join(ROOT, name))], [])


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        run()
