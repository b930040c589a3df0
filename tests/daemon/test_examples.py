#!/usr/bin/env python3
"""The examples for the CRM's side do what their heads say: the export of a core system, the morning's import, the worker of the queue sms."""
import csv
import glob
import os
import shutil
import signal
import subprocess
import time

from harness import FOLLOWUPCTL, PATIENCE, ROOT, Daemon, Skip, matches, run, same, test, true

EXAMPLES = os.path.join(ROOT, "examples")
EXPORT = os.path.join(EXAMPLES, "gb18030-export")
IMPORT = os.path.join(EXAMPLES, "nightly-import", "followup-import")
GATEWAY = os.path.join(EXAMPLES, "sms-gateway", "followup-sms")
SMSTOOLS = os.path.join(EXAMPLES, "sms-gateway", "send-smstools")


def environment(daemon, **more):
    path = os.path.join(daemon.folder, "bin")
    if not os.path.isdir(path):
        os.mkdir(path)
        os.symlink(FOLLOWUPCTL, path + "/followupctl")
    return {"PATH": path + ":" + os.environ["PATH"], "SOCKET": daemon.socket, "TMPDIR": daemon.folder, **more}


def mapped(kind, encoding="gb18030", export=None):
    """map-columns on an export; its rows."""
    export = export if export is not None else open(f"{EXPORT}/{kind}.csv", "rb").read()
    done = subprocess.run([f"{EXPORT}/map-columns", f"{EXPORT}/{kind}.map", "--encoding", encoding], input=export, capture_output=True, timeout=PATIENCE)
    same((done.returncode, done.stderr.decode()), (0, ""))
    return done.stdout


# --- The export -------------------------------------------------------------------------------------

@test("the export is one in GB 18030 with characters of two and of four bytes, and goes in name by name")
def _():
    with Daemon() as daemon:
        clients = mapped("clients")
        rows = list(csv.DictReader(clients.decode("gb18030").splitlines()))
        names = {row["client_ref"]: row["name"] for row in rows}
        long = [letter for name in names.values() for letter in name if len(letter.encode("gb18030")) == 4]
        true(len(long) >= 5, f"rare characters: {long}")
        status, out, err = daemon.ctl("--json", "import", "clients", "-", "--encoding", "gb18030", "--rejects", daemon.folder + "/r", input=clients)
        matches(out, '"rows":9,"changed":8,"unchanged":0,"refused":1')
        matches(open(daemon.folder + "/r", encoding="utf-8", errors="replace").read(), "birthday")
        del names["0100000008"]  # born on 30 February
        same({row["client_ref"]: row["name"] for row in daemon.list("clients")}, names)
        status, out, err = daemon.ctl("--json", "import", "events", "-", "--encoding", "gb18030", "--rejects", daemon.folder + "/r", input=mapped("events"))
        matches(out, '"rows":7,"changed":6,"unchanged":0,"refused":1')
        same({row["rule"] for row in daemon.list("followups") if row["opens_on"] >= "2025-02"} & {"large-outflow", "complaint", "permission-opened", "manager-departed", "account-closed"},
             {"large-outflow", "complaint", "permission-opened", "manager-departed", "account-closed"})


VALUES = [
    # the export's columns, the map's line, what comes out
    ({"出生日期": "20250304"}, "birthday = 出生日期 : day", "2025-03-04"),
    ({"出生日期": "2025/3/4"}, "birthday = 出生日期 : day", "2025-03-04"),
    ({"出生日期": "2025-03-04"}, "birthday = 出生日期 : day", "2025-03-04"),
    ({"出生日期": "00000000"}, "birthday = 出生日期 : day", ""),
    ({"出生日期": " 0\t"}, "birthday = 出生日期 : day", ""),
    ({"出生日期": "2025034"}, "birthday = 出生日期 : day", "2025034"),
    ({"日": "20250304", "时": "93005"}, "occurred_at = 日 + 时 : time", "2025-03-04T09:30:05"),
    ({"日": "20250304", "时": "0"}, "occurred_at = 日 + 时 : time", "2025-03-04T00:00:00"),
    ({"日": "20250304", "时": ""}, "occurred_at = 日 + 时 : time", "2025-03-04"),
    ({"日": "20250304", "时": "09:30"}, "occurred_at = 日 + 时 : time", "2025-03-04T09:30"),
    ({"资产": "1,234,567.80"}, "assets = 资产 : number", "1234567.80"),
    ({"级别": "钻石"}, "tier = 级别 : 钻石 diamond, 普通 standard", "diamond"),
    ({"级别": "白金"}, "tier = 级别 : 钻石 diamond, 普通 standard", "白金"),
    ({"摘要": "-"}, "detail = 摘要", "-"),
    ({"摘要": '他说"好"，\n走了'}, "detail = 摘要", '他说"好"，\n走了'),
]


