#!/usr/bin/env python3
"""Sections of RESULTS.md, its table of targets, and curves.

What a section has measured is kept in a file of the folder figures beside RESULTS.md, with when, where and of what it was measured, and RESULTS.md is put together anew from all that there are. So a
section may be run alone, or a run be cut short, and the page is whole all the same. Run by itself this only puts the page together, as after a change of the notes.
"""
import json
import os
import platform
import re
import statistics
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.path.abspath(os.environ.get("BUILD") or os.path.join(ROOT, "build"))
QUICK = os.environ.get("QUICK") == "1"
OUT = os.path.abspath(os.environ.get("BENCH_OUT") or (os.path.join(BUILD, "bench") if QUICK else os.path.join(ROOT, "tests/bench")))
FIGURES = os.path.abspath(os.environ.get("BENCH_FIGURES") or os.path.join(OUT, "figures"))
SCRATCH = os.path.abspath(os.environ.get("BENCH_SCRATCH") or os.path.join(BUILD, "bench", "scratch"))
SCALE = int(os.environ.get("SCALE") or (50000 if QUICK else 1000000))
ROUNDS = int(os.environ.get("ROUNDS") or (3 if QUICK else 5))
ONLY = (os.environ.get("ONLY") or "").replace(",", " ").split()


def wanted(name):
    """Whether that section is to be done."""
    return not ONLY or any(name.startswith(word) or word.startswith(name) for word in ONLY)


# --- Numbers -----------------------------------------------------------------------------------------

def number(value, digits=None):
    """1234.5 as 1,234 and 1.2345 as 1.23."""
    if value is None:
        return "-"
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def spread(values, digits=None):
    """min / median / max"""
    values = list(values)
    return f"{number(min(values), digits)} / **{number(statistics.median(values), digits)}** / {number(max(values), digits)}" if values else "-"


def times(ratio):
    return f"{number(ratio, 2 if ratio < 10 else 1)}x"


def table(header, rows):
    """A table of Markdown; the first column is text, the others are set to the right."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" if place == 0 else "---:" for place in range(len(header))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def verdict(value, at_least, aim, smaller=False):
    """"aim", "met", "below" or "short" (of an aim without a target), for a value that should be at least that large, or small; None: no such target."""
    reaches = (lambda target: value <= target) if smaller else (lambda target: value >= target)
    if aim is not None and reaches(aim):
        return "aim"
    if at_least is None:
        return "short" if aim is not None else "reported"
    return "below" if not reaches(at_least) else "met" if aim is None else "least"


# --- The page ----------------------------------------------------------------------------------------

def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def machine():
    """What it ran on, as rows."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = re.search(r"model name\s*:\s*(.+)", file.read())
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(re.search(r"MemTotal:\s*(\d+)", file.read()).group(1))
    os.makedirs(SCRATCH, exist_ok=True)
    disk = output("findmnt", "-no", "SOURCE,FSTYPE,OPTIONS", "-T", SCRATCH)
    system = re.search(r'PRETTY_NAME="(.+)"', open("/etc/os-release", encoding="utf-8").read())
    return [("processors", f"{os.cpu_count()} x {processor.group(1) if processor else platform.machine()}"), ("memory", f"{memory / 1048576:.0f} GB"),
            ("kernel", f"{platform.system()} {platform.release()}"), ("file system", " ".join(disk.split())), ("system", system.group(1) if system else ""),
            ("SQLite", output("dpkg-query", "-W", "-f", "${Version}", "libsqlite3-0")), ("Redis", output("dpkg-query", "-W", "-f", "${Version}", "redis-server")),
            ("beanstalkd", output("dpkg-query", "-W", "-f", "${Version}", "beanstalkd")), ("PostgreSQL", output("dpkg-query", "-W", "-f", "${Version}", "postgresql-15"))]


INTRODUCTION = """# Measured beside the queues that a desk would pick instead

`make bench` writes this page, section by section, from the figures in [figures](figures); `make bench-quick` a small one of the same form below the build folder. Sections may have been measured on
different days: each says when, at which commit, and how idle the machine was when it began. What is measured is the real daemon, with its shipped configuration: the record, the hash chain, every
gate, `synchronous=FULL`. The peers run with their own durable settings, on the same machine and file system, in the same run, in turns.

Numbers with two slashes are the smallest, **the median** and the largest of the rounds. A ratio is the median of the ratios of each round, so that what disturbs a round disturbs both sides of it.
"""

VERDICTS = {"aim": "aim reached", "met": "met", "least": "met, the aim not", "short": "the aim not reached", "below": "**below target**", "reported": "reported"}


NOTES = {"29-cycles-notes": ("NEXT and DONE: what was tried, what it gave, what is left", "cycles_notes.md"),
         "59-bulk-notes": ("The bulk work: what was tried, what it gave, what is left", "bulk_notes.md")}


