#!/usr/bin/env python3
"""Starting, reloading, stopping, the days that pass meanwhile, and a clock that errs."""
import json
import os
import re
import signal
import socket
import subprocess

from harness import FOLLOWUPD, MORNING, PATIENCE, TUESDAY, Client, Daemon, matches, run, same, test, true

def close_day(daemon, day):
    """Makes one more day off in the calendar."""
    daemon.write_conf(daemon.read_conf("calendar/cn-2025.cal") + f"\n{day} off Storm\n", "calendar/cn-2025.cal")


def finish(agent, call):
    return agent.json("DONE", call["lease"], "reached")


# --- Reload -----------------------------------------------------------------------------------------

@test("RELOAD: a good configuration comes into force at once, and says what it holds")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        matches(daemon.refused("CLIENT.PUT", '{"client_ref": "C2", "name": "A", "tier": "wood"}'), "tier")
        daemon.replace('{"diamond", "gold", "silver", "standard"}', '{"diamond", "gold", "silver", "standard", "wood"}')
        daemon.replace("lease = 15min", "lease = 20min")
        answer = daemon.json("RELOAD")
        same((answer["reloaded"], answer["warnings"]), (True, []))
        true(answer["rules_on"] < answer["rules"])
        same(daemon.call("CLIENT.PUT", '{"client_ref": "C2", "name": "A", "tier": "wood"}'), 1)
        same(daemon.agent("anna").json("NEXT")["lease_until"], TUESDAY + "T09:50:00")
        daemon.check()


BAD = [
    ("followupd.conf", "cap     = 2", "cap     = two"),
    ("followupd.conf", "lease = 15min", "lease = 15"),
    ("followupd.conf", 'hours = "Mon 14:30-17:00;', 'hours = "Mon 14:30-12:00;'),
    ("rules.d/complaint.conf", "priority = 1", "priority = -1"),
    ("rules.d/complaint.conf", "{\"phone\"}", "{\"smoke\"}"),
    ("rules.d/dormant.conf", "after    = 6m", "after    = 6 moons"),
    ("calendar/cn-2025.cal", "2025-04-04..2025-04-06 off", "2025-04-04..2025-04-32 off"),
]


@test("RELOAD of a bad one: every mistake is named with file and line, and nothing has changed")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        lines = []
        for name, old, new in BAD:
            daemon.replace(old, new, name)
            number = daemon.read_conf(name)[:daemon.read_conf(name).index(new)].count("\n") + 1
            lines.append(f"{name}:{number}: ")
        error = daemon.refused("RELOAD")
        matches(error, "^ERR nothing has changed; [0-9]+ mistakes?: ")
        for line in lines:
            true(daemon.conf + "/" + line in error, f"{line} is not in {error}")
        same(daemon.agent("anna").json("NEXT")["lease_until"], TUESDAY + "T09:45:00", "the old configuration serves on")
        matches(daemon.log(), "event=reload_refused")
        status, out, err = daemon.ctl("reload")
        same(status, 1)
        true(all(line in out + err for line in lines), out + err)
        count = int(re.search(r"nothing has changed; (\d+) mistakes:\n", err).group(1))
        same(err.count("\n"), count + 1, "a line that says how many, and one for each")
        checked = subprocess.run([FOLLOWUPD, "check", "-c", daemon.config], capture_output=True, text=True, timeout=PATIENCE)
        same(checked.returncode, 78)
        for line in lines:
            true(line in checked.stdout + checked.stderr, f"check does not name {line}")
        daemon.write_conf("daemon {", "rules.d/syntax.conf")
        matches(daemon.refused("RELOAD"), r"rules\.d/syntax\.conf:1: ")
        os.unlink(daemon.path("rules.d/syntax.conf"))
        for name, old, new in BAD:
            daemon.replace(new, old, name)
        same(daemon.json("RELOAD")["reloaded"], True)