@test("map-columns writes days, times, amounts and words as followupctl reads them, and touches nothing else")
def _():
    with Daemon() as daemon:
        path = daemon.folder + "/map"
        for line in dict.fromkeys(line for _, line, _ in VALUES):
            cases = [(columns, wanted) for columns, its_line, wanted in VALUES if its_line == line]
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"# a comment\nclient_ref = 客户号\n{line}\n")
            text = ",".join(["客户号", "别的", *cases[0][0]]) + "\r\n"
            for columns, _ in cases:
                text += ",".join(["1", "x", *('"' + value.replace('"', '""') + '"' for value in columns.values())]) + "\r\n"
            for encoding in ("gb18030", "utf-8") if "diamond" in line else ("gb18030",):
                done = subprocess.run([f"{EXPORT}/map-columns", path, "--encoding", encoding], input=("\ufeff" + text).encode(encoding), capture_output=True)
                same((done.returncode, done.stderr), (0, b""), line)
                rows = list(csv.reader(done.stdout.decode(encoding).splitlines(keepends=True)))
                same(rows, [["client_ref", line.split(" =")[0]], *(["1", wanted] for _, wanted in cases)], f"{encoding}: {line}")


@test("map-columns leaves rows out that are meant to be, keeps a broken row broken, and refuses an export without a column by its name")
def _():
    header = "流水号,客户号,业务类型,发生日期,发生时间,发生金额,摘要\n".encode("gb18030")
    rows = mapped("events", export=header + "1,C1,利息归本,20250304,0,,\n".encode("gb18030") + b"2,C1,x\n" + b"3,C1,x,1,2,3,4,5\n" + b"4,C1,\xfe\xfe,20250304,0,,\n").splitlines()
    same(len(rows), 4)
    same(len(rows[1].split(b",")) == 6, False, "a short row")
    same(rows[3], b"4,C1,\xfe\xfe,2025-03-04T00:00:00,,")
    done = subprocess.run([f"{EXPORT}/map-columns", f"{EXPORT}/events.map"], input="流水号,客户号\n".encode("gb18030"), capture_output=True)
    same((done.returncode, done.stdout), (2, b""))
    matches(done.stderr.decode(), "the export has no column 业务类型")


# --- The morning's import -----------------------------------------------------------------------------

class Inbox:
    def __init__(self, daemon):
        self.daemon = daemon
        self.inbox = daemon.folder + "/inbox"
        self.archive = daemon.folder + "/archive"
        os.mkdir(self.inbox)

    def put(self, name, data, flag=True):
        with open(f"{self.inbox}/{name}", "wb") as file:
            file.write(data)
        if flag:
            open(f"{self.inbox}/{name}.ok", "w").close()

    def run(self, **more):
        """followup-import's status and what it said."""
        mail = self.daemon.folder + "/mail"
        if os.path.exists(mail):
            os.unlink(mail)
        settings = {"INBOX": self.inbox, "ARCHIVE": self.archive, "ENCODING": "gb18030", "MAILTO": "desk@example.com", "SENDMAIL": f"cp /dev/stdin {mail}",
                    "MAP_CLIENTS": f"{EXPORT}/map-columns {EXPORT}/clients.map", "MAP_EVENTS": f"{EXPORT}/map-columns {EXPORT}/events.map", **more}
        done = subprocess.run([IMPORT], env=environment(self.daemon, **settings), capture_output=True, text=True, timeout=PATIENCE)
        same(done.stderr, "", "standard error")
        self.mail = open(mail).read() if os.path.exists(mail) else None
        return done.returncode, done.stdout

    def left(self):
        return sorted(os.listdir(self.inbox))


