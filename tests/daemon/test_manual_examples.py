#!/usr/bin/env python3
"""The examples of the manual pages, typed again: commands end well and print what stands there, and pieces of configuration are taken."""
import os
import re
import shutil
import subprocess

from harness import FOLLOWUPCTL, FOLLOWUPD, PATIENCE, ROOT, Daemon, run, same, test, true


def page(name):
    with open(os.path.join(ROOT, "man", name), encoding="utf-8") as file:
        return file.read()


def blocks(text):
    """The literal blocks, as one reads them."""
    return [block.replace("\\e", "\\") for block in re.findall(r"(?ms)^\.Bd -literal.*?\n(.*?)^\.Ed", text)]


def section(text, title):
    return re.search(rf"(?ms)^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", text).group(1)


def commands(block):
    """Each command with the lines below it."""
    return [(command, shown.splitlines()) for command, shown in re.findall(r"(?ms)^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block)]


class Desk:
    """A shell in a folder beside a daemon, in which followupctl finds that daemon."""

    def __init__(self, daemon):
        self.daemon, self.folder = daemon, os.path.join(daemon.folder, "here")
        os.makedirs(os.path.join(self.folder, "bin"))
        with open(os.path.join(self.folder, "bin/followupctl"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {FOLLOWUPCTL} -s {daemon.socket} "$@"\n')
        os.chmod(os.path.join(self.folder, "bin/followupctl"), 0o755)
        self.environment = dict(os.environ, PATH=f"{self.folder}/bin:{ROOT}/examples/gb18030-export:{os.environ['PATH']}")
        self.environment.pop("FOLLOWUP_TOKEN", None)

    def write(self, name, text, encoding="utf-8"):
        with open(os.path.join(self.folder, name), "w", encoding=encoding) as file:
            file.write(text)

    def type(self, command, status=0):
        command = command.replace("/run/followupd/agent.sock", self.daemon.socket)
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        same((done.returncode, done.stderr), (status, ""), command)
        return done.stdout.splitlines()


@test("followupctl(1): every example does what is said of it")
def _():
    count = 0
    with Daemon() as daemon:
        desk = Desk(daemon)
        desk.write("clients.csv", "client_ref,name,phone\nC1,欧阳震华,13912345678\n", "gb18030")
        desk.write("events.csv", "event_ref,client_ref,kind,occurred_at\nE1,C1,complaint,2025-03-04\n", "gb18030")
        for name in ("clients.csv", "clients.map"):
            shutil.copy(os.path.join(ROOT, "examples/gb18030-export", name), os.path.join(desk.folder, {"clients.csv": "export.csv"}.get(name, name)))
        token = ""
        for command, _shown in [line for block in blocks(section(page("followupctl.1"), "EXAMPLES")) for line in commands(block)]:
            count += 1
            if "| jq" in command and not shutil.which("jq"):
                continue
            # The export has a row that is refused, on purpose.
            printed = desk.type(command.replace("FOLLOWUP_TOKEN=...", f"FOLLOWUP_TOKEN={token}"), 1 if "map-columns" in command else 0)
            if "agent add" in command:
                token = re.search(r"token: (\S+)", "\n".join(printed)).group(1)
            if "--agent anna next" in command:
                true("number: 13912345678" in printed, printed)
            if "jq" in command:
                same(printed, [str(len(daemon.json("QUEUES")))])
            if command.startswith("followupctl import clients"):
                same(daemon.list("clients")[0]["name"], "欧阳震华")
        with open(os.path.join(desk.folder, "agents.csv"), encoding="utf-8") as file:
            same(file.readline().split(",")[:2], ["agent", "due"])
    true(count > 6, f"only {count} examples")


@test("followup-clients(7): the client is tried as it is written there")
def _():
    with Daemon() as daemon:
        desk = Desk(daemon)
        shutil.copy(os.path.join(ROOT, "examples/clients/followup_client.py"), desk.folder)
        tokens = {}
        tried = commands(blocks(section(page("followup-clients.7"), "TRYING IT"))[0])
        for command, shown in tried:
            if command.startswith("cat rows"):
                desk.write("rows", "".join(line + "\n" for line in shown))
            if command.startswith("export"):
                desk.environment.update(FEEDER_TOKEN=tokens["crm-feed"], AGENT_TOKEN=tokens["crm-agent"])
                continue
            printed = desk.type(command)
            if "agent add" in command:
                tokens[command.split()[3]] = re.search(r"token: (\S+)", "\n".join(printed)).group(1)
            else:
                same(printed, shown, command)
        same(len(tried), 5)


@test("followupd(8): the first book is made as it is written there")
def _():
    with Daemon(start_on="2025-01-01") as daemon:
        desk = Desk(daemon)
        with open(os.path.join(desk.folder, "bin/followupd"), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {FOLLOWUPD} "$@"\n')
        os.chmod(os.path.join(desk.folder, "bin/followupd"), 0o755)
        desk.write("clients.csv", "client_ref,name,phone,birthday,birthday_calendar\nC1,欧阳震华,13912345678,1980-05-06,solar\n", "gb18030")
        desk.write("events.csv", "event_ref,client_ref,kind,occurred_at\nE1,C1,complaint,2025-03-04\n", "gb18030")
        count = 0
        for block in blocks(section(page("followupd.8"), "THE FIRST BOOK")):
            for command in re.findall(r"(?ms)^\$ (.*?)\n(?=\$ |\Z)", block):
                count += 1
                command = command.replace("/etc/followupd/followupd.conf", daemon.config)
                if command.startswith("followupd"):
                    command = command.replace("check", f"check -c {daemon.config}") + " 2>said"
                printed = desk.type(command)
                if command.startswith("followupctl why"):
                    true(any("complaint" in line for line in printed), printed)
        true(count >= 12, count)
        with open(os.path.join(desk.folder, "quarter.csv"), encoding="utf-8") as file:
            true("birthday,C1,2025,2025-05-06" in file.read(), "the birthday in the quarter")
        same(daemon.list("clients")[0]["name"], "欧阳震华")
        same(sorted(row["agent"] for row in daemon.json("AGENT.LIST")), ["anna", "gate", "mary"])


def check(daemon):
    done = subprocess.run([FOLLOWUPD, "check", "-c", daemon.config], capture_output=True, text=True, timeout=PATIENCE)
    same(done.returncode, 0, done.stdout + done.stderr)


@test("followup-rules(5) and followupd.conf(5): the pieces of configuration are taken")
def _():
    daemon = Daemon()
    rules, where = 0, 0
    for block in blocks(page("followup-rules.5")):
        if block.startswith("where"):
            daemon.replace("rule complaint {\n", "rule complaint {\n\t" + block, "rules.d/complaint.conf")
            where += 1
        elif block.startswith("rule "):
            name = block.split()[1]
            daemon.write_conf(re.sub(rf"(?ms)^rule {name} \{{.*?^\}}\n", lambda _, block=block: block, daemon.read_conf(f"rules.d/{name}.conf")), f"rules.d/{name}.conf")
            true(block in daemon.read_conf(f"rules.d/{name}.conf"))
            rules += 1
    check(daemon)
    same((rules, where), (1, 1))
    sections = 0
    for block in blocks(page("followupd.conf.5")):
        for piece in re.findall(r"(?ms)^\w+(?: \S+)? \{\n.*?^\}\n", block):
            head = piece.split("{")[0].strip()
            if head.startswith("section"):
                continue  # it is about the form alone
            conf, replaced = re.subn(rf"(?ms)^{re.escape(head)} \{{\n.*?^\}}\n", lambda _, piece=piece: piece, daemon.read_conf())
            # A queue that is named alone stands before the pattern that would fit it too.
            daemon.write_conf(conf if replaced else conf.replace('queue "branch/*"', piece + 'queue "branch/*"', 1))
            sections += 1
    check(daemon)
    true(sections >= 3, f"only {sections} sections")
    daemon.remove()


@test("the drawn order of followup-rules(5) is the one that its command prints")
def _():
    command = next(block for block in blocks(page("followup-rules.5")) if "sha256sum" in block)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE)
    same((done.returncode, re.fullmatch(r"[0-9a-f]{15}\n", done.stdout) is not None), (0, True), done.stdout)


run()
