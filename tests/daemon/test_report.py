#!/usr/bin/env python3
"""REPORT: a small book whose every figure is worked out by hand, by each grouping and in each format (POLICY 9)."""
import csv
import io
import json

from harness import Daemon, matches, run, same, test, true

TUESDAY, THURSDAY, FRIDAY = "2025-03-04", "2025-03-06", "2025-03-07"
MARCH = ("FROM", "2025-03-01", "TO", "2025-03-31")

COLUMNS = ("due done done_late missed cancelled suppressed suppressed_cap suppressed_preempted suppressed_min_gap suppressed_no_channel "
           "suppressed_do_not_contact suppressed_paused suppressed_wrong_number suppressed_other open tries calls reached reach_rate messages sent recorded "
           "contacts over_cap satisfaction satisfaction_count escalations escalations_open").split()
QUOTIENTS = ("reach_rate", "satisfaction")  # null where there is nothing to divide by


def row(**figures):
    """A row of the report: what is not named is zero."""
    return {name: figures.get(name, None if name in QUOTIENTS else 0) for name in COLUMNS}


# The story that tell() tells. Complaints: C1 done, C2 done late, C3 done under dispute, C4 has no telephone, C10 withdrawn. C5 rang in about the account
# that was opened. Birthdays: C6's message came back, C7's ran out and was sent after all, C8 has used his contacts, C9 wants none. C11 has not been reached yet.
BY = {
    "rule": {
        "account-opened": row(due=1, done=1, recorded=1, contacts=1),
        "birthday": row(due=4, done=1, missed=1, suppressed=2, suppressed_cap=1, suppressed_do_not_contact=1, tries=2, messages=2, sent=1, contacts=1),
        "complaint": row(due=5, done=2, done_late=1, cancelled=1, suppressed=1, suppressed_no_channel=1, tries=5, calls=5, reached=3, reach_rate=60.0,
                         contacts=3, satisfaction=3.67, satisfaction_count=3, escalations=2, escalations_open=1),
        "permission-opened": row(due=1, open=1, tries=1, calls=1, reach_rate=0.0),
        "(none)": row(recorded=3, contacts=3, over_cap=1),
    },
    "branch": {
        "SH01": row(due=5, done=1, done_late=1, missed=1, suppressed=1, suppressed_do_not_contact=1, open=1, tries=6, calls=5, reached=2, reach_rate=40.0,
                    messages=1, contacts=2, satisfaction=4.5, satisfaction_count=2),
        "上海, \"west\"": row(due=1, cancelled=1),
        "北京": row(due=2, done=2, tries=2, calls=1, reached=1, reach_rate=100.0, messages=1, sent=1, contacts=2, satisfaction=2.0, satisfaction_count=1,
                  escalations=2, escalations_open=1),
        "(none)": row(due=3, done=1, suppressed=2, suppressed_no_channel=1, suppressed_cap=1, recorded=4, contacts=4, over_cap=1),
    },
    "agent": {
        "anna": row(due=1, done=1, tries=3, calls=3, reached=1, reach_rate=33.3, contacts=1, satisfaction=5.0, satisfaction_count=1),
        "bob": row(due=2, done=1, done_late=1, tries=2, calls=2, reached=2, reach_rate=100.0, recorded=3, contacts=5, over_cap=1, satisfaction=3.0,
                   satisfaction_count=2, escalations=2, escalations_open=1),
        "carl": row(due=1, done=1, recorded=1, contacts=1),
        "dave": row(tries=1, calls=1, reach_rate=0.0),  # nothing closed, and yet he has tried
        "gate": row(due=1, done=1, tries=2, messages=2, sent=1, contacts=1),
        "(none)": row(due=6, missed=1, cancelled=1, suppressed=3, suppressed_cap=1, suppressed_no_channel=1, suppressed_do_not_contact=1, open=1),
    },
    "day": {
        "2025-03-04": row(tries=5, calls=5, reached=2, reach_rate=40.0, recorded=3, contacts=5, over_cap=1, satisfaction=3.5, satisfaction_count=2,
                          escalations=2, escalations_open=1),
        "2025-03-05": row(due=5, done=2, done_late=1, cancelled=1, suppressed=1, suppressed_no_channel=1),
        "2025-03-06": row(due=4, done=1, missed=1, suppressed=2, suppressed_cap=1, suppressed_do_not_contact=1, tries=3, calls=1, reached=1,
                          reach_rate=100.0, messages=2, sent=1, recorded=1, contacts=3, satisfaction=4.0, satisfaction_count=1),
        "2025-03-13": row(due=1, done=1),
        "2025-03-31": row(due=1, open=1),
    },
    "queue": {
        "branch/北京": row(escalations=1),
        "hq": row(due=1, open=1, tries=1, calls=1, reach_rate=0.0, escalations=1, escalations_open=1),
        "service": row(due=5, done=3, done_late=1, cancelled=1, tries=5, calls=5, reached=3, reach_rate=60.0, recorded=1, contacts=4, satisfaction=3.67,
                       satisfaction_count=3),
        "sms": row(due=2, done=1, missed=1, tries=2, messages=2, sent=1, contacts=1),
        "(none)": row(due=3, suppressed=3, suppressed_cap=1, suppressed_no_channel=1, suppressed_do_not_contact=1, recorded=3, contacts=3, over_cap=1),
    },
}
TOTAL = row(due=11, done=4, done_late=1, missed=1, cancelled=1, suppressed=3, suppressed_cap=1, suppressed_no_channel=1, suppressed_do_not_contact=1, open=1,
            tries=8, calls=6, reached=3, reach_rate=50.0, messages=2, sent=1, recorded=4, contacts=8, over_cap=1, satisfaction=3.67, satisfaction_count=3,
            escalations=2, escalations_open=1)


