#!/usr/bin/env python3
"""followup-protocol(7) against the running daemon: the same commands, words, roles, members and error words."""
import json
import os
import re

from harness import ROOT, Daemon, run, same, test, true

MANUAL = os.path.join(ROOT, "man/followup-protocol.7")
ROLES = ("agent", "gateway", "feeder", "supervisor", "reviewer", "auditor", "operator")
FOR_EVERYBODY = "For everybody"


def read():
    with open(MANUAL, encoding="utf-8") as file:
        return file.read()


def section(title):
    return re.search(rf"(?ms)^\.Sh {title}\n(.*?)(?=^\.Sh )", read()).group(1)


def plain(words):
    """What a line of mdoc macros prints: "Oo Cm WAIT Ar seconds Oc" is "[WAIT seconds]"."""
    text, closing = "", ""
    for word in words:
        if word in ("Ar", "Cm", "Ic"):
            continue
        if word == "Ns":
            text = text.rstrip()
        elif word == "Op":
            text, closing = text + "[", closing + "]"
        elif word == "Oo":
            text += "["
        elif word == "Oc":
            text = text.rstrip() + "] "
        elif word in (",", "|"):
            text = text.rstrip() + word
        else:
            text += word + " "
    return text.rstrip() + closing


class Entry:
    """A command of the manual."""

    def __init__(self, heading, part, body):
        name, *words = heading.split()
        self.name, self.usage, self.part = name, plain(words), part
        roles = re.match(r"\.Pq Cm ([^.]*) \.\n", body)
        self.roles = set(roles.group(1).split(" , ")) if roles else None


def entries():
    found = {}
    for part in re.split(r"(?m)^\.Ss ", section("COMMANDS"))[1:]:
        title = part.splitlines()[0]
        for heading, body in re.findall(r"(?ms)^\.It Ic (.*?)\n(.*?)(?=^\.It Ic |\Z)", part):
            entry = Entry(heading, title, body)
            true(entry.name not in found, f"{entry.name} stands there twice")
            found[entry.name] = entry
    return found


def table(client):
    """The commands that the asker may use: usage by name."""
    lines = [re.match(r"(\S+) ?(.*?) ?- (.*)", line).groups() for line in client.call("HELP")]
    return {name: usage.strip() for name, usage, _ in lines}


@test("every command stands in the manual, and every one of the manual exists")
def commands():
    with Daemon() as daemon:
        known = {name.upper() for name in daemon.call("COMMAND", "LIST")}
        documented = {name.upper() for name in daemon.call("COMMAND", "DOCS")[::2]}
    true(len(known) > 20, f"only {sorted(known)}")
    same(known, documented, "COMMAND LIST and COMMAND DOCS")
    named = set(entries())
    same(sorted(known - named), [], "not in the manual")
    same(sorted(named - known), [], "in the manual only")


@test("the manual writes every command as HELP does")
def usages():
    apart = {}
    with Daemon() as daemon:
        for name, entry in entries().items():
            told = re.match(rf"{re.escape(name)} ?(.*?) ?- ", daemon.call("HELP", name)[0]).group(1)
            if entry.usage.replace(" | ", "|") != told.replace(" | ", "|"):
                apart[name] = (entry.usage, told)
    same(apart, {}, "manual and HELP")


@test("each role may use what the manual grants it, and nothing else")
def roles():
    manual = entries()
    with Daemon() as daemon:
        for role in ROLES:
            client = daemon.agent("a-" + role, role, ("service",))
            granted = {name for name, entry in manual.items() if entry.roles is None or role in entry.roles}
            same(sorted(table(client)), sorted(granted), role)
    for name, entry in manual.items():
        true((entry.roles is None) == (entry.part == FOR_EVERYBODY), f"{name}: no roles are said")
        true(entry.roles is None or entry.roles <= set(ROLES), f"{name}: {entry.roles}")


