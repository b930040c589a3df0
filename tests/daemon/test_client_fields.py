#!/usr/bin/env python3
"""Fields of clients that the configuration declares (POLICY 10): told, kept, asked for in conditions, taken away and brought back."""
import os
import subprocess

from harness import Daemon, FOLLOWUPD, PATIENCE, TUESDAY, matches, run, same, test, true

FIELDS = """
client_field segment { type = text }
client_field score { type = number }
client_field passport_expires_on { type = day }
"""
VIP = """
rule vip-complaint {
	trigger = event
	events = {"complaint"}
	where = "segment = 'vip' and score >= 7.5"
	opens = 0
	due = 1d
	channels = {"phone"}
	queue = "vip"
	priority = 1
	late = keep
}
rule expiry-passport {
	trigger = expiry
	field = "passport_expires_on"
	opens = -30d
	due = 0
	channels = {"phone"}
	queue = "service"
	priority = 4
	late = keep
}
"""


def declared(daemon):
    daemon.write_conf(daemon.read_conf() + FIELDS)
    daemon.write_conf(VIP, "rules.d/vip.conf")
    return daemon


def field(daemon, ref, *names):
    row = daemon.list("clients", client=ref)[0]
    return tuple(row[name] for name in names)


@test("a declared field is told, listed, cleared and kept with its as_of; what is not of its type is refused by name")
def _():
    with declared(Daemon()) as daemon:
        same(daemon.client("C1", segment="vip", score="007.50", passport_expires_on="2027-01-31"), 1)
        same(daemon.client("C1", segment="vip", score="7.5", passport_expires_on="2027-01-31"), 0)
        same(field(daemon, "C1", "segment", "score", "passport_expires_on"), ("vip", 7.5, "2027-01-31"))
        same(daemon.client("C1"), 0)
        same(daemon.call("CLIENT.PUT", '{"client_ref": "C1", "segment": ""}'), 1)
        same(field(daemon, "C1", "segment", "score"), (None, 7.5))
        same(daemon.client("C1", segment="new", as_of="2025-03-02"), 1)
        same(daemon.client("C1", segment="old", as_of="2025-03-01"), 0)
        same(daemon.client("C1", segment="none", score="1"), 1)  # without as_of it is older than what has one; the score has none
        same(field(daemon, "C1", "segment", "score"), ("new", 1))
        same(daemon.client("C1", segment="", as_of="2025-03-03"), 1)
        same(daemon.client("C1", segment="old", as_of="2025-03-02"), 0)
        same(field(daemon, "C1", "segment"), (None,))
        for name, value, why in (("score", "high", "score: no number: high"), ("passport_expires_on", "soon", "passport_expires_on: no such day"),
                                 ("colour", "red", "colour: unknown column")):
            matches(daemon.refused("CLIENT.PUT", '{"client_ref": "C1", "%s": "%s"}' % (name, value)), why)
        same(field(daemon, "C1", "score", "passport_expires_on"), (1, "2027-01-31"))
        status, out, _ = daemon.ctl("list", "clients")
        same(status, 0)
        matches(out, r"segment +score +passport_expires_on\n")
        daemon.check()


@test("clients.csv with a declared column loads; with one that is not declared nothing of it does")
def _():
    with declared(Daemon()) as daemon:
        path = daemon.path("book.csv")
        with open(path, "w") as file:
            file.write("client_ref,name,segment,passport_expires_on\nC1,Ann,vip,2027-01-31\nC2,Bob,,31.1.2027\n")
        rejects = daemon.path("rejects")
        status, out, err = daemon.ctl("import", "clients", path, "--rejects", rejects)
        same((status, out.split(" (")[0]), (1, "clients: 2 rows, 1 changed, 0 unchanged, 1 refused"), err)
        matches(open(rejects).read(), "passport_expires_on: no such day")
        same(field(daemon, "C1", "segment", "passport_expires_on"), ("vip", "2027-01-31"))
        os.unlink(rejects)
        with open(path, "w") as file:
            file.write("client_ref,name,colour\n" + "".join(f"D{i},Ann,red\n" for i in range(500)))
        status, out, err = daemon.ctl("import", "clients", path, "--rejects", rejects)
        same((status, out), (1, ""), err)
        matches(err, "was not loaded: .*colour: unknown column")
        true(not os.path.exists(rejects))
        same([row["client_ref"] for row in daemon.list("clients")], ["C1"])


