#!/usr/bin/env python3
"""followupctl's pages: on a terminal they keep to its width, whatever is written in Chinese; in a pipe nothing is broken; --json answers JSON everywhere (followupctl(1))."""
import json
import os
import re
import sqlite3
import subprocess

from harness import FOLLOWUPCTL, Daemon, run, same, test, true
from terminal import Terminal, plain, width


def on_terminal(daemon, *words, columns=80):
    """What a terminal of so many columns is sent."""
    with Terminal(daemon, *words, columns=columns) as terminal:
        same(terminal.end(), 0, " ".join(words))
        return plain(terminal.said).replace("\r\n", "\n").splitlines()


def fill(daemon):
    names = ("孔丽勇", "欧阳震华", "Li Na", "周勇刚")
    for number, name in enumerate(names):
        daemon.client(f"C00000{number}", name=name, branch="上海浦东新区世纪大道营业部", tier="diamond", birthday="1980-03-06", manager=f"SH01-M{number}",
                      email=f"c{number}@example.com")
        daemon.event(f"COMPLAINT-{number}", f"C00000{number}", "complaint", detail="很生气，要求尽快回电，并且希望由营业部负责人亲自解释交易规则")
        daemon.event(f"OPENED-{number}", f"C00000{number}", "account_opened")
    agent = daemon.agent("李明")
    call = agent.json("NEXT")
    agent.json("DONE", call["lease"], "disputed")
    agent.json("DONE", agent.json("NEXT")["lease"], "no-answer")
    agent.json("NEXT")
    daemon.json("PAUSE", "RULE", "birthday-call", "2025-03-05T12:00", "the list of birthdays is being looked through once more by the head of the desk")


PAGES = [("queues",), ("show", "3"), ("why", "C000000"), ("history", "C000000"), ("agent", "list"), ("pause",), ("desk",), ("dispositions",), ("check",), ("whoami",),
         *(("report", "--by", by) for by in ("rule", "branch", "agent", "day", "queue")),
         *(("list", rows) for rows in ("followups", "calls", "clients", "events", "attempts", "tasks"))]


@test("on a terminal of 80 columns no line of any page is longer, and every word of a row is there")
def _():
    with Daemon() as daemon:
        fill(daemon)
        for page in PAGES:
            lines = on_terminal(daemon, *page)
            same([line for line in lines if width(line) > 80], [], " ".join(page))
            true(len(lines) > 1, " ".join(page))
        clients = "".join("".join(on_terminal(daemon, "list", "clients")).split())
        for row in daemon.list("clients"):
            for value in row.values():
                true(value is None or "".join(str(value).split()) in clients, f"{value} is lost")


@test("a wide terminal and a pipe get each row on a line of its own, with every column")
def _():
    with Daemon() as daemon:
        fill(daemon)
        for rows in ("followups", "clients", "events"):
            piped = daemon.ctl("list", rows)[1].splitlines()
            same(piped[0].split(), list(daemon.list(rows)[0]))
            same(len(piped), 1 + len(daemon.list(rows)))
            same(on_terminal(daemon, "list", rows, columns=400), piped)
        lines = daemon.ctl("list", "clients")[1].splitlines()
        same({width(line[:line.index("SH01-M")]) for line in lines[1:]}, {width(lines[0][:lines[0].index("manager")])}, "aligned by the width of Chinese")


@test("a list that ends at its limit says how to go on, beside the answer")
def _():
    with Daemon() as daemon:
        fill(daemon)
        status, told, errors = daemon.ctl("list", "clients", "limit", "3")
        same((status, len(told.splitlines()), errors), (0, 4, '3 of perhaps more; those behind them: add "after 3"\n'))
        same(daemon.ctl("list", "clients", "limit", "3", "after", "3"), daemon.ctl("list", "clients", "after", "3"))
        same(daemon.ctl("list", "clients", "limit", "3", "--json")[2], "")


@test("history is a line an entry: when, what, of what, on which call, by whom, and what was said")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "account_opened", "2025-03-03")
        anna.json("DONE", anna.json("NEXT")["lease"], "no-answer", {"note": "rang ten times"})
        lines = daemon.ctl("history", "C1")[1].splitlines()
        same(lines[0].split(), ["entry", "at", "what", "of", "call", "agent", "said"])
        same([re.sub(r"\s{2,}", " | ", line.strip()).split(" | ", 2)[2] for line in lines[1:]], [
            "created | account-opened E1 | opens_on 2025-03-03; due_on 2025-03-10; priority 3",
            "queued | account-opened E1 | 1",
            "handed-out | 1 | anna | generation 1; items [1]",
            'attempt | 1 | anna | disposition no-answer; number 139****5678; said {"note":"rang ten times"}'])


