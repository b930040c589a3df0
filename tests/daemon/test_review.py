#!/usr/bin/env python3
"""Second-line review: a share of the contacts is judged by others; what a rejected one had closed waits again (POLICY 8)."""
import hashlib
import json

from harness import Daemon, TUESDAY, matches, run, same, test, true

FORM = ["greeting", "listening", "verifying", "acting", "closing"]
SCORES = {"scores": {name: 4 for name in FORM}}


def drawing(share=100, **more):
    """A desk of which every contact is drawn."""
    return Daemon(settings={"share": str(share), "hours": "always"}, **more)


def contact(daemon, agent, ref="C1", said=None, kind="complaint", **fields):
    """A client whom the agent reaches about something."""
    daemon.client(ref, **fields)
    daemon.event(f"E{ref}{kind}", ref, kind)
    call = agent.json("NEXT")
    return agent.json("DONE", call["lease"], "reached", json.dumps(said or {}))


def judge(reviewer, review, verdict="accepted", said=SCORES):
    return reviewer.json("REVIEW.DONE", review, verdict, json.dumps(said))


def reviews(daemon, **filters):
    return [(row["review"], row["state"]) for row in daemon.list("reviews", **filters)]


@test("a contact that was drawn goes to a reviewer with what was said and closed; judged, it is over, and the same again is answered the same")
def _():
    with drawing() as daemon:
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", [])
        same(rita.json("REVIEW.NEXT"), None)
        contact(daemon, anna, said={"answers": {"why": "too far"}, "satisfaction": 4, "recording": {"ref": "rec-17"}})
        review = rita.json("REVIEW.NEXT")
        same((review["review"], review["state"], review["lease_until"], review["agent"], review["disposition"], review["channel"], review["clients"]),
            (1, "leased", TUESDAY + "T10:30:00", "anna", "reached", "phone", [{"client_ref": "C1"}]))
        same(review["said"], {"answers": {"why": "too far"}, "satisfaction": 4, "recording": {"ref": "rec-17"}})
        same([(item["rule"], item["occasion"], item["closed_on"]) for item in review["closed"]], [("complaint", "EC1complaint", TUESDAY)])
        same((review["form"], review["score_max"]), (FORM, 5))
        true("139" not in json.dumps(review), "no telephone number")
        same(rita.json("REVIEW.NEXT"), review, "the one held, with the lease it has")
        said = dict(SCORES, note="well done")
        same(judge(rita, 1, said=said), {"review": 1, "state": "accepted"})
        same(judge(rita, 1, said=said), {"review": 1, "state": "accepted"})
        matches(rita.refused("REVIEW.DONE", 1, "rejected", json.dumps(said)), "^NOLEASE review 1 has been judged already")
        matches(rita.refused("REVIEW.DONE", 1, "accepted", json.dumps(SCORES)), "^NOLEASE review 1 has been judged already")
        row, = daemon.list("reviews", state="accepted")
        same((row["client_ref"], row["agent"], row["reviewer"], row["scores"], row["note"]), ("C1", "anna", "rita", SCORES["scores"], "well done"))
        same(daemon.followup()["state"], "done")
        same(daemon.json("WHY", "C1")["reviews"], [row])
        told = [(entry["kind"], entry.get("agent")) for entry in daemon.json("HISTORY", "C1") if entry["kind"].startswith("review")]
        same(told, [("review-drawn", "anna"), ("reviewed", "rita")])
        same([entry["said"]["command"] for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "look" and entry["agent"] == "rita"], ["REVIEW.NEXT"] * 2)
        daemon.check()


@test("nobody judges his own contact, nor one with a client whom he looks after or has brought; that hides no other one from him")
def _():
    with drawing() as daemon:
        both = {name: daemon.agent(name, "agent,reviewer") for name in ("anna", "bert", "cara", "dora")}
        contact(daemon, both["anna"], "C1", manager="bert", introducer="cara")
        for name in ("anna", "bert", "cara"):
            same(both[name].json("REVIEW.NEXT"), None, name)
        contact(daemon, both["bert"], "C2")
        same(both["anna"].json("REVIEW.NEXT")["review"], 2)
        daemon.json("HANDOVER", "bert", "dora", "bert is away")  # who stands for the manager looks after the client, too
        same(both["dora"].json("REVIEW.NEXT"), None)
        same(daemon.agent("emil", "reviewer", []).json("REVIEW.NEXT")["review"], 1)
        matches(daemon.refused("REVIEW.NEXT"), "^NOPERM reviews go to reviewers")
        daemon.check()


