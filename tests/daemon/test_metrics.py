#!/usr/bin/env python3
"""METRICS, the file for node_exporter, and what is made of them: manual, dashboard, alert rules."""
import json
import os
import re
import subprocess
import tempfile
import time

from harness import PATIENCE, ROOT, Daemon, Error, Skip, matches, run, same, test, true

SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)+)\})? (-?\d+(?:\.\d+)?)')


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


class Metrics:
    """What METRICS answered: families with type, help, and samples by their labels."""

    def __init__(self, text):
        self.families, self.samples = {}, {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, help_text = line.split(" ", 3)[2:]
                true(name not in self.families, f"{name} comes twice")
                self.families[name] = [None, help_text]
            elif line.startswith("# TYPE "):
                name, kind = line.split(" ")[2:]
                same(self.families[name][0], None, name)
                self.families[name][0] = kind
            else:
                found = SAMPLE.fullmatch(line)
                true(found, lambda: f"no sample: {line!r}")
                name, labels, value = found.groups()
                true(re.sub("_(bucket|sum|count)$", "", name) in self.families or name in self.families, lambda: f"{name} has no head")
                key = (name, tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))))
                true(key not in self.samples, lambda: f"twice: {line}")
                self.samples[key] = float(value)

    def get(self, name, **labels):
        return self.samples.get(("followupd_" + name, tuple(sorted(labels.items()))))

    def labels(self, name):
        return {tuple(label for label, _ in key[1]) for key in self.samples if key[0] == name}


def ask(client):
    return Metrics(client.call("METRICS"))


@test("it tells what is on the queues, what was done, and what the daemon itself does")
def _():
    with Daemon() as daemon:
        before = ask(daemon)
        same([before.get("calls", queue="service", state=state) for state in ("ready", "resting", "leased", "uncertain")], [0, 0, 0, 0])
        same(before.get("calls_oldest_due_timestamp_seconds", queue="service"), None)
        same(before.get("outcomes_total", channel="phone", disposition="reached"), 0)
        anna = daemon.agent("anna")
        for number in range(4):
            daemon.client(f"C{number}", branch="SH01")
            daemon.event(f"E{number}", f"C{number}", "complaint", "2025-03-03")
        daemon.client("C9", phone=None)
        daemon.event("E9", "C9", "complaint")
        for disposition in ("reached", "no-answer", "disputed"):
            anna.json("DONE", anna.json("NEXT")["lease"], disposition)
        anna.json("NEXT")
        now = ask(daemon)
        same([now.get("calls", queue="service", state=state) for state in ("ready", "resting", "leased")], [0, 1, 1])
        same(now.get("calls_overdue", queue="service"), 0)
        same(now.get("calls_oldest_due_timestamp_seconds", queue="service"), 1741104000)  # midnight in Shanghai after the 4th of March
        same(now.get("time_seconds"), 1741051800)
        same(now.get("outcomes_total", channel="phone", disposition="reached"), 1)
        same(now.get("outcomes_total", channel="phone", disposition="no-answer"), 1)
        same((now.get("followups_created_total"), now.get("handouts_total")), (5, 4))
        same(now.get("followups_ended_total", state="done", reason=""), 2)
        same(now.get("followups_ended_total", state="suppressed", reason="no-channel"), 1)
        same((now.get("followups_open", state="queued"), now.get("followups_open", state="scheduled")), (2, 0))
        same((now.get("tasks_open", kind="disputed"), now.get("tasks_oldest_timestamp_seconds", kind="disputed")), (2, 1741051800))
        same(now.get("lease_expiries_total"), 0)
        daemon.advance(16 * 60)
        daemon.set_clock("2025-03-05T09:30:00")
        now = ask(daemon)
        same(now.get("lease_expiries_total"), 1)
        same((now.get("calls_due", queue="service"), now.get("calls_overdue", queue="service")), (2, 2))
        same(now.get("worked_until_timestamp_seconds"), 1741104000 + 86400)
        same(now.get("day_cycle_last_timestamp_seconds"), now.get("time_seconds"))
        same(now.get("calendar_end_timestamp_seconds", calendar="work"), 1798732800)  # the end of 2026
        same(now.get("commands_total", command="NEXT"), 4)
        true(now.get("commit_duration_seconds_count") >= 10 and now.get("commit_duration_seconds_sum") > 0, "no commits have been seen")
        same(now.get("commit_duration_seconds_bucket", le="+Inf"), now.get("commit_duration_seconds_count"))
        same((now.get("storage_failing"), now.get("book_read_success")), (0, 1))
        true(now.get("database_size_bytes") > 0 and now.get("storage_free_bytes") > 0 and now.get("wal_size_bytes") > 0, "no sizes")
        same((now.get("backup_last_timestamp_seconds"), now.get("backup_failed")), (0, 0))
        daemon.json("BACKUP", os.path.join(daemon.folder, "copy.db"))
        same(ask(daemon).get("backup_last_timestamp_seconds"), now.get("time_seconds"))