def take(agent, client, *words):
    """The next call, which is this client's."""
    call = agent.json("NEXT", *words)
    same(call["agenda"][0]["client_ref"], client)
    return call["lease"]


def tell(daemon):
    anna, bob, carl = daemon.agent("anna"), daemon.agent("bob"), daemon.agent("carl")
    dave, gate = daemon.agent("dave", queues=["hq"]), daemon.agent("gate", "gateway", ["sms", "email"])
    branches = {1: "SH01", 2: "SH01", 3: "北京", 6: "SH01", 7: "北京", 9: "SH01", 10: "上海, \"west\"", 11: "SH01"}
    for number in range(1, 13):
        daemon.client(f"C{number}", branch=branches.get(number), phone=None if number == 4 else f"1391234{number:04}",
                      birthday="03-06" if 6 <= number <= 9 else None)
    daemon.json("DNC", "C9", "sms", "none", "asked for it")

    # Tuesday.
    daemon.event("E1", "C1", "complaint")
    anna.json("DONE", take(anna, "C1"), "reached", {"satisfaction": 5})
    daemon.event("E2", "C2", "complaint")
    anna.json("RELEASE", take(anna, "C2"), "my telephone is broken")  # given back: no try
    anna.json("DONE", take(anna, "C2"), "no-answer")
    daemon.event("E3", "C3", "complaint")
    bob.json("DONE", take(bob, "C3"), "disputed", {"satisfaction": 2})
    daemon.event("E4", "C4", "complaint")
    daemon.event("E10", "C10", "complaint")
    daemon.event("E10V", "C10", "void", detail="E10")
    for hour in range(6, 9):
        bob.json("RECORD", "C8", {"done_at": f"{TUESDAY}T0{hour}:00"})
    daemon.event("E11", "C11", "permission_opened", "2025-03-01")
    dave.json("DONE", take(dave, "C11"), "no-answer")
    daemon.set_clock(TUESDAY + "T12:00:00")
    anna.json("DONE", take(anna, "C2"), "busy")
    tasks = daemon.list("tasks")
    same(sorted((task["kind"], task["queue"], task["client_ref"]) for task in tasks), [("disputed", "branch/北京", "C3"), ("disputed", "hq", "C3")])
    same({task["followup"] for task in tasks}, {daemon.followup(client="C3", rule="complaint")["followup"]})
    daemon.json("ACK", next(task["task"] for task in tasks if task["queue"] == "branch/北京"), "spoken with")

    # Thursday.
    daemon.set_clock(THURSDAY + "T10:00:00")
    bob.json("DONE", take(bob, "C2"), "reached", {"satisfaction": 4})
    daemon.event("E5", "C5", "account_opened")
    carl.json("RECORD", "C5", {})
    messages = [json.loads(message) for message in gate.call("NEXT", "COUNT", 10)]
    leases = {message["agenda"][0]["client_ref"]: message["lease"] for message in messages}
    same(sorted(leases), ["C6", "C7"])
    gate.json("DONE", leases["C6"], "sent")
    daemon.advance(900)

    # Friday: what was told as sent has come back, what ran out was sent.
    daemon.set_clock(FRIDAY + "T09:00:00")
    gate.json("DONE", leases["C6"], "bounced")
    gate.json("DONE", leases["C7"], "sent")

    # Beyond March: neither due nor made in it.
    daemon.set_clock("2025-03-31T23:59:00")
    daemon.event("E12", "C12", "account_opened")
    daemon.set_clock("2025-04-01T00:00:00")
    anna.json("DONE", take(anna, "C12"), "reached", {"satisfaction": 1})


