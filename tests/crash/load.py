"""A load of several agents, a gateway, a feeder, a supervisor and a clock, each of whom keeps a ledger of what was acknowledged; and the comparison of the ledgers with the book.

Every command carries a mark of its own into the book: a client_ref, an event_ref, a version in a name, a word in a reason or a note. So each acknowledged command can be looked for, must
be there once, and each one without an answer must be there wholly or not at all. Nobody here knows where the daemon runs: connect() gives a connection that is signed in as nobody.
"""
import collections
import datetime
import json
import os
import random
import re
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from harness import Closed, Error, same, true  # noqa: E402

MARK = re.compile(r"mark-[a-z0-9]+-\d+")
KINDS = ("complaint", "account_opened", "permission_opened", "trade", "abnormal", "account_closed", "account_reopened", "asset_outflow", "transfer_requested")
DISPOSITIONS = ("reached",) * 6 + ("busy", "no-answer", "refused", "disputed", "wrong-number", "third-party")
AGENTS = ("anna", "bert", "cleo", "dora")
RECORD_CREATED, RECORD_REOPENED, RECORD_HANDED_OUT, RECORD_CORRECTED = 1, 10, 20, 60
DONE_STATES = (2, 3)


class Told:
    """One command that was sent, and what became of it."""

    __slots__ = ("words", "mark", "reply", "answered", "there")

    def __init__(self, words, mark=None):
        self.words, self.mark, self.reply, self.answered, self.there = words, mark, None, False, 0

    @property
    def refused(self):
        return isinstance(self.reply, Error)


class Worker(threading.Thread):
    """One connection. ledger is what it told since the last comparison, in order."""

    def __init__(self, life, name, sign_in=None):
        super().__init__(daemon=True)
        self.life, self.name = life, name
        self.chance = random.Random(f"{life.seed} {life.round} {name}")
        self.sign_in, self.connection = sign_in, None
        self.ledger = []
        self.trouble = None

    def mark(self):
        self.life.marks[self.name] += 1
        return f"mark-{self.name}-{self.life.marks[self.name]}"

    def tell(self, *tolds):
        """Sends them in one pipeline; the ledger has them before the first byte goes out."""
        self.ledger += tolds
        self.connection.write(b"".join(self.connection.encode(*told.words) for told in tolds))
        for told in tolds:
            told.reply = self.connection.read()
            told.answered = True
            self.life.acknowledged += not told.refused
            true(not told.refused or not told.reply.startswith(("STORE", "NOAUTH", "NOPERM", "NOPROTO")), f"{told.words}: {told.reply}")
        return tolds

    def ask(self, *words):
        """Something that changes nothing and is in no ledger."""
        self.connection.send(*words)
        reply = self.connection.read()
        return None if isinstance(reply, Error) or reply is None else json.loads(reply)

    def run(self):
        try:
            self.connection = self.life.connect()
            if self.sign_in is not None:
                same(self.connection.call("AUTH", self.sign_in, self.life.tokens[self.sign_in]), "OK")
            while not self.life.over.is_set():
                self.turn()
        except (Closed, ConnectionError, FileNotFoundError):
            pass
        except Exception as trouble:  # told by whoever joins
            self.trouble = trouble
        finally:
            if self.connection is not None:
                self.connection.close()

    def rest(self, seconds):
        self.life.over.wait(seconds * self.life.patience)


