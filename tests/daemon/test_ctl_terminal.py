#!/usr/bin/env python3
"""followupctl on a terminal: next and done ask, top is a live screen, a forecast is bars; elsewhere they are what scripts know (followupctl(1))."""
import json
import os
import re
import signal
import termios

from harness import Daemon, matches, run, same, test, true
from terminal import Terminal, plain, width


def with_form(daemon, rule, form):
    daemon.replace(f"rule {rule} {{\n", f"rule {rule} {{\n\tform = {form}\n", f"rules.d/{rule}.conf")
    daemon.json("RELOAD")


@test("next shows whom to ring, why and what to say, asks what the outcome wants, and goes on with the next call")
def _():
    with Daemon() as daemon:
        with_form(daemon, "complaint", '{"why", "wish"}')
        daemon.add_agent("anna")
        daemon.client("C1", name="欧阳震华", tier="diamond")
        daemon.client("C2", name="Li Na", phone="13912345679")
        daemon.event("E1", "C1", "complaint")
        daemon.event("E2", "C1", "account_opened", "2025-03-03")
        daemon.event("E3", "C2", "account_opened", "2025-03-03")
        with Terminal(daemon, "next", agent="anna") as terminal:
            card = terminal.expect("How did it go?")
            for wanted in ("13912345678", "欧阳震华  C1  diamond", "complaint", "account-opened", "2025-03-05", "yours until 09:45", "Confirm who you speak with", "To be answered: why, wish"):
                true(wanted in card, lambda: f"{wanted} in {card}")
            terminal.answer("> ", "reached")
            terminal.answer("which items", "99")
            terminal.expect("Numbers of the list above")
            terminal.answer("which items", "1")
            terminal.answer("why: ", "")
            terminal.expect("needed")
            terminal.answer("why: ", "要求尽快回电")
            terminal.answer("wish: ", 'a "call" back')
            terminal.answer("satisfaction", "6")
            terminal.expect("A whole number")
            terminal.answer("satisfaction", "2")
            terminal.answer("by which day", "soon")
            terminal.expect("no day")
            terminal.answer("by which day", "+6")
            terminal.answer("what was promised", "the fee schedule")
            terminal.answer("department", "ops")
            terminal.answer("note", "he was angry")
            terminal.expect("reached. Closed: 1. It comes back at 2025-03-04T11:30.")
            terminal.answer("Enter: the next call", "")
            terminal.expect("13912345679")
            terminal.answer("> ", "8")
            terminal.answer("note", "")
            terminal.expect("no-answer. It comes back at 2025-03-04T12:00.")
            terminal.answer("Enter: the next call", "")
            same(terminal.end(), 4)
            true("no call is waiting for you" in terminal.said)
        said = [entry["said"] for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "attempt"][0]["said"]
        same(said, {"items": [1], "answers": {"why": "要求尽快回电", "wish": 'a "call" back'}, "satisfaction": 2,
                    "promise": {"by": "2025-03-10", "matter": "the fee schedule", "dept": "ops"}, "note": "he was angry"})
        same([(row["disposition"], row["agent"]) for row in daemon.list("attempts")], [("reached", "anna"), ("no-answer", "anna")])
        daemon.check()


@test("an appointment is asked for when the client cannot talk, with the times that the desk has; what the daemon refuses is asked again")
def _():
    with Daemon() as daemon:
        daemon.add_agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        with Terminal(daemon, "next", agent="anna") as terminal:
            terminal.answer("> ", "no")
            terminal.expect("more than one")
            terminal.answer("> ", "nothing")
            terminal.expect("no such outcome")
            terminal.answer("> ", "not-c")
            terminal.expect("He can be rung 03-04 09:31-11:00, 03-04 15:00-17:00")
            terminal.answer("when shall we ring", "at tea time")
            terminal.expect("no time")
            terminal.answer("when shall we ring", "13:00")
            terminal.answer("note", "is at lunch")
            terminal.expect("ERR at:")
            terminal.answer("> ", "not-convenient")
            terminal.answer("when shall we ring again? [2025-03-04T13:00]: ", "3-5 10:00")
            terminal.answer("note [is at lunch]", "")
            terminal.expect("not-convenient. It comes back at 2025-03-05T10:00.")
            terminal.answer("Enter: the next call", "q")
            same(terminal.end(), 0)
        same(daemon.json("SHOW", "1")["not_before"], "2025-03-05T10:00:00")