def export(kind):
    with open(f"{EXPORT}/{kind}.csv", "rb") as file:
        return file.read()


@test("the morning's import loads what has come, keeps refused rows, mails without a client's data, and again changes nothing")
def _():
    with Daemon() as daemon:
        inbox = Inbox(daemon)
        inbox.put("clients-20250304.csv", export("clients"))
        inbox.put("events-20250304.csv", export("events"))
        inbox.put("events-20250305.csv", b"half", flag=False)
        status, out = inbox.run()
        same(status, 1, out)
        matches(out, r"clients-20250304\.csv: 9 rows, 8 changed, 0 unchanged, 1 refused, see \S+\.rejects")
        matches(out, r"events-20250304\.csv: 7 rows, 6 changed, 0 unchanged, 1 refused")
        matches(inbox.mail, r"(?s)To: desk@example\.com\nSubject: .* status 1\n\n.*1 refused")
        true("刘洋" not in inbox.mail and "13900000008" not in inbox.mail, "the mail tells of a client")
        same(inbox.left(), ["events-20250305.csv"])
        rejects = sorted(glob.glob(inbox.archive + "/*.rejects"))
        same(len(rejects), 2)
        matches(open(rejects[0], encoding="utf-8", errors="replace").read(), r"9,\S*.*birthday")
        same(os.stat(rejects[0]).st_mode & 0o077, 0, "others may read it")
        inbox.put("clients-20250304.csv", export("clients"))
        inbox.put("events-20250304.csv", export("events"))
        matches(inbox.run()[1], r"clients-20250304\.csv: 9 rows, 0 changed, 8 unchanged, 1 refused")


@test("the morning's import says what is wrong by its exit status, and what it could not load stays for the next run")
def _():
    with Daemon() as daemon:
        inbox = Inbox(daemon)
        status, out = inbox.run()
        same((status, inbox.mail is not None), (4, True), out)
        matches(out, "no file of clients has come\nno file of events has come")
        same(inbox.run(EXPECT="")[0], 0)
        same(inbox.mail, None)
        inbox.put("clients-1.csv", "客户号\n1\n".encode("gb18030"))
        status, out = inbox.run(EXPECT="clients")
        same(status, 2, out)
        matches(out, "clients-1.csv: not loaded, the mapping failed: map-columns: the export has no column 自然人编号")
        inbox.put("clients-1.csv", b"client_ref,nonsense\n1,2\n")
        status, out = inbox.run(EXPECT="clients", MAP_CLIENTS="")
        same(status, 2, out)
        matches(out, "nonsense")
        good = b"\r\n".join(line for line in export("clients").split(b"\r\n") if b"0100000008" not in line)
        inbox.put("clients-1.csv", good)
        daemon.stop()
        status, out = inbox.run(EXPECT="clients")
        same(status, 3, out)
        same(inbox.left(), ["clients-1.csv", "clients-1.csv.ok"])
        daemon.start()
        status, out = inbox.run(EXPECT="clients")
        same((status, inbox.mail, inbox.left()), (0, None, []), out)
        same(len(daemon.list("clients")), 8)


# --- The worker of the queue sms ------------------------------------------------------------------------

SENDER = r"""#!/bin/sh
# Writes each call of it and each message down; what SENDER_SAYS names happens in between.
echo "$1 $2" >>"$OUTBOX/calls"
if [ "$1" = status ]; then
	[ ! -e "$OUTBOX/bounced-$2" ] || exit 65
	[ ! -e "$OUTBOX/unknown" ] || exit 99
	[ -e "$OUTBOX/message-$2" ] && exit 0
	exit 1
fi
[ ! -e "$OUTBOX/die-before" ] || { rm "$OUTBOX/die-before"; kill -9 "$(cat "$OUTBOX/worker")"; exit 99; }
[ ! -e "$OUTBOX/not-taken" ] || exit 1
[ ! -e "$OUTBOX/bounce" ] || exit 65
[ ! -e "$OUTBOX/hang" ] || { touch "$OUTBOX/hanging"; while [ -e "$OUTBOX/hang" ]; do sleep 0.05; done; }
{ echo "$NUMBER"; cat; } >>"$OUTBOX/message-$2"
[ ! -e "$OUTBOX/die-behind" ] || { rm "$OUTBOX/die-behind"; kill -9 "$(cat "$OUTBOX/worker")"; exit 99; }
[ ! -e "$OUTBOX/unknown" ] || exit 99
exit 0
"""


