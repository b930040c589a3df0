#!/usr/bin/env python3
"""Completion in bash and zsh: every command, the words of its usage, and what only the daemon knows (followupctl(1))."""
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile

from harness import BUILD, PATIENCE, ROOT, Daemon, Skip, run, same, test, true

FILE = os.path.join(ROOT, "ctl/completion/followupctl")


def environment():
    return dict(os.environ, PATH=f"{BUILD}:{os.environ['PATH']}", LC_ALL="C.UTF-8")


def ask(shell, *lines, daemon=True):
    """For each list of words what is offered behind them; without a daemon nothing is looked up."""
    script = f". {FILE}\n" + ("" if daemon else "followupctl() { :; }\n") + "".join(f"_followupctl_candidates {' '.join(words)}; echo @@\n" for words in lines)
    done = subprocess.run([shell, *(["-f"] if shell == "zsh" else ["--norc"]), "-c", script], capture_output=True, text=True, timeout=PATIENCE, env=environment(), stdin=subprocess.DEVNULL)
    same(done.stderr, "", shell)
    return [part.split() for part in done.stdout.split("@@\n")[:-1]]


def shells():
    return ["bash"] + (["zsh"] if shutil.which("zsh") else [])


@test("every command of the daemon and of followupctl is completed, and nothing else")
def _():
    with Daemon() as daemon:
        known = {name.lower() for name in daemon.call("COMMAND", "LIST")}
        own = {line.split()[0] for line in re.search(r"(?s)Own commands:\n(.*?)\n\n", daemon.ctl("help")[1]).group(1).splitlines() if re.match(r"  \S", line)}
    for shell in shells():
        offered = [word for word in ask(shell, ())[0] if not word.startswith("-")]
        same(sorted(offered), sorted(known | own), shell)


# Words of the usages that stand for something, and are not typed.
STANDS_FOR = {"agent", "call", "calls", "channel", "client", "command", "day", "disposition", "file", "json", "lease", "n", "name", "queue", "role", "rule", "seconds", "successor", "time", "until"}


@test("behind a command its words are offered: every keyword of its usage, and those of which one is chosen")
def _():
    wanted = {}
    with Daemon() as daemon:
        for line in daemon.call("HELP"):
            name, usage = re.match(r"(\S+) ?(.*?) ?- ", line).groups()
            choices = {word for group in re.findall(r"[a-z0-9.-]+(?:\|[a-z0-9.-]+)+", usage) for word in group.split("|")} - STANDS_FOR
            wanted[name.lower()] = choices | {word.lower() for word in re.findall(r"\b[A-Z]{2,}\b", usage)}
        own = re.search(r"(?s)Own commands:\n(.*?)\n\n", daemon.ctl("help")[1]).group(1)
    for name, usage in re.findall(r"(?m)^  (\w\S*)(.*)$", own):
        words = set(re.findall(r"--[a-z]+", usage)) - {"--json"}
        words |= {word for group in re.findall(r"\b[a-z0-9-]+(?:\|[a-z0-9-]+)+", usage) for word in group.split("|")}
        wanted.setdefault(name, set()).update(words)
    true(len(wanted) > 50 and {"rule", "branch", "--by", "from"} <= wanted["report"] | {"rule"}, wanted["report"])
    for shell in shells():
        lines = [(name, *behind) for name in wanted for behind in ((), ("x",), ("x", "x"), ("x", "x", "x"), ("--by",), ("by",), ("format",), ("--encoding",), ("state",))]
        found = ask(shell, *lines, daemon=False)
        for name, words in wanted.items():
            offered = {word for line, candidates in zip(lines, found) if line[0] == name for word in candidates}
            same(sorted(words - offered), [], f"{shell}: {name}")


@test("queues, leases, outcomes, rules and agents are asked of the daemon, with the options that are typed")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        daemon.add_agent("anna")
        call = daemon.agent("anna").json("NEXT")
        before = len(daemon.json("HISTORY", "C1"))
        for shell in shells():
            here = ("-s", daemon.socket)
            found = ask(shell, (*here, "next", "queue"), (*here, "agent.del"), (*here, "pause", "rule"), (*here, "dnc", "C1"), (*here, "import", "clients"), (*here, "done", call["lease"]), (*here, "break"))
            same(found[:2], [["service"], ["anna", "--json"]])
            true({"complaint", "birthday-call"} <= set(found[2]), found[2])
            true({"all", "phone"} <= set(found[3]), found[3])
            same(found[4][0], "@file")
            true({"reached", "no-answer"} <= set(found[5]), found[5])
            true("lunch" in found[6], found[6])
        same(len(daemon.json("HISTORY", "C1")), before + 1, "nothing of it was a look at the client; the question before was one")


@test("Tab in bash: commands, files, options")
def _():
    with tempfile.TemporaryDirectory() as folder:
        open(os.path.join(folder, "clients.csv"), "w").close()

        def press(*words):
            script = f". {FILE}; COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _followupctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
            return subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, env=environment(), cwd=folder, timeout=PATIENCE).stdout.split()

        same(press("followupctl", "fore"), ["forecast"])
        same(press("followupctl", "report", "--"), ["--from", "--to", "--by", "--csv", "--json"])
        same(press("followupctl", "-s", "x", "report", "--by", "a"), ["agent"])
        same(press("followupctl", "import", "cl"), ["clients"])
        same(press("followupctl", "--tok"), ["--token-file"])


@test("Tab in zsh completes a command and an option")
def _():
    if not shutil.which("zsh"):
        raise Skip("zsh is not installed")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(FILE, os.path.join(folder, "_followupctl"))
        process, leader = pty.fork()
        if process == 0:
            os.environ.update(environment(), TERM="dumb", HOME=folder)
            os.execvp("zsh", ["zsh", "-f", "-i"])
        said = ""

        def expect(text):
            nonlocal said
            while text not in said:
                true(select.select([leader], [], [], PATIENCE)[0], lambda: f"{text} never came: {said!r}")
                said += os.read(leader, 65536).decode(errors="replace")

        os.write(leader, f"PS1=%; unsetopt zle_bracketed_paste; fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u; echo rea''dy\n".encode())
        expect("ready")
        for typed, wanted in (("followupctl forec\t", "followupctl forecast "), ("--capa\t", "--capacity ")):
            os.write(leader, typed.encode())
            expect(wanted)
        os.write(leader, b"\x15exit\n")
        os.close(leader)
        os.waitpid(process, 0)


run()