@test("Enter leaves the call with its agent, done asks again, release gives it back; what was before stands on the card")
def _():
    with Daemon() as daemon:
        daemon.add_agent("anna")
        daemon.client("C1")
        daemon.event("E0", "C1", "feedback")
        anna = daemon.agent("anna")
        anna.json("DONE", anna.json("NEXT")["lease"], "third-party", {"note": "his mother answered"})
        daemon.event("E1", "C1", "complaint")
        daemon.set_clock("2025-03-04T15:00:00")
        with Terminal(daemon, "done", agent="anna") as terminal:
            same((terminal.end(), terminal.said), (4, "you hold no call\r\n"))
        with Terminal(daemon, "next", agent="anna") as terminal:
            card = terminal.expect("How did it go?")
            matches(card, r"2025-03-04\s+anna\s+phone\s+third-party\s+complaint: his mother answered")
            terminal.answer("> ", "")
            terminal.expect("You go on holding it")
            same(terminal.end(), 0)
        same(len(anna.json("MINE")), 1)
        with Terminal(daemon, "done", agent="anna") as terminal:
            terminal.answer("> ", "?")
            terminal.expect("How did it go?")
            terminal.answer("> ", "release")
            terminal.answer("why? ", "another language is needed")
            terminal.expect("Given back.")
            same(terminal.end(), 0)
        same(anna.json("MINE"), [])
        call = anna.json("NEXT")
        with Terminal(daemon, "done", "9.9", agent="anna") as terminal:
            same(terminal.end(), 4)
        with Terminal(daemon, "done", call["lease"], agent="anna") as terminal:
            terminal.answer("> ", "disputed")
            terminal.answer("which items", "all")
            terminal.answer("note", "knows nothing of it")
            terminal.expect("disputed. Closed: ")
            same(terminal.end(), 0)


@test("while it waits for an answer the lease is kept, what joins the call is told, and a restart of the daemon costs nothing")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened")
        call = anna.json("NEXT")
        daemon.advance(15 * 60 - 1)  # with so little left it looks after it every second
        daemon.event("E2", "C1", "complaint")
        with Terminal(daemon, "done", agent="anna") as terminal:
            terminal.expect("How did it go?")
            daemon.event("E3\u202e", "C1", "feedback")
            terminal.expect("joined this call: item 3, complaint E3\\u{202E}, due 2025-03-05")
            same(anna.json("MINE")[0]["lease_until"], "2025-03-04T09:59:59")
            daemon.restart(clock=daemon.call("CLOCK"))
            terminal.answer("> ", "reached")
            terminal.answer("which items", "1 3")
            for question in ("satisfaction", "by which day", "note"):
                terminal.answer(question, "")
            terminal.expect("reached. Closed: ")
            same(terminal.end(), 0)
        same(sorted(row["followup"] for row in daemon.list(state="done")), [1, 3])
        same(call["lease"], "1.1")
        daemon.check()


@test("keys that are no text, broken UTF-8 and the end of the terminal spoil nothing")
def _():
    with Daemon() as daemon:
        daemon.add_agent("anna")
        daemon.client("C1", name="x\u202ey")
        daemon.event("E1", "C1", "account_opened")
        with Terminal(daemon, "next", agent="anna") as terminal:
            true("\\u{202E}" in terminal.expect("How did it go?"), "a name that turns writing round is made harmless")
            terminal.answer("> ", "\x1b[A")
            terminal.expect("no text")
            os.write(terminal.leader, b"re\xff\n")
            terminal.expect("no text")
            terminal.answer("> ", "reached")
            terminal.expect("satisfaction")
            terminal.type("\x04")  # back to the outcome
            terminal.expect("How did it go?")
            terminal.expect("> ")
            terminal.type("\x04")
            terminal.expect("You go on holding it")
            same(terminal.end(), 0)
        same(len(daemon.agent("anna").json("MINE")), 1)


@test("a script gets what it always got: next and done ask nothing where there is no terminal, with --json, with COUNT, of a message, and when all is said")
def _():
    with Daemon() as daemon:
        daemon.add_agent("anna")
        daemon.add_agent("gate", "gateway", ("sms",))
        daemon.client("C1", birthday="1980-03-04")
        daemon.event("E1", "C1", "account_opened")
        signed = ("--agent", "anna"), {"FOLLOWUP_TOKEN": daemon.agents["anna"]}
        status, told, _errors = daemon.ctl(*signed[0], "next", environment=signed[1])
        same((status, told.splitlines()[0]), (0, "call: 2"))
        for words in (("next", "--json"), ("next", "count", "1")):
            with Terminal(daemon, *words, agent="anna") as terminal:
                same(terminal.end(), 0)
                true("How did it go" not in terminal.said)
        with Terminal(daemon, "next", agent="gate") as terminal:
            same(terminal.end(), 0)
            true("lease: 1.1" in terminal.said and "How did it go" not in terminal.said, terminal.said)
        with Terminal(daemon, "done", "1.1", agent="gate") as terminal:
            same(terminal.end(), 2)
            true("followupctl done LEASE DISPOSITION" in terminal.said)
        status, _told, errors = daemon.ctl(*signed[0], "done", "2.1", environment=signed[1])
        same((status, errors.split()[1]), (1, "ERR"))
        with Terminal(daemon, "done", "2.1", "no-answer", agent="anna") as terminal:
            same(terminal.end(), 0)
            true("not_before: " in terminal.said)


