#!/usr/bin/env python3
"""The yearly sample: who is drawn, when, that the year makes it, and that anyone can repeat the draw (POLICY 4)."""
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import date, timedelta

from harness import Daemon, FOLLOWUPD, PATIENCE, ROOT, matches, run, same, test, true

sys.path.insert(0, os.path.join(ROOT, "tests/model"))
from rules import is_work_day  # noqa: E402  the model's calendar, not the daemon's

SEED, SHARE, YEAR = 4711, 10, 2025
DAYS = [date(YEAR, 1, 1) + timedelta(days=i) for i in range(365)]
WORK_DAYS = [day for day in DAYS if is_work_day(day)]


def sampling(clock="2024-12-31T10:00:00", start_on="2025-01-01"):
    """A daemon on whose desk nothing but the sample is worked, at any hour."""
    daemon = Daemon(clock=clock, start_on=start_on)
    for name in sorted(os.listdir(daemon.path("rules.d"))):
        rules = daemon.read_conf("rules.d/" + name)
        for rule in [line.split()[1] for line in rules.splitlines() if line.startswith("rule ")]:
            daemon.switch(rule, "yes" if rule == "yearly-sample" else "no")
    daemon.set("seed", str(SEED), "rules.d/yearly-sample.conf")
    daemon.set("share", str(SHARE), "rules.d/yearly-sample.conf")
    daemon.replace('queue "hq" {\n\thours = "Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00; Fri 09:30-11:00"', 'queue "hq" {\n\thours = always')
    return daemon


def book(count):
    """Clients as clients.csv has them, and who of them is in last year-end's book."""
    rows, eligible = [], []
    for i in range(count):
        ref = f"C{i:05d}"
        row = {"client_ref": ref, "name": f"Client {i}", "phone": f"139{i:08d}", "opened_on": "2020-05-06", "status": "normal"}
        if i % 10 == 3:
            row["status"] = "dormant"
        elif i % 25 == 7:
            row["status"] = "suspended"
        elif i % 20 == 9:
            row["opened_on"] = "2025-02-03"
        elif i % 50 == 11:
            row["closed_on"] = "2024-12-31"
        else:
            eligible.append(ref)
        rows.append(row)
    return rows, eligible


def load(daemon, rows):
    path = daemon.path("book.csv")
    columns = ["client_ref", "name", "phone", "opened_on", "closed_on", "status"]
    with open(path, "w") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(",".join(row.get(name, "") for name in columns) + "\n" for row in rows)
    status, _, err = daemon.ctl("import", "clients", path)
    same(status, 0, err)


def order(refs, seed=SEED, year=YEAR):
    """followup-rules(5), worked out again."""
    return sorted(refs, key=lambda ref: hashlib.sha256(f"{seed}/{year}/{ref}".encode()).hexdigest()[:15])


