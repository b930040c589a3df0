"""The sections of RESULTS.md about the bulk work. The figures of each size are kept in a file of their own, so that a section is made of whatever sizes have been measured, each when it could be."""
import re
import statistics

import results
from bulk_books import FESTIVAL, Stopwatch, say

ROWS_A_COMMIT = 1000  # of the plain loop
LARGE = 10000000
PLACES = {"import": 50, "day": 51, "festival": 52, "memory": 53, "restart": 54, "bytes": 55, "simulate": 56}
TITLES = {"import": "Import", "day": "The day cycle", "festival": "A festival that touches every client", "restart": "Restart", "memory": "Memory", "bytes": "The size of the book",
          "simulate": "Simulate"}
WORDS = {
    "import": f"Until every row is durable. The daemon gets the file from followupctl by CLIENT.LOAD, checks every cell, keeps the history of assets and notes whom to look at; what follows "
              f"from the rows is worked in the slices afterwards (`until settled as well`: so long on top), which none of the peers does. The plain loop commits every {ROWS_A_COMMIT} rows; "
              "PostgreSQL copies into a temporary table and upserts from there in one transaction. The events were loaded once, after the clients of the last round.",
    "day": "Ordinary days one after the other; each is a round. The peers are bulk_plain.sql: the same rules, indexed, one transaction, without cap, merging, foresight, record, corrections "
           "or missed days. `made`: the follow-ups that each makes on such a day, by which the growth from one book to the next is judged.",
    "festival": "Every client's greeting created and admitted, cap, foresight and record included, in slices. The peer inserts the same rows (follow-ups, calls, entries, links) into a copy of the "
                "book as it was the evening before, with the same indexes and settings, 100,000 rows in a transaction.",
    "memory": "On the afternoon of the festival, with 256 agents signed in who have each asked for calls and finished them. The connections that METRICS, REPORT and the like read by have caches of "
              "their own; FORECAST works on a copy, which is a file.",
    "restart": f"On the book of the festival's afternoon ({FESTIVAL}). From the start of the process until it tells the service manager that it is ready; after SIGKILL it recovers the log of writes.",
    "bytes": "",
    "simulate": "The peer is bulk_plain.sql day by day without syncs, every queued follow-up done on its day.",
}
TARGETS = {  # of each peer: at least, aim; times its speed, or (smaller) its time
    "import": {"PostgreSQL, COPY and upsert": (1.0, 2.0), "SQLite, plain loop": (0.7, 1.0)},
    "festival": {"SQLite, INSERT ... SELECT": (3.0, 1.5)},
}
LIMITS = {"memory": (128.0, 64.0, " MB"), "restart": (1.0, 0.3, " s"), "simulate": (None, 30.0, " s")}
WORK = {"import": "Import", "day": "The day cycle, an ordinary day", "festival": "A festival", "memory": "Memory, 256 agents", "restart": "Restart to ready", "simulate": "Simulate, a year"}


class Figures:
    """What is measured of one kind of work on one size of the book. save() keeps it, and writes the section anew."""

    def __init__(self, what, count):
        self.what, self.count = what, count
        self.rounds, self.made, self.facts = {}, {}, {}
        self.provenance = results.Provenance()

    def note(self, who, taken, made=None):
        """Seconds, or megabytes."""
        watched = isinstance(taken, Stopwatch)
        self.rounds.setdefault(who, []).append([round(taken.wall, 4), round(taken.cpu, 2)] if watched else [round(taken, 4), None])
        if made is not None:
            self.made.setdefault(who, []).append(made)
        say(f"  {self.what}, {self.count:,} clients: {who} {taken if watched else f'{taken:.3f}'}" + (f", {made:,} follow-ups" if made is not None else ""))

    def fact(self, name, value):
        self.facts[name] = value

    def save(self):
        results.keep(f"bulk-{self.what}-{self.count:08}", {"clients": self.count, "measured": self.provenance.said(), "rounds": self.rounds, "made": self.made, "facts": self.facts})
        write(self.what)
        results.assemble()


