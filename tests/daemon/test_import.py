#!/usr/bin/env python3
"""followupctl import: good rows go in, bad ones are listed with line and reason, nothing is lost in silence (POLICY 10)."""
import csv
import json
import os
import pty
import re
import select
import signal
import subprocess

from harness import FOLLOWUPCTL, PATIENCE, ROOT, Daemon, PidFile, matches, run, same, test, true

DATA = os.path.join(ROOT, "tests/data")

# file, exit status, rows changed and refused, and the lines refused with the beginning of their reason
FILES = [
    ("clients-header-only.csv", 0, 0, 0, {}),
    ("clients-line-ends.csv", 0, 4, 0, {}),
    ("clients-bad-columns.csv", 1, 2, 22, {3: "client_ref:", 4: "person_ref:", 5: "name:", 6: "phone:", 7: "email:", 8: "tier:", 9: "branch:", 10: "manager:", 11: "introducer:",
                                           12: "birthday:", 13: "birthday_calendar:", 14: "opened_on:", 15: "closed_on:", 16: "last_trade_on:", 17: "assets:", 18: "status:",
                                           19: "hours:", 20: "do_not_contact:", 21: "attorney:", 23: "id_expires_on:", 24: "risk_test_expires_on:", 25: "as_of:"}),
    ("clients-gb18030.csv", 1, 3, 2, {4: "name: not GB 18030", 5: "name: not GB 18030"}),
    ("clients-mixed-encodings.csv", 1, 2, 2, {3: "name: not UTF-8", 5: "name: not UTF-8"}),
    ("clients-nul.csv", 1, 2, 1, {3: "NUL byte"}),
    ("clients-stray-quotes.csv", 1, 4, 5, {3: "quoted field", 5: "text after", 6: "quote inside", 7: "quoted field", 9: "name:"}),
    ("clients-wrong-width.csv", 1, 1, 3, {2: "1 field", 4: "3 fields", 5: "client_ref:"}),
    ("events-bad-columns.csv", 1, 2, 13, {3: "event_ref:", 4: "client_ref:", 5: "kind:", 6: "kind:", 7: "occurred_at:", 8: "occurred_at:", 9: "amount:", 10: "amount:", 11: "amount:",
                                          12: "detail:", 13: "detail:", 14: "detail:", 15: "as_of:"}),
]

REFUSED_WHOLE = [
    ("clients-empty.csv", "empty"),
    ("clients-column-twice.csv", "name: the column stands there twice"),
    ("clients-missing-column.csv", "client_ref: the column is missing"),
    ("clients-unknown-column.csv", "nickname: unknown column"),
    ("clients-utf16.csv", "UTF-16"),
    ("events-missing-column.csv", "occurred_at: the column is missing"),
]


def kind_of(name):
    return name.split("-")[0]


def options(name):
    return ["--encoding", "gb18030"] if "gb18030" in name else []


def clients_file(daemon, count, columns, cells):
    """So many clients, the same but for their reference."""
    path = os.path.join(daemon.folder, "clients.csv")
    with open(path, "w", encoding="ascii") as file:
        file.write(columns + "\n" + "".join(f"C{number},{cells}\n" for number in range(count)))
    return path


def load(daemon, path, *more, kind=None):
    """Exit status, summary, rejects, errors."""
    rejects = os.path.join(daemon.folder, "rejects")
    if os.path.exists(rejects):
        os.unlink(rejects)
    status, out, err = daemon.ctl("import", kind or kind_of(os.path.basename(path)), path, "--rejects", rejects, "--json", *more)
    rows = {}
    if os.path.exists(rejects):
        same(os.stat(rejects).st_mode & 0o777, 0o600, "the rejects are a client's data")
        with open(rejects, encoding="utf-8", errors="surrogateescape", newline="") as file:
            for row in csv.DictReader(file):
                rows[int(row["line"])] = row["reason"]
    return status, json.loads(out) if out else None, rows, err