@test("reviews are a row each, scores and all; a rule or queue that nobody has heard of is no empty list")
def _():
    with Daemon(settings={"share": "100"}) as daemon:
        daemon.client("C1", opened_on="2020-01-01")
        daemon.event("E1", "C1", "complaint")
        agent, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", ())
        agent.json("DONE", agent.json("NEXT")["lease"], "reached")
        form = rita.json("REVIEW.NEXT")
        rita.json("REVIEW.DONE", form["review"], "accepted", {"scores": {name: 4 for name in form["form"]}})
        status, told, _err = daemon.ctl("list", "reviews")
        same((status, told.count("\n")), (0, 2))
        true("greeting 4, listening 4, " in told, told)
        for words, wanted in ((("followups", "RULE", "complant"), "rule complant"), (("calls", "QUEUE", "servce"), "queue servce"), (("attempts", "QUEUE", "servce"), "queue servce")):
            same(daemon.refused("LIST", *words), "ERR there is no " + wanted)
        same([daemon.list("calls", queue="manager/M9"), daemon.list("tasks", queue="records"), daemon.list("followups", rule="urge")], [[], [], []])


@test("the environment stands for socket, agent and token file; what is typed counts before it")
def _():
    with Daemon() as daemon:
        for name in ("anna", "bert"):
            daemon.add_agent(name)
            with open(os.path.join(daemon.folder, name), "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(daemon.agents[name] + "\n")

        def who(*options, **variables):
            environment = {key: value for key, value in os.environ.items() if not key.startswith("FOLLOWUP_")}
            done = subprocess.run([FOLLOWUPCTL, *options, "--json", "whoami"], cwd=daemon.folder, env=dict(environment, **variables), capture_output=True, text=True)
            return json.loads(done.stdout)["name"] if done.returncode == 0 else done.returncode

        here = {"FOLLOWUP_SOCKET": daemon.socket}
        same(who(**here), "operator")
        same(who(FOLLOWUP_SOCKET="nowhere"), 3)
        same(who("-s", daemon.socket, FOLLOWUP_SOCKET="nowhere"), "operator")
        anna = dict(here, FOLLOWUP_AGENT="anna", FOLLOWUP_TOKEN_FILE="anna")
        same(who(**anna), "anna")
        same(who("--agent", "bert", "--token-file", "bert", **anna), "bert")
        same(who("--agent", "bert", **anna, FOLLOWUP_TOKEN=daemon.agents["bert"]), "bert")
        same(who("--agent", "", **anna), "operator")
        same(who(**dict(anna, FOLLOWUP_TOKEN_FILE="")), 2)
        same(who(**dict(here, FOLLOWUP_TOKEN_FILE="anna")), "operator")


@test("check and verify that find something say so in the exit status, as a page and as JSON; a usage with bars stays one line")
def _():
    with Daemon() as daemon:
        daemon.client("C1", opened_on="2020-01-01")
        daemon.event("E1", "C1", "complaint")
        head = daemon.json("VERIFY")
        held = ("verify", str(head["links"]), head["head"])
        made_anew = ("verify", str(head["links"]), "0" * 64)
        same([daemon.ctl(*words)[0] for words in (("check",), ("verify",), held, made_anew, ("--json", *made_anew))], [0, 0, 0, 1, 1])
        daemon.stop()
        with sqlite3.connect(daemon.database) as book:
            book.execute("UPDATE followup SET call_id=NULL")
        daemon.start()
        same([daemon.ctl(*words)[0] for words in (("check",), ("check", "--json"))], [1, 1])
        status, _out, told = daemon.ctl("why")
        same((status, told.count("\n")), (1, 1))


@test("--json answers JSON everywhere, before and behind the command")
def _():
    with Daemon() as daemon:
        fill(daemon)
        for page in (*PAGES, ("info",), ("reload",), ("help", "next"), ("verify",)):
            for words in (("--json", *page), (*page, "--json")):
                status, told, errors = daemon.ctl(*words)
                same((status, errors), (0, ""), " ".join(words))
                for line in told.splitlines():
                    json.loads(line)
        same(json.loads(daemon.ctl("--json", "list", "clients")[1]), daemon.list("clients"))


if __name__ == "__main__":
    run()
