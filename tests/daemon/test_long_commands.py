#!/usr/bin/env python3
"""Commands that read long have a thread of their own (DESIGN 1): nobody else waits for them, and they end when nobody wants them, when the daemon stops, or when they hold up the writing."""
import json

from harness import Daemon, matches, run, same, test, true

MANY = 25000  # clients: a CHECK of them takes far longer than a PING


def fill(daemon, clients=MANY):
    with daemon.connect() as feeder:
        for start in range(0, clients, 1000):
            feeder.pipeline([("CLIENT.PUT", {"client_ref": f"B{number}", "name": "B", "phone": "13900000000", "birthday": "1980-06-%02d" % (number % 30 + 1)})
                             for number in range(start, min(start + 1000, clients))])
    daemon.work()


def heard(daemon):
    """A connection that the daemon knows of: what is asked on it comes before what others ask later."""
    client = daemon.connect()
    same(client.call("PING"), "PONG")
    return client


@test("while a long command runs the others are answered, NEXT among them, and it sees what its asker had written")
def _():
    with Daemon() as daemon:
        fill(daemon)
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        asker = daemon.connect()
        asker.write(asker.encode("CLIENT.PUT", {"client_ref": "C2", "name": "B"}) + asker.encode("CHECK"))
        same(asker.read(), 1)
        same(anna.call("PING"), "PONG")
        same(anna.json("NEXT")["queue"], "service")
        true(asker.is_silent(), "the CHECK was faster than a PING and a NEXT")
        same(daemon.info()["long_commands"], "1")
        answer = json.loads(asker.read())
        same((answer["count"], answer["book"]["clients"]), (0, MANY + 2))
        same(daemon.info()["long_commands"], "0")


@test("QUEUES and METRICS wait for no long command, and see what their asker had written")
def _():
    with Daemon() as daemon:
        fill(daemon)
        daemon.client("C1")
        asker, supervisor = heard(daemon), daemon.connect()
        asker.send("CHECK")
        same(daemon.call("PING"), "PONG")
        supervisor.write(supervisor.encode("EVENT.PUT", {"event_ref": "E1", "client_ref": "C1", "kind": "complaint", "occurred_at": "2025-03-04"})
                         + supervisor.encode("QUEUES") + supervisor.encode("METRICS"))
        same(supervisor.read(), 1)
        same([(row["queue"], row["ready"], row["due_now"]) for row in json.loads(supervisor.read())], [("service", 1, 0)])
        matches(supervisor.read(), '(?m)^followupd_calls{queue="service",state="ready"} 1$')
        true(asker.is_silent(), "the CHECK was faster than QUEUES")
        same(json.loads(asker.read())["count"], 0)


@test("answers of one connection come in the order they were asked for, long ones among them")
def _():
    with Daemon() as daemon:
        replies = daemon.operator.pipeline([("PING", "1"), ("CHECK",), ("CLIENT.PUT", {"client_ref": "C1", "name": "B"}), ("CHECK",), ("PING", "2")])
        same(replies[0], "1")
        same([json.loads(replies[i])["book"]["clients"] for i in (1, 3)], [0, 1])
        same(replies[4], "2")


@test("who goes away ends his long command, and the next one begins")
def _():
    with Daemon() as daemon:
        fill(daemon)
        asker = heard(daemon)
        asker.send("CHECK")
        asker.send("CHECK")
        same(daemon.call("PING"), "PONG")
        asker.close()
        same(daemon.json("CHECK")["count"], 0)
        same(daemon.info()["long_commands"], "0")


@test("only so many long commands wait for one another; one more is told to come later")
def _():
    with Daemon(settings={"long_commands": "2"}) as daemon:
        fill(daemon)
        askers = [daemon.connect() for _ in range(2)]
        for asker in askers:
            asker.send("CHECK")
            same(daemon.call("PING"), "PONG")
        matches(daemon.refused("CHECK"), "^BUSY .*long_commands")
        for asker in askers:
            same(json.loads(asker.read())["count"], 0)
        same(daemon.json("CHECK")["count"], 0)


@test("a LIST that finds little in a large book looks for it beside the desk, and is a look all the same")
def _():
    with Daemon() as daemon:
        fill(daemon)
        daemon.client("C1")
        asker = daemon.agent("ada", "auditor", [])
        same(asker.json("LIST", "clients", "AFTER", MANY)[0]["client_ref"], "C1")
        asker.send("LIST", "clients", "LIMIT", 10000, "AFTER", 15001)
        same(daemon.call("PING"), "PONG")
        true(asker.is_silent(), "the LIST was faster than a PING")
        rows = json.loads(asker.read())
        same((len(rows), rows[-1]["client_ref"]), (10000, "C1"))
        matches(asker.refused("LIST", "clients", "STATE", "x"), "^ERR ")
        same([(row["agent"], row["said"]["command"]) for row in daemon.json("HISTORY", "C1") if row["kind"] == "look"],
             [("ada", f"LIST clients AFTER {MANY}"), ("ada", "LIST clients LIMIT 10000 AFTER 15001")])
        same(daemon.json("VERIFY")["holds"], True)


@test("a stop does not wait for a long command: its asker hears BUSY")
def _():
    with Daemon() as daemon:
        fill(daemon)
        askers = [heard(daemon) for _ in range(2)]
        for asker in askers:
            asker.send("CHECK")
        same(daemon.call("PING"), "PONG")
        same(daemon.stop(), 0)
        for asker in askers:
            matches(asker.read(), "^BUSY the daemon stops")


@test("a long command whose snapshot holds up the log of writes is ended and says so; the desk goes on")
def _():
    with Daemon(settings={"wal_limit": "65536"}) as daemon:
        fill(daemon)
        asker, feeder = heard(daemon), daemon.connect()
        asker.send("CHECK")
        same(daemon.call("PING"), "PONG")
        wrote = 0
        while asker.is_silent():
            same(feeder.pipeline([("CLIENT.PUT", {"client_ref": f"W{wrote + number}", "name": "B"}) for number in range(200)]), [1] * 200)
            wrote += 200
        matches(asker.read(), "^BUSY ended: .*wal_limit")
        same(daemon.json("CHECK")["book"]["clients"], MANY + wrote)


@test("who is shut out while his long command runs hears no answer of it")
def _():
    with Daemon() as daemon:
        fill(daemon)
        asker = daemon.agent("op", "operator", [])
        asker.send("CHECK")
        same(daemon.call("PING"), "PONG")
        same(daemon.json("AGENT.DEL", "op")["deleted"], "op")
        matches(asker.read(), "^NOAUTH ")


if __name__ == "__main__":
    run()
