#!/usr/bin/env python3
"""JSON that is none, from whoever may send any: it is refused, and the daemon goes on."""
from harness import Daemon, run, same, test, true

# What SQLite 3.40 takes for JSON and crashes on when it looks for a member.
NAMES_THAT_ARE_NONE = ('{{"":[2],"items":[],"":""}:""}', '{["items"]:[1]}', '{"a":1,["b"]:2}', '{"items":[],{"a":"b"}:1}')


@test("a name that is a list or an object is no JSON, in facts and in what is said of a call")
def _():
    with Daemon() as daemon:
        anna = daemon.agent("anna")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        lease = anna.json("NEXT")["lease"]
        for document in NAMES_THAT_ARE_NONE:
            for client, words in ((daemon, ("CLIENT.PUT", document)), (daemon, ("EVENT.PUT", document)), (anna, ("RECORD", "C1", document)),
                                  (anna, ("DONE", lease, "reached", document))):
                true(client.refused(*words).startswith("ERR "), words)
        anna.json("DONE", lease, "reached")
        same(daemon.followup()["state"], "done")


if __name__ == "__main__":
    run()