def fill(daemon):
    daemon.add_agent("李小明", queues=("service", "hq"))
    daemon.add_agent("bob")
    for number in range(40):
        daemon.client(f"C{number}", manager=f"M{number}")
        daemon.event(f"E{number}", f"C{number}", "transfer_requested" if number % 2 else "complaint", "2025-03-01" if number == 2 else None)
    daemon.agent("bob").json("BREAK", "lunch")


@test("top fits 80x24, is drawn again when something happens, and leaves the terminal as it was")
def _():
    with Daemon() as daemon:
        fill(daemon)
        with Terminal(daemon, "top", "--interval", "3600") as terminal:
            terminal.expect("q: quit")
            screen = terminal.screen()
            same(len(screen), 24)
            same(screen[0], "2025-03-04 09:30:00  Asia/Shanghai")
            matches(screen[1], r"^40 ready, 1 due now, 1 overdue, 0 resting, 0 held; nobody serves manager/M1")
            matches(screen[4], r"^service +20 +1 +1 +0 +0  2025-03-02  open$")
            true(any(re.match(r"and \d+ queues more$", line) for line in screen), screen)
            matches("\n".join(screen), r"(?m)^bob +lunch 09:30 +service$")
            matches("\n".join(screen), r"(?m)^李小明 +ready +service hq$")
            same({width(line[:line.index(word)]) for line, word in zip([row for row in screen if row.startswith(("bob", "李小明"))], ("lunch", "ready"))}, {10})
            call = daemon.agent("李小明").json("NEXT")
            terminal.expect(f"on call {call['call']}")
            terminal.expect(f"handed_out lease={call['lease']} agent=李小明")
            terminal.expect("q: quit")
            true(any(re.match(rf"李小明 +on call {call['call']} ", line) for line in terminal.screen()))
            terminal.resize(70, 12)
            terminal.expect("q: quit")
            terminal.forget()
            terminal.type("\n")
            terminal.expect("q: quit")
            same(len(terminal.screen()), 12)
            terminal.type("q")
            same(terminal.end(), 0)
            true(terminal.said.endswith("\x1b[?25h\x1b[?1049l"), repr(terminal.said[-80:]))


@test("top ended by a signal gives the terminal back too: echo, lines, cursor and the screen before")
def _():
    with Daemon() as daemon:
        fill(daemon)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            with Terminal(daemon, "top") as terminal:
                terminal.expect("q: quit")
                follower = os.open(f"/proc/{terminal.process}/fd/0", os.O_RDWR | os.O_NOCTTY)
                same(termios.tcgetattr(follower)[3] & (termios.ICANON | termios.ECHO), 0)
                os.kill(terminal.process, number)
                while "\x1b[?1049l" not in terminal.said:
                    terminal.read()
                os.waitpid(terminal.process, 0)
                terminal.status = 0
                same(termios.tcgetattr(follower)[3] & (termios.ICANON | termios.ECHO), termios.ICANON | termios.ECHO)
                os.close(follower)


@test("top says when the daemon is gone, and goes on when it is back")
def _():
    with Daemon() as daemon:
        fill(daemon)
        with Terminal(daemon, "top", "--interval", "1") as terminal:
            terminal.expect("q: quit")
            daemon.stop()
            terminal.expect("no connection; trying again")
            daemon.start()
            terminal.forget()
            while "q: quit" not in terminal.said or "no connection" in plain(terminal.said):
                terminal.forget()
                terminal.type("\n")
                terminal.expect("q: quit")
            terminal.type("q")
            same(terminal.end(), 0)


