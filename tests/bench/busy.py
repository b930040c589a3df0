"""NEXT while the daemon has much else to do: the day cycle of a festival that concerns every client, and an import of every client."""
import os
import statistics
import threading
import time

from book import CLIENT_COLUMNS, EVENT_COLUMNS, Book, client_row, same
from measure import Load
from peers import tell
from results import QUICK, ROUNDS, SCALE, number, section, spread, table, times, verdict

AGENTS = 64
PAUSE_MS = 50  # of an agent between two calls, on average, where he pauses
WINDOW = 2.0 if QUICK else 4.0
LONGEST = 20.0 if QUICK else 150.0  # seconds that a window takes which waits for the end of the work
CALLING = min(SCALE, max(SCALE * 4 // 10, 15000))  # clients with a call that waits


class Busy(Book):
    """Every client is to be greeted at Labour Day; some have opened an account. So that calls go out on the holiday itself, when the day cycle runs, the queues are always open here."""

    kind = "busy"
    eve = "2025-04-30T20:00:00"
    festival = "2025-05-01T00:00:30"

    def __init__(self):
        super().__init__(clock=self.eve, start_on="2025-04-28", settings={"hours": "always"})

    def fill(self):
        clients, events = os.path.join(self.folder, "clients.csv"), os.path.join(self.folder, "events.csv")
        with open(events, "w", encoding="utf-8") as file:
            file.write(EVENT_COLUMNS + "\n")
            file.writelines(f"E{place:08},C{place:08},account_opened,2025-04-{28 + place % 3}\n" for place in range(CALLING))
        self.write_clients(clients)
        for what, path in (("clients", clients), ("events", events)):
            self.import_file(what, path)
            os.remove(path)
        self.work_long()
        same(self.waiting("service"), CALLING, "calls that wait")

    @staticmethod
    def write_clients(path, assets=0):
        with open(path, "w", encoding="utf-8") as file:
            file.write(CLIENT_COLUMNS + "\n")
            file.writelines(client_row(place, assets=assets) for place in range(SCALE))


class Work(threading.Thread):
    """Something that the daemon does meanwhile; took: seconds, once it is done."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.what, self.took = what, None

    def run(self):
        began = time.monotonic()
        try:
            self.what()
            self.took = time.monotonic() - began
        except (ConnectionError, OSError, AssertionError):
            pass  # the daemon was ended meanwhile


def window(book, longest, words, work=None):
    """What the agents saw in it; it ends early when the work does."""
    load = Load(book, AGENTS, *words)
    time.sleep(0.5 if QUICK else 1.0)  # the connections are there, and their first answers
    if work is not None and not work.is_alive() and work.took is None:
        work.start()
    load.anew()
    if work is None:
        time.sleep(longest)
    else:
        work.join(longest)
    return load.end()


PAUSING = ("--think", str(PAUSE_MS))
WAYS = (("without a pause", ()), (f"{PAUSE_MS} ms between two calls", PAUSING))


def measure(book, what, whole):
    """Both windows idle, then both while the work is done; whole: until its end."""
    book.restore()
    book.start()
    try:
        idle = [window(book, WINDOW * (1 + place), words) for place, (_, words) in enumerate(WAYS)]
        if what == "festival":
            def task():
                with book.connect(3600) as client:
                    client.call("CLOCK", "SET", book.festival)
        else:
            path = os.path.join(book.folder, "clients.csv")
            book.write_clients(path, assets=1000)
            def task():
                status, said, errors = book.ctl_long("import", "clients", path)
                if status != 0:
                    raise AssertionError(said + errors)
        work = Work(task)
        during = [window(book, WINDOW, (), work)]
        during.append(window(book, LONGEST if whole else 2 * WINDOW, PAUSING, work))
        return {"idle": idle, "during": during, "took": work.took, "memory": book.resident()}
    finally:
        book.kill()


def busy():
    book = Busy()
    figures = {"festival": [], "import": []}
    try:
        book.prepare()
        for turn in range(ROUNDS):
            for what, results in figures.items():
                results.append(measure(book, what, turn == 0))
                last = results[-1]
                tell(f"{what}, round {turn + 1} of {ROUNDS}: NEXT p99 " + ", ".join(f"{way} {last['idle'][place]['next']['p99_ms']:.2f} -> {last['during'][place]['next']['p99_ms']:.2f} ms"
                     for place, (way, _) in enumerate(WAYS)) + (f"; done in {last['took']:.1f} s" if last["took"] else ""))
                if any(window["ran_dry"] for window in last["idle"] + last["during"]):
                    tell("the calls ran out: the figures are of less than the window")
            write(figures)
    finally:
        book.kill()
        book.remove()


TITLES = {"festival": f"the day cycle of a festival, {SCALE:,} clients", "import": f"an import of {SCALE:,} rows"}


def write(figures):
    rows, targets, ends = [], [], []
    for what, results in figures.items():
        if not results:
            continue
        for place, (way, _) in enumerate(WAYS):
            idle, during = [result["idle"][place]["next"] for result in results], [result["during"][place]["next"] for result in results]
            ratio = statistics.median(ours["p99_ms"] / theirs["p99_ms"] for ours, theirs in zip(during, idle))
            highest = max(one["p99_ms"] for one in during)
            rows.append((TITLES[what], way, spread(one["p99_ms"] for one in idle), spread(one["p99_ms"] for one in during), times(ratio), number(max(one["max_ms"] for one in during)),
                         f"{number(statistics.median(result['idle'][place]['cycles_per_second'] for result in results))} -> "
                         f"{number(statistics.median(result['during'][place]['cycles_per_second'] for result in results))}"))
            targets.append({"work": f"NEXT p99, {AGENTS} agents, {way}, while {TITLES[what]} is worked", "peer": "itself, idle", "measured": f"{times(ratio)}, {number(highest)} ms",
                            "at_least": "3x, 50 ms", "aim": "2x", "verdict": verdict(ratio, 3.0, 2.0, smaller=True) if highest <= 50 else "below"})
        if results[0]["took"]:
            ends.append(f"{TITLES[what]}: done after {number(results[0]['took'], 1)} s, with the agents at work all the time; {number(results[0]['memory'][1])} MB of memory at most.")
    section(40, "busy", f"""## NEXT while a festival's day cycle or an import runs

{SCALE:,} clients, {CALLING:,} calls waiting, {AGENTS} agents. Once each agent asks again as soon as he is answered, once he pauses {PAUSE_MS} ms on average, which is still a thousand times faster than people
speak. Idle and during are measured on the same daemon, {WINDOW:g} s without a pause and {2 * WINDOW:g} s with; in the first round the second window lasts to the end of the work. The festival is Labour Day, when
the shipped calling hours are closed: here the queues are always open (`hours = always`), so that there is something to measure. "Longest" is the slowest single answer of all rounds.

{table(("meanwhile", "the agents", "idle p99, ms", "during: p99, ms", "ratio", "longest, ms", "cycles/s"), rows)}
{chr(10).join('* ' + end for end in ends)}
""", targets)