def kept(name):
    """What stands in the file of that name, or None."""
    path = os.path.join(FIGURES, name + ".json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def keep(name, what):
    write_whole(os.path.join(FIGURES, name + ".json"), json.dumps(what, indent=1, ensure_ascii=False) + "\n")


def kept_names(pattern):
    names = sorted(os.listdir(FIGURES)) if os.path.isdir(FIGURES) else []
    return [name[:-5] for name in names if re.fullmatch(pattern + r"\.json", name)]


def assemble():
    rows, texts = [], {}
    for name in kept_names(r"\d\d-[\w-]+"):
        one = kept(name)
        texts[name] = one["text"].rstrip() + "\n"
        rows += one["rows"]
    for name, (title, file_name) in NOTES.items():
        with open(os.path.join(ROOT, "tests/bench", file_name), encoding="utf-8") as file:
            texts[name] = f"## {title}\n\n{file.read()}"
    page = INTRODUCTION
    page += "\n## Against the targets\n\n" + table(("work", "against", "measured", "at least", "aim", ""), [
        (row["work"], row["peer"], row["measured"], row.get("at_least") or "-", row.get("aim") or "-", VERDICTS.get(row["verdict"], row["verdict"])) for row in rows])
    page += "\n## The machine\n\n" + table(("", ""), machine()).replace("---:", "---")
    page += "\n" + "\n".join(texts[name] for name in sorted(texts))
    write_whole(os.path.join(OUT, "RESULTS.md"), page)


def write_whole(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


# --- Where a figure comes from -------------------------------------------------------------------------

def processor_ticks():
    """Idle ones, and all."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def commit():
    changed = output("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no", "--", "daemon", "include", "ctl", "conf")
    return output("git", "-C", ROOT, "rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


class Provenance:
    """Begins when a section does, before anything of it runs; how idle the processors are then tells who else is at work on the machine."""

    def __init__(self, seconds=3):
        before = processor_ticks()
        time.sleep(0.2 if QUICK else seconds)
        after = processor_ticks()
        self.idle = 100 * (after[0] - before[0]) / max(after[1] - before[1], 1)
        self.began, self.at, self.commit = time.monotonic(), time.strftime("%Y-%m-%d %H:%M"), commit()

    def said(self):
        took = time.monotonic() - self.began
        return {"commit": self.commit, "at": self.at, "idle": round(self.idle), "took": round(took)}


_provenance = None


def begin():
    """A section begins, whose figures section() is going to be handed."""
    global _provenance
    _provenance = Provenance()


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def measured(said):
    """In words."""
    return f"measured {said['at']} at {said['commit']}, in {duration(said['took'])}; the processors were {said['idle']} % idle before"


def section(place, name, text, rows=None, provenance=False):
    """Keeps the section "NN-name" and writes the page. provenance: the text says itself where its figures come from."""
    if not provenance and _provenance is not None:
        text = text.rstrip() + f"\n\n*This section: {measured(_provenance.said())}.*\n"
    keep(f"{place:02}-{name}", {"rows": rows or [], "text": text})
    assemble()


# --- Curves ------------------------------------------------------------------------------------------

COLOURS = ("#c0392b", "#2471a3", "#17a589", "#7d6608", "#7d3c98", "#616a6b")


def nice_top(value):
    """The next of 1, 2, 5, 10 ... above it, and how many steps up to there."""
    size = 1.0
    while size * 10 < value:
        size *= 10
    while size > value:
        size /= 10
    for factor, steps in ((1, 5), (2, 4), (2.5, 5), (3, 3), (4, 4), (5, 5), (6, 6), (8, 4), (10, 5)):
        if factor * size >= value:
            return factor * size, steps
    return 10 * size, 5


def curves(name, title, x_title, y_title, points, lines, footer=""):
    """name.svg. points: the places on the x axis, set at equal distances; lines: {name: [(low, middle, high) or None for each point]}."""
    width, height, left, right, top, bottom = 760, 420, 80, 190, 46, 66
    highest = max((value[2] for line in lines.values() for value in line if value), default=1)
    limit, steps = nice_top(highest)

    def x(place):
        return left + (width - left - right) * (place + 0.5) / len(points)

    def y(value):
        return height - bottom - (height - top - bottom) * value / limit

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{width}" height="{height}" fill="#ffffff"/>', f'<text x="{left}" y="26" font-size="16" font-weight="bold">{title}</text>']
    for step in range(steps + 1):
        value = limit * step / steps
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#d5d8dc"/>')
        out.append(f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{number(value, 0 if limit >= 10 else 2)}</text>')
    for place, point in enumerate(points):
        out.append(f'<text x="{x(place):.1f}" y="{height - bottom + 20}" text-anchor="middle">{point}</text>')
    out.append(f'<text x="{(left + width - right) / 2:.0f}" y="{height - bottom + 42}" text-anchor="middle">{x_title}</text>')
    out.append(f'<text transform="translate(18 {(top + height - bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">{y_title}</text>')
    if footer:
        out.append(f'<text x="{left}" y="{height - 6}" font-size="11" fill="#566573">{footer}</text>')
    labels = []
    for colour, (line, values) in zip(COLOURS, lines.items()):
        there = [(x(place), value) for place, value in enumerate(values) if value]
        if not there:
            continue
        for at, (low, _, high) in there:
            out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}" stroke="{colour}" stroke-width="5" stroke-opacity="0.25"/>')
        path = " ".join(f"{at:.1f},{y(value[1]):.1f}" for at, value in there)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2"/>')
        out += [f'<circle cx="{at:.1f}" cy="{y(value[1]):.1f}" r="3.4" fill="{colour}"/>' for at, value in there]
        labels.append([y(there[-1][1][1]), line, colour, there[-1][0]])
    labels.sort()
    for place in range(1, len(labels)):  # names do not cover each other
        labels[place][0] = max(labels[place][0], labels[place - 1][0] + 16)
    over = labels[-1][0] - (height - bottom) if labels else 0
    for label in labels:
        label[0] -= max(over, 0)
        out.append(f'<text x="{width - right + 6}" y="{label[0] + 4:.1f}" fill="{label[2]}">{label[1]}</text>')
    write_whole(os.path.join(OUT, name + ".svg"), "\n".join(out + ["</svg>", ""]))


if __name__ == "__main__":
    assemble()
