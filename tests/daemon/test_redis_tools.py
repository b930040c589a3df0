#!/usr/bin/env python3
"""redis-cli and redis-benchmark work as they are, and so does a plain pipe into the socket."""
import json
import os
import shutil
import socket
import subprocess

from harness import PATIENCE, Daemon, Skip, matches, run, same, test, true


def tool(name):
    found = shutil.which(name)
    if found is None:
        raise Skip(f"{name} is not installed")
    return found


def cli(daemon, *words, input=None, options=()):
    done = subprocess.run([tool("redis-cli"), "-s", daemon.socket, *options, *words], input=input, capture_output=True, text=True, timeout=PATIENCE,
                          stdin=None if input is not None else subprocess.DEVNULL, env=dict(os.environ, REDISCLI_HISTFILE="/dev/null"))
    return done.returncode, done.stdout, done.stderr


@test("redis-cli: one command a call, JSON in and out")
def _():
    with Daemon() as daemon:
        same(cli(daemon, "PING"), (0, "PONG\n", ""))
        same(cli(daemon, "CLIENT.PUT", '{"client_ref": "C1", "name": "孔丽勇", "phone": "13912345678"}')[1], "1\n")
        same(cli(daemon, "EVENT.PUT", '{"event_ref": "E1", "client_ref": "C1", "kind": "complaint", "occurred_at": "2025-03-04"}')[1], "1\n")
        same([row["queue"] for row in json.loads(cli(daemon, "QUEUES")[1])], ["service"])
        matches(cli(daemon, "INFO", "work")[1], "worked_until:2025-03-04")
        status, out, err = cli(daemon, "FLY", options=["-e"])
        same(status, 1)
        matches(out + err, "unknown command")
        matches(cli(daemon, "--no-raw", "COMMAND", "COUNT")[1], r"^\(integer\) \d+\n$")


@test("redis-cli -3: the newer protocol")
def _():
    with Daemon() as daemon:
        matches(cli(daemon, "HELLO", "3", options=["--no-raw"])[1], r'1# "server" => "followupd"')
        same(cli(daemon, "PING", options=["-3"])[1].splitlines()[-1], "PONG")
        same(json.loads(cli(daemon, "LIST", "clients", options=["-3", "--raw"])[1].splitlines()[-1]), [])


@test("redis-cli signs in as an agent and pulls a call")
def _():
    with Daemon() as daemon:
        token = daemon.add_agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        call = json.loads(cli(daemon, "NEXT", options=["--user", "anna", "--pass", token, "--no-auth-warning"])[1])
        same(call["agenda"][0]["client_ref"], "C1")
        same(json.loads(cli(daemon, "MINE", options=["--user", "anna", "--pass", token, "--no-auth-warning"])[1])[0]["lease"], call["lease"])
        matches(cli(daemon, "DONE", call["lease"], "reached", options=["--user", "anna", "--pass", token, "--no-auth-warning"])[1], '"closed":')
        matches(subprocess.run(
            [tool("redis-cli"), "-p", str(daemon.port), "PING"], capture_output=True, text=True, timeout=PATIENCE).stdout, "NOAUTH")


@test("redis-cli with commands from a pipe, and --pipe for a heap of them")
def _():
    with Daemon() as daemon:
        lines = "PING\nCLIENT.PUT '{\"client_ref\": \"C1\", \"name\": \"A\"}'\nLIST clients LIMIT 1\n"
        status, out, _ = cli(daemon, input=lines)
        same((status, out.splitlines()[:2]), (0, ["PONG", "1"]))
        same(json.loads(out.splitlines()[2])[0]["client_ref"], "C1")
        heap = "".join('CLIENT.PUT {"client_ref": "P%d", "name": "A"}\r\n' % number for number in range(3000))
        status, out, err = cli(daemon, input=heap, options=["--pipe"])
        matches(out, "errors: 0, replies: 3000")
        same(status, 0)
        same(daemon.json("CHECK")["book"]["clients"], 3001)


@test("redis-cli shows HELP from COMMAND DOCS, and its interactive start asks nothing that is refused")
def _():
    with Daemon() as daemon:
        done = subprocess.run([tool("redis-cli"), "-s", daemon.socket], input="help @operator\nPING\n", capture_output=True, text=True, timeout=PATIENCE,
                              env=dict(os.environ, FAKETTY="1", REDISCLI_HISTFILE="/dev/null"))
        matches(done.stdout, "PONG")
        true("ERR" not in done.stdout, done.stdout)


@test("a raw pipe: one line in, one answer out, and the end of the connection")
def _():
    with Daemon() as daemon:
        for raw in (b"PING\r\n", b"PING\n"):
            with socket.socket(socket.AF_UNIX) as pipe:
                pipe.settimeout(PATIENCE)
                pipe.connect(daemon.socket)
                pipe.sendall(raw)
                pipe.shutdown(socket.SHUT_WR)  # as nc does at the end of its input
                answer = b""
                while data := pipe.recv(4096):
                    answer += data
            same(answer, b"+PONG\r\n")
        with socket.socket(socket.AF_UNIX) as pipe:
            pipe.settimeout(PATIENCE)
            pipe.connect(daemon.socket)
            pipe.sendall(b"".join(b"ECHO %d\r\n" % number for number in range(5000)))
            pipe.shutdown(socket.SHUT_WR)
            answer = b""
            while data := pipe.recv(65536):
                answer += data
        same(answer.count(b"\r\n"), 10000, "every line of a pipe is answered before it ends")


@test("redis-benchmark: PING, inline PING, and NEXT as an agent, many clients, pipelined")
def _():
    with Daemon() as daemon:
        benchmark = tool("redis-benchmark")
        for words in (["-t", "ping", "-n", "5000", "-c", "20"], ["-n", "5000", "-c", "20", "-P", "16", "ECHO", "x"], ["-3", "-n", "2000", "-c", "5", "PING"]):
            done = subprocess.run([benchmark, "-s", daemon.socket, "-q", *words], capture_output=True, text=True, timeout=PATIENCE)
            same(done.returncode, 0, done.stdout + done.stderr)
            matches(done.stdout, "requests per second")
            true("rror" not in done.stdout + done.stderr.replace("WARNING: Could not fetch server CONFIG", ""), done.stdout + done.stderr)
        token = daemon.add_agent("bench", "gateway", ["sms"])
        for number in range(300):
            daemon.client(f"C{number}", birthday="1980-03-04", tier="silver")
        same(len(daemon.list("calls", limit=1000)), 300)
        done = subprocess.run([benchmark, "-s", daemon.socket, "-q", "--user", "bench", "-a", token, "-n", "1000", "-c", "10", "-P", "4", "NEXT"], capture_output=True,
                              text=True, timeout=PATIENCE)
        same(done.returncode, 0, done.stdout + done.stderr)
        same({row["state"] for row in daemon.list("calls", limit=1000)}, {"leased"}, "each once")
        daemon.check()


if __name__ == "__main__":
    run()