@test("of a call about several clients each one's manager is kept out")
def _():
    with drawing() as daemon:
        anna, bert = daemon.agent("anna"), daemon.agent("bert", "reviewer", [])
        daemon.client("C1", person_ref="P")
        daemon.client("C2", person_ref="P", manager="bert")
        for ref in ("C1", "C2"):
            daemon.event("E" + ref, ref, "account_closed")
        anna.json("DONE", anna.json("NEXT")["lease"], "reached")
        same(bert.json("REVIEW.NEXT"), None)
        same([len(daemon.list("reviews", client=ref)) for ref in ("C1", "C2")], [1, 1])
        same(sorted(item["client_ref"] for item in daemon.agent("rita", "reviewer", []).json("REVIEW.NEXT")["closed"]), ["C1", "C2"])


@test("who becomes the manager of a client while he has the review of a contact with him does not judge it, and another gets it")
def _():
    with drawing() as daemon:
        anna, dora = daemon.agent("anna"), daemon.agent("dora", "agent,reviewer")
        daemon.agent("bert")
        emil = daemon.agent("emil", "reviewer", [])
        contact(daemon, anna, "C1", manager="bert")
        contact(daemon, anna, "C2")
        same(dora.json("REVIEW.NEXT")["review"], 1)
        same(emil.json("REVIEW.NEXT")["review"], 2)
        daemon.json("HANDOVER", "bert", "dora", "bert is away")
        matches(dora.refused("REVIEW.DONE", 1, "accepted", json.dumps(SCORES)), "^NOPERM review 1 is of a client of yours")
        same(dora.json("REVIEW.NEXT"), None)
        judge(emil, 2)
        same(emil.json("REVIEW.NEXT")["review"], 1)
        judge(emil, 1)
        daemon.check()


@test("a lease that runs out gives the review to the next who asks; until then its last holder may still judge")
def _():
    with drawing() as daemon:
        anna, rita, rolf = daemon.agent("anna"), daemon.agent("rita", "reviewer", []), daemon.agent("rolf", "reviewer", [])
        contact(daemon, anna, "C1")
        contact(daemon, anna, "C2")
        same(rita.json("REVIEW.NEXT")["review"], 1)
        same(rolf.json("REVIEW.NEXT")["review"], 2)
        daemon.advance(3599)
        same(reviews(daemon), [(1, "leased"), (2, "leased")])
        daemon.advance(1)
        same(reviews(daemon), [(1, "open"), (2, "open")])
        judge(rolf, 2)
        same(daemon.agent("rosa", "reviewer", []).json("REVIEW.NEXT")["review"], 1)
        matches(rita.refused("REVIEW.DONE", 1, "accepted", json.dumps(SCORES)), "^NOLEASE review 1 is not yours")
        daemon.restart()
        same(reviews(daemon), [(1, "leased"), (2, "accepted")])
        daemon.check()


REFUSED = [
    ("perhaps", SCORES, "a verdict is accepted or rejected"),
    ("open", SCORES, "a verdict is"),
    ("accepted", {}, "scores are missing: greeting, listening, verifying, acting, closing; say"),
    ("accepted", {"scores": {"greeting": 1, "acting": 0}}, "scores are missing: listening, verifying, closing;"),
    ("accepted", {"scores": [1]}, "scores: an object is wanted"),
    ("accepted", {"scores": dict(SCORES["scores"], greeting=6)}, "scores: greeting: a whole number from 0 to 5"),
    ("accepted", {"scores": dict(SCORES["scores"], greeting=-1)}, "scores: greeting: "),
    ("accepted", {"scores": dict(SCORES["scores"], greeting=4.5)}, "scores: greeting: "),
    ("accepted", {"scores": dict(SCORES["scores"], greeting="4")}, "scores: greeting: "),
    ("accepted", {"scores": dict(SCORES["scores"], charm=4)}, "scores: charm does not stand on the form"),
    ("accepted", dict(SCORES, note=7), "note: a text"),
    ("accepted", dict(SCORES, notes="x"), "notes: only scores and a note"),
    ("rejected", SCORES, "note: a rejection says why"),
    ("rejected", dict(SCORES, note=""), "note: a rejection says why"),
]