def sizes(what):
    """Of that work, by size."""
    return [results.kept(name) for name in results.kept_names(rf"bulk-{what}-\d+")]


def middle(one, who):
    return statistics.median(value for value, _ in one["rounds"][who])


def ratios(one, who):
    """How many times as long as the daemon that peer takes, round by round."""
    return [theirs[0] / max(own[0], 1e-6) for own, theirs in zip(one["rounds"]["followupd"], one["rounds"][who])]


def is_peer(who):
    return not who.startswith("followupd")


def target(what, one, peer, **rest):
    return {"work": f"{WORK[what]}, {one['clients']:,} clients", "peer": peer, **rest}


def judge(what, one):
    """The rows of the table of targets."""
    found = []
    for who, (least, aim) in TARGETS.get(what, {}).items():
        if who in one["rounds"]:
            ratio = statistics.median(ratios(one, who))
            if what == "festival":
                found.append(target(what, one, who, measured=f"{results.times(1 / ratio)} its time", at_least=results.times(least), aim=results.times(aim),
                                    verdict=results.verdict(1 / ratio, least, aim, smaller=True)))
            else:
                found.append(target(what, one, who, measured=results.times(ratio), at_least=results.times(least), aim=results.times(aim), verdict=results.verdict(ratio, least, aim)))
    if what in LIMITS:
        least, aim, unit = LIMITS[what]
        value = middle(one, "followupd")
        found.append(target(what, one, "-", measured=results.number(value) + unit, at_least=f"{least:g}{unit}" if least else None, aim=f"{aim:g}{unit}",
                            verdict=results.verdict(value, least, aim, smaller=True)))
    peers = [who for who in one["rounds"] if is_peer(who)]
    if what == "day" and len(peers) == 2:
        slower, faster = sorted((statistics.median(ratios(one, who)) for who in peers), reverse=True)
        found.append(target(what, one, "plain SQL, the slower and the faster", measured=f"{results.times(slower)}, {results.times(faster)}", at_least="1x the slower", aim="1x the faster",
                            verdict="aim" if faster >= 1 else "least" if slower >= 1 else "below"))
    return found


def grown(all_sizes):
    """The day cycle from one book to the next larger: linear in what falls due. A follow-up costs a larger book a little more, since its indexes are deeper and less of it lies in the cache."""
    found = []
    for small, large in zip(all_sizes, all_sizes[1:]):
        times = middle(large, "followupd") / middle(small, "followupd")
        work = statistics.median(large["made"]["followupd"]) / max(statistics.median(small["made"]["followupd"]), 1)
        found.append({"work": f"The day cycle, from {small['clients']:,} to {large['clients']:,} clients", "peer": f"{results.times(work)} the follow-ups", "measured": f"{results.times(times)} the time",
                      "at_least": "linear", "aim": None, "verdict": "met" if times <= 1.25 * work else "below"})
    return found


def rows_of(one):
    rows = []
    for who, rounds in one["rounds"].items():
        spent = [cpu for _, cpu in rounds if cpu is not None]
        made = one["made"].get(who)
        rows.append([f"{one['clients']:,}, {who}", results.spread(value for value, _ in rounds), f"{statistics.median(spent):.2f}" if spent and not is_peer(who) else "",
                     results.times(statistics.median(ratios(one, who))) if is_peer(who) else "", f"{statistics.median(made):,.0f}" if made else ""])
    return rows


def facts_of(what, one):
    """What else is to be told of it, in words."""
    facts, count = one["facts"], one["clients"]
    if what == "memory":
        return f"{count:,} clients: {facts['waiting']:,} calls and messages waiting, {facts['made']:,} calls made before it was read."
    if what == "restart":
        return f"{count:,} clients: a file of {facts['file'] / 1e9:.1f} GB."
    if what == "festival":
        return f"{count:,} clients: " + ", ".join(f"{number:,} rows of {table}" for table, number in facts["rows"].items()) + f"; the daemon held at most {facts['memory']} MB."
    return ""