@test("SIGHUP reloads too, and tells the service manager when it is done, well or not")
def _():
    with Daemon() as daemon:
        daemon.replace("lease = 15min", "lease = 25min")
        daemon.forget_notified()
        daemon.process.send_signal(signal.SIGHUP)
        said = daemon.wait_notified("READY=1")
        same(said[0], "RELOADING=1")
        matches(said[1], "^MONOTONIC_USEC=[0-9]+$")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        agent = daemon.agent("anna")
        same(agent.json("NEXT")["lease_until"], TUESDAY + "T09:55:00")
        daemon.replace("lease = 25min", "lease = soon")
        daemon.process.send_signal(signal.SIGHUP)
        matches(" ".join(daemon.wait_notified("READY=1")), "refused")
        same(agent.json("TOUCH", "1.1")["lease_until"], TUESDAY + "T09:55:00")
        matches(daemon.log(), "event=reload_refused mistakes=[0-9]+")


@test("a changed calendar moves the open follow-ups")
def _():
    with Daemon() as daemon:
        daemon.client("C1", tier="gold", manager="M17", birthday="1980-03-14")
        daemon.client("C2", assets="900000")
        daemon.event("E1", "C1", "abnormal")
        daemon.event("E2", "C2", "asset_outflow", TUESDAY, amount="600000")
        daemon.set_clock("2025-03-05T09:00:00")
        before = {row["rule"]: row["due_on"] for row in daemon.list()}
        same(before, {"abnormal": "2025-03-06", "large-outflow": "2025-03-05"})
        close_day(daemon, "2025-03-05")
        close_day(daemon, "2025-03-14")
        same(daemon.json("RELOAD")["reloaded"], True)
        daemon.work()
        after = {row["rule"]: row["due_on"] for row in daemon.list()}
        same(after, {"abnormal": "2025-03-07", "large-outflow": "2025-03-06"})
        same({row["due_on"] for row in daemon.list("calls")}, {"2025-03-07", "2025-03-06"})
        matches(daemon.agent("anna").refused("NEXT"), "^CLOSED until=2025-03-06T09:30:00", "the desk is closed on that day")
        daemon.check()
        daemon.set_clock("2025-03-10T15:00:00")
        birthday = daemon.followup(rule="birthday-call")
        same((birthday["opens_on"], birthday["due_on"]), ("2025-03-10", "2025-03-13"))
        matches(daemon.log(), "event=worked .* moved=2")


@test("a rule switched off: its calls are not handed out, its open follow-ups end; switched on, they come back while they are of use, and new ones come")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        daemon.switch("account-opened", "no")
        daemon.json("RELOAD")
        same(daemon.agent("anna").json("NEXT"), None)
        row = daemon.followup()
        same((row["state"], row["reason"]), ("cancelled", "rule-off"))
        daemon.event("E2", "C1", "account_opened")
        same(len(daemon.list()), 1)
        daemon.switch("account-opened", "yes")
        daemon.json("RELOAD")
        daemon.work()
        same([row["occasion"] for row in daemon.list(state="queued")], ["E1", "E2"], "a slip of the hand costs nobody his call")
        daemon.check()