class Feeder(Worker):
    def turn(self):
        life, tolds = self.life, []
        for _ in range(self.chance.choice((1, 5, 20, 60))):
            if not life.clients or self.chance.random() < 0.3:
                number = len(life.clients)
                life.clients.append(f"C{number}")
                life.versions[f"C{number}"] = 0
                document = {"client_ref": f"C{number}", "name": "v0", "phone": f"139{number:08}", "email": "c@example.com", "opened_on": "2020-01-01",
                            "tier": self.chance.choice(("gold", "silver", "standard")), "manager": f"M{number % 5}", "branch": f"SH0{number % 3}",
                            "birthday": f"1980-{self.chance.randrange(1, 13):02}-{self.chance.randrange(1, 29):02}"}
                if number % 3 == 0:
                    document["person_ref"] = f"P{number // 6}"
                tolds.append(Told(("CLIENT.PUT", document), ("client", f"C{number}")))
                continue
            ref = self.chance.choice(life.clients[-2000:])
            if self.chance.random() < 0.3:
                life.versions[ref] += 1
                tolds.append(Told(("CLIENT.PUT", {"client_ref": ref, "name": f"v{life.versions[ref]}", "tier": self.chance.choice(("gold", "silver", "standard"))}),
                                  ("version", (ref, life.versions[ref]))))
                continue
            life.events += 1
            day = life.clock.date() - datetime.timedelta(days=self.chance.choice((0, 0, 0, 1, 3)))
            document = {"event_ref": f"E{life.events}", "client_ref": ref, "kind": self.chance.choice(KINDS), "occurred_at": day.isoformat()}
            if document["kind"] == "asset_outflow":
                document["amount"] = "600000"
            tolds.append(Told(("EVENT.PUT", document), ("event", f"E{life.events}")))
        self.tell(*tolds)
        self.rest(0.01)


class Agent(Worker):
    """Takes calls, keeps them, closes them or gives them back; tells of contacts without a lease."""

    lease = None

    def next(self):
        told = Told(("NEXT",), ("lease", self.name))
        self.use(told, self.tell(told))
        return self.lease is not None

    def use(self, told, _=None):
        document = json.loads(told.reply) if told.reply is not None and not told.refused else {}
        self.lease = document.get("lease")
        self.answers = {name: "heard" for script in document.get("scripts", []) for name in script.get("form", [])}

    def close(self):
        mark = self.mark()
        if self.chance.random() < 0.1:
            return Told(("RELEASE", self.lease, mark), ("entry", mark))
        said = {"note": mark}
        disposition = self.chance.choice(DISPOSITIONS)
        if disposition == "reached" and self.chance.random() < 0.1:
            said["promise"] = {"by": (self.life.clock.date() + datetime.timedelta(days=2)).isoformat(), "matter": "a letter"}
        said["answers"] = self.answers
        return Told(("DONE", self.lease, disposition, json.dumps(said)), ("entry", mark))

    def turn(self):
        if self.lease is None and not self.next():
            if self.life.clients and self.chance.random() < 0.5:
                mark = self.mark()
                said = {"note": mark, "done_at": self.life.clock.isoformat()}
                self.tell(Told(("RECORD", self.chance.choice(self.life.clients), json.dumps(said)), ("entry", mark)))
            self.rest(0.02)
            return
        tolds = [Told(("TOUCH", self.lease))] if self.chance.random() < 0.5 else []
        again = Told(("NEXT",), ("lease", self.name))
        self.tell(*tolds, self.close(), again)
        self.use(again)


class Gateway(Worker):
    def turn(self):
        told = Told(("NEXT", "COUNT", self.chance.choice((1, 5, 20))), ("lease", self.name))
        self.tell(told)
        leases = [json.loads(text)["lease"] for text in told.reply or [] if not told.refused] if not told.refused else []
        tolds = []
        for lease in leases:
            if self.chance.random() < 0.9:
                mark = self.mark()
                tolds.append(Told(("DONE", lease, self.chance.choice(("sent", "sent", "sent", "bounced")), json.dumps({"note": mark})), ("entry", mark)))
        if tolds:
            self.tell(*tolds)
        else:
            self.rest(0.05)