@test("what a command took back is not counted, and a restart begins anew")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        lease = anna.json("NEXT")["lease"]
        anna.refused("DONE", lease, "reached", {"items": [999]})
        same(ask(daemon).get("outcomes_total", channel="phone", disposition="reached"), 0)
        anna.json("DONE", lease, "reached")
        anna.json("DONE", lease, "reached")  # told twice
        same(ask(daemon).get("outcomes_total", channel="phone", disposition="reached"), 1)
        daemon.restart()
        now = ask(daemon)
        same((now.get("outcomes_total", channel="phone", disposition="reached"), now.get("followups_created_total")), (0, 0))
        daemon.event("E2", "C1", "complaint")
        same(ask(daemon).get("followups_created_total"), 1)


@test("who is turned away at the door is counted: strangers, wrong tokens, guesses")
def _():
    with Daemon(settings={"strangers_a_source": "2"}) as daemon:
        daemon.add_agent("anna")
        for number in range(4):
            with daemon.connect_tcp() as guest:
                matches(guest.refused("AUTH", "anna", "x"), "^(NOAUTH|BUSY) ")
        now = ask(daemon)
        same((now.get("wrong_tokens_total"), now.get("guesses_slowed_total")), (3, 1))
        guests = [daemon.connect_tcp() for _ in range(3)]
        matches(guests[2].read(), "^BUSY ")
        now = ask(daemon)
        same(now.get("connections_refused_total", reason="strangers_a_source"), 1)
        same((now.get("sessions", state="stranger"), now.get("sessions", state="signed-in")), (2, 1))


@test("many queues are summed up by family, and no label speaks of a client")
def _():
    with Daemon(settings={"queues": "10"}) as daemon:
        for number in range(12):
            daemon.client(f"C{number}", manager=f"M{number}", name="孔丽勇")
            daemon.event(f"E{number}", f"C{number}", "transfer_requested")
        text = daemon.call("METRICS")
        now = Metrics(text)
        same(now.get("calls", queue="manager/*", state="ready"), 12)
        same(now.get("calls", queue="manager/M1", state="ready"), None)
        true(re.search(r"孔丽勇|C1[01]\b", text) is None, "a client is spoken of")
        true(not any("139" in labels for labels in re.findall(r"\{.*\}", text)), "his number is told")
        daemon.set("queues", "1000")
        daemon.json("RELOAD")
        same(ask(daemon).get("calls", queue="manager/M1", state="ready"), 1)


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        true(time.monotonic() < end, what)
        time.sleep(0.01)


@test("the file for node_exporter is written whole, again and again; that it cannot be is said once")
def _():
    with tempfile.TemporaryDirectory(prefix="followupd-test-") as folder:
        path = os.path.join(folder, "followupd.prom")
        with Daemon(settings={"textfile": f'"{path}"', "interval": "1s"}, umask=0o077) as daemon:
            until(lambda: os.path.exists(path), "there is no file")
            same(os.stat(path).st_mode & 0o777, 0o644)
            first = os.stat(path).st_ino

            def now():
                with open(path, encoding="utf-8") as file:
                    return Metrics(file.read())

            same(set(now().families), set(ask(daemon).families))
            daemon.client("C1")
            daemon.event("E1", "C1", "complaint")
            until(lambda: now().get("calls", queue="service", state="ready") == 1, "the file is not written again")
            true(os.stat(path).st_ino != first, "it was written in place")
            # A folder that is not there.
            bad = os.path.join(folder, "none", "followupd.prom")
            daemon.set("textfile", f'"{bad}"')
            daemon.json("RELOAD")
            daemon.wait_logged("event=metrics_file_failed .*No such file")
            os.remove(path)
            daemon.set("textfile", f'"{path}"')
            daemon.json("RELOAD")
            daemon.wait_logged("event=metrics_file_works")
            until(lambda: os.path.exists(path), "there is no file again")
            same(len(re.findall("event=metrics_file_failed", daemon.log())), 1)
            same(daemon.stop(), 0)
        same(os.listdir(folder), ["followupd.prom"])