@test("a judgement that is none is refused by name, and the review stays")
def _():
    with drawing() as daemon:
        contact(daemon, daemon.agent("anna"))
        rita = daemon.agent("rita", "reviewer", [])
        matches(rita.refused("REVIEW.DONE", 1, "accepted", json.dumps(SCORES)), "^NOLEASE review 1 is not yours")
        rita.json("REVIEW.NEXT")
        for verdict, said, wanted in REFUSED:
            matches(rita.refused("REVIEW.DONE", 1, verdict, json.dumps(said)), wanted, (verdict, said))
        matches(rita.refused("REVIEW.DONE", 1, "accepted"), "scores are missing")
        matches(rita.refused("REVIEW.DONE", 2, "accepted", json.dumps(SCORES)), "there is no review 2")
        matches(rita.refused("REVIEW.DONE", "x", "accepted", json.dumps(SCORES)), "a review's number")
        same(reviews(daemon), [(1, "leased")])
        same(judge(rita, 1, "accepted", {"scores": dict(SCORES["scores"], greeting=0, closing=5)})["state"], "accepted")


REJECTED = dict(SCORES, note="he was not asked who he is")


@test("rejected: what the contact had closed waits again at once, for a week at least; the contact counts; supervisors have a task")
def _():
    with drawing() as daemon:
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", [])
        contact(daemon, anna, kind="complaint")
        same(daemon.used("C1"), 1)
        rita.json("REVIEW.NEXT")
        same(judge(rita, 1, "rejected", REJECTED), {"review": 1, "state": "rejected", "reopened": [1]})
        same(judge(rita, 1, "rejected", REJECTED), {"review": 1, "state": "rejected", "reopened": [1]})
        row = daemon.followup()
        same((row["state"], row["reason"], row["closed_on"]), ("queued", None, None))
        same(daemon.used("C1"), 2, "the contact, and the call that waits")
        task, = daemon.list("tasks", state="open")
        same((task["kind"], task["queue"], task["client_ref"], task["followup"], task["agent"]), ("rejected", "supervisors", "C1", 1, "anna"))
        same([entry["reason"] for entry in daemon.json("HISTORY", "C1") if entry["kind"] == "reopened"], ["rejected"])
        call = anna.json("NEXT")
        same([item["item"] for item in call["agenda"]], [1])
        anna.json("DONE", call["lease"], "reached")
        same(daemon.followup()["state"], "done")
        same(reviews(daemon), [(1, "rejected"), (2, "open")])
        daemon.check()


@test("rejected long after its last useful day it is of use for seven days more; then it is missed")
def _():
    for late in (False, True):
        with drawing() as daemon:
            anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", [])
            contact(daemon, anna)
            daemon.set_clock("2025-05-10T10:00:00")
            rita.json("REVIEW.NEXT")
            judge(rita, 1, "rejected", REJECTED)
            same(daemon.followup(rule="complaint")["state"], "queued")
            daemon.set_clock("2025-05-17T10:00:00" if not late else "2025-05-18T10:00:00")
            if late:
                same((daemon.followup(rule="complaint")["state"], daemon.followup(rule="complaint")["reason"]), ("missed", "expired"))
            else:
                anna.json("DONE", anna.json("NEXT")["lease"], "reached")
                same(daemon.followup(rule="complaint")["state"], "done-late")
            daemon.check()


@test("what is reopened goes through the ordinary gates: the cap, what stopped its rule meanwhile, a number that is wrong")
def _():
    def capped(daemon, anna):
        anna.json("RECORD", "C1", {"done_at": TUESDAY + "T08:00"})

    def reopened(daemon, anna):
        daemon.set_clock("2025-03-05T10:00:00")
        daemon.event("E9", "C1", "account_reopened")

    def wrong(daemon, anna):
        daemon.event("E9", "C1", "complaint")
        anna.json("DONE", anna.json("NEXT")["lease"], "wrong-number")

    for change, wanted in ((capped, ("scheduled", "cap")), (reopened, ("cancelled", "account_reopened")), (wrong, ("scheduled", "wrong-number"))):
        with drawing() as daemon:
            anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", [])
            contact(daemon, anna, kind="account_closed")
            change(daemon, anna)
            rita.json("REVIEW.NEXT")
            judge(rita, 1, "rejected", REJECTED)
            row = daemon.followup(rule="account-closed")
            same((row["state"], row["reason"]), wanted, change.__name__)
            kinds = [task["kind"] for task in daemon.list("tasks", state="open")]
            true("rejected" in kinds and (change is not capped or "duty-waits" in kinds), kinds)
            daemon.check()


