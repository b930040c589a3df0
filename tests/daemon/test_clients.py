#!/usr/bin/env python3
"""The example clients of followup-clients(7): each feeds a book and makes its calls, through a line that is busy, loses connections and cannot store. Nothing is lost and nothing
happens twice.

timeout: 240  (the first build of a Go program takes a while)
"""
import collections
import os
import re
import shutil
import socket
import subprocess
import threading

from harness import BUILD, GENTLE, PATIENCE, ROOT, Daemon, Skip, matches, run, same, test, true

CLIENTS = os.path.join(ROOT, "examples/clients")
MADE = os.path.join(BUILD, "clients")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")


def do(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 3, **options)
    same(done.returncode, 0, f"{' '.join(command)}: {done.stdout}{done.stderr}")


def in_c():
    compiler = next((name for name in (os.environ.get("CC", ""), "cc", "gcc", "clang") if name and shutil.which(name)), None)
    if not compiler:
        raise Skip("no C compiler")
    if not os.path.exists("/usr/include/jansson.h"):
        raise Skip("libjansson-dev is not installed")
    do(compiler, "-std=c17", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-O1", "-o", os.path.join(MADE, "c"), os.path.join(CLIENTS, "followup_client.c"), "-lhiredis", "-ljansson")
    return [os.path.join(MADE, "c")]


def in_python():
    return ["python3", os.path.join(CLIENTS, "followup_client.py")]


def in_javascript():
    need("node")
    return ["node", os.path.join(CLIENTS, "followup_client.js")]


def in_go():
    need("go")
    environment = dict(os.environ, GOCACHE=os.path.join(MADE, "go-cache"), GO111MODULE="off", GOFLAGS="", GOPATH=os.path.join(MADE, "go"))
    do("go", "build", "-o", os.path.join(MADE, "go-client"), os.path.join(CLIENTS, "followup_client.go"), env=environment)
    return [os.path.join(MADE, "go-client")]


def in_java():
    need("java", "javac")
    version = subprocess.run(["javac", "-version"], capture_output=True, text=True)
    if int(re.search(r"javac (\d+)", version.stdout + version.stderr).group(1)) < 17:
        raise Skip("java is older than 17")
    do("javac", "-Xlint:all", "-Werror", "-d", os.path.join(MADE, "java"), os.path.join(CLIENTS, "FollowupClient.java"))
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", os.path.join(MADE, "java"), "FollowupClient"]


class Line:
    """A bad line to the daemon: what it does to the n-th request of a kind stands in the plan."""

    PLAN = {
        ("AUTH", 2): "-BUSY wrong tokens slow you down\r\n",
        ("PUT", 3): "-BUSY too many connections\r\n",
        ("PUT", 60): "-STORE the disk is full\r\n",
        ("PUT", 150): "lose the answer",
        ("PUT", 300): "lose the request",
        ("NEXT", 2): "lose the answer",
        ("NEXT", 4): "-BUSY in a moment\r\n",
        ("DONE", 1): "lose the answer",
        ("DONE", 3): "-STORE the disk is full\r\n",
        ("DONE", 5): "lose the request",
        ("DONE", 7): "-NOLEASE lease 0.0 is not yours, or has ended\r\n",
    }

    def __init__(self, daemon, plan=None):
        self.daemon, self.plan = daemon, self.PLAN if plan is None else plan
        self.path = os.path.join(daemon.folder, "line")
        self.seen = collections.Counter()
        self.met = set()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    @staticmethod
    def request(stream):
        """One request: its bytes and its command."""
        head = stream.readline()
        raw, words = head, []
        for _ in range(int(head[1:] or 0)):
            length = stream.readline()
            data = stream.read(int(length[1:]) + 2)
            raw, words = raw + length + data, words + [data[:-2].decode()]
        return raw, words[0].split(".")[-1].upper() if words else None

    def reply(self, stream):
        line = stream.readline()
        if line[:1] == b"$" and line != b"$-1\r\n":
            line += stream.read(int(line[1:]) + 2)
        return line

    def relay(self, client):
        with client, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as behind:
            behind.connect(self.daemon.socket)
            here, there = client.makefile("rb"), behind.makefile("rb")
            try:
                while True:
                    raw, command = self.request(here)
                    if command is None:
                        return
                    self.seen[command] += 1
                    act = self.plan.get((command, self.seen[command]))
                    if act:
                        self.met.add((command, self.seen[command]))
                    if act == "lose the request":
                        return
                    if act and act.startswith("-"):
                        client.sendall(act.encode())
                        continue
                    behind.sendall(raw)
                    answer = self.reply(there)
                    if act == "lose the answer":
                        return
                    client.sendall(answer)
            except (OSError, ValueError):
                return  # one of the two has left


def rows():
    lines = [f'CLIENT.PUT {{"client_ref":"C{number}","name":"客户{number}","phone":"139{number:08d}"}}' for number in range(250)]
    lines += [f'EVENT.PUT {{"event_ref":"E{number}","client_ref":"C{number}","kind":"account_opened","occurred_at":"2025-03-03"}}' for number in range(8)]
    lines.insert(40, 'CLIENT.PUT {"client_ref":"","name":"nobody"}')
    return "\n".join(lines) + "\n"


def make_calls(command):
    with Daemon() as daemon:
        environment = dict(os.environ, FEEDER_TOKEN=daemon.add_agent("crm-feed", "feeder", ()), AGENT_TOKEN=daemon.add_agent("crm-agent"))

        def start(address, given=""):
            return subprocess.run([*command, address], input=given, env=environment, capture_output=True, text=True, timeout=PATIENCE)

        line = Line(daemon)
        done = start(line.path, rows())
        same((done.returncode, done.stderr), (0, ""), done.stdout)
        said = done.stdout.splitlines()
        matches(said[0], r'^refused: \{"client_ref":"","name":"nobody"\}: ERR client_ref')
        same(said[1], "fed: 258 taken, 1 refused")
        same(sorted({row for row in said if row.startswith("call ")}), [f"call {number}: C{number - 1} account-opened" for number in range(1, 9)])
        same(sorted(row for row in said if row.startswith("done ")), [f"done {number}: closed 1" for number in range(1, 9)])
        same((len([row for row in said if row.startswith("lost ")]), said[-1]), (1, "nothing waits"))
        same(line.met, set(Line.PLAN), "all that can go wrong has")
        # What was answered is there, once.
        same(daemon.json("CHECK")["book"]["clients"], 250)
        same([(row["disposition"], row["agent"]) for row in daemon.list("attempts")], [("reached", "crm-agent")] * 8)
        same({row["state"] for row in daemon.list()}, {"done"})
        daemon.check()
        # By TCP, at noon: known rows are taken again, and the desk is closed. At last the token is wrong.
        daemon.set_clock("2025-03-04T12:00:00")
        closed = start(f"127.0.0.1:{daemon.port}", rows())
        same((closed.returncode, closed.stdout.splitlines()[1:]), (0, ["fed: 258 taken, 1 refused", "closed: CLOSED until=2025-03-04T15:00:00"]))
        environment["AGENT_TOKEN"] = "0" * 64
        wrong = start(daemon.socket)
        same(wrong.returncode, 1)
        true("NOAUTH" in wrong.stderr, wrong.stderr)


for name, prepare in (("C", in_c), ("Python", in_python), ("JavaScript", in_javascript), ("Go", in_go), ("Java", in_java)):
    if GENTLE and name != "Python":
        continue  # there the daemon is looked at, for which one of them is enough
    def client(prepare=prepare):
        os.makedirs(MADE, exist_ok=True)
        make_calls(prepare())
    test(f"the client in {name} feeds pipelined rows, makes the calls, and bears BUSY, STORE, NOLEASE and lost connections")(client)


@test("followup-clients(7) names every client, and every word that it says of errors is one of the protocol")
def manual():
    with open(os.path.join(ROOT, "man/followup-clients.7"), encoding="utf-8") as file:
        text = file.read()
    for name in os.listdir(CLIENTS):
        true(name in text, f"{name} is not in the manual")
    with open(os.path.join(ROOT, "man/followup-protocol.7"), encoding="utf-8") as file:
        words = set(re.findall(r"(?m)^\.It Li ([A-Z]+)$", file.read()))
    same(sorted(set(re.findall(r"(?m)^\.It Li ([A-Z]+)$", text)) - words), [])


run()
