#!/usr/bin/env python3
"""followupd simulate: the example book row by row, and its own words (DESIGN 4)."""
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import time

from harness import FOLLOWUPD, PATIENCE, ROOT, matches, run, same, test, true

EXAMPLE = os.path.join(ROOT, "tests/data/example")
CONFIG = os.path.join(ROOT, "conf/followupd.conf")
PERIOD = ["--from", "2025-01-01", "--to", "2026-06-30"]
COLUMNS = ["rule", "client_ref", "occasion", "opens_on", "due_on", "channel", "queue", "state", "closed_on", "reason"]
EXPECTED = {"followups.csv": [], "followups-capacity.csv": ["--capacity", "service=1", "--capacity", "hq=1"]}


def simulate(*words, clients=os.path.join(EXAMPLE, "clients.csv"), events=os.path.join(EXAMPLE, "events.csv"), period=PERIOD, config=CONFIG):
    """Exit status, output, errors."""
    done = subprocess.run([FOLLOWUPD, "simulate", "-c", config, "--clients", clients, "--events", events, *period, "--without", "yearly-sample", *words],
                          capture_output=True, timeout=PATIENCE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def wanted(name):
    with open(os.path.join(EXAMPLE, name), encoding="utf-8", newline="") as file:
        return file.read()


def difference(got, name):
    rows, expected = set(got.splitlines()), set(wanted(name).splitlines())
    return f"{name}: {len(rows - expected)} rows too many, {len(expected - rows)} missing, like {sorted(rows ^ expected)[:4]}"


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@test("the example book: 0 rows differ, without and with capacity, in seconds")
def _():
    for name, capacity in EXPECTED.items():
        began = time.monotonic()
        status, out, err = simulate(*capacity)
        took = time.monotonic() - began
        same((status, err), (0, ""), name)
        true(out == wanted(name), lambda: difference(out, name))
        true(took < 10, f"{name}: {took:.1f} s")


@test("the rows stand in order: client_ref, opens_on, rule, occasion, bytewise; ended in LF")
def _():
    _, out, _ = simulate(period=["--from", "2025-01-01", "--to", "2025-02-15"])
    rows = list(csv.DictReader(io.StringIO(out)))
    true(len(rows) > 100)
    keys = [tuple(row[name].encode() for name in ("client_ref", "opens_on", "rule", "occasion")) for row in rows]
    same(keys, sorted(keys))
    same(out.splitlines()[0], ",".join(COLUMNS))
    true("\r" not in out and out.endswith("\n"))


@test("the same rows as JSON, and counted as a summary in both forms")
def _():
    period = ["--from", "2025-01-01", "--to", "2025-03-31"]
    rows = list(csv.DictReader(io.StringIO(simulate(period=period)[1])))
    status, out, _ = simulate("--format", "json", period=period)
    same(status, 0)
    same(json.loads(out), rows)
    counts = {}
    for row in rows:
        counts.setdefault(row["rule"], {}).setdefault(row["state"], 0)
        counts[row["rule"]][row["state"]] += 1
    for form in ("csv", "json"):
        _, out, _ = simulate("--summary", "--format", form, period=period)
        summary = json.loads(out) if form == "json" else list(csv.DictReader(io.StringIO(out)))
        same({row["rule"]: {state: int(number) for state, number in row.items() if state != "rule" and int(number) > 0} for row in summary}, counts, form)


@test("bad rows are named with their line and left out; the rest is simulated, and the exit status is 1")
def _():
    with tempfile.TemporaryDirectory() as folder:
        clients = write(folder, "c.csv", "client_ref,name,phone\nC1,a,1390000\nC2,,1\nC3,c,1390000\n")
        events = write(folder, "e.csv", "event_ref,client_ref,kind,occurred_at\nE1,C1,complaint,2025-03-04\nE2,C1,party,2025-03-04\nE3,C3,complaint,soon\nE4,C9,complaint,2025-03-04\n")
        status, out, err = simulate(clients=clients, events=events, period=["--from", "2025-03-01", "--to", "2025-03-31"])
        same(status, 1)
        same([row["occasion"] for row in csv.DictReader(io.StringIO(out)) if row["rule"] == "complaint"], ["E1"])
        matches(err, r"c\.csv:3: name: empty")
        matches(err, r"e\.csv:3: kind: party")
        matches(err, r"e\.csv:4: occurred_at: no such time")
        matches(err, "of 7 rows were left out")


@test("what is wrong is said, and changes the exit status: words, files, headers, configuration")
def _():
    with tempfile.TemporaryDirectory() as folder:
        clients = write(folder, "c.csv", "client_ref,name\nC1,a\n")
        events = write(folder, "e.csv", "event_ref,client_ref,kind,occurred_at\n")
        config = write(folder, "f.conf", "daemon {\n")
        good = {"clients": clients, "events": events}
        for number, words, files in ((64, ["--from"], {}), (64, ["--capacity", "service"], {}), (64, ["--capacity", "service=-1"], {}), (64, ["--format", "xml"], {}),
                                     (64, ["--fast"], {}), (64, ["word"], {"period": ["--from", "2025-01-01", "--to", "2025-13-01"]}),
                                     (64, [], {"period": ["--from", "2025-02-01", "--to", "2025-01-01"]}), (64, [], {"period": ["--from", "2025-02-01"]}),
                                     (66, [], {"clients": folder + "/missing.csv"}), (65, [], {"clients": events}), (65, [], {"clients": "/dev/null"}),
                                     (78, [], {"config": config}), (78, [], {"config": folder + "/missing.conf"})):
            status, out, err = simulate(*words, **{**good, **files})
            same((status, out), (number, ""), (words, files, err))
            true(err, words)
        status, out, err = simulate("--without", "no-such-rule", **good)
        same(status, 0)
        matches(err, "warning: --without no-such-rule")
        for capacity, why in (("servise=1", "no rule that is on puts calls there"), ("sms=1", "it is a queue of messages"), ("manager/M17=1", None),
                              ("hq=1", None), ("service=1", None)):
            status, out, err = simulate("--capacity", capacity, **good)
            same(status, 0)
            if why:
                matches(err, f"warning: --capacity {capacity}: {why}")
            else:
                same(err, "")


@test("--without switches a rule off; a client with a comma and quotes in his number is quoted")
def _():
    with tempfile.TemporaryDirectory() as folder:
        clients = write(folder, "c.csv", 'client_ref,name,phone\n"C,""1""",a,1390000\n')
        events = write(folder, "e.csv", 'event_ref,client_ref,kind,occurred_at\n"E ""x""","C,""1""",complaint,2025-03-04\nE2,"C,""1""",abnormal,2025-03-04\n')
        period = ["--from", "2025-03-01", "--to", "2025-03-31"]
        _, out, _ = simulate(clients=clients, events=events, period=period)
        rows = list(csv.DictReader(io.StringIO(out)))
        same([(row["rule"], row["client_ref"], row["occasion"], row["state"]) for row in rows],
             [("abnormal", 'C,"1"', "E2", "done"), ("complaint", 'C,"1"', 'E "x"', "done")])
        _, out, _ = simulate("--without", "abnormal", clients=clients, events=events, period=period)
        same([row["rule"] for row in csv.DictReader(io.StringIO(out))], ["complaint"])


@test("--compare prints what another configuration changes, and nothing where it changes nothing")
def _():
    with tempfile.TemporaryDirectory() as folder:
        other = os.path.join(folder, "conf")
        shutil.copytree(os.path.join(ROOT, "conf"), other)
        clients = write(folder, "c.csv", "client_ref,name,phone\nC1,a,1390000\nC2,b,1390001\n")
        events = write(folder, "e.csv", "event_ref,client_ref,kind,occurred_at\nE1,C1,complaint,2025-03-08\nE2,C2,abnormal,2025-03-04\n")
        files = {"clients": clients, "events": events, "period": ["--from", "2025-03-01", "--to", "2025-03-31"]}
        compared = os.path.join(other, "followupd.conf")
        status, out, err = simulate("--compare", compared, **files)
        same((status, out.count("\n")), (0, 1), "only the header")
        matches(err, "0 follow-ups differ under")
        path = os.path.join(other, "rules.d", "complaint.conf")
        text = open(path).read()
        write(os.path.dirname(path), "complaint.conf", text.replace("due      = 1d", "due      = 5d"))
        status, out, err = simulate("--compare", compared, **files)
        same(out.splitlines()[1:], ["-,complaint,C1,E1,2025-03-08,2025-03-09,phone,service,done-late,2025-03-10,",
                                    "+,complaint,C1,E1,2025-03-08,2025-03-13,phone,service,done,2025-03-10,"])
        matches(err, "1 follow-up differs under")
        write(os.path.dirname(path), "complaint.conf", text.replace("trigger", "on = no\n\ttrigger", 1))
        same([line[:16] for line in simulate("--compare", compared, **files)[1].splitlines()[1:]], ["-,complaint,C1,E"])
        same(simulate("--compare", folder + "/missing.conf", **files)[0], 78)


if __name__ == "__main__":
    run()
