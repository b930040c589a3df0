#!/usr/bin/env python3
"""The figures of followup-sizing(7), from those that are kept in the folder figures: what stands there between the comments "figures NAME" and "end of figures" is written anew (make bench-page)."""
import os
import re
import statistics
import sys

import bulk_report
import results

MANUAL = os.path.join(results.ROOT, "man/followup-sizing.7")
SIZES = (100000, 1000000, 10000000)
ABSENT = "-"
QUIET = 80  # percent of the processors idle before a section: below, its times are those of whatever else ran, and the time of the processor is told instead


def of(what, count):
    return results.kept(f"bulk-{what}-{count:08}")


def middle(what, count, who="followupd"):
    one = of(what, count)
    return bulk_report.middle(one, who) if one and who in one["rounds"] else None


def seconds(value):
    if value is None:
        return ABSENT
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s" if value < 180 else f"{value / 60:.0f} min"


def octets(value):
    if value is None:
        return ABSENT
    return f"{value / 1e6:.0f} MB" if value < 1e9 else f"{value / 1e9:.1f} GB"


def took(what, count, *names):
    """How long, or how much of the processor where the machine was not quiet."""
    one = of(what, count)
    if one is None or any(who not in one["rounds"] for who in names):
        return ABSENT
    if one["measured"]["idle"] >= QUIET:
        return " + ".join(seconds(bulk_report.middle(one, who)) for who in names)
    return " + ".join(seconds(statistics.median(cpu for _, cpu in one["rounds"][who])) for who in names) + " *"


def file_after(count, what):
    one, looked_at = of(what, count), of("bytes", count)
    if one is not None and "file" in one["facts"]:
        return octets(one["facts"]["file"])
    if what == "import" and looked_at is not None and "settled" in looked_at["facts"]["stages"]:
        return octets(bulk_report.whole(looked_at["facts"]["stages"]["settled"]))
    return ABSENT


def made(count):
    one = of("day", count)
    return f"{statistics.median(one['made']['followupd']):,.0f}" if one else ABSENT


def megabytes(value):
    return ABSENT if value is None else f"{value:.0f} MB"


ROWS = [
    ("the book's file, loaded", lambda count: file_after(count, "import")),
    ("the file after a festival", lambda count: file_after(count, "bytes")),
    ("memory, 256 agents at work", lambda count: megabytes(middle("memory", count))),
    ("from the start until ready", lambda count: seconds(middle("restart", count))),
    ("the same, with a cold cache", lambda count: seconds(middle("restart", count, "followupd, its file not in the page cache"))),
    ("clients loaded + settled", lambda count: took("import", count, "followupd", "followupd, until settled as well")),
    ("two years of events + settled", lambda count: took("import", count, "followupd, two years of events after that", "followupd, until these are settled as well")),
    ("an ordinary night", lambda count: took("day", count, "followupd")),
    ("follow-ups that it makes", made),
    ("a festival's night", lambda count: took("festival", count, "followupd")),
]


def table_of_sizes():
    there = [count for count in SIZES if any(cell(count) != ABSENT for _, cell in ROWS)]
    yield '.Bl -column "two years of events + settled"' + ' "12 min + 3 min"' * len(there)
    yield ".It Sy clients " + " ".join(f"Ta Sy {count:,}" for count in there)
    for title, cell in ROWS:
        yield f".It {title} " + " ".join(f"Ta {cell(count)}" for count in there)
    yield ".El"


def table_of_bytes():
    known = [cost for count in SIZES if (one := of("bytes", count)) and (cost := bulk_report.costs(one))]
    if not known:
        raise SystemExit("sizing.py: the bytes of a book have not been measured")
    cost = known[-1]
    yield '.Bl -column "a follow-up that waits, with its call and its entries" "bytes"'
    for title, name in (("a client, with the history of his assets", "client"), ("an event", "event"), ("a follow-up that waits, with its call and its entries", "greeting"),
                        ("on top, when it was sent as a message", "message"), ("on top, when a call was made, with a note", "call")):
        yield f".It {title} Ta {cost[name]:.0f}"
    yield ".El"


def cycles():
    one = results.kept("cycles")
    if one is None:
        raise SystemExit("sizing.py: cycles have not been measured")
    rates = {int(agents): rate for agents, rate in one["followupd"].items()}
    yield f"With {one['scale']:,} calls waiting, so many were handed out and finished a second:"
    yield '.Bl -column "256 agents, each asking again at once" "calls a second"'
    for agents, rate in sorted(rates.items()):
        yield f".It {agents} agent{'s' if agents > 1 else ''}{', each asking again at once' if agents > 1 else ', asking again at once'} Ta {rate:,.0f}"
    yield ".El"


def provenance():
    """When, where and how quietly."""
    said = [(one["measured"], count) for count in SIZES for what in bulk_report.PLACES if (one := of(what, count))]
    machine = dict(results.machine())
    first, last = min(one["at"] for one, _ in said)[:10], max(one["at"] for one, _ in said)[:10]
    yield f"These were measured {f'on {first}' if first == last else f'from {first} to {last}'} on {machine['processors']}, {machine['memory']}, {machine['kernel']},"
    yield f"followupd at {', '.join(sorted({one['commit'].split()[0] for one, _ in said}))};"
    least, most = min(one["idle"] for one, _ in said), max(one["idle"] for one, _ in said)
    yield f"the processors were {f'{least} %' if least == most else f'from {least} to {most} %'} idle before the sections began."


PARTS = {"sizes": table_of_sizes, "bytes": table_of_bytes, "cycles": cycles, "provenance": provenance}


def main():
    with open(MANUAL, encoding="utf-8") as file:
        text = file.read()
    for name, lines in PARTS.items():
        text, count = re.subn(rf'(?ms)^(\.\\" figures {name}:[^\n]*\n).*?(?=^\.\\" end of figures)', lambda found, lines=lines: found.group(1) + "".join(line + "\n" for line in lines()), text)
        if count != 1:
            raise SystemExit(f"sizing.py: {MANUAL} has no place for the figures {name}")
    results.write_whole(MANUAL, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
