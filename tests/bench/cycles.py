"""NEXT and DONE, as fast as so many agents can take them, beside the peers; and what the generator itself can do."""
import os
import statistics

import peers
from book import CLOCK, MANAGERS, Book
from measure import COUNTS, CHOSEN, SECONDS, WARM, load
from peers import tell
from results import ROUNDS, SCALE, curves, keep, number, section, spread, table, times, verdict
from service import ENVIRONMENT

# --- The generator itself -----------------------------------------------------------------------------

class Ping(peers.RedisSorted):
    """Redis that is asked for nothing but PING."""

    name = "ping"

    def prepare(self):
        os.makedirs(self.folder, exist_ok=True)

    def restore(self):
        pass


def ping_rates():
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


def generator():
    section(12, "generator", f"""## The load generator is not the bottleneck

`build/bench/load --peer ping`: the same program, with PING in the place of NEXT and of DONE, on Redis, which has nothing to do for it. What share of a processor it takes itself in each
measurement stands in the tables below.

{table(("agents", "cycles/s (two PINGs each)", "own share of a processor", "p50 of one, ms"), ping_rates())}""")


# --- Cycles of NEXT and DONE ----------------------------------------------------------------------------

# For each peer and count of agents: at least, aim.
TARGETS = {
    "redis-sorted": {1: (1.0, None), 8: (1.0, None), 64: (1.0, 2.0), 256: (1.0, 2.0)},
    "redis-list": {64: (None, 1.0), 256: (None, 1.5)},
    "beanstalkd": {1: (0.45, 0.6), 64: (3.0, 5.0), 256: (None, 5.0)},
    "postgresql": {1: (1.2, 2.0), 64: (8.0, 12.0)},
}


def measure_one(server, agents):
    """One server, so many agents; None when it failed, which costs nobody else his figures."""
    try:
        server.restore()
        server.start()
        result = load(server, agents)
        if isinstance(server, Book):
            result["ready_after"], result["memory"] = server.ready_after, server.resident()
        return result
    except Exception as trouble:
        tell(f"{server.name}, {agents} agents: {trouble}")
        return None
    finally:
        server.stop()


def there(results):
    """The rounds that came to something."""
    return [result for result in results if result is not None]


def measure_cycles(servers):
    """figures[server][agents]: a result of the generator for each round. Round by round, count by count, everybody in turns, with another one first each time."""
    figures = {server.name: {agents: [] for agents in COUNTS} for server in servers}
    for turn in range(ROUNDS):
        for place, agents in enumerate(COUNTS):
            first = (turn + place) % len(servers)
            said = []
            for server in servers[first:] + servers[:first]:
                result = measure_one(server, agents)
                figures[server.name][agents].append(result)
                said.append(f"{server.name} " + (f"{result['cycles_per_second']:,.0f}{' (ran dry)' if result['ran_dry'] else ''}" if result else "FAILED"))
            tell(f"round {turn + 1} of {ROUNDS}, {agents} agents: {', '.join(said)}")
        write_cycles(servers, figures)
    return figures


def ratios(figures, server, peer, agents, of):
    """followupd's figure over the peer's, round by round."""
    pairs = zip(figures[server][agents], figures[peer][agents])
    return [of(ours) / of(theirs) for ours, theirs in pairs if ours and theirs and of(theirs) > 0]