@test("a channel switched off: what waits on it is suppressed; switched on, it comes back while it is of use, and nothing else does")
def _():
    with Daemon(clock="2025-03-03T15:00:00") as daemon:
        def states():
            return {row["client_ref"]: (row["state"], row["reason"], row["channel"]) for row in daemon.list()}

        anna = daemon.agent("anna")
        daemon.client("NONE", phone=None)
        daemon.client("PHONE")
        daemon.client("BOTH", email="b@example.com")
        daemon.client("LATER")
        daemon.client("WISH")
        for client in ("NONE", "PHONE", "BOTH", "WISH"):
            daemon.event(f"E-{client}", client, "account_opened")
        suppressed = ("suppressed", "no-channel", None)
        same(states()["NONE"], suppressed)
        daemon.set_clock(MORNING)
        daemon.replace("channel phone  { kind = talk", "channel phone  { on = no  kind = talk")
        daemon.json("RELOAD")
        same(anna.json("NEXT"), None)
        daemon.event("E-LATER", "LATER", "account_opened")
        daemon.json("DNC", "WISH", "phone", "none", "asked for it")
        same({client: row[:2] for client, row in states().items()},
             {client: ("suppressed", "no-channel") for client in ("NONE", "PHONE", "LATER", "WISH")} | {"BOTH": ("queued", None)})
        same(states()["BOTH"][2], "email")
        daemon.client("GONE", status="normal")
        daemon.event("E-GONE", "GONE", "complaint", "2025-01-20")  # of use until the 20th of February
        daemon.forget_notified()
        daemon.restart(clock=TUESDAY + "T10:00:00")  # whoever restarts has the same configuration
        daemon.replace("{ on = no  kind = talk", "{ kind = talk")
        told = {row["client_ref"]: (row["before"]["state"], row["after"]["state"]) for row in daemon.json("RELOAD", "DRY")["changes"]}
        same({client: told.get(client) for client in ("PHONE", "LATER", "NONE")},
             {"PHONE": ("suppressed", "queued"), "LATER": ("suppressed", "queued"), "NONE": None}, "RELOAD DRY")
        daemon.json("RELOAD")
        daemon.work()
        got = states()
        same((got["PHONE"], got["LATER"]), (("queued", None, "phone"),) * 2, "a slip of the hand costs nobody his call")
        same((got["NONE"][:2], got["WISH"][:2], got["BOTH"]), (suppressed[:2], suppressed[:2], ("queued", None, "email")))
        same(got["GONE"][0], "missed")
        same([row["kind"] for row in daemon.json("HISTORY", "PHONE") if row["kind"] in ("suppressed", "reopened", "queued")],
             ["queued", "suppressed", "reopened", "queued"])
        daemon.check()
        # Whoever has an address afterwards was not kept waiting by the channel.
        daemon.client("NONE", phone="13900000000")
        daemon.json("RELOAD")
        daemon.set_clock("2025-03-05T10:00:00")
        same(states()["NONE"][:2], suppressed[:2])
        # It is off again over a midnight, and a restart brings it back.
        daemon.replace("channel phone  { kind = talk", "channel phone  { on = no  kind = talk")
        daemon.json("RELOAD")
        daemon.client("NIGHT")
        daemon.event("E-NIGHT", "NIGHT", "complaint")
        daemon.set_clock("2025-03-06T08:00:00")
        same(states()["NIGHT"][:2], suppressed[:2])
        daemon.replace("{ on = no  kind = talk", "{ kind = talk")
        daemon.forget_notified()
        daemon.restart(clock="2025-03-06T09:00:00")
        daemon.work()
        same(states()["NIGHT"], ("queued", None, "phone"))
        daemon.check()


@test("what a reload cannot change says so: listen, database, time zone")
def _():
    with Daemon() as daemon:
        daemon.set("database", f'"{daemon.folder}/other.db"')
        daemon.set("listen", f'{{"unix:{daemon.folder}/other"}}')
        warnings = " ".join(daemon.json("RELOAD")["warnings"])
        matches(warnings, "database: .*next start")
        matches(warnings, "listen: .*next start")
        same(daemon.info("storage")["database"], daemon.database)
        matches(" ".join(daemon.json("RELOAD")["warnings"]), "database: .*next start", "and again")


# --- Start ------------------------------------------------------------------------------------------

@test("a bad configuration, a taken socket, a remote address, a folder that is not there: no start, with the reason and exit status")
def _():
    with Daemon() as daemon:
        def start(*words):
            done = subprocess.run([FOLLOWUPD, "-c", daemon.config, "-f", *words], capture_output=True, text=True, timeout=PATIENCE)
            return done.returncode, done.stderr
        status, err = start()
        true(status in (71, 74), status)
        matches(err, "event=not_started")
        second = Daemon()
        second.set("listen", f'{{"unix:{daemon.socket}"}}')
        daemon, first = second, daemon
        status, err = start()
        same(status, 71)
        matches(err, "another process serves this socket")
        for listen, number in (('"0.0.0.0:0"', 71), ('"192.0.2.1:7379"', 71), ('"unix:"', 78), ('"[::]:0"', 71), (f'"unix:{daemon.conf}/followupd.conf"', 71)):
            daemon.set("listen", f"{{{listen}}}")
            status, err = start()
            true(status in (number, 71, 78), f"{listen}: {status}")
            matches(err, "not_started", listen)
        true(os.path.exists(daemon.config), "a file that is no socket stays")
        daemon.set("listen", f'{{"unix:{daemon.socket}"}}')
        daemon.set("database", f'"{daemon.folder}/nowhere/book.db"')
        status, err = start()
        same(status, 74)
        matches(err, "nowhere/book.db")
        daemon.set("cap", "two")
        status, err = start()
        same(status, 78)
        matches(err, r"line=\d+ text=")
        same(start("--test-clock", "soon")[0] in (64, 78), True)
        same(subprocess.run([FOLLOWUPD, "--fast"], capture_output=True, timeout=PATIENCE).returncode, 64)
        same(first.call("PING"), "PONG")


