#!/usr/bin/env python3
# timeout: 400 (the Debian tree is made once, which takes a minute)
"""The service under a real systemd: installed with make install, booted, used, reloaded, killed, hung, and restarted under load.

One box serves all tests, in the order in which they stand here. Skipped where no box can be had.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from box import BUILD, ROOT, Box, Unavailable, wait_for  # noqa: E402

SOCKET = "/run/followupd/agent.sock"
UNIT = "followupd.service"
CONSOLE = "followup-console.service"
CONF = "/etc/followupd/followupd.conf"
RESTARTS = 20 if os.environ.get("FOLLOWUP_LONG") == "1" else 5

tests = []


def test(what):
    def add(function):
        tests.append((what, function))
        return function
    return add


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def matches(pattern, text):
    if not re.search(pattern, text, re.MULTILINE):
        raise AssertionError(f"nothing like {pattern!r} in:\n{text}")


def succeeds(result):
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(result.args[10:])}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def fails(result):
    if result.returncode == 0:
        raise AssertionError(f"{' '.join(result.args[10:])}: worked, and should not have\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def connect(box):
    """A connection from the host, as root, to the unix socket in the box."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(box.path(SOCKET))
    return connection


def ask(connection, line):
    connection.sendall(line.encode() + b"\r\n")
    answer = b""
    while not answer.endswith(b"\n"):
        got = connection.recv(4096)
        if not got:
            raise AssertionError(f"{line}: closed after {answer!r}")
        answer += got
    return answer.decode().rstrip()


def ping(box):
    with connect(box) as connection:
        equal(ask(connection, "PING"), "+PONG", "PING")


def ctl(box, *words):
    return box.run("followupctl", *words)


def main_pid(box):
    return int(box.show(UNIT, "MainPID"))


def is_active(box):
    return box.show(UNIT, "ActiveState") == "active"


def change_configuration(box, old, new):
    """Edits the file in the box; the text that stood there before."""
    with open(box.path(CONF)) as file:
        before = file.read()
    assert old in before, old
    with open(box.path(CONF), "w") as file:
        file.write(before.replace(old, new, 1))
    return before


def write_configuration(box, text):
    with open(box.path(CONF), "w") as file:
        file.write(text)


def set_unit(box, name, lines):
    """A drop-in of the unit in the box; None takes it away."""
    folder = box.path(f"/etc/systemd/system/{UNIT}.d")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".conf")
    if lines is None:
        os.unlink(path)
    else:
        with open(path, "w") as file:
            file.write("[Service]\n" + lines + "\n")
    succeeds(box.run("systemctl", "daemon-reload"))


@test("systemd-analyze verify has nothing to say")
def verify(box):
    for unit in (UNIT, "followupd.socket", CONSOLE):
        result = subprocess.run(["systemd-analyze", "verify", "--root=" + box.tree, unit], capture_output=True, text=True)
        equal(result.stdout + result.stderr, "", unit)


@test("the exposure is 1.5 at most")
def exposure(box):
    for unit in (UNIT, CONSOLE):
        result = box.run("systemd-analyze", "security", "--threshold=15", unit)
        if result.returncode != 0:
            raise AssertionError(unit + result.stdout[-300:] + result.stderr)
        succeeds(box.run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit))


@test("the user and the folders are made at boot")
def user_and_folders(box):
    succeeds(box.run("id", "followupd"))
    equal(box.run("stat", "-c", "%U %G %a", "/var/lib/followupd").stdout.strip(), "followupd followupd 700", "book")
    equal(box.run("stat", "-c", "%U %G %a", "/run/followupd").stdout.strip(), "followupd followupd 755", "socket's folder")