def spread(refs, days):
    return {ref: days[i * len(days) // len(refs)].isoformat() for i, ref in enumerate(refs)}


def drawn(daemon):
    """Who was drawn, and for which day; read while the daemon does not run."""
    with sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT c.ref, date(s.day * 86400, 'unixepoch') FROM sample_client s JOIN client c ON c.id=s.client_id WHERE s.state>0 ORDER BY s.key")
        return dict(rows.fetchall())


def coverage(daemon, year=YEAR):
    pairs = dict(pair.split("=") for pair in daemon.info("sample")[f"yearly-sample_{year}"].split(","))
    return {name: int(value) if value.lstrip("-").isdigit() else value for name, value in pairs.items()}


def work_the_year(daemon, first, last, is_reached):
    """Every day's calls: reached, or nobody picks up."""
    agent = daemon.agent("hana", queues=("hq",))
    for day in DAYS:
        if not first <= day <= last:
            continue
        daemon.set_clock(f"{day}T10:00:00")
        if not is_work_day(day):
            continue
        while (call := agent.json("NEXT")) is not None:
            ref = call["agenda"][0]["client_ref"]
            agent.json("DONE", call["lease"], "reached" if is_reached(ref) else "no-answer")


@test("a whole year: at least a tenth of last year-end's book is reached, whoever never answers; the same draw comes from the seed by hand")
def _():
    rows, eligible = book(500)
    never = set(order(eligible)[:30:5]) | set(order(eligible)[40:60:2])
    wanted = -(-len(eligible) * SHARE // 100)
    with sampling() as daemon:
        load(daemon, rows)
        same(daemon.info("sample"), {})
        daemon.set_clock("2025-01-01T10:00:00")
        first = coverage(daemon)
        same({name: first[name] for name in ("book", "wanted", "drawn", "reached", "open", "lost", "to_come", "days_left", "will_make_it")},
             {"book": len(eligible), "wanted": wanted, "drawn": wanted, "reached": 0, "open": 0, "lost": 0, "to_come": wanted, "days_left": len(WORK_DAYS),
              "will_make_it": "yes"})
        daemon.check()
        same(daemon.stop(), 0)
        same(drawn(daemon), spread(order(eligible)[:wanted], WORK_DAYS))
        daemon.start("2025-01-01T10:00:00")
        work_the_year(daemon, date(2025, 1, 2), date(2025, 6, 30), lambda ref: ref not in never)
        middle = coverage(daemon)
        true(middle["lost"] > 0 and middle["will_make_it"] == "yes", middle)
        same(middle["reached"] + middle["open"] + middle["to_come"], wanted, "those who were lost are replaced")
        daemon.check()
        work_the_year(daemon, date(2025, 7, 1), date(2025, 12, 31), lambda ref: ref not in never)
        last = coverage(daemon)
        true(last["reached"] >= wanted, last)
        same(last["will_make_it"], "yes")
        same(last["drawn"], last["reached"] + last["open"] + last["lost"] + last["to_come"])
        true(last["drawn"] <= wanted + len(never) + 5, f"not many more than it takes: {last}")
        done = {row["client_ref"] for row in daemon.list(limit=1000) if row["state"] in ("done", "done-late")}
        same((len(done), done & never, done - set(eligible)), (last["reached"], set(), set()))
        daemon.check()
        same([row["occasion"] for row in daemon.list(limit=1)], [WORK_DAYS[0].isoformat()])
        same(daemon.stop(), 0)
        same(list(drawn(daemon)), order(eligible)[:last["drawn"]], "in turn, to the last")
        daemon.start("2025-12-31T12:00:00")
        daemon.set_clock("2026-01-01T10:00:00")
        same((coverage(daemon)["reached"], coverage(daemon)["projected"], coverage(daemon, 2026)["reached"]), (last["reached"], last["reached"], 0))
        daemon.check()
        same(daemon.stop(), 0)
        with sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True) as database:
            same(database.execute("SELECT count(*) FROM sample_client s JOIN sample_draw d ON d.id=s.draw_id WHERE d.year=2025").fetchone(), (last["drawn"],),
                 "who was not drawn in a year that is over is forgotten")


@test("a year in which nobody calls says so in time")
def _():
    rows, _ = book(200)
    with sampling() as daemon:
        load(daemon, rows)
        for day in ("2025-01-02", "2025-05-02", "2025-08-01"):
            daemon.set_clock(f"{day}T10:00:00")
        told = coverage(daemon)
        true(told["lost"] > 5 and told["reached"] == 0 and told["will_make_it"] == "no", told)
        daemon.check()


@test("kill -9 in the middle of the draw, again and again, changes nothing of it")
def _():
    rows, eligible = book(12000)
    wanted = -(-len(eligible) * 90 // 100)
    with sampling() as daemon:
        daemon.set("share", "90", "rules.d/yearly-sample.conf")
        daemon.json("RELOAD")
        daemon.forget_notified()
        load(daemon, rows)
        halves = set()
        for attempt in range(150):  # each time it goes on where it stood, and does a little more: the slower the build, the more it needs
            turns = attempt % 3 + attempt // 6
            if len(halves) == 2:
                break
            asking, watching = daemon.connect(), daemon.connect()
            asking.send("CLOCK", "SET", "2025-01-01T10:00:00")
            for _ in range(turns):
                watching.call("INFO", "sample")
            daemon.kill()
            with sqlite3.connect(daemon.database) as database:
                for counted, scanned, count, done in database.execute("SELECT counted, scanned, batch_count, batch_done FROM sample_draw"):
                    halves |= {"counting"} if scanned > 0 and not counted else set()
                    halves |= {"drawing"} if counted and 0 < done < count else set()
            daemon.start("2024-12-31T11:00:00")
        same(halves, {"counting", "drawing"}, "nothing was interrupted")
        daemon.set_clock("2025-01-01T10:00:00")
        told = coverage(daemon)
        same((told["book"], told["wanted"], told["drawn"]), (len(eligible), wanted, wanted))
        daemon.check()
        same(daemon.stop(), 0)
        same(drawn(daemon), spread(order(eligible)[:wanted], WORK_DAYS))


@test("a draw is kept: other numbers count from the next year, and RELOAD says so; what is learned later un-draws nobody")
def _():
    rows, eligible = book(100)
    with sampling() as daemon:
        load(daemon, rows)
        daemon.set_clock("2025-01-02T10:00:00")
        before = coverage(daemon)
        daemon.set("seed", "1", "rules.d/yearly-sample.conf")
        daemon.set("share", "50", "rules.d/yearly-sample.conf")
        matches(daemon.json("RELOAD")["warnings"][0], "the draw of 2025 was made with seed 4711 and share 10, and is kept; seed 1 and share 50 count from 2026")
        daemon.wait_logged("event=sample_kept")
        ref = order(eligible)[0]
        same(daemon.client(ref, name="Client", phone="13900000000", status="dormant"), 1)
        same(daemon.followup(client=ref)["state"], "queued")
        daemon.set_clock("2025-01-10T10:00:00")
        after = coverage(daemon)
        same((after["drawn"], after["book"], after["wanted"]), (before["drawn"], before["book"], before["wanted"]))
        # His account closes: the next in turn takes his place.
        daemon.event("X1", ref, "account_closed")
        same(daemon.followup(client=ref)["reason"], "account_closed")
        daemon.set_clock("2025-01-11T10:00:00")
        same((coverage(daemon)["drawn"], coverage(daemon)["lost"]), (before["drawn"] + 1, 1))
        daemon.check()
        daemon.set_clock("2026-01-05T10:00:00")
        same(coverage(daemon, 2026)["wanted"], -(-coverage(daemon, 2026)["book"] // 2))
        daemon.check()


@test("switched on in the middle of a year it draws over the work days that are left; before start_on and from an empty book it draws nothing")
def _():
    rows, eligible = book(300)
    with sampling(clock="2025-03-03T10:00:00", start_on="2025-06-02") as daemon:
        daemon.set_clock("2025-03-04T10:00:00")
        same(daemon.info("sample"), {}, "nobody is known")
        load(daemon, rows)
        daemon.set_clock("2025-06-01T10:00:00")
        same(daemon.info("sample"), {}, "not yet")
        daemon.set_clock("2025-06-03T10:00:00")
        wanted = coverage(daemon)["wanted"]
        same(wanted, -(-len(eligible) * SHARE // 100))
        same(daemon.stop(), 0)
        same(drawn(daemon), spread(order(eligible)[:wanted], [day for day in WORK_DAYS if day >= date(2025, 6, 2)]))


@test("CHECK finds what is wrong with a draw, and nothing else")
def _():
    daemon = sampling()
    with daemon:
        load(daemon, book(120)[0])
        daemon.set_clock("2025-03-03T00:30:00")
        daemon.check()
        same(daemon.stop(), 0)
        first = "(SELECT client_id FROM sample_client ORDER BY key LIMIT 1)"
        shutil.copy(daemon.database, daemon.database + ".sound")
        for statement, wanted in (
                ("UPDATE sample_draw SET reached=reached+1", [r"draw 1: its counts are not those of its clients"]),
                (f"UPDATE sample_client SET state=0 WHERE client_id={first}", [r"draw 1: its counts are not those of its clients", r"draw 1: client \d+ is drawn out of turn"]),
                ("UPDATE followup SET occasion='2025-01-01' WHERE id=(SELECT max(id) FROM followup)", [r"draw 1: client \d+ is not what his follow-up says"])):
            shutil.copy(daemon.database + ".sound", daemon.database)
            with sqlite3.connect(daemon.database) as database:
                same(database.execute(statement).rowcount, 1, statement)
            database.close()
            daemon.start()
            faults = daemon.json("CHECK")["faults"]
            same(daemon.stop(), 0)
            faults = [fault for fault in faults if fault.startswith("draw")]
            same(len(faults), len(wanted), f"{statement}: {faults}")
            for fault, pattern in zip(faults, wanted):
                matches(fault, f"^{pattern}$")


@test("a book of which nobody may be drawn is looked at again each day, and drawn from as soon as somebody may")
def _():
    daemon = sampling()
    with daemon:
        load(daemon, [{"client_ref": f"D{i}", "name": "D", "phone": "13900000000", "opened_on": "2020-05-06", "status": "dormant"} for i in range(30)])
        daemon.set_clock("2025-01-03T00:30:00")
        same(drawn(daemon), {})
        load(daemon, [{"client_ref": f"D{i}", "name": "D", "phone": "13900000000", "opened_on": "2020-05-06", "status": "normal"} for i in range(30)])
        same(drawn(daemon), {}, "a draw is made at a day's beginning")
        daemon.set_clock("2025-01-06T00:30:00")
        days = drawn(daemon)
        same((len(days), set(days)), (3, set(order([f"D{i}" for i in range(30)])[:3])))
        true(all(day >= "2025-01-06" for day in days.values()), days)
        daemon.check()


@test("simulate draws by the same order, and the same twice")
def _():
    rows, eligible = book(400)
    daemon = sampling()
    clients = daemon.path("clients.csv")
    columns = ["client_ref", "name", "phone", "opened_on", "closed_on", "status"]
    with open(clients, "w") as file:
        file.write(",".join(columns) + "\n" + "".join(",".join(row.get(name, "") for name in columns) + "\n" for row in reversed(rows)))
    outputs = []
    for _ in range(2):
        done = subprocess.run([FOLLOWUPD, "simulate", "-c", daemon.config, "--clients", clients, "--from", "2025-01-01", "--to", "2025-12-31"],
                              capture_output=True, timeout=PATIENCE, text=True)
        same((done.returncode, done.stderr), (0, ""))
        outputs.append(done.stdout)
    same(outputs[0], outputs[1])
    got = {line.split(",")[1]: line.split(",")[2] for line in outputs[0].splitlines()[1:]}
    same(got, spread(order(eligible)[:-(-len(eligible) * SHARE // 100)], WORK_DAYS))
    daemon.remove()


if __name__ == "__main__":
    run()