@test("whatever umask it was started with, nobody else can read the book, what stands beside it, or a copy of it; the socket is its group's too")
def _():
    with Daemon(umask=0) as daemon:
        daemon.client("C1")
        copy = os.path.join(daemon.folder, "copy.db")
        daemon.call("BACKUP", copy)
        for file, mode in ((daemon.database, "0o600"), (daemon.database + "-wal", "0o600"), (daemon.database + "-shm", "0o600"), (daemon.database + "-lock", "0o600"), (copy, "0o600"),
                           (daemon.socket, "0o660")):
            same((file, oct(os.stat(file).st_mode & 0o777)), (file, mode))


@test("the socket of a daemon that was killed is taken over; a stopped one leaves none")
def _():
    with Daemon() as daemon:
        daemon.kill()
        true(os.path.exists(daemon.socket))
        daemon.start()
        same(daemon.call("PING"), "PONG")
        same(daemon.stop(), 0)
        true(not os.path.exists(daemon.socket))


@test("socket activation: an inherited socket is served, nobody who connected early is lost")
def _():
    with Daemon() as first:
        first.stop()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(first.socket)
        listener.listen(16)
        early = Client(first.socket)
        early.send("PING")
        # LISTEN_PID has to be the daemon's own, which only a shell in its place can know.
        script = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&' + str(listener.fileno())
        first.process = subprocess.Popen(["sh", "-c", script, "sh", FOLLOWUPD, "-c", first.config, "-f", "--test-clock", MORNING], pass_fds=[listener.fileno()],
                                         env=dict(os.environ, NOTIFY_SOCKET=first.notify_path), stderr=open(first.log_file, "ab"))
        first.wait_notified("READY=1")
        same(early.read(), "PONG")
        matches(first.log(), "inherited=yes")
        early.close()
        same(first.stop(), 0)
        true(os.path.exists(first.socket), "it belongs to whoever made it")
        listener.close()


@test("the watchdog is fed, as often as the service manager wants")
def _():
    with Daemon(environment={"WATCHDOG_USEC": "100000"}) as daemon:
        for _ in range(3):
            daemon.wait_notified("WATCHDOG=1")


@test("a silent connection is closed after the time of the configuration; one that waits for a call is not")
def _():
    with Daemon(settings={"idle": "1s"}) as daemon:
        waiting, silent = daemon.agent("anna"), daemon.connect()
        waiting.send("NEXT", "WAIT", 600)
        same(silent.call("PING"), "PONG")
        same(silent.ended(), b"")
        true(waiting.is_silent())
        with daemon.connect() as fresh:
            fresh.call("CLIENT.PUT", {"client_ref": "C1", "name": "A", "phone": "139"})
            fresh.call("EVENT.PUT", {"event_ref": "E1", "client_ref": "C1", "kind": "complaint", "occurred_at": TUESDAY})
        same(json.loads(waiting.read())["agenda"][0]["client_ref"], "C1")


# --- Stop -------------------------------------------------------------------------------------------