@test("every file of tests/data: what is good is loaded, what is bad is listed with line and reason")
def _():
    files = set(name for name in os.listdir(DATA) if name.endswith(".csv"))
    same(files - {row[0] for row in FILES} - {row[0] for row in REFUSED_WHOLE}, set(), "files that nobody tests")
    for name, status, changed, refused, lines in FILES:
        with Daemon() as daemon:
            got, summary, rejects, err = load(daemon, os.path.join(DATA, name), *options(name))
            same((got, summary["changed"], summary["refused"], summary["unanswered"]), (status, changed, refused, 0), name + err)
            same(sorted(rejects), sorted(lines), name)
            for line, reason in lines.items():
                true(rejects[line].startswith(reason), f"{name}:{line}: {rejects[line]!r}, wanted {reason!r}")
            book = daemon.json("CHECK")
            same(book["faults"], [])
            same(book["book"][kind_of(name)], changed, name)
            # Twice the same file changes nothing.
            got, summary, again, _ = load(daemon, os.path.join(DATA, name), *options(name))
            same((got, summary["changed"], summary["unchanged"], summary["refused"]), (status, 0, changed, refused), name)
            same(again, rejects)


@test("a file without a required column, with an unknown one, twice the same, or empty: nothing of it is loaded")
def _():
    with Daemon() as daemon:
        for name, why in REFUSED_WHOLE:
            status, summary, rejects, err = load(daemon, os.path.join(DATA, name))
            same((status, summary, rejects), (1, None, {}), name)
            matches(err, re.escape(why))
            matches(err, "was not loaded")
        same(daemon.json("CHECK")["book"]["clients"], 0)


@test("names arrive as they were written, from UTF-8 and from GB 18030")
def _():
    with Daemon() as daemon:
        path = os.path.join(daemon.folder, "book.csv")
        rows = [("C1", "孔丽勇"), ("C2", "𠮷野家"), ("C3", 'say "hi", 李\\兰'), ("C4", "O'Neil; DROP TABLE client;--"), ("C5", "e\u0301")]
        for encoding, option in (("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030")):
            with open(path, "w", encoding=encoding, newline="") as file:
                writer = csv.writer(file)
                writer.writerow(("client_ref", "name"))
                writer.writerows((encoding + ref, name) for ref, name in rows)
            status, summary, _, err = load(daemon, path, "--encoding", option, kind="clients")
            same((status, summary["changed"]), (0, len(rows)), err)
            same([row["name"] for row in daemon.list("clients") if row["client_ref"].startswith(encoding + "C")], [name for _, name in rows])


@test("a line of 2 MB, and one of 2 MB inside quotes, cost only themselves")
def _():
    with Daemon() as daemon:
        path = os.path.join(daemon.folder, "long.csv")
        with open(path, "w", encoding="ascii") as file:
            file.write("client_ref,name\nC1,a\nC2," + "x" * 2_000_000 + '\nC3,c\nC4,"' + "y" * 2_000_000 + '"\nC5,e\n')
        status, summary, rejects, _ = load(daemon, path, kind="clients")
        same((status, summary["changed"], summary["refused"], sorted(rejects)), (1, 3, 2, [3, 5]))
        true(os.path.getsize(os.path.join(daemon.folder, "rejects")) < 200_000, "rejects keep the beginning of such a row")


@test("the summary for people, where the rejects are by default, and no progress bar when nobody watches")
def _():
    with Daemon() as daemon:
        path = os.path.join(daemon.folder, "clients.csv")
        with open(path, "w", encoding="ascii") as file:
            file.write("client_ref,name\n" + "".join(f"C{number},a\n" for number in range(5000)) + "C9,\n")
        status, out, err = daemon.ctl("import", "clients", path)
        same((status, out, err), (1, f"clients: 5001 rows, 5000 changed, 0 unchanged, 1 refused (see {path}.rejects)\n", ""))
        with open(path + ".rejects", encoding="ascii") as file:
            same(file.read(), 'line,reason,row\n5002,"name: empty, but required","C9,"\n')
        status, out, err = daemon.ctl("import", "clients", "-", input=b"client_ref,name\nS1,a\nS2,\n")
        same(status, 1)
        matches(out, r"2 rows, 1 changed, 0 unchanged, 1 refused \(see clients\.rejects\)")