def members(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


@test("every member of every document stands in the manual")
def documents():
    said = set()

    def hear(document):
        true(document, "an empty document shows nothing")
        said.update(members(document))
        return document

    with Daemon(settings={"share": "100"}) as daemon:  # every contact is drawn for review
        anna = daemon.agent("anna")
        sender = daemon.agent("sender", "gateway", ("email",))
        daemon.client("C1", email="c1@example.com", branch="SH01", tier="silver")
        daemon.event("E1", "C1", "account_opened", "2025-03-03")
        call = hear(anna.json("NEXT"))
        daemon.event("E2", "C1", "complaint")
        hear(anna.json("SHOW", call["call"]))
        daemon.event("E3", "C1", "feedback")
        hear(anna.json("BRIEF", call["lease"]))
        hear(anna.json("DESK"))
        hear(anna.json("DONE", call["lease"], "no-answer"))
        hear(daemon.json("SHOW", call["call"]))
        hear(daemon.json("QUEUES"))
        daemon.set_clock("2025-03-04T15:00:00")
        again = anna.json("NEXT")
        hear(anna.json("TOUCH", again["lease"]))
        hear(anna.json("MINE"))
        daemon.set_clock("2025-03-04T15:10:00")
        daemon.event("E4", "C1", "feedback")
        hear(anna.json("DONE", again["lease"], "reached", {"items": [call["agenda"][0]["item"]], "promise": {"by": "2025-03-05", "matter": "x", "dept": "y"}}))
        hear(anna.json("RECORD", "C1", {}))
        hear(anna.json("DESK"))
        daemon.set_clock("2025-03-04T19:00:00")
        daemon.client("C2", phone=None, email="c2@example.com", birthday="03-05")
        daemon.event("E5", "C1", "feedback")
        hear(daemon.json("QUEUES"))
        daemon.set_clock("2025-03-05T00:00:00")
        hear([json.loads(message) for message in sender.call("NEXT", "COUNT", "1")])
        daemon.set_clock("2025-03-05T10:00:00")
        hear(daemon.json("LIST", "calls", "STATE", "uncertain"))
        for rows in ("followups", "calls", "clients", "events", "attempts"):
            hear(daemon.json("LIST", rows))
        rita = daemon.agent("rita", "reviewer", ())
        review = hear(rita.json("REVIEW.NEXT"))
        hear(rita.json("REVIEW.DONE", review["review"], "rejected", {"scores": {name: 3 for name in review["form"]}, "note": "x"}))
        hear(daemon.json("LIST", "reviews"))
        hear(daemon.json("LIST", "promises"))
        hear(daemon.json("WHY", "C1"))
        hear(daemon.json("WHY", "CALL", daemon.list("calls")[0]["call"]))
        hear(daemon.json("WHY", "QUEUE", "service", "AGENT", "anna"))
        hear(anna.json("DISPOSITIONS"))
        hear(anna.json("BREAK", "lunch"))
        hear(anna.json("READY"))
        daemon.client("C3", manager="M17")
        daemon.event("E31", "C3", "transfer_requested")
        hear(daemon.json("WHY", "CALL", daemon.list("calls", client="C3")[0]["call"]))
        hear(daemon.json("HANDOVER", "M17", "M20", "left"))
        hear(daemon.json("HISTORY", "C1"))
        hear(daemon.json("VERIFY"))
        hear(daemon.json("FORECAST", "CAPACITY", "service=0"))
        hear(daemon.json("REPORT"))
        hear(daemon.json("AGENT.LIST"))
        hear(daemon.json("AGENT.ADD", "bob", "feeder"))
        hear(daemon.json("AGENT.DEL", "bob"))
        hear(daemon.json("CHECK"))
        hear(daemon.json("BACKUP", os.path.join(daemon.folder, "copy.db")))
        daemon.switch("account-opened", "no")
        daemon.event("E9", "C2", "account_opened")
        true(hear(daemon.json("RELOAD", "DRY"))["changes"], "no changes to be heard")
        hear(daemon.json("RELOAD"))
        hear(daemon.json("WHOAMI"))
        said.update(daemon.call("HELLO", "3"))
        said.difference_update(review["form"])  # names of the configuration
    words = set(re.findall(r"[a-z][a-z_]*", " ".join(line for line in read().splitlines() if line.startswith((".Cm ", ".It Cm ", ".Po", ".Pq")))))
    same(sorted(said - words), [], "not in the manual")
    true(len(said) > 80, f"only {len(said)} members have been heard")


def exchanges():
    """What the worked session sends, each line with the pattern of its answer."""
    for line in re.findall(r"(?ms)^\.Bd -literal\n(.*?)^\.Ed", section("EXAMPLES")):
        for sent, answer in re.findall(r"(?ms)^> (.*?)\n(.*?)(?=^> |\Z)", line):
            yield sent, ".*".join(re.escape(re.sub(r"\s", "", part)) for part in answer.split("..."))


@test("the worked session of the manual goes as it is written there")
def session():
    count = 0
    with Daemon(clock="2025-03-04T10:00:00") as daemon:
        daemon.client("C23", name="Li Na", phone="16350492949", tier="gold")
        daemon.event("E67", "C23", "account_opened", "2025-03-03")
        daemon.client("C39", name="Wang Qiang", phone="18106004561", tier="silver")
        daemon.event("E68", "C39", "account_opened", "2025-03-04")
        daemon.client("C21", name="You Ping", phone="17453092911", birthday="03-04")
        anna, gate = daemon.agent("anna"), daemon.agent("gate", "gateway", ("sms",))
        for sent, pattern in exchanges():
            if sent.startswith("AUTH"):
                continue  # another token each time
            if sent.startswith("TOUCH 1"):
                daemon.advance(600)
            if sent == "NEXT" and "CLOSED" in pattern:
                daemon.set_clock("2025-03-04T11:30:00")
            client = gate if "sms" in sent or sent.startswith("DONE 3") else anna
            client.write(sent.encode() + b"\r\nPING\r\n")
            got = b""
            while not got.endswith(b"+PONG\r\n"):
                got += client.socket.recv(65536)
            count += 1
            got = re.sub(r"\s", "", got[:-len(b"+PONG\r\n")].decode())
            true(re.fullmatch(pattern, got), lambda: f"{sent}: got {got}, wanted {pattern}")
    true(count == 9, f"{count} exchanges have been found")


@test("the error words are those that the daemon knows")
def errors():
    documented = re.findall(r"(?m)^\.It Li ([A-Z]+)$", section("ERROR WORDS"))
    words = set()
    serve = os.path.join(ROOT, "daemon/serve")
    for name in sorted(os.listdir(serve)):
        with open(os.path.join(serve, name), encoding="utf-8") as file:
            text = file.read()
        words |= set(re.findall(r'\{ERR_\w+, "([A-Z]+)"\}', text))
        words |= set(re.findall(r'reply_error\([^,]+, "([A-Z]+)"', text)) | set(re.findall(r'\*word = "([A-Z]+)"', text))
        words |= set(re.findall(r'"-([A-Z]+) ', text))
    same(sorted(documented), sorted(words))


if __name__ == "__main__":
    run()