@test("SIGTERM drains: what was asked is answered, who waits is sent home, the exit status is 0")
def _():
    with Daemon() as daemon:
        waiting = daemon.agent("anna")
        waiting.send("NEXT", "WAIT", 600)
        idle = daemon.connect()
        same(idle.call("PING"), "PONG")
        feeder = daemon.connect()
        daemon.call("PING")
        feeder.write(b"".join(Client.encode("CLIENT.PUT", {"client_ref": f"C{number}", "name": "A"}) for number in range(50)))
        same(feeder.read(), 1)
        daemon.forget_notified()
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_notified("STOPPING=1")
        same(waiting.read(), None)
        same(waiting.ended(), b"")
        same(idle.ended(), b"")
        acknowledged = 1 + feeder.ended().count(b":1\r\n")
        same(daemon.wait(), 0)
        daemon.start()
        true(daemon.json("CHECK")["book"]["clients"] >= acknowledged)


@test("SHUTDOWN is answered, then the daemon ends; so is SIGINT")
def _():
    with Daemon() as daemon:
        waiting = daemon.agent("anna")
        waiting.send("NEXT", "WAIT", 600)
        gate = daemon.agent("gate", "gateway", ("sms",))
        gate.send("NEXT", "WAIT", 600, "COUNT", 5)
        same(daemon.call("SHUTDOWN"), "OK")
        same(gate.read_line(), b"*-1", "a list was asked for")
        same(waiting.read(), None)
        same(daemon.wait(), 0)
        daemon.start()
        daemon.process.send_signal(signal.SIGINT)
        same(daemon.wait(), 0)


# --- Days -------------------------------------------------------------------------------------------

@test("a restart keeps everything: leases, who rests, agents, the day; and adds nothing")
def _():
    with Daemon() as daemon:
        for number in range(1, 5):
            daemon.client(f"C{number}", birthday=f"1980-03-0{number + 3}", tier="silver")
            daemon.event(f"E{number}", f"C{number}", "complaint")
        anna, bert = daemon.agent("anna"), daemon.agent("bert")
        held = anna.json("NEXT")
        rests = bert.json("NEXT")
        bert.call("DONE", rests["lease"], "busy")
        before = (daemon.list(), daemon.list("calls"), daemon.list("attempts"), daemon.json("AGENT.LIST"))
        for end in ("stop", "kill"):
            getattr(daemon, end)()
            daemon.start()
            daemon.work()
            same((daemon.list(), daemon.list("calls"), daemon.list("attempts"), daemon.json("AGENT.LIST")), before, end)
            anna = daemon.agent("anna")
            same(anna.json("NEXT")["lease"], held["lease"])
            same(anna.json("MINE")[0]["lease_until"], held["lease_until"])
        daemon.stop()
        daemon.start(TUESDAY + "T12:00:00")  # the lease has ended and the rest is over meanwhile
        same({row["state"] for row in daemon.list("calls")}, {"ready"})
        anna = daemon.agent("anna")
        same(finish(anna, held)["closed"], [row["followup"] for row in before[0] if row["occasion"] == "E1"])
        daemon.check()


@test("midnight: what expires, opens and falls due on the new day is worked before CLOCK answers")
def _():
    with Daemon(clock="2025-03-31T23:59:58") as daemon:
        daemon.client("C1", birthday="1980-04-01", tier="silver")
        daemon.client("C2")
        daemon.event("E1", "C2", "complaint", "2025-02-28")  # its last useful day is today
        same([row["state"] for row in daemon.list()], ["queued"])
        daemon.advance(1)
        same(len(daemon.list()), 1)
        daemon.advance(1)
        same(daemon.info("work")["worked_until"], "2025-04-01")
        rows = {row["rule"]: (row["state"], row["reason"], row["closed_on"]) for row in daemon.list()}
        same(rows, {"complaint": ("missed", "expired", "2025-04-01"), "birthday": ("queued", None, None)})
        daemon.check()