class Supervisor(Worker):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = 0

    def some(self, what, *words):
        rows = self.ask("LIST", what, *words, "LIMIT", "20") or []
        return self.chance.choice(rows) if rows else None

    def turn(self):
        life, mark, what = self.life, self.mark(), self.chance.randrange(7)
        later = life.clock + datetime.timedelta(hours=self.chance.randrange(1, 30))
        ref = self.chance.choice(life.clients) if life.clients else None
        words = None
        if what == 0 and (row := self.some("calls", "STATE", "ready")):
            words = ("MOVE", row["call"], self.chance.choice(("hq", "service")), mark)
        elif what == 1 and ref:
            words = ("DNC", ref, self.chance.choice(("phone", "sms", "all")), self.chance.choice(("none", later.date().isoformat(), "CLEAR")), mark)
        elif what == 2 and (row := self.some("followups", "STATE", self.chance.choice(("scheduled", "suppressed")))):
            words = ("OVERRIDE", row["followup"], "second", mark)
        elif what == 3:
            words = ("PAUSE", "RULE", self.chance.choice(("dormant", "birthday", "account-opened")), later.isoformat(timespec="minutes"), mark)
        elif what == 4 and (row := self.some("tasks", "STATE", "open") or self.some("tasks")):
            words = ("ACK", row["task"], mark)
        elif what == 5:
            words = ("HANDOVER", f"M{self.chance.randrange(5)}", self.chance.choice(("M8", "M9", "none")), mark)
        elif what == 6 and (row := self.some("attempts", "AFTER", str(self.seen))):
            self.seen = row["attempt"]
            words = ("CORRECT", row["attempt"], json.dumps({"satisfaction": self.chance.randrange(1, 6), "note": "as heard"}), mark)
        if words:
            self.tell(Told(words, ("entry", mark)))
        self.rest(0.03)


class Clock(Worker):
    """Lets time go by, so that days are worked; the life's clock is never behind what was sent."""

    def turn(self):
        seconds = self.chance.choice((600, 1200, 3600, 3 * 3600, 8 * 3600, 24 * 3600, 60 * 3600))
        told = Told(("CLOCK", "ADVANCE", seconds))
        self.life.clock += datetime.timedelta(seconds=seconds)
        self.tell(told)
        self.life.clock_reached = self.life.clock
        self.rest(0.1)


class Reader(Worker):
    """Long reads, whose snapshots stand in the way of checkpoints."""

    def turn(self):
        self.ask("REPORT")
        if self.life.clients:
            self.ask("WHY", self.chance.choice(self.life.clients))
        self.rest(0.05)