class Gateway:
    """The worker, on three birthdays."""

    def __init__(self, daemon, clients=3, **fields):
        if shutil.which("jq") is None:
            raise Skip("jq is not installed")
        self.daemon = daemon
        self.outbox = daemon.folder + "/outbox"
        self.spool = daemon.folder + "/spool"
        os.mkdir(self.outbox)
        with open(daemon.folder + "/send", "w") as file:
            file.write(SENDER)
        os.chmod(daemon.folder + "/send", 0o755)
        daemon.add_agent("gate", "gateway", ("sms", "email"))
        self.token = daemon.folder + "/token"
        with open(self.token, "w") as file:
            file.write(daemon.agents["gate"])
        os.chmod(self.token, 0o600)
        for number in range(clients):
            daemon.client(f"B{number}", name=f"王㛃{number}", phone=f"1390000000{number}", birthday="1980-03-04", **fields)

    def environment(self, **more):
        return environment(self.daemon, **{"OUTBOX": self.outbox, "SPOOL": self.spool, "AGENT": "gate", "TOKEN_FILE": self.token, "PAUSE": "0",
                                           "TEMPLATES": os.path.join(EXAMPLES, "sms-gateway/templates"), "SEND": self.daemon.folder + "/send", **more})

    def start(self, *words, **more):
        process = subprocess.Popen(["sh", "-c", 'echo $$ >"$OUTBOX/worker"; exec "$0" "$@"', GATEWAY, *words], env=self.environment(**more), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return process

    def once(self, **more):
        """One round; its status."""
        process = self.start("--once", **more)
        self.said = process.communicate(timeout=PATIENCE)[0]
        return process.returncode

    def when(self, what):
        open(f"{self.outbox}/{what}", "w").close()

    def no_more(self, what):
        os.unlink(f"{self.outbox}/{what}")

    def messages(self):
        """The lines of each message by its number; a message that was sent twice has more of them."""
        return {int(name.split("-")[1]): open(f"{self.outbox}/{name}", encoding="utf-8").read().splitlines() for name in os.listdir(self.outbox) if name.startswith("message-")}

    def calls(self):
        return open(self.outbox + "/calls").read().split("\n")[:-1]

    def states(self):
        """How the follow-ups stand, by client."""
        return {row["client_ref"]: row["state"] + (" " + row["channel"] if row["state"] == "queued" else "") for row in self.daemon.list("followups") if row["rule"] == "birthday"}

    def all_sent_once(self, clients=3):
        same(self.states(), {f"B{number}": "done" for number in range(clients)})
        same(sorted(self.messages().values()), [[f"1390000000{number}", f"王㛃{number}，祝您生日快乐！"] for number in range(clients)])
        same(self.daemon.json("CHECK")["count"], 0)


@test("every message of the queue is sent once, with its text, and told of")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon)
        same((gateway.once(COUNT="2"), gateway.said), (0, ""))
        gateway.all_sent_once()
        same(gateway.once(), 0)
        same(sum(line.startswith("send") for line in gateway.calls()), 3)


@test("killed before or behind the sending of any message, the worker sends each once when it is back")
def _():
    for when in ("die-before", "die-behind"):
        with Daemon() as daemon:
            gateway = Gateway(daemon)
            gateway.when(when)
            same(gateway.once(), -signal.SIGKILL)
            same(len(gateway.messages()), int(when == "die-behind"))
            for _ in range(2):  # one that was never sent is given back first
                gateway.once()
            gateway.all_sent_once()