@test("a contact that CORRECT has made none is nobody's to judge; what another contact has closed since stays closed when it is rejected")
def _():
    with drawing() as daemon:
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", [])
        contact(daemon, anna)
        attempt = daemon.list("attempts")[0]["attempt"]
        daemon.json("CORRECT", attempt, '{"disposition": "no-answer"}', "he reached the answering machine")
        same(rita.json("REVIEW.NEXT"), None)
        daemon.json("CORRECT", attempt, '{"disposition": "reached", "needs": "a card"}', "it was him after all")
        review = rita.json("REVIEW.NEXT")
        same((review["said"], [item["item"] for item in review["closed"]]), ({"needs": "a card"}, [1]))
        daemon.json("CORRECT", attempt, '{"disposition": "no-answer"}', "no, it was not")
        anna.json("RECORD", "C1", {"items": [1]})
        same(daemon.followup()["state"], "done")
        same(judge(rita, 1, "rejected", REJECTED)["reopened"], [])
        same(daemon.followup()["state"], "done")
        daemon.check()
    with drawing() as daemon:
        anna, rita = daemon.agent("anna"), daemon.agent("rita", "reviewer", [])
        contact(daemon, anna)
        rita.json("REVIEW.NEXT")
        judge(rita, 1, "rejected", REJECTED)
        answer = daemon.json("CORRECT", daemon.list("attempts")[0]["attempt"], '{"disposition": "no-answer"}', "nobody was there")
        same((answer["reopened"], daemon.followup()["state"], daemon.used("C1")), ([], "queued", 1))
        daemon.check()


@test("only contacts in which somebody talked are drawn, RECORDed ones too; a share of 0 draws none, the same seed the same ones")
def _():
    with drawing() as daemon:
        anna, gate = daemon.agent("anna"), daemon.agent("gate", "gateway", ["sms"])
        daemon.client("C1", birthday="1980-03-04", tier="silver")
        daemon.client("C2")
        gate.json("DONE", gate.json("NEXT")["lease"], "sent")
        daemon.event("E2", "C2", "complaint")
        anna.json("DONE", anna.json("NEXT")["lease"], "no-answer")
        anna.json("RECORD", "C1", {"channel": "sms", "disposition": "sent"})
        same(reviews(daemon), [])
        anna.json("RECORD", "C1", {"done_at": TUESDAY + "T08:00"})
        anna.json("RECORD", "C2", {"disposition": "refused"})
        rita = daemon.agent("rita", "reviewer", [])
        same([item["item"] for item in rita.json("REVIEW.NEXT")["closed"]], [])
        same(judge(rita, 1, "rejected", REJECTED)["reopened"], [], "it had closed nothing")
        same([item["rule"] for item in rita.json("REVIEW.NEXT")["closed"]], ["complaint"])
        daemon.check()
    drawn = []
    for share, seed in ((30, 1), (30, 1), (30, 2), (0, 1)):
        with Daemon(settings={"share": str(share), "seed": str(seed), "hours": "always"}) as daemon:
            anna = daemon.agent("anna")
            for number in range(40):
                contact(daemon, anna, f"C{number}")
            drawn.append([row["client_ref"] for row in daemon.list("reviews")])
            # As followupd.conf(5) says that anyone can work it out.
            by_hand = [row["client_ref"] for row in daemon.list("attempts") if int(hashlib.sha256(f"{seed}/{row['attempt']}".encode()).hexdigest()[:15], 16) % 100 < share]
            same(drawn[-1], by_hand)
    same(drawn[0], drawn[1])
    true(drawn[0] != drawn[2] and 3 < len(drawn[0]) < 25, drawn)
    same(drawn[3], [])


if __name__ == "__main__":
    run()