class Life:
    """One book, and all who work on it, over any number of crashes. Clients are C0, C1, ..., events E1, E2, ...; whatever else is in the book is not theirs."""

    def __init__(self, seed, connect, clock, patience=1.0):
        self.seed, self.connect, self.clock, self.patience = seed, connect, clock, patience
        self.clock_reached = clock
        self.round = 0
        self.marks = collections.Counter()
        self.tokens, self.clients, self.versions, self.events = {}, [], {}, 0
        self.acknowledged = 0
        self.workers = []
        self.over = threading.Event()
        # What the last comparison found: numbers up to which the book was read, and what must not change below them.
        self.entry_seen, self.chain = 0, (0, None)
        self.client_count = self.event_count = 0
        self.known_versions = {}
        self.leases = collections.defaultdict(set)
        self.told_again, self.expected = [], {}
        self.figures = collections.Counter()
        self.losses = []

    def found(self, text):
        """Something that must not be."""
        self.losses.append(text)

    # The load.

    def set_up(self):
        """Adds the people; the book is empty."""
        with self.connect() as client:
            for name, roles, queues in [(name, "agent", ("service", "hq", "manager/*", "branch/*")) for name in AGENTS] + [("gate", "gateway", ("sms", "email", "letter"))]:
                self.tokens[name] = client.json("AGENT.ADD", name, roles, "QUEUES", *queues)["token"]
            for name in ("boss", "second"):
                self.tokens[name] = client.json("AGENT.ADD", name, "supervisor")["token"]

    def begin(self):
        self.round += 1
        self.over.clear()
        self.workers = [Feeder(self, "feeder"), *(Agent(self, name, name) for name in AGENTS), Gateway(self, "gate", "gate"), Supervisor(self, "boss", "boss"),
                        Clock(self, "clock"), Reader(self, "reader")]
        for worker in self.workers:
            worker.start()

    def end(self):
        """Once the daemon is gone. Those who found something wrong say so."""
        self.over.set()
        for worker in self.workers:
            worker.join()
            true(worker.trouble is None, lambda: f"{worker.name}: {worker.trouble!r}")

    # The comparison.

    def compare(self, path):
        """The book as the crash left it (a copy: opening it recovers it) against the ledgers."""
        book = sqlite3.connect(path)
        try:
            verdict = book.execute("PRAGMA integrity_check").fetchall()
            if verdict != [("ok",)]:
                self.found(f"integrity_check: {verdict[:3]}")
            self.compare_chain(book)
            self.compare_facts(book)
            self.compare_entries(book)
            self.compare_leases(book)
            self.compare_done(book)
            self.look_for_halves(book)
        except sqlite3.Error as error:
            gone = sum(told.answered and told.mark is not None and not told.refused for worker in self.workers for told in worker.ledger)
            self.figures["acknowledged"] += gone
            self.figures["lost"] += gone
            self.found(f"the book cannot be read: {error}")
        finally:
            book.close()
        self.workers = []

    def told(self, kind):
        for worker in self.workers:
            for told in worker.ledger:
                if told.mark is not None and told.mark[0] == kind:
                    yield worker, told

    def count(self, told, there):
        """Books one command of the ledger."""
        if told.answered and not told.refused:
            self.figures["acknowledged"] += 1
            if there == 0:
                self.figures["lost"] += 1
                self.found(f"lost: {told.words} was answered {str(told.reply)[:80]!r}")
        elif told.answered and there > 0:
            self.figures["half"] += 1
            self.found(f"refused, and in the book: {told.words}: {told.reply}")
        elif not told.answered:
            self.figures["unanswered"] += 1
            self.figures["unanswered_done"] += there > 0
        if there > 1:
            self.figures["doubled"] += 1
            self.found(f"{there} times: {told.words}")

    def compare_chain(self, book):
        """What the record held at the last comparison it still holds."""
        link, digest = self.chain
        if link > 0:
            now = book.execute("SELECT digest FROM link WHERE id=?", (link,)).fetchone()
            if now is None or now[0] != digest:
                self.found(f"link {link} of the record is gone or another")
        self.chain = book.execute("SELECT id, digest FROM link ORDER BY id DESC LIMIT 1").fetchone() or (0, None)

    def compare_facts(self, book):
        clients = dict(book.execute("SELECT ref, name FROM client WHERE ref>='C' AND ref<'D'"))
        events = {ref for ref, in book.execute("SELECT ref FROM event WHERE ref>='E' AND ref<'F'")}
        for worker in self.workers:
            gap = None
            for told in worker.ledger:
                if told.mark is None or told.mark[0] not in ("client", "event", "version"):
                    continue
                kind, key = told.mark
                if kind == "version":
                    there = int(int((clients.get(key[0]) or "v-1")[1:]) >= key[1])
                else:
                    there = int(key in (clients if kind == "client" else events))
                self.count(told, there)
                # One connection's commands are done in their order: behind one that is missing there is none.
                if there and gap is not None and not told.refused:
                    self.found(f"{told.words} is there, and {gap} before it is not")
                if not there and not told.refused:
                    gap = told.words
        if len(clients) < self.client_count or len(events) < self.event_count:
            self.found(f"{self.client_count} clients and {self.event_count} events were there, now {len(clients)} and {len(events)}")
        self.client_count, self.event_count = len(clients), len(events)
        # A version told and not done is never seen later: the next one is told as a higher one.
        for ref, name in clients.items():
            if int(name[1:]) > self.versions[ref]:
                self.found(f"{ref} has version {name}, told were {self.versions[ref]}")
        # Those the crash swallowed are told again as new ones.
        self.clients = [f"C{number}" for number in range(len(clients))]
        if set(self.clients) != set(clients):
            self.found("clients are missing between others")
        self.versions = {ref: int(name[1:]) for ref, name in clients.items()}

    def compare_entries(self, book):
        marks = collections.Counter()
        # What was corrected stands in the correction again, before and since; its own mark is the reason.
        for body, in book.execute("SELECT iif(kind=?, json_extract(body, '$.reason'), body) FROM entry WHERE id>? AND body LIKE '%mark-%'",
                                  (RECORD_CORRECTED, self.entry_seen)):
            marks.update(set(MARK.findall(body)))
        for mark, times in self.expected.items():
            if marks.pop(mark, 0) != times:
                self.figures["doubled"] += times == 0
                self.found(f"{mark} was told again after the last crash and should be there {times} times more, and is not")
        self.expected = {}
        for _, told in self.told("entry"):
            told.there = marks.pop(told.mark[1], 0)
            self.count(told, told.there)
        if marks:
            self.found(f"in the book, and nobody told it now: {list(marks)[:5]}")

    def compare_leases(self, book):
        """Each hand-out in the record is one that was answered, but for what was asked last."""
        rows = book.execute("SELECT (SELECT n.text FROM name n WHERE n.id=e.agent), e.call_id, json_extract(e.body, '$.generation') FROM entry e "
                            "WHERE e.kind=? AND e.id>?", (RECORD_HANDED_OUT, self.entry_seen)).fetchall()
        handed = collections.Counter(rows)
        for row, times in handed.items():
            if times > 1:
                self.figures["doubled"] += 1
                self.found(f"handed out {times} times: {row}")
        new = collections.defaultdict(set)
        for agent, call, generation in handed:
            new[agent].add(f"{call}.{generation}")
        for name in (*AGENTS, "gate"):
            asked, open_count = set(), 0
            for worker, told in self.told("lease"):
                if worker.name != name:
                    continue
                if not told.answered:
                    self.figures["unanswered"] += 1
                    open_count += int(told.words[2]) if len(told.words) > 2 else 1
                elif told.reply is not None and not told.refused:
                    self.figures["acknowledged"] += 1
                    replies = told.reply if isinstance(told.reply, list) else [told.reply]
                    asked.update(json.loads(reply)["lease"] for reply in replies)
            lost = asked - new[name] - self.leases[name]
            if lost:
                self.figures["lost"] += len(lost)
                self.found(f"leases that {name} was given are gone: {sorted(lost)[:5]}")
            extra = new[name] - asked
            if len(extra) > open_count:
                self.found(f"{name} was given {len(extra)} calls without an answer, and had asked for {open_count}")
            self.figures["unanswered_done"] += len(extra)
            self.leases[name] |= new[name]
        self.entry_seen = book.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()[0]

    def compare_done(self, book):
        """What an acknowledged DONE says it has closed is closed, or was reopened since."""
        for _, told in self.told("entry"):
            if told.words[0] not in ("DONE", "RECORD") or told.reply is None or told.refused:
                continue
            for item in json.loads(told.reply).get("closed", []):
                state = book.execute("SELECT state FROM followup WHERE id=?", (item,)).fetchone()
                reopened = book.execute("SELECT 1 FROM entry WHERE followup_id=? AND kind=?", (item, RECORD_REOPENED)).fetchone()
                if state is None or (state[0] < DONE_STATES[0] and not reopened):
                    self.figures["half"] += 1
                    self.found(f"{told.words} closed {item}, which is {state}")
        self.told_again = [(worker.name, told) for worker, told in self.told("entry") if told.words[0] == "DONE" and (not told.answered or not told.refused)]

    def look_for_halves(self, book):
        """What one command writes in several places is in all of them."""
        for what, query in {
            # A message that bounces, and a correction, take a contact back and leave it to nobody.
            "a contact of nobody": "SELECT id FROM attempt a WHERE disposition IN ('reached', 'refused', 'disputed') AND corrected_by IS NULL AND coalesce(contact_id, 0) "
                                   "NOT IN (SELECT c.id FROM contact_client k JOIN contact c ON c.id=k.contact_id)",
            "a client's share of no contact": "SELECT contact_id FROM contact_client k WHERE NOT EXISTS (SELECT 1 FROM contact c WHERE c.id=k.contact_id)",
            "an attempt without its entry": "SELECT id FROM attempt a WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.id=a.id)",
            "a hand-out without its entry": f"SELECT id, generation FROM call h WHERE shown IS NOT NULL AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.kind={RECORD_HANDED_OUT} "
                                            "AND e.call_id=h.id AND json_extract(e.body, '$.generation')=h.generation)",
            "a lease of which nobody knows what was shown": "SELECT id FROM call WHERE (state=2)<>(shown IS NOT NULL)",
            "a try under a lease whose hand-out is lost": "SELECT id FROM attempt a WHERE generation>0 AND id>(SELECT max(id) FROM attempt)-2000 AND shown IS NULL AND NOT EXISTS (SELECT 1 FROM handout h "
                                                          "WHERE h.call_id=a.call_id AND h.generation=a.generation) AND NOT EXISTS (SELECT 1 FROM attempt b WHERE b.call_id=a.call_id "
                                                          "AND b.generation=a.generation AND b.shown IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM call c WHERE c.id=a.call_id AND c.shown IS NOT NULL)",
            "an entry without its link": "SELECT id FROM entry WHERE id>coalesce((SELECT max(last_entry) FROM link), 0)",
            "a follow-up that no entry has created": f"SELECT id FROM followup f WHERE id>(SELECT max(id) FROM followup)-500 AND NOT EXISTS "
                                                     f"(SELECT 1 FROM entry e WHERE e.client_id=f.client_id AND e.followup_id=f.id AND e.kind={RECORD_CREATED})",
            "a complaint without its follow-up": "SELECT e.ref FROM event e JOIN name k ON k.id=e.kind JOIN client c ON c.id=e.client_id WHERE k.text='complaint' "
                                                 "AND e.occurred_at/86400<=(SELECT value FROM meta WHERE key='worked_on') "
                                                 "AND NOT EXISTS (SELECT 1 FROM followup f JOIN name r ON r.id=f.rule WHERE r.text='complaint' AND f.client_id=c.id AND f.occasion=e.ref) "
                                                 "AND NOT EXISTS (SELECT 1 FROM client_due d WHERE d.client_id=c.id AND d.next_on<=(SELECT value + 1 FROM meta WHERE key='worked_on'))",
            "an occasion with two follow-ups": "SELECT client_id, rule, occasion FROM followup GROUP BY 1, 2, 3 HAVING count(*)>1",
            "a third unmarked contact of a quarter": "SELECT c.person, strftime('%Y', k.on_day*86400, 'unixepoch') || (strftime('%m', k.on_day*86400, 'unixepoch')+2)/3, "
                                                     "count(DISTINCT k.contact_id) FROM contact_client k JOIN contact x ON x.id=k.contact_id JOIN client c ON c.id=k.client_id "
                                                     "WHERE x.over_cap=0 GROUP BY 1, 2 HAVING count(DISTINCT k.contact_id)>2",
        }.items():
            rows = book.execute(query).fetchmany(5)
            if rows:
                self.figures["broken"] += 1
                self.found(f"{what}: {rows}")

    def ask_daemon(self):
        """The daemon that is back: its own checks, what it answers to commands that are told again, and whether the day is worked to its end."""
        with self.connect() as client:
            same(client.call("CLOCK", "ADVANCE", 0), "OK")
            info = dict(line.split(":", 1) for line in client.call("INFO").splitlines() if ":" in line)
            if (info["idle"], info["storage"]) != ("yes", "healthy") or info["worked_until"] < self.clock_reached.date().isoformat():
                self.found(f"idle {info['idle']}, storage {info['storage']}, worked until {info['worked_until']}, clock {self.clock_reached}")
            check, verdict = client.json("CHECK"), client.json("VERIFY")
            if check["faults"]:
                self.figures["broken"] += 1
                self.found(f"CHECK: {check['faults'][:5]}")
            if not verdict["holds"]:
                self.figures["broken"] += 1
                self.found(f"VERIFY: {verdict}")
        self.figures["faults"] = len(self.losses)

    def tell_again(self):
        """The last DONEs once more, answered and unanswered: what was done is answered the same, and not done twice."""
        for name in sorted({name for name, _ in self.told_again}):
            with self.connect() as client:
                same(client.call("AUTH", name, self.tokens[name]), "OK")
                for told in [told for who, told in self.told_again if who == name][-4:]:
                    client.send(*told.words)
                    reply = client.read()
                    if told.answered and reply != told.reply or told.there and isinstance(reply, Error):
                        self.found(f"{told.words} was answered {told.reply!r}, told again {reply!r}")
                    self.expected[told.mark[1]] = int(not told.there and not isinstance(reply, Error))
                    self.figures["told_again"] += 1
        self.told_again = []
        self.figures["faults"] = len(self.losses)


def copy_book(database, folder):
    """A copy of the files as they lie there."""
    copy = os.path.join(folder, "copy.db")
    for end in ("", "-wal"):
        try:
            with open(database + end, "rb") as source, open(copy + end, "wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
        except FileNotFoundError:
            if os.path.exists(copy + end):
                os.remove(copy + end)
    if os.path.exists(copy + "-shm"):
        os.remove(copy + "-shm")
    return copy