def book(function):
    with Daemon(clock=TUESDAY + "T09:00:00", settings={"hours": "always"}) as daemon:
        tell(daemon)
        function(daemon)
        daemon.check()


@test("every figure, by rule, branch, agent, day and queue, is what one counts by hand; rows add up to the total")
def _():
    @book
    def _(daemon):
        for by, wanted in BY.items():
            report = daemon.json("REPORT", *MARCH, "BY", by)
            same((report["from"], report["to"], report["by"]), ("2025-03-01", "2025-03-31", by))
            same([line[by] for line in report["rows"]], list(wanted), "groups, bytewise, those of none last")
            for line in report["rows"]:
                same({name: line[name] for name in COLUMNS}, wanted[line[by]], f"by {by}: {line[by]}")
            same(report["total"], TOTAL, f"by {by}: total")
            for name in COLUMNS:
                if name not in QUOTIENTS:
                    same(sum(line[name] for line in report["rows"]), report["total"][name], f"by {by}: {name} adds up")
            for line in (*report["rows"], report["total"]):
                same(line["done"] + line["done_late"] + line["missed"] + line["cancelled"] + line["suppressed"] + line["open"], line["due"])
                same(sum(value for name, value in line.items() if name.startswith("suppressed_")), line["suppressed"])
                same((line["calls"] + line["messages"], line["reached"] + line["sent"] + line["recorded"]), (line["tries"], line["contacts"]))
        same(daemon.json("REPORT", *MARCH), daemon.json("REPORT", *MARCH, "BY", "rule", "FORMAT", "json"), "what it is unless said")


@test("the figures are those of LIST, row by row")
def _():
    @book
    def _(daemon):
        followups = [row for row in daemon.list("followups") if row["due_on"] <= "2025-03-31"]
        total = daemon.json("REPORT", *MARCH)["total"]
        for state, figure in (("done", "done"), ("done-late", "done_late"), ("missed", "missed"), ("cancelled", "cancelled"), ("suppressed", "suppressed")):
            same(sum(row["state"] == state for row in followups), total[figure], state)
        same(len(followups), total["due"])
        told = [row for row in daemon.list("attempts") if row["at"] < "2025-04" and row["disposition"] not in ("released", "do-not-contact")]
        leases = len(told) - total["recorded"] - 2  # a message is one try, whatever was told of it first: uncertain, sent; sent, bounced
        same(leases, total["tries"])


@test("the span: this quarter unless said, a day by itself, and what a later day has changed since")
def _():
    @book
    def _(daemon):
        same((daemon.json("REPORT")["from"], daemon.json("REPORT")["to"]), ("2025-04-01", "2025-06-30"))
        april = daemon.json("REPORT", "BY", "agent")
        same([(line["agent"], line["due"], line["reached"], line["satisfaction"]) for line in april["rows"]], [("anna", 1, 1, 1.0)])
        day = daemon.json("REPORT", "FROM", THURSDAY, "TO", THURSDAY)
        same(day["total"], BY["day"][THURSDAY])
        same(daemon.json("REPORT", "from", "2031-01-01", "to", "2031-12-31"),
             {"from": "2031-01-01", "to": "2031-12-31", "by": "rule", "rows": [], "total": row(), "sample_coverage": []})