@test("the first connection starts the daemon with the configuration as installed, and it becomes ready")
def activation(box):
    succeeds(box.run("systemctl", "enable", "--now", "followupd.socket"))
    equal(box.show(UNIT, "ActiveState"), "inactive", "before")
    equal(box.run("stat", "-c", "%U %G %a", SOCKET).stdout.strip(), "followupd followupd 660", "socket")
    ping(box)
    assert wait_for(lambda: is_active(box)), box.journal(UNIT)
    equal(box.show(UNIT, "SubState"), "running", "state")
    equal(box.show(UNIT, "Type"), "notify", "type")
    equal(box.run("stat", "-c", "%U %a", "/var/lib/followupd/followupd.db").stdout.strip(), "followupd 600", "book")


@test("READY came from the daemon, and it enables itself for the next boot")
def ready(box):
    matches(r"^serving", box.show(UNIT, "StatusText"))
    succeeds(box.run("systemctl", "enable", UNIT))


@test("its lines in the journal are key=value")
def journal_lines(box):
    lines = [line for line in box.journal(UNIT).splitlines() if line.startswith("event=")]
    assert any(re.match(r"event=started version=\S+ pid=\d+", line) for line in lines), box.journal(UNIT)
    assert any(re.match(r"event=listening address=unix:\S+ inherited=yes", line) for line in lines), lines
    assert any(re.match(r"event=listening address=127\.0\.0\.1:7379 inherited=yes", line) for line in lines), lines
    for line in lines:
        matches(r'^event=\w+( \w+=("([^"\\]|\\.)*"|[^ "]*))*$', line)


@test("it has no privilege left, and a filter on its system calls")
def sandbox(box):
    status = box.run("cat", f"/proc/{main_pid(box)}/status").stdout
    for line in (r"^NoNewPrivs:\t1$", r"^Seccomp:\t2$", r"^CapEff:\t0+$", r"^CapBnd:\t0+$"):
        matches(line, status)


@test("the socket tells the agents by their user names, and refuses who is not in the group")
def agents(box):
    succeeds(box.run("useradd", "--groups", "followupd", "anna"))
    succeeds(box.run("useradd", "stranger"))
    succeeds(ctl(box, "agent", "add", "anna", "agent", "queues", "service"))
    matches(r"anna", succeeds(box.run("runuser", "-u", "anna", "--", "followupctl", "whoami")))
    fails(box.run("runuser", "-u", "stranger", "--", "followupctl", "whoami"))


CONSOLE_CLIENT = r"""
import http.client, json, sys
token, cookie = sys.stdin.readline().strip(), {}
def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", 7381, timeout=30)
    connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", **cookie})
    answer = connection.getresponse()
    return answer, json.loads(answer.read())
assert ask("GET", "/healthz")[0].status == 200
assert ask("POST", "/api/signin", {"name": "webb", "token": "wrong"})[0].status == 401
answer, session = ask("POST", "/api/signin", {"name": "webb", "token": token})
assert answer.status == 200, session
cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": session["csrf"]}
print("signed in", flush=True)
sys.stdin.readline()
print(ask("POST", "/api/command", ["WHOAMI"])[1]["ok"]["name"])
"""


