#!/usr/bin/env python3
"""The request path, measured beside Redis, beanstalkd and PostgreSQL (make bench, make bench-quick). Afterwards the programs bulk*.py of this folder measure the work in bulk.

    SCALE=n     calls that wait (1,000,000; quick 50,000)       ROUNDS=n    rounds, whose median counts (5; quick 3)
    ONLY=...    sections: generator cycles                      AGENTS=...  counts of agents (1,8,64,256)
    PEERS=...   followupd,redis-sorted,redis-list,beanstalkd,postgresql
    SECONDS=s   how long each measurement takes (5; quick 1.5)  MANAGERS=n  managers among the clients of the book (200)

Each section is written when it is done; a run that is cut short leaves what it had.
"""
import glob
import json
import os
import statistics
import subprocess
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("BENCH_LOAD_BEFORE", f"{os.getloadavg()[0]:.2f}")
import peers  # noqa: E402
from book import MANAGERS, Book  # noqa: E402
from peers import tell  # noqa: E402
from results import BUILD, OUT, QUICK, RESULTS, ROOT, ROUNDS, SCALE, SCRATCH, curves, number, section, spread, table, times, verdict, wanted  # noqa: E402

LOAD = os.path.join(BUILD, "bench", "load")
SECONDS = float(os.environ.get("SECONDS") or (1.5 if QUICK else 5))
WARM = 0.3 if QUICK else 1.0
COUNTS = [int(word) for word in (os.environ.get("AGENTS") or "1,8,64,256").replace(",", " ").split()]
CHOSEN = (os.environ.get("PEERS") or "").replace(",", " ").split()