# --- What is made of it -----------------------------------------------------------------------------

def families():
    with Daemon() as daemon:
        return ask(daemon)


def named(text):
    """The families that a text of expressions names."""
    return {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"\bfollowupd_\w+", text)}


@test("the manual lists every metric with its type, labels and words, in the same order")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        anna.json("DONE", anna.json("NEXT")["lease"], "disputed")
        daemon.event("E2", "C1", "complaint")
        now = ask(daemon)
    body = re.search(r"(?ms)^\.It Ic METRICS$(.*?)^\.El$", read("man/followup-protocol.7")).group(1)
    listed = re.findall(r"(?ms)^\.It Li (\S+)(?: Cm ([^\n]*))?\n\.Pq (\w+)\n(.*?)(?=^\.It |\Z)", body)
    same([name for name, *_ in listed], list(now.families))
    for name, labels, kind, words in listed:
        same([kind, " ".join(words.split())], now.families[name], name)
        wanted = tuple(sorted(labels.split(" , "))) if labels else ()
        got = now.labels(name)
        true(got <= {wanted} and (got or name == "followupd_followups_deferred_total" or kind == "histogram"), lambda: f"{name}: labels {got}, in the manual {wanted}")


@test("the dashboard asks for metrics that there are, and for nearly all of them")
def _():
    board = json.loads(read("conf/grafana/followupd.json"))
    there = set(families().families)
    used = named(json.dumps(board))
    same(sorted(used - there), [], "not in METRICS")
    same(sorted(there - used), ["followupd_day_cycle_last_timestamp_seconds", "followupd_tasks_oldest_timestamp_seconds"], "not on the dashboard")
    numbers = [panel["id"] for panel in board["panels"]]
    same(len(numbers), len(set(numbers)), "panels")
    true(all(panel["type"] == "row" or panel["targets"] for panel in board["panels"]), "a panel asks for nothing")


def alerts():
    return re.findall(r"(?m)^      - alert: (\w+)$", read("conf/prometheus/followupd.rules.yml"))


@test("the alerts speak of metrics that there are, fire in a test each, and stand in the manual")
def _():
    same(sorted(named(read("conf/prometheus/followupd.rules.yml")) - set(families().families)), [], "not in METRICS")
    names = alerts()
    true(len(names) > 15, f"only {names}")
    tests = re.findall(r"(?m)^  - name: (\w+)$", read("tests/prometheus/followupd.test.yml"))
    same(sorted(set(tests)), sorted(names), "tests of alerts")
    body = re.search(r"(?ms)^\.Sh MONITORING$(.*?)^\.Sh ", read("man/followupd.8")).group(1)
    same(re.findall(r"(?m)^\.It Li (Followupd\w+)", body), names, "alerts in the manual")


@test("followup-sizing(7) speaks of metrics that there are")
def _():
    names = named(read("man/followup-sizing.7"))
    true(len(names) > 10, f"only {names}")
    same(sorted(names - set(families().families)), [], "not in METRICS")


def promtool(*words, text=None):
    done = subprocess.run([os.path.join(ROOT, ".ci/promtool"), *words], input=text, capture_output=True, text=True)
    if done.returncode == 77:
        raise Skip(done.stderr.strip().splitlines()[-1])
    same((done.returncode, done.stderr.strip()), (0, ""), f"promtool {words[:2]}: {done.stdout}")


@test("promtool finds nothing wrong with METRICS, nor with what the dashboard asks")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        promtool("check", "metrics", text=daemon.call("METRICS"))
    asked = [target["expr"] for panel in json.loads(read("conf/grafana/followupd.json"))["panels"] for target in panel.get("targets", ())]
    true(len(asked) > 40, f"only {len(asked)}")
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        # YAML reads JSON.
        json.dump({"groups": [{"name": "dashboard", "rules": [{"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "5m")}
                                                               for number, expr in enumerate(asked)]}]}, file)
        file.flush()
        promtool("check", "rules", file.name)


if __name__ == "__main__":
    run()