@test("a condition asks for declared fields, by their type")
def _():
    with declared(Daemon()) as daemon:
        daemon.client("C1", segment="vip", score="10")
        daemon.client("C2", segment="vip", score="7")
        daemon.client("C3", score="10")
        for ref in ("C1", "C2", "C3"):
            daemon.event("E" + ref, ref, "complaint")
        same([row["client_ref"] for row in daemon.list(rule="vip-complaint")], ["C1"])
        daemon.client("C2", score="8")  # learned late: the complaint is one of a vip after all
        same([row["client_ref"] for row in daemon.list(rule="vip-complaint")], ["C1", "C2"])
        daemon.client("C1", segment="")
        row = daemon.followup(rule="vip-complaint", client="C1")
        same((row["state"], row["reason"]), ("cancelled", "not-applicable"))
        daemon.check()


@test("a document of the firm's own runs out, and is renewed")
def _():
    with declared(Daemon()) as daemon:
        daemon.client("C1", passport_expires_on="2025-03-20")
        row = daemon.followup(rule="expiry-passport")
        same((row["occasion"], row["opens_on"], row["due_on"], row["state"]), ("2025-03-20", "2025-02-18", "2025-03-20", "queued"))
        daemon.client("C1", passport_expires_on="2035-03-20")
        row = daemon.followup(rule="expiry-passport")
        same((row["state"], row["reason"]), ("cancelled", "renewed"))
        daemon.check()


@test("a field that a reload takes away is unknown and kept; declared again it is back; a rule that asks for it must go first")
def _():
    with declared(Daemon()) as daemon:
        daemon.client("C1", segment="vip", score="10")
        daemon.replace("client_field segment { type = text }\n", "")
        matches(daemon.refused("RELOAD"), "'segment' where a field of the client or the fact is wanted")
        same(field(daemon, "C1", "segment"), ("vip",))
        daemon.write_conf("", "rules.d/vip.conf")
        daemon.json("RELOAD")
        true("segment" not in daemon.list("clients")[0])
        matches(daemon.refused("CLIENT.PUT", '{"client_ref": "C1", "segment": "x"}'), "segment: unknown column")
        daemon.write_conf(daemon.read_conf() + "client_field segment { type = number }\n")
        daemon.json("RELOAD")
        same(field(daemon, "C1", "segment"), (None,), "a text is no number")
        daemon.replace("client_field segment { type = number }\n", "client_field segment { type = text }\n")
        daemon.write_conf(VIP, "rules.d/vip.conf")
        daemon.json("RELOAD")
        same(field(daemon, "C1", "segment"), ("vip",))
        daemon.event("E1", "C1", "complaint")
        same(daemon.followup(rule="vip-complaint")["client_ref"], "C1")
        daemon.forget_notified()
        daemon.restart()
        same(field(daemon, "C1", "segment", "score"), ("vip", 10))
        daemon.check()


@test("simulate works with such a column")
def _():
    with declared(Daemon()) as daemon:
        clients, events = daemon.path("clients.csv"), daemon.path("events.csv")
        with open(clients, "w") as file:
            file.write("client_ref,name,phone,segment,score,passport_expires_on\nC1,Ann,13900000001,vip,9,\nC2,Bob,13900000002,,9,2025-03-20\n")
        with open(events, "w") as file:
            file.write("event_ref,client_ref,kind,occurred_at\nE1,C1,complaint,2025-03-04\nE2,C2,complaint,2025-03-04\n")
        done = subprocess.run([FOLLOWUPD, "simulate", "-c", daemon.path("followupd.conf"), "--clients", clients, "--events", events, "--from", TUESDAY,
                               "--to", TUESDAY, "--without", "yearly-sample"], capture_output=True, timeout=PATIENCE, text=True)
        same((done.returncode, done.stderr), (0, ""))
        rows = [line.split(",")[:2] for line in done.stdout.splitlines()[1:]]
        true(["vip-complaint", "C1"] in rows and ["vip-complaint", "C2"] not in rows and ["expiry-passport", "C2"] in rows, rows)


if __name__ == "__main__":
    run()