def load(server, agents, seconds=None, *words):
    """One measurement."""
    command = [LOAD, "--peer", server.name, "--agents", str(agents), "--seconds", str(seconds or SECONDS), "--warm", str(WARM), *server.load_words(agents), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{server.name}, {agents} agents: {done.stderr.strip()}")
    return json.loads(done.stdout)


# --- The generator itself -----------------------------------------------------------------------------

class Ping(peers.RedisSorted):
    """Redis that is asked for nothing but PING."""

    name = "ping"

    def prepare(self):
        os.makedirs(self.folder, exist_ok=True)

    def restore(self):
        pass


def generator():
    server, rows = Ping(), []
    server.prepare()
    server.start()
    try:
        for agents in COUNTS:
            result = load(server, agents, min(SECONDS, 3))
            rows.append((agents, number(result["cycles_per_second"]), f"{result['own_cpu'] * 100:.0f} %", number(result["next"]["p50_ms"], 3)))
    finally:
        server.stop()
        server.remove()
    return rows


def write_generator():
    section(12, "generator", f"""## The load generator is not the bottleneck

`build/bench/load --peer ping`: the same program, with PING in the place of NEXT and of DONE, on Redis, which has nothing to do for it. What share of a processor it takes itself in each
measurement stands in the tables below.

{table(("agents", "cycles/s (two PINGs each)", "own share of a processor", "p50 of one, ms"), generator())}""")


# --- Cycles of NEXT and DONE ----------------------------------------------------------------------------

# For each peer and count of agents: at least, aim.
TARGETS = {
    "redis-sorted": {1: (1.0, None), 8: (1.0, None), 64: (1.0, 2.0), 256: (1.0, 2.0)},
    "redis-list": {64: (None, 1.0), 256: (None, 1.5)},
    "beanstalkd": {1: (0.45, 0.6), 64: (3.0, 5.0), 256: (None, 5.0)},
    "postgresql": {1: (1.2, 2.0), 64: (8.0, 12.0)},
}


def measure_cycles(servers):
    """figures[server][agents]: a result of the generator for each round. Round by round, count by count, everybody in turns, with another one first each time."""
    figures = {server.name: {agents: [] for agents in COUNTS} for server in servers}
    for turn in range(ROUNDS):
        for place, agents in enumerate(COUNTS):
            first = (turn + place) % len(servers)
            said = []
            for server in servers[first:] + servers[:first]:
                server.restore()
                server.start()
                try:
                    result = load(server, agents)
                finally:
                    server.stop()
                figures[server.name][agents].append(result)
                said.append(f"{server.name} {result['cycles_per_second']:,.0f}{' (ran dry)' if result['ran_dry'] else ''}")
            tell(f"round {turn + 1} of {ROUNDS}, {agents} agents: {', '.join(said)}")
        write_cycles(servers, figures)
    return figures


def ratios(figures, server, peer, agents, of):
    """followupd's figure over the peer's, round by round."""
    pairs = zip(figures[server][agents], figures[peer][agents])
    return [of(ours) / of(theirs) for ours, theirs in pairs if of(theirs) > 0]


def write_cycles(servers, figures):
    titles = {server.name: server.title for server in servers}
    rows, targets = [], []

    def rate(result):
        return result["cycles_per_second"]

    for agents in COUNTS:
        for server in servers:
            results = figures[server.name][agents]
            if results and "followupd" in figures and figures["followupd"][agents]:
                ratio = ratios(figures, "followupd", server.name, agents, rate)
                rows.append((agents, server.title, spread(map(rate, results)), "" if server.name == "followupd" else times(statistics.median(ratio)),
                             *(number(statistics.median(result[step][point] for result in results)) for step in ("next", "done") for point in ("p50_ms", "p99_ms")),
                             f"{statistics.median(result['own_cpu'] for result in results) * 100:.0f} %"))
    for peer, wishes in TARGETS.items():
        for agents, (least, aim) in wishes.items():
            ratio = ratios(figures, "followupd", peer, agents, rate) if peer in figures and agents in COUNTS and "followupd" in figures else []
            if ratio:
                value = statistics.median(ratio)
                targets.append({"work": f"NEXT + DONE cycles/s, {agents} agent{'s' if agents > 1 else ''}", "peer": titles[peer], "measured": times(value),
                                "at_least": times(least) if least else None, "aim": times(aim) if aim else None, "verdict": verdict(value, least, aim) if least or aim else "reported"})
    if 64 in COUNTS and "redis-sorted" in figures and "followupd" in figures:
        ratio = ratios(figures, "followupd", "redis-sorted", 64, lambda result: result["next"]["p99_ms"])
        if ratio:
            value = statistics.median(ratio)
            targets.append({"work": "NEXT latency p99, 64 agents", "peer": titles["redis-sorted"], "measured": f"{times(value)} its time", "at_least": "no worse", "aim": "half",
                            "verdict": verdict(value, 1.0, 0.5, smaller=True)})

    def points(server, of):
        return [(min(values), statistics.median(values), max(values)) if (values := [of(result) for result in figures[server.name][agents]]) else None for agents in COUNTS]

    footer = f"{SCALE:,} calls waiting, each step durable; the median of {len(figures[servers[0].name][COUNTS[0]])} rounds, and from the least to the most"
    curves("cycles", "Calls handed out and finished a second", "agents, each waiting for his answer", "cycles/s", COUNTS, {server.title: points(server, rate) for server in servers}, footer)
    quick = [server for server in servers if server.name != "postgresql"]  # whose times would leave nothing of the others to be seen
    curves("next-p99", "NEXT: 99 of 100 are answered within", "agents, each waiting for his answer", "ms", COUNTS,
           {server.title: points(server, lambda result: result["next"]["p99_ms"]) for server in quick}, footer)
    section(20, "cycles", f"""## NEXT and DONE, {SCALE:,} calls waiting

![cycles a second](cycles.svg)

![NEXT p99](next-p99.svg)

Each agent has a connection of his own through a unix socket and waits for each answer; a cycle is one call handed out and finished. Each measurement begins with {SCALE:,} calls on a fresh copy
of the same filled book, on the disk before it starts, and lasts {SECONDS:g} s after {WARM:g} s that do not count. One server runs at a time; the order changes from round to round.

* **followupd** hands out the whole call (name, number, agenda, script), looks at every gate again (rule, account, channels, cap, hours, recusal: {MANAGERS} managers who may not call their own
  clients), writes who was given what and what was done with it into the record and its hash chain. NEXT and DONE are each on the disk before they are answered.
* **Redis** (`appendonly yes`, `appendfsync always`): `EVALSHA` of a script that moves the best of a sorted set (priority and due day in the score, the number as text) to a second set with the end
  of the lease, then `ZREM`; over lists `LMOVE` to a list of each agent's own, then `LREM`. It hands out the number alone.
* **beanstalkd** (`-b -f0`): `reserve`, `delete`. Its reserve is not durable: it syncs once a cycle where everybody else does twice, and forgets who held what when a connection ends.
* **PostgreSQL** (`fsync`, `synchronous_commit` on; `shared_buffers` 1 GB): `UPDATE ... WHERE id = (SELECT ... ORDER BY priority, due_on, id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id`, and an
  `UPDATE` that finishes it, prepared, each a transaction of one statement, over a narrow table with a partial index in that order.

{table(("agents", "", "cycles/s", "followupd has", "NEXT p50, ms", "NEXT p99", "DONE p50", "DONE p99", "generator's processor"), rows)}""", targets)


def cycles():
    servers = [kind() for kind in (Book, *peers.ALL) if not CHOSEN or kind.name in CHOSEN]
    try:
        for server in servers:
            server.prepare()
        measure_cycles(servers)
    finally:
        for server in servers:
            server.stop()
            server.remove()


# --- All of it ------------------------------------------------------------------------------------------

SECTIONS = (("generator", write_generator), ("cycles", cycles))


def bulk():
    """The programs of the other half, each by itself."""
    environment = dict(os.environ, BENCH_SCRATCH=SCRATCH, BENCH_RESULTS=RESULTS, BENCH_OUT=OUT, BUILD=BUILD, SCALE=str(SCALE), ROUNDS=str(ROUNDS), QUICK="1" if QUICK else "")
    failed = []
    for program in sorted(glob.glob(os.path.join(ROOT, "tests/bench/bulk*.py"))):
        if os.access(program, os.X_OK):
            tell(f"now {os.path.basename(program)}")
            if subprocess.run([program], env=environment).returncode != 0:
                failed.append(os.path.basename(program))
    return failed


def main():
    os.makedirs(SCRATCH, exist_ok=True)
    failed = []
    for name, work in SECTIONS:
        if not wanted(name):
            continue
        try:
            work()
        except Exception:  # the other sections are still worth having
            failed.append(name)
            traceback.print_exc()
    failed += bulk()
    tell(f"the results: {os.path.join(OUT, 'RESULTS.md')}" + (f"; FAILED: {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