@test("killed with messages whose leases run out, it tells what it knows: sent stays sent, and unsent goes on to the next channel")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, email="b@example.com")
        gateway.when("die-behind")
        same(gateway.once(), -signal.SIGKILL)
        daemon.advance(16 * 60)
        same({row["state"] for row in daemon.list("calls") if row["queue"] == "sms"}, {"uncertain"})
        gateway.once()
        same(sorted(gateway.states().values()), ["done", "queued email", "queued email"])
        same(len(gateway.messages()), 1)
        same([len(lines) for lines in gateway.messages().values()], [2])


@test("what the gateway does not take is given back and sent later; what nobody knows of is asked for, not sent again")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=1)
        gateway.when("not-taken")
        same(gateway.once(), 1)
        same(gateway.states(), {"B0": "queued sms"})
        gateway.no_more("not-taken")
        gateway.when("unknown")
        same((gateway.once(), gateway.once()), (1, 0))
        same([line.split()[0] for line in gateway.calls()], ["send", "send", "status"])
        same(gateway.states(), {"B0": "queued sms"})
        gateway.no_more("unknown")
        same(gateway.once(), 0)
        gateway.all_sent_once(1)


@test("a send command that outlives its worker is waited for by the next one, which then asks what became of it")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=1)
        gateway.when("hang")
        first = gateway.start("--once")
        wait_for(gateway.outbox + "/hanging")
        first.kill()
        first.wait(PATIENCE)
        second = gateway.start("--once")
        wait_for_process(second, "flock")
        gateway.no_more("hang")
        same(second.communicate(timeout=PATIENCE), ("", None))
        same([line.split()[0] for line in gateway.calls()][:2], ["send", "status"])
        gateway.all_sent_once(1)


@test("a message whose lease ran out before its turn came is not sent, and goes on to the next channel")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=2, email="b@example.com")
        gateway.when("hang")
        worker = gateway.start("--once")
        wait_for(gateway.outbox + "/hanging")
        daemon.advance(16 * 60)
        gateway.no_more("hang")
        matches(worker.communicate(timeout=PATIENCE)[0], "event=no_longer_ours")
        same(worker.returncode, 1)
        gateway.once()
        same(sorted(gateway.states().values()), ["done", "queued email"])
        same([len(lines) for lines in gateway.messages().values()], [2])


@test("one that cannot be delivered goes on to the next channel, at once or when the gateway learns it later")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=1, email="b@example.com")
        gateway.when("bounce")
        same(gateway.once(), 0)
        same(gateway.states(), {"B0": "queued email"})
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=1, email="b@example.com")
        same(gateway.once(), 0)
        same(gateway.states(), {"B0": "done"})
        gateway.when(f"bounced-{list(gateway.messages())[0]}")
        same(gateway.once(BOUNCE_EVERY="0"), 0)
        same(gateway.states(), {"B0": "queued email"})
        same(gateway.once(BOUNCE_EVERY="0"), 0, "told once")


@test("a message without a text is given back and named in the log, and the others are sent")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=1)
        os.mkdir(daemon.folder + "/none")
        same(gateway.once(TEMPLATES=daemon.folder + "/none"), 1)
        matches(gateway.said, "event=no_text rules=birthday")
        same((gateway.states(), gateway.messages()), ({"B0": "queued sms"}, {}))


def wait_for(path):
    until = time.monotonic() + PATIENCE
    while not os.path.exists(path):
        true(time.monotonic() < until, f"{path} never came")
        time.sleep(0.01)


