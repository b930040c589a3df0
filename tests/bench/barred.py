"""NEXT behind calls that this agent may not serve."""
import os
import statistics

from book import CLIENT_COLUMNS, EVENT_COLUMNS, MANAGERS, Book, client_row, same
from measure import load
from peers import tell
from results import QUICK, ROUNDS, SCALE, number, section, spread, table, times, verdict

BARRED = SCALE // 10
BEHIND = max(BARRED, 20000)  # calls that he may serve, behind the others
SECONDS = 1.0 if QUICK else 2.0
AGENTS = (1, 64)


class Barred(Book):
    """First, by priority, complaints that the agent may not serve; behind them clients who have not traded for six months."""

    names = "alone"

    def __init__(self, kind, title, manager=None, hours="", count=BARRED):
        self.kind, self.words, self.manager, self.hours, self.count = kind, title, manager, hours, count
        super().__init__()

    def sign_up(self):
        self.add_agent("boss")
        for place in range(64):
            self.add_agent(f"seller{place:02}", "agent,marketing")

    def groups(self):
        sellers = sorted(name for name in self.agents if name != "boss")
        return {"sellers": sellers, "alone": ["boss"] if self.manager == "boss" else sellers[:1]}

    def fill(self):
        clients, events = os.path.join(self.folder, "clients.csv"), os.path.join(self.folder, "events.csv")
        with open(clients, "w", encoding="utf-8") as client_file, open(events, "w", encoding="utf-8") as event_file:
            client_file.write(CLIENT_COLUMNS + "\n")
            event_file.write(EVENT_COLUMNS + "\n")
            for place in range(self.count):
                client_file.write(client_row(place, manager=self.manager, hours=self.hours))
                event_file.write(f"E{place:08},C{place:08},{'complaint' if not self.hours else 'account_closed'},2025-03-0{place % 3 + 1}\n")
            for place in range(self.count, self.count + BEHIND):
                client_file.write(client_row(place, traded=f"2024-09-0{place % 3 + 1}"))
        for what, path in (("clients", clients), ("events", events)):
            self.import_file(what, path)
            os.remove(path)
        self.work_long()
        same(self.waiting("service"), self.count + BEHIND, "calls that wait")

    def load_words(self, agents):
        self.names = "alone" if agents == 1 else "sellers"
        words = super().load_words(agents)
        self.names = "alone"
        return words


def barred():
    books = [Barred("barred-none", "none: only those that he may", count=0),
             Barred("barred-own", "all of one manager: the agent himself; of 64, all in marketing, which may not take complaints", manager="boss"),
             Barred("barred-spread", f"of {MANAGERS} managers, complaints, which marketing may not take; all agents are in marketing"),
             Barred("barred-hours", "clients whose own hours are closed now, of whom nobody may be rung", hours='"Mon 14:30-17:00"')]
    figures = {(book.kind, agents): [] for book in books for agents in AGENTS}
    try:
        for book in books:
            book.prepare()
        for turn in range(ROUNDS):
            for agents in AGENTS:
                for place in range(len(books)):
                    book = books[(turn + place) % len(books)]
                    book.restore()
                    book.start()
                    try:
                        figures[book.kind, agents].append(load(book, agents, SECONDS))
                    finally:
                        book.stop()
            tell(f"barred, round {turn + 1} of {ROUNDS}: " + ", ".join(f"{kind} {agents} p99 {results[-1]['next']['p99_ms']:.2f} ms" for (kind, agents), results in figures.items()))
            write(books, figures)
    finally:
        for book in books:
            book.stop()
            book.remove()


def write(books, figures):
    rows, targets = [], []
    for agents in AGENTS:
        for book in books:
            results, idle = figures[book.kind, agents], figures[books[0].kind, agents]
            ratio = [ours["next"]["p99_ms"] / theirs["next"]["p99_ms"] for ours, theirs in zip(results, idle)]
            value = statistics.median(ratio)
            rows.append((agents, book.words, *(spread(result["next"][point] for result in results) for point in ("p50_ms", "p99_ms")), times(value) if book is not books[0] else "",
                         spread(result["cycles_per_second"] for result in results)))
            if book.kind != "barred-none" and (agents == 1 or book.kind != "barred-own"):
                targets.append({"work": f"NEXT p99 behind {BARRED:,} calls that this agent may not serve, {agents} agent{'s' if agents > 1 else ''}: {book.kind[7:]}", "peer": "itself, with none",
                                "measured": times(value), "at_least": "2x", "aim": "1.2x", "verdict": verdict(value, 2.0, 1.2, smaller=True)})
    section(30, "barred", f"""## NEXT behind {BARRED:,} calls that this agent may not serve

{BARRED:,} calls stand first on the queue, because of their priority; behind them {BEHIND:,} that the agent may serve, and takes, for {SECONDS:g} s.

{table(("agents", f"the {number(BARRED)} in front", "NEXT p50, ms", "NEXT p99, ms", "to none", "cycles/s"), rows)}""", targets)