@test("after a week of downtime each missed day is worked in order, and the result is that of a week without")
def _():
    def story(daemon):
        daemon.client("C1", birthday="1980-03-05", tier="silver")
        daemon.client("C2", birthday="1980-03-08", tier="silver", email="c2@example.com")
        daemon.client("C3", birthday="1980-03-14", tier="gold", manager="M17")
        daemon.client("C4", last_trade_on="2024-09-07", opened_on="2020-01-01")
        daemon.client("C5", assets="900000")
        daemon.event("E1", "C5", "asset_outflow", TUESDAY, amount="600000")
        daemon.event("E2", "C4", "complaint", "2025-02-05")  # useful until 8 March
        daemon.event("E3", "C1", "trade", "2025-03-07", amount="5")

    def result(daemon):
        return [{name: value for name, value in row.items() if name not in ("followup", "call")} for row in daemon.list(limit=1000)]

    with Daemon() as steady:
        story(steady)
        for day in range(5, 12):
            steady.set_clock(f"2025-03-{day:02}T00:00:00")
        steady.check()
        wanted = result(steady)
    with Daemon() as daemon:
        story(daemon)
        daemon.stop()
        daemon.start("2025-03-11T00:00:00")
        daemon.work()
        daemon.check()
        same(daemon.info("work")["worked_until"], "2025-03-11")
        same(sorted(map(json.dumps, result(daemon))), sorted(map(json.dumps, wanted)))
        true(any(row["closed_on"] == "2025-03-06" for row in wanted), "each day was worked by itself")
    with Daemon() as daemon:
        story(daemon)
        daemon.set_clock("2025-03-11T00:00:00")  # or in one step, without a restart
        daemon.check()
        same(sorted(map(json.dumps, result(daemon))), sorted(map(json.dumps, wanted)))


@test("a clock set back: nothing is handed out, created or expired twice, and it goes on where it was")
def _():
    with Daemon() as daemon:
        daemon.client("C1", birthday="1980-03-05", tier="silver")
        daemon.client("C2")
        daemon.event("E1", "C2", "complaint")
        daemon.set_clock("2025-03-06T09:30:00")
        agent = daemon.agent("anna")
        call = agent.json("NEXT")
        before = daemon.list()
        daemon.set_clock("2025-03-04T10:00:00")
        same(daemon.list(), before)
        same(daemon.info("work")["worked_until"], "2025-03-06")
        same(daemon.agent("bert").json("NEXT"), None)
        same(agent.json("NEXT")["lease"], call["lease"])
        daemon.event("E3", "C2", "abnormal", "2025-03-04")
        finish(agent, call)
        daemon.check()
        daemon.stop()
        daemon.start("2025-03-03T15:00:00")
        daemon.work()
        same(daemon.info("work")["worked_until"], "2025-03-06")
        daemon.check()
        daemon.set_clock("2025-03-07T09:30:00")
        same(daemon.info("work")["worked_until"], "2025-03-07")
        rows = daemon.list()
        same(sorted((row["rule"], row["occasion"]) for row in rows), [("abnormal", "E3"), ("birthday", "2025"), ("complaint", "E1")])
        daemon.check()


@test("a year in one step: every day is worked, while commands are answered")
def _():
    with Daemon(clock="2025-01-01T09:00:00") as daemon:
        for number in range(200):
            daemon.client(f"C{number}", birthday=f"1980-{number % 12 + 1:02}-{number % 24 + 5:02}", tier=("gold", "silver")[number % 2], manager="M17")
        with daemon.connect() as other:
            daemon.operator.send("CLOCK", "SET", "2025-12-31T12:00:00")
            asked = 0
            while daemon.operator.is_silent():
                same(other.call("PING"), "PONG")
                asked += 1
            same(daemon.operator.read(), "OK")
        true(asked >= 2, f"{asked} answers in the meantime")
        same(daemon.info("work")["worked_until"], "2025-12-31")
        daemon.check()
        rows = []
        while page := daemon.list(limit=10000, after=rows[-1]["followup"] if rows else 0):
            rows += page
        same(len([row for row in rows if row["rule"].startswith("birthday")]), 200)


@test("calendars that end: said at start, on reload and in INFO")
def _():
    with Daemon(clock="2026-11-20T09:00:00") as daemon:
        matches(daemon.log(), "event=calendar text=")
        same(daemon.info("calendar"), {"work_days_until": "2026-12-31", "trading_days_until": "2026-12-31"})
        os.unlink(daemon.path("calendar/cn-2026.cal"))
        daemon.json("RELOAD")
        same(daemon.info("calendar")["work_days_until"], "2025-12-31")


if __name__ == "__main__":
    run()