def write_cycles(servers, figures):
    titles = {server.name: server.title for server in servers}
    rows, targets = [], []

    def rate(result):
        return result["cycles_per_second"]

    for agents in COUNTS:
        for server in servers:
            results = there(figures[server.name][agents])
            if results:
                ratio = ratios(figures, "followupd", server.name, agents, rate) if "followupd" in figures and server.name != "followupd" else []
                rows.append((agents, server.title, spread(map(rate, results)), times(statistics.median(ratio)) if ratio else "",
                             *(number(statistics.median(result[step][point] for result in results)) for step in ("next", "done") for point in ("p50_ms", "p99_ms")),
                             f"{statistics.median(result['own_cpu'] for result in results) * 100:.0f} %"))
    for peer, wishes in TARGETS.items():
        for agents, (least, aim) in wishes.items():
            ratio = ratios(figures, "followupd", peer, agents, rate) if peer in figures and agents in COUNTS and "followupd" in figures else []
            if ratio:
                value = statistics.median(ratio)
                targets.append({"work": f"NEXT + DONE cycles/s, {agents} agent{'s' if agents > 1 else ''}", "peer": titles[peer], "measured": times(value),
                                "at_least": times(least) if least else None, "aim": times(aim) if aim else None, "verdict": verdict(value, least, aim)})
    if 64 in COUNTS and "redis-sorted" in figures and "followupd" in figures:
        ratio = ratios(figures, "followupd", "redis-sorted", 64, lambda result: result["next"]["p99_ms"])
        if ratio:
            value = statistics.median(ratio)
            targets.append({"work": "NEXT latency p99, 64 agents", "peer": titles["redis-sorted"], "measured": f"{times(value)} its time", "at_least": "no worse", "aim": "half",
                            "verdict": verdict(value, 1.0, 0.5, smaller=True)})

    def points(server, of):
        return [(min(values), statistics.median(values), max(values)) if (values := [of(result) for result in there(figures[server.name][agents])]) else None for agents in COUNTS]

    footer = f"{SCALE:,} calls waiting, each step durable; the medians, and from the least to the most"
    curves("cycles", "Calls handed out and finished a second", "agents, each waiting for his answer", "cycles/s", COUNTS, {server.title: points(server, rate) for server in servers}, footer)
    quick = [server for server in servers if server.name != "postgresql"]  # whose times would leave nothing of the others to be seen
    curves("next-p99", "NEXT: 99 of 100 are answered within", "agents, each waiting for his answer", "ms", COUNTS,
           {server.title: points(server, lambda result: result["next"]["p99_ms"]) for server in quick}, footer)
    keep("cycles", {"scale": SCALE, "followupd": {agents: statistics.median(map(rate, results)) for agents in COUNTS if (results := there(figures.get("followupd", {}).get(agents, [])))}})
    section(20, "cycles", f"""## NEXT and DONE, {SCALE:,} calls waiting

![cycles a second](cycles.svg)

![NEXT p99](next-p99.svg)

Each agent has a connection of his own through a unix socket and waits for each answer; a cycle is one call handed out and finished. Each measurement begins with {SCALE:,} calls on a fresh copy
of the same filled book, on the disk before it starts, and lasts {SECONDS:g} s after {WARM:g} s that do not count. One server runs at a time; the order changes from round to round.

* **followupd** hands out the whole call (name, number, agenda, script), looks at every gate again (rule, account, channels, cap, hours, recusal: {MANAGERS} managers who may not call their own
  clients), writes who was given what and what was done with it into the record and its hash chain. NEXT and DONE are each on the disk before they are answered.
* **A bare loop over SQLite** (`bare_loop.c`): one narrow table with the same order, one narrow row of record for each command, one commit a turn, durable as followupd is; no agents, no rights, no
  gates, no call to show, no hash chain, and it answers with the number alone. It is no peer but a floor: what it is slower than Redis is SQLite's and this machine's share.
* **Redis** (`appendonly yes`, `appendfsync always`): `EVALSHA` of a script that moves the best of a sorted set (priority and due day in the score, the number as text) to a second set with the end
  of the lease, then `ZREM`; over lists `LMOVE` to a list of each agent's own, then `LREM`. It hands out the number alone.
* **beanstalkd** (`-b -f0`): `reserve`, `delete`. Its reserve is not durable: it syncs once a cycle where everybody else does twice, and forgets who held what when a connection ends.
* **PostgreSQL** (`fsync`, `synchronous_commit` on; `shared_buffers` 1 GB): `UPDATE ... WHERE id = (SELECT ... ORDER BY priority, due_on, id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id`, and an
  `UPDATE` that finishes it, prepared, each a transaction of one statement, over a narrow table with a partial index in that order.

{table(("agents", "", "cycles/s", "followupd has", "NEXT p50, ms", "NEXT p99", "DONE p50", "DONE p99", "generator's processor"), rows)}
{floor_words(figures)}{own_words(figures)}

The commands, on copies that are made before each measurement:

```
{' '.join(f'{name}={value}' for name, value in ENVIRONMENT.items())} followupd -c conf/followupd.conf -f --test-clock {CLOCK}      # as systemd/followupd.service and conf/ have it, but for where the book and the socket are; yearly-sample off
bare_loop serve BOOK SOCKET
redis-server {' '.join(word or "''" for word in peers.Redis.settings)} --appendfsync always
beanstalkd -b FOLDER -f0
postgres {' '.join(f'-c {name}={value}' for name, value in peers.Postgres.settings.items())}
load --peer NAME --at SOCKET --agents N --seconds {SECONDS:g} --warm {WARM:g}
```
""", targets)


def floor_words(figures):
    """What could be had at all with this store."""
    said = []
    for agents in COUNTS:
        ratio = ratios(figures, "bare", "redis-sorted", agents, lambda result: result["cycles_per_second"]) if {"bare", "redis-sorted"} <= set(figures) else []
        if ratio:
            said.append(f"{times(statistics.median(ratio))} at {agents}")
    return f"\nThe bare loop has, of what Redis does over a sorted set: {', '.join(said)} agents.\n" if said else ""


def own_words(figures):
    """What followupd needs to hold that book."""
    results = [result for agents in COUNTS for result in there(figures.get("followupd", {}).get(agents, []))]
    most = there(figures.get("followupd", {}).get(max(COUNTS), []))
    if not most:
        return ""
    return (f"followupd with that book: ready after {spread((result['ready_after'] * 1000 for result in results), 0)} ms from the start of the process (its file in the page cache); "
            f"{spread((result['memory'][0] for result in most), 0)} MB resident after the load of {max(COUNTS)} agents.")


def prepared(server):
    try:
        server.prepare()
        return True
    except Exception as trouble:
        tell(f"without {server.name}, which cannot be filled: {trouble}")
        server.stop()
        return False


def cycles():
    servers = [kind() for kind in (Book, *peers.ALL) if not CHOSEN or kind.name in CHOSEN]
    try:
        measure_cycles([server for server in servers if prepared(server)])
    finally:
        for server in servers:
            server.stop()
            server.remove()