@test("CSV: the columns stand as documented, the rows are those of JSON, RFC 4180 with LF")
def _():
    @book
    def _(daemon):
        for by, wanted in BY.items():
            text = daemon.call("REPORT", *MARCH, "BY", by, "FORMAT", "csv")
            true("\r" not in text and text.endswith("\n"))
            lines = list(csv.reader(io.StringIO(text), strict=True))
            same(lines[0], [by, *COLUMNS])
            same([line[0] for line in lines[1:]], [*wanted, "(total)"])
            for line in lines[1:]:
                figures = TOTAL if line[0] == "(total)" else wanted[line[0]]
                same({name: None if cell == "" else float(cell) for name, cell in zip(COLUMNS, line[1:], strict=True)}, figures, line[0])
        true('"上海, ""west""",1,' in daemon.call("REPORT", *MARCH, "BY", "branch", "FORMAT", "csv"))


TEXT = """\
report by agent from 2025-03-01 to 2025-03-31

follow-ups due  due  done  late  missed  cancelled  suppressed  open
anna              1     1     0       0          0           0     0
bob               2     1     1       0          0           0     0
carl              1     1     0       0          0           0     0
gate              1     1     0       0          0           0     0
(none)            6     0     0       1          1           3     1
(total)          11     4     1       1          1           3     1

suppressed for  cap  no-channel  do-not-contact
(none)            1           1               1
(total)           1           1               1

tries    calls  reached      %  messages  sent  recorded  contacts
anna         3        1   33.3         0     0         0         1
bob          2        2  100.0         0     0         3         5
carl         0        0      -         0     0         1         1
dave         1        0    0.0         0     0         0         0
gate         0        0      -         2     1         0         1
(total)      6        3   50.0         2     1         4         8

quality  over-cap  satisfaction  marks  escalations  open
anna            0          5.00      1            0     0
bob             1          3.00      2            2     1
(total)         1          3.67      3            2     1
"""


@test("text: tables that people read as they come from redis-cli, aligned by the width of Chinese, and nothing in them steers a terminal")
def _():
    @book
    def _(daemon):
        same(daemon.call("REPORT", *MARCH, "BY", "agent", "FORMAT", "text"), TEXT)
        lines = daemon.call("REPORT", *MARCH, "BY", "branch", "FORMAT", "text").splitlines()
        wide = {line: sum(2 if ord(letter) > 0x2E7F else 1 for letter in line) for line in lines[3:8]}
        same(len(set(wide.values())), 1, wide)
        daemon.client("C13", branch="x\u202ey")  # turns what follows round
        daemon.event("E13", "C13", "complaint")
        matches(daemon.call("REPORT", "BY", "branch", "FORMAT", "text"), r"(?m)^x\\u\{202E\}y ")
        same(daemon.call("REPORT", "FROM", "2031-01-01", "TO", "2031-01-01", "FORMAT", "text").splitlines()[-1].split(), ["(total)", *"0000000"])


@test("what makes no sense is refused, and says what would")
def _():
    with Daemon() as daemon:
        for words, why in (
            (("BY",), "BY needs a value"),
            (("BY", "moon"), "rule, branch, agent, day or queue"),
            (("FORMAT", "xml"), "json, csv or text"),
            (("FROM", "yesterday"), "yesterday is no day"),
            (("FROM", "2025-02-30"), "is no day"),
            (("FROM", "2025-03-02", "TO", "2025-03-01"), "FROM is later than TO"),
            (("SINCE", "2025-03-01"), "FROM day"),
        ):
            matches(daemon.refused("REPORT", *words), f"^ERR .*{why}", " ".join(words))