# --- Bytes ------------------------------------------------------------------------------------------------

def whole(stage):
    return sum(size for size, _ in stage.values())


def costs(one):
    """Bytes that one of each costs, all its rows and index entries together; None where that size of the book was not looked at so closely."""
    facts, stages = one["facts"], one["facts"]["stages"]
    if "settled" not in stages:
        return None
    first, eve, last = (stages[name] for name in ("settled", "eve", "festival"))
    made = last["followup"][1] - eve["followup"][1]
    found = {"client": sum(first[table][0] for table in first if table.startswith(("client", "person"))) / one["clients"], "event": first["event"][0] / first["event"][1],
             "greeting": (whole(last) - whole(eve)) / max(made, 1)}
    for what in ("message", "call"):
        number, after, seconds = facts[what]
        found[what] = (whole(after) - whole(last)) / max(number, 1)
        found[what + " in the record"] = (after["entry"][0] - last["entry"][0]) / max(number, 1)
        found[what + " a second"] = number / seconds
    return found


def bytes_text(one):
    facts, count, last = one["facts"], one["clients"], one["facts"]["stages"]["festival"]
    text = f"### {count:,} clients\n\nTwo years of events, a week and a festival: {facts['file'] / 1e9:.2f} GB. Tables with their indexes:\n\n"
    text += results.table(["table", "rows", "MB", "bytes a row", "bytes a client"],
                          [[table, f"{rows:,}", f"{size / 1e6:,.1f}", f"{size / rows:.0f}", f"{size / count:.0f}"] for table, (size, rows) in sorted(last.items(), key=lambda item: -item[1][0])
                           if rows > max(100, count // 1000)])
    if (cost := costs(one)) is not None:
        text += f"""
What one of each costs, all its rows and index entries together:

* a client, with the history of his assets and the day when he is next looked at: {cost['client']:.0f} bytes;
* an event: {cost['event']:.0f};
* a greeting, from nothing to waiting (follow-up, call, its entries in the record, their share of the chain): {cost['greeting']:.0f};
* a message sent by a gateway, on top (the contact, the attempt, the hand-out, its entries in the record, less the call's own row): {cost['message']:.0f}, of which the record
  {cost['message in the record']:.0f}; one gateway that asks for 100 at a time sent {cost['message a second']:,.0f} a second;
* a call made, with a note in Chinese, on top of the same: {cost['call']:.0f}, of which the record {cost['call in the record']:.0f}.
"""
    return text


def write(what):
    """The section of that work, of all sizes that there are."""
    all_sizes = [one for one in sizes(what) if what == "bytes" or "followupd" in one["rounds"]]
    if not all_sizes:
        return
    verdicts = [row for one in all_sizes for row in judge(what, one)]
    if what == "day":
        verdicts += grown(all_sizes)
    text = f"## {TITLES[what]}\n\n{WORDS[what]}\n\n"
    if what == "bytes":
        text += "\n".join(bytes_text(one) for one in all_sizes)
    else:
        unit = "MB" if what == "memory" else "seconds"
        header = ["clients", f"{unit}: min / **median** / max", "of the processor", "followupd is so many times as quick", "made"]
        rows = [row for one in all_sizes for row in rows_of(one)]
        used = [place for place in range(len(header)) if place < 2 or any(row[place] for row in rows)]
        text += results.table([header[place] for place in used], [[row[place] for place in used] for row in rows])
        text += "".join(f"\n{said}\n" for one in all_sizes if (said := facts_of(what, one)))
    text += "\n*" + " ".join(f"{one['clients']:,} clients: {results.measured(one['measured'])}." for one in all_sizes) + "*\n"
    results.section(PLACES[what], re.sub(r"\W", "-", what), text, verdicts, provenance=True)


def assemble():
    for what in TITLES:
        write(what)
    results.assemble()