@test("waiting, it sends what comes; told to stop, it finishes what it has begun, gives the others back and leaves")
def _():
    with Daemon() as daemon:
        gateway = Gateway(daemon, clients=0)
        process = gateway.start()
        try:
            wait_for_waiter(daemon)
            gateway.when("hang")
            for number in range(3):
                daemon.client(f"B{number}", name=f"王㛃{number}", phone=f"1390000000{number}", birthday="1980-03-04")
            wait_for(gateway.outbox + "/hanging")
            process.send_signal(signal.SIGTERM)
            gateway.no_more("hang")
            gateway.said = process.communicate(timeout=PATIENCE)[0]
            same(process.returncode, 0, gateway.said)
        finally:
            process.kill()
        same(len(gateway.messages()), 1)
        same({row["state"] for row in daemon.list("calls")}, {"ready"})
        # And while it waits.
        process = gateway.start()
        try:
            gateway_done(gateway)
            wait_for_waiter(daemon)
            process.send_signal(signal.SIGTERM)
            same((process.wait(PATIENCE), process.communicate()[0]), (0, ""))
        finally:
            process.kill()
        gateway.all_sent_once()


def wait_for_process(parent, name):
    """Until this program has started that one."""
    until = time.monotonic() + PATIENCE
    while name not in children(parent.pid):
        true(time.monotonic() < until, f"{name} is never started")
        time.sleep(0.01)


def children(pid):
    names = []
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        for child in file.read().split():
            try:
                with open(f"/proc/{child}/comm") as comm:
                    names.append(comm.read().strip())
            except FileNotFoundError:
                pass
    return names


def wait_for_waiter(daemon):
    until = time.monotonic() + PATIENCE
    while daemon.info("clients").get("blocked_clients") != "1":
        true(time.monotonic() < until, "it never waits")


def gateway_done(gateway):
    until = time.monotonic() + PATIENCE
    while len(gateway.messages()) < 3:
        true(time.monotonic() < until, "it never sends")


@test("send-smstools puts a message where the SMS Server Tools look for it, once, and tells what became of it")
def _():
    with Daemon() as daemon:
        spool = daemon.folder + "/sms"
        for folder in ("outgoing", "checked", "sent", "failed"):
            os.makedirs(f"{spool}/{folder}")
        gateway = Gateway(daemon, clients=2, email="b@example.com")
        same((gateway.once(SEND=SMSTOOLS, SMSTOOLS=spool), gateway.said), (0, ""))
        first, second = sorted(os.listdir(spool + "/outgoing"))
        matches(open(f"{spool}/outgoing/{first}", encoding="utf-8").read(), r"^To: 861390000000\d\nAlphabet: UTF-8\n\n王㛃\d，祝您生日快乐！\n$")
        os.rename(f"{spool}/outgoing/{first}", f"{spool}/sent/{first}")
        os.rename(f"{spool}/outgoing/{second}", f"{spool}/failed/{second}")
        for file, status in ((first, 0), (second, 65), ("followup-99", 1)):
            for word in ("status", "send")[:1 if status == 1 else 2]:
                same(subprocess.run([SMSTOOLS, word, file.split("-")[1]], env=dict(os.environ, SMSTOOLS=spool, NUMBER="1"), stdin=subprocess.DEVNULL).returncode, status, file)
        same(os.listdir(spool + "/outgoing"), [])
        same(gateway.once(SEND=SMSTOOLS, SMSTOOLS=spool, BOUNCE_EVERY="0"), 0)
        same(sorted(gateway.states().values()), ["done", "queued email"])


@test("their units have nothing that systemd-analyze verify complains of")
def _():
    if shutil.which("systemd-analyze") is None:
        raise Skip("systemd-analyze is not installed")
    with Daemon() as daemon:
        tree = daemon.folder + "/tree"
        for folder in ("/etc/systemd/system", "/usr/local/lib/followup", "/usr/lib/systemd/system", "/etc/followup-sms"):
            os.makedirs(tree + folder)
        units = glob.glob(EXAMPLES + "/*/*.service") + glob.glob(EXAMPLES + "/*/*.timer")
        same(len(units), 3)
        for unit in units:
            shutil.copy(unit, tree + "/etc/systemd/system")
        for program in (IMPORT, GATEWAY):
            shutil.copy(program, tree + "/usr/local/lib/followup")
        for unit in ("followupd.socket", "followupd.service"):
            shutil.copy(os.path.join(ROOT, "systemd", unit), tree + "/usr/lib/systemd/system")
        for unit in units:
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root=" + tree, os.path.basename(unit)], capture_output=True, text=True)
            same(done.stdout + done.stderr, "", unit)


run()