@test("the yearly sample: how much of the book has been reached, against what is to be, in each year that the span touches")
def _():
    daemon = Daemon(clock="2025-01-01T10:00:00", settings={"hours": "always"})
    daemon.switch("yearly-sample", "yes")
    daemon.set("share", "10", "rules.d/yearly-sample.conf")
    with daemon:
        for number in range(20):
            daemon.client(f"C{number:02}", phone=f"139123456{number:02}", opened_on="2020-05-06")
        daemon.set_clock("2025-01-02T10:00:00")
        agent, reached = daemon.agent("anna", queues=["hq"]), []
        before = daemon.json("REPORT", "FROM", "2025-12-31", "TO", "2026-01-01")["sample_coverage"]
        same([(draw["year"], draw["book"], draw["share"], draw["wanted"], draw["reached"], draw["coverage"]) for draw in before], [(2025, 20, 10, 2, 0, 0.0)])
        for month in range(1, 13):
            daemon.set_clock(f"2025-{month:02}-28T10:00:00")
            while (call := agent.json("NEXT")) is not None:
                agent.json("DONE", call["lease"], "reached")
                reached.append(call["agenda"][0]["client_ref"])
        same(len(reached), 2)
        report = daemon.json("REPORT", "FROM", "2025-01-01", "TO", "2025-12-31")
        (draw,) = report["sample_coverage"]
        same([draw[name] for name in ("rule", "year", "drawn", "reached", "coverage", "projected", "will_make_it")], ["yearly-sample", 2025, 2, 2, 10.0, 2, True])
        (line,) = (line for line in report["rows"] if line["rule"] == "yearly-sample")
        same((line["rule"], line["due"], line["done"], line["reached"]), ("yearly-sample", 2, 2, 2))
        same(daemon.json("REPORT", "FROM", "2024-01-01", "TO", "2024-12-31")["sample_coverage"], [])
        same(daemon.call("REPORT", "FROM", "2025-01-01", "TO", "2025-12-31", "FORMAT", "text").splitlines()[-2:],
             ["sample                book  wanted  reached      %  of  lost  projected  enough",
              "yearly-sample 2025      20       2        2   10.0  10     0          2     yes"])
        true("sample_coverage" not in daemon.call("REPORT", "FORMAT", "csv"))
        daemon.set_clock("2026-01-02T10:00:00")
        for first, last, years in ((2025, 2025, ["2025"]), (2026, 2026, ["2026"]), (2025, 2026, ["2025", "2026"]), (2024, 2024, [])):
            text = daemon.call("REPORT", "FROM", f"{first}-01-01", "TO", f"{last}-12-31", "FORMAT", "text")
            same([line.split()[1] for line in text.splitlines() if line.startswith("yearly-sample 20")], years)


@test("it only reads: nothing has changed afterwards, and agents may not ask")
def _():
    @book
    def _(daemon):
        before = daemon.json("CHECK"), daemon.list("followups"), daemon.list("attempts")
        for by in BY:
            daemon.json("REPORT", "BY", by)
        same((daemon.json("CHECK"), daemon.list("followups"), daemon.list("attempts")), before)
        matches(daemon.agent("eve").refused("REPORT"), "^NOPERM ")


@test("followupctl report: options and words, a table, CSV and JSON")
def _():
    @book
    def _(daemon):
        span = ("--from", "2025-03-01", "--to=2025-03-31")
        same(daemon.ctl("report", *span, "--by", "agent"), (0, TEXT, ""))
        same(daemon.ctl("report", *MARCH, "by", "agent"), (0, TEXT, ""))
        same(daemon.ctl("report", *span, "--by", "branch", "--csv")[1], daemon.call("REPORT", *MARCH, "BY", "branch", "FORMAT", "csv"))
        same(daemon.ctl("report", *span, "format", "csv")[1], daemon.call("REPORT", *MARCH, "FORMAT", "csv"))
        same(json.loads(daemon.ctl("report", *span, "--json")[1]), daemon.json("REPORT", *MARCH))
        same(json.loads(daemon.ctl("--json", "report", *span, "--by", "day")[1]), daemon.json("REPORT", *MARCH, "BY", "day"))
        for words, status, why in ((("--by",), 1, "BY needs a value"), (("--moon",), 1, "FROM day"), (("--by", "moon"), 1, "rule, branch"), (("from",) * 700, 2, "more words")):
            got = daemon.ctl("report", *words)
            same(got[0], status, " ".join(words))
            matches(got[2], why)


if __name__ == "__main__":
    run()