@test("the console runs as a user of its own with nothing but the daemon's socket, and its sessions outlive the daemon's restart")
def console(box):
    succeeds(box.run("systemctl", "enable", "--now", CONSOLE))
    equal(box.show(CONSOLE, "ActiveState"), "active", "state")
    matches(r"^serving on 127\.0\.0\.1:7381$", box.show(CONSOLE, "StatusText"))
    pid = box.show(CONSOLE, "MainPID")
    equal(box.run("stat", "-c", "%U", f"/proc/{pid}/ns").stdout.strip(), "root", "nobody looks into its memory")
    status = box.run("cat", f"/proc/{pid}/status").stdout
    uid = succeeds(box.run("id", "-u", "followup-console")).strip()
    for line in (rf"^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$", r"^NoNewPrivs:\t1$", r"^Seccomp:\t2$", r"^CapEff:\t0+$", r"^CapBnd:\t0+$"):
        matches(line, status)
    token = re.search(r"^token: (\S+)", succeeds(ctl(box, "agent", "add", "webb", "agent", "queues", "service")), re.MULTILINE).group(1)
    browser = subprocess.Popen(["nsenter", "-t", str(box.leader), "-n", "--", sys.executable, "-c", CONSOLE_CLIENT], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    browser.stdin.write(token + "\n")
    browser.stdin.flush()
    equal(browser.stdout.readline().strip(), "signed in", "the browser")
    matches(rf"event=sign_in_refused agent=webb peer=unix:uid={uid} ", box.journal(UNIT))
    succeeds(box.run("systemctl", "restart", UNIT))
    said = browser.communicate("go\n", timeout=60)[0]
    equal(said.strip(), "webb", "after the restart")
    journal = box.journal(CONSOLE)
    assert token not in journal, "a token in the log"
    matches(r"^event=signed_in agent=webb source=127\.0\.0\.1", journal)
    succeeds(box.run("systemctl", "stop", CONSOLE))
    equal(box.show(CONSOLE, "Result"), "success", "result")


@test("reload takes over a good configuration, and says so")
def reload_good(box):
    before = main_pid(box)
    text = change_configuration(box, "log_level    = info", "log_level    = debug")
    succeeds(box.run("systemctl", "reload", UNIT))
    write_configuration(box, text)
    succeeds(box.run("systemctl", "reload", UNIT))
    equal(main_pid(box), before, "process")


@test("reload of a broken configuration fails, and the old one stays")
def reload_bad(box):
    before = main_pid(box)
    text = change_configuration(box, "time_zone", "time_zoen")
    fails(box.run("systemctl", "reload", UNIT))
    ping(box)
    equal(main_pid(box), before, "process")
    assert is_active(box)
    matches(r"followupd\.conf.*time_zoen", box.journal(UNIT))
    write_configuration(box, text)
    succeeds(box.run("systemctl", "reload", UNIT))


@test("killed, it is started again and knows what it knew")
def killed(box):
    before = main_pid(box)
    restarts = int(box.show(UNIT, "NRestarts"))
    os.kill(int(host_pid(box)), signal.SIGKILL)
    ping(box)
    assert wait_for(lambda: is_active(box) and main_pid(box) not in (0, before)), box.journal(UNIT)
    equal(int(box.show(UNIT, "NRestarts")), restarts + 1, "restarts")
    matches(r"anna", succeeds(ctl(box, "agent", "list")))


def host_pid(box):
    """The daemon's process as the host counts."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/status") as file:
                status = file.read()
            with open(f"/proc/{name}/comm") as file:
                command = file.read().strip()
            same = os.readlink(f"/proc/{name}/ns/net") == os.readlink(f"/proc/{box.leader}/ns/net")
        except OSError:
            continue
        if command == "followupd" and same and re.search(rf"^NSpid:.*\b{main_pid(box)}$", status, re.MULTILINE):
            return name
    raise AssertionError("no such process")


@test("hung, it is ended by the watchdog and started again")
def hung(box):
    set_unit(box, "watchdog", "WatchdogSec=2")
    succeeds(box.run("systemctl", "restart", UNIT))
    before = main_pid(box)
    os.kill(int(host_pid(box)), signal.SIGSTOP)
    assert wait_for(lambda: is_active(box) and main_pid(box) not in (0, before)), box.journal(UNIT)
    ping(box)
    matches(r"Watchdog timeout", box.journal(UNIT))
    set_unit(box, "watchdog", None)
    succeeds(box.run("systemctl", "restart", UNIT))


@test("the watchdog is fed while nobody asks anything")
def fed(box):
    set_unit(box, "watchdog", "WatchdogSec=1")
    succeeds(box.run("systemctl", "restart", UNIT))
    first = box.show(UNIT, "WatchdogTimestampMonotonic")
    before = main_pid(box)
    for _ in range(4):  # four periods' worth of news
        then = first
        assert wait_for(lambda: box.show(UNIT, "WatchdogTimestampMonotonic") != then, 5)
        first = box.show(UNIT, "WatchdogTimestampMonotonic")
    equal(main_pid(box), before, "process")
    set_unit(box, "watchdog", None)
    succeeds(box.run("systemctl", "restart", UNIT))


@test("SIGTERM drains: who waits is answered, and the end is a good one")
def drain(box):
    succeeds(ctl(box, "agent", "add", "gate", "gateway", "queues", "sms"))
    token = re.search(r"^token: (\S+)", ctl(box, "agent", "add", "gate", "gateway", "queues", "sms").stdout, re.MULTILINE).group(1)
    with connect(box) as waiting:
        equal(ask(waiting, f"AUTH gate {token}"), "+OK", "AUTH")
        waiting.sendall(b"NEXT WAIT 60\r\n")
        with connect(box) as other:
            waits = wait_for(lambda: "blocked_clients:1" in info(other))
        assert waits
        stopping = threading.Thread(target=lambda: box.run("systemctl", "stop", UNIT))
        stopping.start()
        answer = waiting.recv(4096)
        assert answer.startswith((b"$-1", b"_")), answer
        equal(waiting.recv(4096), b"", "then the end")
        stopping.join()
    equal(box.show(UNIT, "Result"), "success", "result")
    matches(r"^event=stopped exit=0", box.journal(UNIT))
    ping(box)  # the socket unit starts it again
    assert wait_for(lambda: is_active(box))


def info(connection):
    connection.sendall(b"INFO clients\r\n")
    text = b""
    while True:
        text += connection.recv(65536)
        head, _, body = text.partition(b"\r\n")
        if head.startswith(b"$") and len(body) >= int(head[1:]) + 2:
            return body.decode()


TCP_CLIENT = r"""
import socket, sys
refused = served = 0
print("ready", flush=True)
while True:
    try:
        with socket.create_connection(("127.0.0.1", 7379), timeout=30) as connection:
            connection.sendall(b"PING\r\n")
            served += connection.recv(64) != b""
    except ConnectionRefusedError:
        refused += 1
    except ConnectionResetError:
        pass
    if sys.stdin in __import__("select").select([sys.stdin], [], [], 0)[0]:
        break
print(refused, served)
"""


def knock(box, stop, refused, served):
    """One who comes again and again, each time with a new connection."""
    while not stop.is_set():
        try:
            with connect(box) as connection:
                if ask(connection, "PING") == "+PONG":
                    served.append(1)
        except (ConnectionRefusedError, FileNotFoundError) as why:
            refused.append(str(why))
        except (AssertionError, ConnectionResetError, BrokenPipeError):
            pass  # let in by the one that then stopped; a client asks again


@test("no connection is refused while it restarts, on either socket")
def no_refusal(box):
    refused, served, stop = [], [], threading.Event()
    # The host's Python in the box's network: it has its own 127.0.0.1.
    tcp = subprocess.Popen(["nsenter", "-t", str(box.leader), "-n", "--", sys.executable, "-c", TCP_CLIENT], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
    knocking = threading.Thread(target=knock, args=(box, stop, refused, served))
    try:
        equal(tcp.stdout.readline().strip(), "ready", "TCP client")
        knocking.start()
        for _ in range(RESTARTS):
            before = main_pid(box)
            succeeds(box.run("systemctl", "restart", UNIT))
            assert main_pid(box) not in (0, before)
    finally:
        stop.set()
        tcp_refused, tcp_served = (int(word) for word in tcp.communicate("stop\n", timeout=60)[0].split())
    knocking.join()
    equal(refused, [], "unix socket")
    equal(tcp_refused, 0, "refused over TCP")
    assert len(served) > RESTARTS and tcp_served > 0, (len(served), tcp_served)


def version(box):
    return re.search(r"version:(\S+)", succeeds(ctl(box, "info"))).group(1)


@test("upgraded in place: the old one serves until the restart, then the new one with the same book, and nobody is refused")
def upgrade(box):
    program = box.path("/usr/sbin/followupd")
    with open(program, "rb") as file:
        code = file.read()
    old = version(box)
    new = old[:-1] + ("9" if old[-1] != "9" else "8")
    equal(code.count(old.encode() + b"\0"), 1, "places where the program has its version")
    with open(program + ".new", "wb") as file:
        file.write(code.replace(old.encode() + b"\0", new.encode() + b"\0"))
    os.chmod(program + ".new", 0o755)
    os.replace(program + ".new", program)  # as packages do
    equal(version(box), old, "before the restart")
    agents = succeeds(ctl(box, "agent", "list"))
    refused, served, stop = [], [], threading.Event()
    knocking = threading.Thread(target=knock, args=(box, stop, refused, served))
    knocking.start()
    try:
        succeeds(box.run("systemctl", "restart", UNIT))
    finally:
        stop.set()
        knocking.join()
    equal(refused, [], "refused")
    equal(version(box), new, "after the restart")
    equal(succeeds(ctl(box, "agent", "list")), agents, "the book")
    matches(r"faults: none", succeeds(ctl(box, "check")))


@test("a broken configuration at start is not tried again and again; mended, it starts")
def broken_start(box):
    text = change_configuration(box, "time_zone", "time_zoen")
    fails(box.run("systemctl", "restart", UNIT))
    equal(box.show(UNIT, "ActiveState"), "failed", "state")
    equal(box.show(UNIT, "ExecMainStatus"), "78", "status")
    write_configuration(box, text)
    succeeds(box.run("systemctl", "start", UNIT))
    ping(box)


@test("a book of a newer release is not tried again and again; with its own it starts")
def newer_book(box):
    succeeds(box.run("systemctl", "stop", UNIT))
    book = box.path("/var/lib/followupd/followupd.db")
    with open(book, "r+b") as file:
        file.seek(60)  # SQLite's user_version
        version = file.read(4)
        file.seek(60)
        file.write((9999).to_bytes(4, "big"))
    fails(box.run("systemctl", "start", UNIT))
    equal(box.show(UNIT, "ActiveState"), "failed", "state")
    equal(box.show(UNIT, "ExecMainStatus"), "78", "status")
    assert wait_for(lambda: "schema 9999 is newer" in box.journal(UNIT)), box.journal(UNIT)
    with open(book, "r+b") as file:
        file.seek(60)
        file.write(version)
    succeeds(box.run("systemctl", "start", UNIT))
    ping(box)


@test("after the machine has died it comes up by itself, with its book")
def machine_dies(box):
    box.crash()
    box.boot()
    assert wait_for(lambda: is_active(box)), box.journal(UNIT)
    matches(r"anna", succeeds(ctl(box, "agent", "list")))
    matches(r"faults: none", succeeds(ctl(box, "check")))


def install(box):
    result = subprocess.run(["make", "-s", "-C", ROOT, "install", f"BUILD={BUILD}", f"DESTDIR={box.tree}"], capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError("make install: " + result.stdout + result.stderr)


def main():
    box = None
    # Told to stop, the box goes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        try:
            box = Box()
            install(box)
            box.boot()
        except Unavailable as why:
            print(f"1..0 # SKIP {why}")
            return 0
        print(f"1..{len(tests)}")
        failures = 0
        for number, (what, function) in enumerate(tests, 1):
            try:
                function(box)
                print(f"ok {number} - {what}", flush=True)
            except Exception:
                failures += 1
                print(f"not ok {number} - {what}", flush=True)
                for line in traceback.format_exc().splitlines():
                    print("# " + line)
        return 1 if failures else 0
    finally:
        if box is not None:
            box.remove()


if __name__ == "__main__":
    sys.exit(main())
