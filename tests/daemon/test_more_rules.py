#!/usr/bin/env python3
"""The rules that are shipped but off, and branches that keep other festivals (POLICY 4): dates worked out by hand, through simulate."""
import os
import re
import shutil
import subprocess
import tempfile

from harness import Daemon, FOLLOWUPD, PATIENCE, ROOT, TUESDAY, run, same, test

CLIENTS = "client_ref,name,phone,email,tier,branch,manager,opened_on,risk_test_expires_on,id_expires_on\n"
EVENTS = "event_ref,client_ref,kind,occurred_at\n"


def simulate(rule, clients, events="", begin="2025-01-01", end="2025-12-31", cap="none", more="", rules=""):
    """What the rule alone makes of them: rows without its name and its client's, which stands only where there is more than one."""
    with tempfile.TemporaryDirectory() as folder:
        conf = os.path.join(folder, "conf")
        shutil.copytree(os.path.join(ROOT, "conf"), conf)
        names = []
        with open(os.path.join(conf, "rules.d", "own.conf"), "w", encoding="utf-8") as file:
            file.write(rules)
        for name in os.listdir(os.path.join(conf, "rules.d")):
            path = os.path.join(conf, "rules.d", name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            names += re.findall(r"^rule (\S+) \{", text, re.M)
            with open(path, "w", encoding="utf-8") as file:
                file.write(re.sub(rf"(^rule {rule} \{{\n\ton\s*=) no", r"\1 yes", text, flags=re.M))
        path = os.path.join(conf, "followupd.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(\tcap\s*=) 2", rf"\1 {cap}", text) + more)
        for name, text in (("clients.csv", CLIENTS + clients), ("events.csv", EVENTS + events)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([FOLLOWUPD, "simulate", "-c", path, "--clients", folder + "/clients.csv", "--events", folder + "/events.csv",
                               "--from", begin, "--to", end, *[word for name in names if name != rule for word in ("--without", name)]],
                              capture_output=True, timeout=PATIENCE)
        same(done.returncode, 0, done.stderr.decode())
        rows = done.stdout.decode().splitlines()[1:]
        several = clients.count("\n") > 1
        return [row.split(",", 1 if several else 2)[-1] for row in rows if row.startswith(rule + ",")]


@test("anniversary: every year after the opening, 29 February as the configuration has it")
def _():
    same(simulate("anniversary", "C1,a,139,,,,,2020-03-15,,\n"), ["2025,2025-03-15,2025-03-15,sms,sms,done,2025-03-15,"])
    same(simulate("anniversary", "C1,a,139,,,,,2024-02-29,,\n", end="2028-12-31"),
         [f"{day[:4]},{day},{day},sms,sms,done,{day}," for day in ("2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29")])
    same(simulate("anniversary", "C1,a,139,,,,,2025-05-01,,\n"), [])
    same(simulate("anniversary", "C1,a,139,,,,,,,\n"), [])
    same(simulate("anniversary", "C1,a,139,,,,,2020-03-15,,\n", "E1,C1,account_closed,2025-03-01\n"), [])


@test("trade-care: by phone the next day at the latest, by a message to whom no day is left")
def _():
    same(simulate("trade-care", "C1,a,139,,,,,,,\n", "E1,C1,trade_completed,2025-03-04\n"), ["E1,2025-03-04,2025-03-05,phone,service,done,2025-03-04,"])
    # A Saturday and a Sunday: nobody rings, and it is dropped.
    same(simulate("trade-care", "C1,a,139,,,,,,,\n", "E1,C1,trade_completed,2025-03-08\n"), ["E1,2025-03-08,2025-03-09,phone,service,missed,2025-03-10,expired"])


@test("tier-cadence: so long after the opening, then after each contact, by the client's tier")
def _():
    # 1 month: 2 February is a holiday until the 5th; 5 April is Qingming until the 7th.
    same(simulate("tier-cadence", "C1,a,139,,gold,,M1,2025-01-02,,\n", end="2025-05-31"), [
        "2025-02-02,2025-02-02,2025-02-09,phone,manager/M1,done,2025-02-05,",
        "2025-03-05,2025-03-05,2025-03-12,phone,manager/M1,done,2025-03-05,",
        "2025-04-05,2025-04-05,2025-04-12,phone,manager/M1,done,2025-04-07,",
        "2025-05-07,2025-05-07,2025-05-14,phone,manager/M1,done,2025-05-07,"])
    same(simulate("tier-cadence", "C1,a,139,,diamond,,,2025-03-03,,\n", end="2025-03-20"), ["2025-03-17,2025-03-17,2025-03-24,phone,service,done,2025-03-17,"])
    same(simulate("tier-cadence", "C1,a,139,,,,,2025-03-03,,\n", end="2025-06-10"), ["2025-06-03,2025-06-03,2025-06-10,phone,service,done,2025-06-03,"])
    # Nobody knows since when.
    same(simulate("tier-cadence", "C1,a,139,,gold,,,,,\n"), [])
    # A greeting leaves one of two contacts free: the second of the quarter waits, in vain; the next quarter has one for him again.
    same(simulate("tier-cadence", "C1,a,139,,gold,,M1,2025-01-02,,\n", end="2025-07-10", cap="2"), [
        "2025-02-02,2025-02-02,2025-02-09,phone,manager/M1,done,2025-02-05,",
        "2025-03-05,2025-03-05,2025-03-12,,,suppressed,2025-03-13,cap",
        "2025-04-05,2025-04-05,2025-04-12,phone,manager/M1,done,2025-04-07,",
        "2025-05-07,2025-05-07,2025-05-14,,,suppressed,2025-05-15,cap",
        "2025-06-07,2025-06-07,2025-06-14,,,suppressed,2025-06-15,cap",
        "2025-07-07,2025-07-07,2025-07-14,phone,manager/M1,done,2025-07-07,"])


@test("tier-cadence: whoever has been a client for years has his turn as well; nobody who has left")
def _():
    # Counted from the opening, each where it falls: not all of a book on its first day.
    same(simulate("tier-cadence", "C1,a,139,,gold,,,2019-08-20,,\n", end="2025-02-28"), [
        "2025-01-20,2025-01-20,2025-01-27,phone,service,done,2025-01-20,", "2025-02-20,2025-02-20,2025-02-27,phone,service,done,2025-02-20,"])
    # One whose last day the daemon answers for is made up for; work days begin on 2 January.
    same(simulate("tier-cadence", "C1,a,139,,gold,,,2019-08-25,,\n", end="2025-01-31"), ["2024-12-25,2024-12-25,2025-01-01,phone,service,missed,2025-01-02,expired",
                                                                                         "2025-01-25,2025-01-25,2025-02-01,phone,service,done,2025-01-26,"])
    same(simulate("tier-cadence", "C1,a,139,,gold,,,2019-08-31,,\n", end="2025-03-01", cap="0"), [
        "2024-12-31,2024-12-31,2025-01-07,,,suppressed,2025-01-08,cap", "2025-01-31,2025-01-31,2025-02-07,,,suppressed,2025-02-08,cap",
        "2025-02-28,2025-02-28,2025-03-07,,,scheduled,,cap"])
    # Every third week of three; by work days (26 January and 8 February were worked).
    weeks = 'rule weeks {\n\ton = no\n\ttrigger = cadence\n\tevery = {"other 3w"}\n\topens = 0\n\tdue = 1d\n\tchannels = {"phone"}\n\tqueue = "service"\n\tpriority = 4\n\tlate = drop\n}\n'
    same(simulate("weeks", "C1,a,139,,,,,2024-12-04,,\n", end="2025-02-10", cap="0", rules=weeks), [
        "2025-01-15,2025-01-15,2025-01-16,,,suppressed,2025-01-17,cap", "2025-02-05,2025-02-05,2025-02-06,,,suppressed,2025-02-07,cap"])
    same(simulate("weeks", "C1,a,139,,,,,2025-01-20,,\n", end="2025-02-14", cap="0", rules=weeks.replace("3w", "5wd")), [
        "2025-01-26,2025-01-26,2025-01-27,,,suppressed,2025-01-28,cap", "2025-02-08,2025-02-08,2025-02-09,,,suppressed,2025-02-10,cap",
        "2025-02-14,2025-02-14,2025-02-15,,,scheduled,,cap"])
    # What is kept for 30 days is over before the next comes: every second month.
    same(simulate("weeks", "C1,a,139,,,,,2025-01-02,,\n", end="2025-06-03", cap="0", rules=weeks.replace("3w", "1m").replace("drop", "keep")), [
        "2025-02-02,2025-02-02,2025-02-03,,,suppressed,2025-03-06,cap", "2025-04-02,2025-04-02,2025-04-03,,,suppressed,2025-05-04,cap",
        "2025-06-02,2025-06-02,2025-06-03,,,scheduled,,cap"])
    # An account that was closed long ago begins nothing; reopened, it is counted from there.
    same(simulate("tier-cadence", "C1,a,139,,gold,,,2019-08-20,,\n", "E1,C1,account_closed,2024-06-03\n"), [])
    same(simulate("tier-cadence", "C1,a,139,,gold,,,2019-08-20,,\n", "E1,C1,account_closed,2024-06-03\nE2,C1,account_reopened,2025-02-03\n", end="2025-03-31"),
         ["2025-03-03,2025-03-03,2025-03-10,phone,service,done,2025-03-03,"])
    # While nobody has been reached, closing ends it.
    same(simulate("tier-cadence", "C1,a,139,,gold,,,2019-08-20,,\n", "E1,C1,account_closed,2025-02-25\n", end="2025-04-30", cap="0"), [
        "2025-01-20,2025-01-20,2025-01-27,,,suppressed,2025-01-28,cap", "2025-02-20,2025-02-20,2025-02-27,,,suppressed,2025-02-28,cap"])


@test("series: each step after the event, until what it stops on")
def _():
    steps = ["E1/1m,2025-02-06,2025-02-13,phone,service,done,2025-02-06,", "E1/1w,2025-01-13,2025-01-20,phone,service,done,2025-01-13,",
             "E1/3m,2025-04-06,2025-04-13,phone,service,done,2025-04-07,", "E1/6m,2025-07-06,2025-07-13,phone,service,done,2025-07-07,"]
    by_day = sorted(steps, key=lambda row: row.split(",")[1])
    signed = "E1,C1,advisory-signed,2025-01-06\n"
    same(simulate("series", "C1,a,139,,,,,,,\n", signed), by_day)
    same(simulate("series", "C1,a,139,,,,,,,\n", signed + "E2,C1,account_closed,2025-04-01\n"), by_day[:2])
    # Closed while one is open, and opened again: that one is cancelled, and those after the reopening come.
    same(simulate("series", "C1,a,139,,,,,2020-01-01,,\n", signed + "E2,C1,account_closed,2025-04-06\nE3,C1,account_reopened,2025-05-06\n"),
         by_day[:2] + ["E1/6m,2025-07-06,2025-07-13,phone,service,done,2025-07-07,"])


@test("win-back: three months after a closing, unless the client has come back")
def _():
    closed = "E1,C1,account_closed,2025-01-10\n"
    same(simulate("win-back", "C1,a,139,,,,,2020-01-01,,\n", closed), ["E1/3m,2025-04-10,2025-05-10,phone,service,done,2025-04-10,"])
    same(simulate("win-back", "C1,a,139,,,,,2020-01-01,,\n", closed + "E2,C1,account_reopened,2025-02-01\n"), [])


@test("urge: said on the day and every day after it, until it is resolved or over; it asks for no slot")
def _():
    days = [f"E1/2025-03-0{day},2025-03-0{day},2025-03-0{day},sms,sms,done,2025-03-0{day}," for day in (3, 4, 5, 6)]
    due = "E1,C1,payment_due,2025-03-03\n"
    same(simulate("urge", "C1,a,139,,,,,,,\n", due, cap="2"), days)
    same(simulate("urge", "C1,a,139,,,,,,,\n", due + "E2,C1,payment_made,2025-03-05\n", cap="2"), days[:2])


@test("expiry: a message a month before the day")
def _():
    for rule, client in (("expiry-risk-test", "C1,a,139,,,,,,2025-03-31,\n"), ("expiry-id-card", "C1,a,139,,,,,,,2025-03-31\n")):
        same(simulate(rule, client), ["2025-03-31,2025-03-01,2025-03-31,sms,sms,done,2025-03-01,"], rule)
        same(simulate(rule, "C1,a,139,,,,,,,\n"), [], rule)


@test("data-refresh: on one day of every year, by e-mail where there is an address")
def _():
    same(simulate("data-refresh", "C1,a,139,a@example.com,,,,,,\nC2,b,139,,,,,,,\nC3,c,,,,,,,,\n", end="2026-12-31"), [
        "C1,2025,2025-03-01,2025-03-31,email,email,done,2025-03-01,", "C1,2026,2026-03-01,2026-03-31,email,email,done,2026-03-01,",
        "C2,2025,2025-03-01,2025-03-31,sms,sms,done,2025-03-01,", "C2,2026,2026-03-01,2026-03-31,sms,sms,done,2026-03-01,",
        "C3,2025,2025-03-01,2025-03-31,,,suppressed,2025-03-01,no-channel", "C3,2026,2026-03-01,2026-03-31,,,suppressed,2026-03-01,no-channel"])
    same(simulate("data-refresh", "C1,a,139,,,,,2020-01-01,,\n", "E1,C1,account_closed,2025-02-01\n"), [])


@test("a branch adds festivals and takes others away; the rest of the firm keeps its own")
def _():
    branch = 'branch "SH01" { adds = {"lantern"} removes = {"labour-day"} }\n'
    days = {"new-year/2025": "2025-01-01", "spring-festival/2025": "2025-01-29", "lantern/2025": "2025-02-12", "labour-day/2025": "2025-05-01",
            "national-day/2025": "2025-10-01", "mid-autumn/2025": "2025-10-06"}

    def kept(*names):
        return [f"{name}/2025,{day},{day},sms,sms,done,{day}," for name in names for day in (days[name + "/2025"],)]

    same(simulate("festival", "C1,a,139,,,SH01,,,,\n", more=branch), kept("new-year", "spring-festival", "lantern", "national-day", "mid-autumn"))
    same(simulate("festival", "C1,a,139,,,SH02,,,,\n", more=branch), kept("new-year", "spring-festival", "labour-day", "national-day", "mid-autumn"))
    same(simulate("festival", "C1,a,139,,,,,,,\n", more=branch), kept("new-year", "spring-festival", "labour-day", "national-day", "mid-autumn"))


@test("corrected, withdrawn, at another pace: what is open follows its fact")
def _():
    with Daemon(settings={"cap": "none"}) as daemon:
        for rule in ("series", "urge", "data-refresh", "anniversary", "tier-cadence"):
            daemon.switch(rule, "yes")
        daemon.call("RELOAD")

        def rows(rule):
            return [(row["occasion"], row["opens_on"], row["state"], row["reason"] or "") for row in daemon.list() if row["rule"] == rule]

        anna = daemon.agent("anna")
        daemon.client("C1", tier="gold", opened_on="2020-03-04", email="a@example.com")
        same(rows("data-refresh"), [("2025", "2025-03-01", "queued", "")])
        same(rows("anniversary"), [("2025", "2025-03-04", "queued", "")])
        daemon.event("E1", "C1", "advisory-signed", "2025-02-25")
        same(rows("series"), [("E1/1w", "2025-03-04", "queued", "")])
        daemon.event("E1", "C1", "advisory-signed", "2025-02-26")
        same(rows("series"), [("E1/1w", "2025-03-05", "scheduled", "")])
        daemon.event("V1", "", "void", TUESDAY, detail="E1")
        same(rows("series"), [("E1/1w", "2025-03-05", "cancelled", "withdrawn")])
        daemon.event("E2", "C1", "payment_due", TUESDAY)
        same(rows("urge"), [("E2/2025-03-04", "2025-03-04", "queued", "")])
        daemon.event("E2", "C1", "trade", TUESDAY)
        same(rows("urge"), [("E2/2025-03-04", "2025-03-04", "cancelled", "not-applicable")])
        # Opened on another day: this year's anniversary is another day's too.
        daemon.client("C1", opened_on="2020-03-06")
        same(rows("anniversary"), [("2025", "2025-03-06", "scheduled", "")])
        # Five years after the opening it is his turn again; whoever is worth less waits longer, but what is open stays.
        same(rows("tier-cadence"), [("2025-03-04", "2025-03-04", "queued", "")])
        daemon.client("C1", tier="silver")
        same(rows("tier-cadence"), [("2025-03-04", "2025-03-04", "queued", "")])
        anna.json("RECORD", "C1", '{"disposition":"reached"}')
        same(rows("tier-cadence")[0][2:], ("done", ""))
        daemon.check()


if __name__ == "__main__":
    run()