@test("on a terminal a bar shows how far it is, and is gone at the end")
def _():
    with Daemon() as daemon:
        path = clients_file(daemon, 20000, "client_ref,name", "a")
        master, slave = pty.openpty()
        process = subprocess.Popen([FOLLOWUPCTL, "-s", daemon.socket, "import", "clients", path], stdin=slave, stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        shown = b""
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
        out = process.stdout.read().decode()
        same(process.wait(PATIENCE), 0)
        process.stdout.close()
        os.close(master)
        matches(shown.decode(), r"\rclients \[#* *\] +\d+ %  \d+ rows")
        true(shown.endswith(b"\r\x1b[K"), shown[-40:])
        matches(out, "20000 rows, 20000 changed")


@test("exit statuses: wrong words 2, no daemon 3, no right to load 1")
def _():
    with Daemon() as daemon:
        good = os.path.join(DATA, "clients-line-ends.csv")
        for words in (("import",), ("import", "cats", good), ("import", "clients"), ("import", "clients", good, "--encoding", "latin1"), ("import", "clients", good, "--fast"),
                      ("import", "clients", daemon.folder + "/missing.csv"), ("import", "clients", good, "--rejects", good)):
            status, out, err = daemon.ctl(*words)
            same((status, out), (2, ""), words)
            true(err, words)
        done = subprocess.run([FOLLOWUPCTL, "-s", daemon.folder + "/nobody", "import", "clients", good], capture_output=True, timeout=PATIENCE)
        same(done.returncode, 3)
        token = daemon.add_agent("anna")
        status, out, err = daemon.ctl("--agent", "anna", "import", "clients", good, environment={"FOLLOWUP_TOKEN": token})
        same(status, 1)
        matches(err, "needs the role feeder")
        status, out, err = daemon.ctl("--agent", "anna", "import", "clients", good, environment={"FOLLOWUP_TOKEN": "wrong"})
        true(status in (1, 3), status)
        same(daemon.list("clients"), [])
        token = daemon.add_agent("feed", "feeder", [])
        status, out, err = daemon.ctl("-h", "127.0.0.1", "-p", str(daemon.port), "--agent", "feed", "import", "clients", good, environment={"FOLLOWUP_TOKEN": token})
        same(status, 0, err)


@test("the daemon goes away in the middle: the import says how far it came, and again completes it")
def _():
    with Daemon() as daemon:
        rows = [f"C{number},a\n" for number in range(40000)]
        path = os.path.join(daemon.folder, "clients.csv")
        with open(path, "w", encoding="ascii") as file:
            file.write("client_ref,name\n" + "".join(rows))
        process = subprocess.Popen([FOLLOWUPCTL, "-s", daemon.socket, "--json", "import", "clients", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=daemon.folder)
        process.stdin.write(("client_ref,name\n" + "".join(rows[:30000])).encode())
        process.stdin.flush()
        while not daemon.list("clients", client="C5000"):
            pass
        daemon.process.send_signal(signal.SIGTERM)
        same(daemon.wait(), 0)
        out, err = process.communicate("".join(rows[30000:]).encode(), timeout=PATIENCE)
        same(process.returncode, 3)
        matches(err.decode(), "the last one on line [0-9]+; load the file again")
        summary = json.loads(out)
        true(0 < summary["changed"] < 40000, summary)
        daemon.start()
        there = daemon.json("CHECK")["book"]["clients"]
        true(there >= summary["changed"], f"{summary} were acknowledged, {there} are there")
        status, summary, rejects, _ = load(daemon, path, kind="clients")
        same((status, summary["changed"] + summary["unchanged"], summary["unchanged"], rejects), (0, 40000, there, {}))
        daemon.check()


@test("a piece of a file is answered row by row: the good ones are in, a bad one is refused by itself, a bad header refuses all")
def _():
    with Daemon() as daemon:
        def pieces(kind, text):
            return daemon.call(f"{kind}.LOAD", text.encode())

        rows = pieces("CLIENT", 'client_ref,name,birthday,phone\nC1,"Li, Na",1980-03-04,139\nC2,Wang,13-01,\nC3,,,\nC4,Zhao\nC5,"He said ""no""",,\nC1,"Li, Na",1980-03-04,139\n')
        same(rows[0], 1)
        matches(rows[1], "^ERR birthday: no such day")
        matches(rows[2], "^ERR name: empty, but required")
        matches(rows[3], "^ERR 2 fields where the header has 4")
        same(rows[4:], [1, 0])
        same([row["client_ref"] for row in daemon.list("clients")], ["C1", "C5"])
        rows = pieces("EVENT", "event_ref,client_ref,kind,occurred_at,amount\nE1,C1,complaint,2025-03-04,\nE2,C1,nothing,2025-03-04,\nE3,C9,asset_outflow,2025-03-04,600000\nE1,C1,complaint,2025-03-04,\n")
        same((rows[0], rows[2], rows[3]), (1, 1, 0))
        matches(rows[1], "^ERR kind: nothing is not among")
        daemon.work()
        same([row["rule"] for row in daemon.list(queue="service")], ["complaint"])  # whoever only an event speaks of has none
        # A client of whom events have spoken, and who is refused: nothing of the row stays.
        matches(pieces("CLIENT", "client_ref,phone,as_of\nC9,13912345678,2025-03-05\n")[0], "^ERR name: a client needs one")
        same(pieces("CLIENT", "client_ref,name,phone,as_of\nC9,Sun,13912345679,2025-03-01\n"), [1])
        same(pieces("CLIENT", "client_ref,name\n"), [])
        for text, why in (("client_ref,nothing\nC7,a\n", "^ERR nothing: unknown column"), ("", "^ERR a header row"), ('client_ref,"na"me\n', "^ERR the header row is bad")):
            matches(daemon.refused("CLIENT.LOAD", text.encode()), why)
        matches(daemon.refused("EVENT.LOAD", b"event_ref,client_ref\nE9,C1\n"), "the column is missing")
        daemon.check()


@test("what comes one by one is worked before a file that has just been loaded")
def _():
    with Daemon() as daemon:
        daemon.client("A1")
        rows = "".join(f"C{number},a,1980-03-04,13912345678\n" for number in range(500))
        same(daemon.call("CLIENT.LOAD", ("client_ref,name,birthday,phone\n" + rows).encode()), [1] * 500)
        daemon.event("E1", "A1", "complaint")
        same([row["client_ref"] for row in daemon.list(queue="service")], ["A1"])
        daemon.work()
        same(daemon.json("CHECK")["book"]["calls"], 501)
        daemon.check()


@test("agents are served while a big file comes in")
def _():
    with Daemon() as daemon:
        daemon.client("A1")
        daemon.event("E1", "A1", "complaint")
        agent = daemon.agent("anna")
        path = clients_file(daemon, 40000, "client_ref,name,birthday,phone", "a,1980-03-04,139")
        process = subprocess.Popen([FOLLOWUPCTL, "-s", daemon.socket, "import", "clients", path], stdout=subprocess.PIPE)
        answered = 0
        with PidFile(process.pid) as ended:
            while not select.select([ended], [], [], 0)[0]:
                lease = agent.json("NEXT")["lease"]
                agent.call("RELEASE", lease, "again")
                answered += 1
        process.stdout.close()
        same(process.wait(), 0)
        true(answered > 20, f"{answered} calls in the meantime")
        daemon.work()
        same(daemon.json("CHECK")["book"]["calls"], 40001)
        daemon.check()


@test("when nobody is at the desk, a thread reads ahead what a day's work asks, and the log of writes is emptied behind it")
def _():
    with Daemon() as daemon:
        path = clients_file(daemon, 20000, "client_ref,name,phone", "a,139")
        same(load(daemon, path, kind="clients")[0], 0)
        daemon.work()
        daemon.set_clock("2025-05-01T09:00:00")
        daemon.work()
        same(re.search(r"^followupd_wal_size_bytes (\d+)$", daemon.call("METRICS"), re.MULTILINE)[1], "0")
        same(daemon.json("CHECK")["book"]["calls"], 20000, "a message for everybody")
        true(int(daemon.info()["rows_read_ahead"]) > 10000, "half of the rows")
        daemon.check()


if __name__ == "__main__":
    run()