@test("top elsewhere is printed once, with every queue; as JSON with --json; who may not see it is told so")
def _():
    with Daemon() as daemon:
        fill(daemon)
        status, told, errors = daemon.ctl("top")
        same((status, errors, "\x1b" in told), (0, "", False))
        same(len([line for line in told.splitlines() if line.startswith(("manager/", "service"))]), 21)
        document = json.loads(daemon.ctl("top", "--json")[1])
        same((document["queues"], document["agents"]), (daemon.json("QUEUES"), daemon.json("AGENT.LIST")))
        same(daemon.ctl("top", "--often")[0], 2)
        status, _told, errors = daemon.ctl("--agent", "bob", "top", environment={"FOLLOWUP_TOKEN": daemon.agents["bob"]})
        same((status, errors.split()[1]), (1, "NOPERM"))


@test("a forecast on a terminal is bars to scale, in a pipe the tables; without UTF-8 they are plain characters")
def _():
    with Daemon() as daemon:
        for number in range(20):
            daemon.client(f"C{number}")
            daemon.event(f"E{number}", f"C{number}", "complaint")
        words = ("forecast", "--days", "5", "--capacity", "service=4")
        days = [row for row in daemon.json("FORECAST", "DAYS", "5", "CAPACITY", "service=4")["days"] if row["queue"] == "service" and row["waiting"] > 0]
        true(len(days) > 2 and any(row["missed"] for row in days), days)
        for environment, marks in (({}, "█▓░"), ({"LC_ALL": "C"}, "#!-")):
            with Terminal(daemon, *words, environment=environment) as terminal:
                same(terminal.end(), 0)
                lines = [line for line in plain(terminal.said).splitlines() if re.match(r"\d\d-\d\d ", line)]
                same(len(lines), len(days))
                for line, row in zip(lines, days):
                    bar = line[11:11 + 35]
                    same([bar.count(marks[0]), bar.count(marks[1]), sum(bar.count(mark) for mark in marks)],
                         [row["done"] * 35 // 20, row["missed"] * 35 // 20, row["waiting"] * 35 // 20], line)
                    matches(line, rf" {row['done']} of {row['waiting']} made")
                same([line for line in plain(terminal.said).splitlines() if width(line) > 80], [])
        same(daemon.ctl(*words)[1], daemon.ctl("forecast", "format", "text", *(word.lstrip("-") for word in words[1:]))[1])
        with Terminal(daemon, *words, "--json") as terminal:
            same(terminal.end(), 0)
            same(json.loads(terminal.said)["days"][0]["queue"], "service")


@test("colours go to a terminal only, and not where NO_COLOR is set or the terminal is dumb")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        true("\x1b" not in daemon.ctl("queues")[1])
        for environment, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)):
            for words in (("queues",), ("forecast",), ("why", "C1")):
                with Terminal(daemon, *words, environment=environment) as terminal:
                    same(terminal.end(), 0)
                    same("\x1b[" in terminal.said, colored, f"{words} with {environment}")


@test("import shows how far it is on a terminal, and its summary stays the last line")
def _():
    with Daemon() as daemon:
        with open(os.path.join(daemon.folder, "c.csv"), "w", encoding="utf-8") as file:
            file.write("client_ref,name\n" + "".join(f"C{number},客户{number}\n" for number in range(3000)))
        with Terminal(daemon, "import", "clients", "c.csv") as terminal:
            same(terminal.end(), 0)
            matches(terminal.said, r"clients \[#* *\] +\d+ %  \d+ rows")
            true(terminal.said.endswith("clients: 3000 rows, 3000 changed, 0 unchanged, 0 refused\r\n"), repr(terminal.said[-200:]))
        true("[" not in daemon.ctl("import", "clients", "c.csv")[2])


@test("--json answers JSON with every command that people use, help and info too")
def _():
    with Daemon() as daemon:
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        for words in (("help",), ("info",), ("info", "work"), ("queues",), ("why", "C1"), ("history", "C1"), ("report",), ("forecast",), ("list", "followups"), ("agent", "add", "x", "agent", "queues", "service"),
                      ("agent", "list"), ("agent", "del", "x"), ("check",), ("verify",), ("reload", "dry"), ("pause",), ("top",), ("whoami",), ("desk",), ("dispositions",), ("ping",)):
            status, told, _errors = daemon.ctl(*words, "--json")
            same(status, 0, " ".join(words))
            for line in told.splitlines():
                json.loads(line)
        same(json.loads(daemon.ctl("info", "--json")[1])["Work"]["worked_until"], "2025-03-04")
        commands = [json.loads(line) for line in daemon.ctl("help", "--json")[1].splitlines()]
        true({"command": "WHOAMI", "usage": "", "summary": "Tell who you are signed in as", "own": False} in commands)
        true(any(row["command"] == "top" and row["own"] for row in commands))


run()
