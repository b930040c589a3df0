#!/usr/bin/env python3
"""The second opinion: what POLICY says `followupd simulate` must print.

Written, with rules.py and book.py, from POLICY.md and DESIGN.md alone, sharing no
code and no data file with the daemon, so that a row on which the two differ is a bug in one of them or an
unclear sentence. Each step names the section of POLICY that it follows. It is
meant to be read beside that page; speed comes second.

    model.py --clients F --events F --from DAY --to DAY
             [--capacity QUEUE=N ...] [--without RULE ...]
"""

import argparse
import bisect
import csv
import io
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from book import Client, birthday, read_clients, read_events
from rules import (CAP, CLOSED, DORMANT_MONTHS, DROP, EVENT, FESTIVALS, GREETING, LUNAR, ONE_DAY, OPENED, PHONE, REOPENED,
                   RESERVE, RULES, SERVICE, Rule, add_months, is_work_day, quarter_end, quarter_of, window)


@dataclass
class Occasion:
    rule: Rule
    client: Client
    name: str
    day: date
    priority: int
    opens: date
    due: date


@dataclass(eq=False)
class FollowUp:
    occasion: Occasion
    state: str = "scheduled"
    reason: str = ""
    channel: str = ""
    queue: str = ""
    closed_on: str = ""
    call: object = None

    def __post_init__(self):
        known = self.occasion
        self.rule, self.client, self.priority, self.due = known.rule, known.client, known.priority, known.due
        # POLICY 3 step 4 and POLICY 5 (the foremost of an agenda); texts bytewise
        self.order = (self.priority, self.due, self.rule.name.encode(), self.client.ref.encode(), known.name.encode())

    @property
    def is_open(self):
        return self.state in ("scheduled", "queued")

    @property
    def last_useful(self):
        return last_useful(self.rule, self.due)

    def close(self, state, reason, day):
        assert self.is_open
        self.state, self.reason, self.closed_on = state, reason, day.isoformat()


def last_useful(rule, due):
    return due if rule.max_late is DROP else due + timedelta(days=rule.max_late)


class Call:
    """POLICY 1: one interruption of one person, carrying follow-ups as its agenda."""

    def __init__(self, number, person, channel):
        self.number, self.person, self.channel, self.agenda = number, person, channel, []

    @property
    def priority(self):
        return min(item.priority for item in self.agenda)

    @property
    def due(self):
        return min(item.due for item in self.agenda)

    @property
    def queue(self):
        foremost = min(self.agenda, key=lambda item: item.order)
        if self.channel != PHONE:
            return self.channel
        pool, star, column = foremost.rule.queue, "/*", None
        if pool.endswith(star):
            column = pool[: -len(star)]
            value = foremost.client.row.get(column)
            return f"{column}/{value}" if value else SERVICE  # "falls to service"
        return pool

    @property
    def exempt(self):
        return any(item.rule.exempt for item in self.agenda)


# ---------------------------------------------------------------- POLICY 3: the day


class Model:
    def __init__(self, clients, events, first, last, capacity, without):
        self.first, self.last, self.capacity = first, last, capacity
        self.rules = [rule for rule in RULES if rule.name not in without]
        self.clients = clients
        self.persons = defaultdict(list)
        for client in clients.values():
            self.persons[client.person].append(client)
            client.yearly = sorted(self.yearly_occasions(client), key=lambda occasion: occasion.opens)
            client.opening_days = [occasion.opens for occasion in client.yearly]
            client.next_yearly = 0
        self.arriving = defaultdict(list)
        for event in sorted(events, key=lambda event: event.order):
            self.arriving[max(event.day, first)].append(event)
        self.void = set()
        self.departures = []
        self.follow_ups = {}  # (rule name, client_ref, occasion) -> FollowUp, for ever
        self.open = set()
        self.waiting = defaultdict(set)  # person -> what `admit` found or made waiting
        self.calls = defaultdict(dict)  # person -> channel -> the waiting call
        self.calls_made = 0
        self.contacts = defaultdict(int)  # (person, quarter) -> contacts

    def run(self):
        day = self.first
        while day <= self.last:
            self.learn(day)
            self.cancel(day)
            self.expire(day)
            self.create(day)
            self.admit(day)
            self.hand_out(day)
            day += ONE_DAY

    # -- facts (DESIGN 4: those dated a day are known at its start)

    def learn(self, day):
        arriving = self.arriving[day]
        self.void |= {event.detail for event in arriving if event.kind == "void"}
        for event in arriving:
            if event.ref in self.void:
                continue
            if event.kind == "manager_departed":
                self.departures.append(event)
                for client in self.clients.values():
                    if client.row.get("manager") and client.row["manager"] == event.detail:
                        self.meet("departed", client, event.ref, event.day)
            elif event.client in self.clients:
                client = self.clients[event.client]
                client.known.append(event)
                self.meet(EVENT, client, event.ref, event.day, kind=event.kind)
        if any(event.kind == "void" for event in arriving):
            for client in self.clients.values():
                client.withdrawn_bases += [event.day for event in client.known if event.ref in self.void]
                client.known = [event for event in client.known if event.ref not in self.void]
        for ref in {event.client for event in arriving if event.kind == "asset_outflow"}:
            if ref in self.clients:
                client = self.clients[ref]
                for outflow_day in {event.day for event in arriving if event.client == ref}:
                    if client.outflow(outflow_day) and client.is_large_outflow(outflow_day):
                        self.meet("outflow", client, outflow_day.isoformat(), outflow_day)

    def meet(self, trigger, client, name, day, kind=None):
        """Remember an occasion; `create` decides what becomes of it."""
        for rule in self.rules:
            if rule.trigger == trigger and client.fits(rule) and (kind is None or kind in rule.kinds):
                opens, due = window(rule, day)
                occasion = Occasion(rule, client, name, day, rule.priority, opens, due)
                client.pending.setdefault((rule.name, name), occasion)

    def yearly_occasions(self, client):
        """Birthdays and festivals (POLICY 2 and 4; the occasion's name: DESIGN 4)."""
        for rule in self.rules:
            if not client.fits(rule):
                continue
            for year in range(self.first.year - 1, self.last.year + 3):
                days = []
                if rule.trigger == "birthday":
                    days = [(str(year), rule.priority, day) for day in birthday(client, year)]
                elif rule.trigger == "festival":
                    for name, calendar, month, number, priority in FESTIVALS:
                        day = LUNAR.day(year, month, number) if calendar == "lunar" else date(year, month, number)
                        days.append((f"{name}/{day.year}", priority, day))
                for name, priority, day in days:
                    opens, due = window(rule, day)
                    yield Occasion(rule, client, name, day, priority, opens, due)

    # -- step 1

    def cancel(self, day):
        leaving = []
        for item in self.open:
            reason = self.stopped(item, day)
            if reason:
                leaving.append((item, reason))
        self.leave([item for item, _ in leaving])
        for item, reason in leaving:
            self.finish(item, "cancelled", reason, day)

    def stopped(self, item, day):
        occasion, client = item.occasion, item.client
        if self.withdrawn(occasion):
            return "withdrawn"
        since = min(occasion.day, occasion.opens)
        for kind in item.rule.stops:
            if client.stop(kind, since, day):
                return kind
        return None

    def withdrawn(self, occasion):
        """POLICY 10, void: nothing is left of the event that made the occasion."""
        if not self.void:
            return False
        trigger, client = occasion.rule.trigger, occasion.client
        if trigger in (EVENT, "departed"):
            return occasion.name in self.void
        if trigger == "outflow":
            return not (client.outflow(occasion.day) and client.is_large_outflow(occasion.day))
        if trigger == "dormant":
            def makes(day):
                return day and add_months(day, DORMANT_MONTHS) == occasion.day

            bases = [event.day for event in client.events("trade", OPENED, REOPENED)]
            bases += [client.opened_on, client.last_trade_on]
            return any(map(makes, client.withdrawn_bases)) and not any(map(makes, bases))
        return False

    # -- step 2

    def expire(self, day):
        leaving = [item for item in self.open if item.last_useful < day]
        self.leave([item for item in leaving if item.call])
        for item in leaving:
            if item.reason:  # it was waiting for a slot
                self.finish(item, "suppressed", item.reason, day)
            else:
                self.finish(item, "missed", "expired", day)

    # -- step 3

    def create(self, day):
        for client in self.clients.values():
            index = client.next_yearly
            while index < len(client.yearly) and client.opening_days[index] <= day:
                occasion = client.yearly[index]
                client.pending.setdefault((occasion.rule.name, occasion.name), occasion)
                index += 1
            client.next_yearly = index
            bases = client.dormant_bases(day)
            if bases:
                threshold = add_months(max(bases), DORMANT_MONTHS)
                if threshold <= day:
                    self.meet("dormant", client, threshold.isoformat(), threshold)
            for key, occasion in list(client.pending.items()):
                if self.decide(occasion, day):
                    del client.pending[key]

    def decide(self, occasion, day):
        """Create the occasion's follow-up, or do not. True: never look at it again."""
        rule, client = occasion.rule, occasion.client
        key = (rule.name, client.ref, occasion.name)
        if key in self.follow_ups or occasion.due < self.first:
            return True
        if occasion.opens > day:
            return False
        if rule.trigger == "dormant":
            # the base day may have moved on while the occasion could not be created
            bases = client.dormant_bases(day)
            if not bases or add_months(max(bases), DORMANT_MONTHS) != occasion.day:
                return True
        elif self.withdrawn(occasion):
            return True
        if CLOSED in rule.stops:
            if not client.is_open(day):
                return False
            opening = client.opening()
            if opening and occasion.due < opening:
                return True
        item = FollowUp(occasion)
        if last_useful(rule, occasion.due) < day:
            if rule.max_late is not DROP:
                self.follow_ups[key] = item
                item.close("missed", "late-fact", day)
            return True
        self.follow_ups[key] = item
        self.open.add(item)
        return True

    # -- step 4 (POLICY 5)

    def admit(self, day):
        waiting = [item for item in self.open if item.state == "scheduled"]
        self.waiting = defaultdict(set)
        for item in waiting:
            self.waiting[item.client.person].add(item)
        for item in sorted(waiting, key=lambda item: item.order):
            if item.state == "scheduled":  # it may have joined a call that another one made
                self.seek_call(item, day)

    def seek_call(self, item, day):
        person, channel = item.client.person, item.client.channel(item.rule)
        if channel is None:
            self.finish(item, "suppressed", "no-channel", day)
            return
        calls = self.calls[person]
        if channel in calls:  # one interruption, many matters
            self.join(item, calls[channel])
            return
        if not item.rule.exempt:
            missing = self.slots_needed(item, day) - (CAP - self.slots_used(person, day))
            if missing > 0 and not self.preempt(item, missing):
                item.reason = item.reason or "cap"
                return
        self.calls_made += 1
        call = calls[channel] = Call(self.calls_made, person, channel)
        self.join(item, call)
        for other in self.waiting_for_slot(person):
            if other.client.channel(other.rule) == channel:
                self.join(other, call)

    def waiting_for_slot(self, person):
        return [item for item in self.waiting[person] if item.state == "scheduled" and item.reason]

    def slots_used(self, person, day):
        return self.contacts[person, quarter_of(day)] + len(self.calls[person])

    def slots_needed(self, item, day):
        if item.priority < GREETING:
            return 1
        return 1 + RESERVE + self.foresight(item, day)

    def foresight(self, item, day):
        """The days in this quarter that a better-ranked greeting of the person will open on."""
        last, days = quarter_end(day), set()
        for client in self.persons[item.client.person]:
            if not client.is_open(day):
                continue
            start = bisect.bisect_right(client.opening_days, day)
            for occasion in client.yearly[start:]:
                if occasion.opens > last:
                    break
                if occasion.priority < item.priority and client.channel(occasion.rule):
                    days.add(occasion.opens)
        return len(days)

    def preempt(self, item, missing):
        """Calls of larger number give way, as few as make room."""
        victims = [call for call in self.calls[item.client.person].values() if call.priority > item.priority]
        if len(victims) < missing:
            return False
        victims.sort(key=lambda call: (call.priority, call.due, call.number), reverse=True)
        for call in victims[:missing]:
            self.dissolve(call, "preempted")
        return True

    def join(self, item, call):
        call.agenda.append(item)
        item.call, item.channel, item.state, item.reason = call, call.channel, "queued", ""

    def leave(self, items):
        """Items that leave their calls in one step keep the queue the call had before."""
        for item in items:
            if item.call:
                item.queue = item.call.queue
        for item in items:
            if item.call:
                item.call.agenda.remove(item)
                if not item.call.agenda:
                    del self.calls[item.call.person][item.call.channel]
                item.call = None

    def dissolve(self, call, reason):
        items = list(call.agenda)
        self.leave(items)
        for item in items:
            item.state, item.reason = "scheduled", reason
            self.waiting[call.person].add(item)

    def finish(self, item, state, reason, day):
        self.open.discard(item)
        item.close(state, reason, day)

    # -- the desk of simulate (DESIGN 4; the order: POLICY 6)

    def hand_out(self, day):
        waiting = [call for calls in self.calls.values() for call in calls.values()]
        # shipped hours: some on every work day, a make-up weekend being a Thursday
        phone = [call for call in waiting if call.channel == PHONE] if is_work_day(day) else []
        bulk = [call for call in waiting if call.channel != PHONE]
        for calls, limits in ((phone, self.capacity), (bulk, {})):
            queues = defaultdict(list)
            for call in calls:
                queues[call.queue].append(call)
            for name in sorted(queues, key=str.encode):
                self.work_queue(queues[name], limits.get(name), day)

    def work_queue(self, calls, limit, day):
        handed = 0
        for call in sorted(calls, key=lambda call: (call.due > day, call.priority, call.due, call.number)):
            if limit is not None and handed >= limit:
                return
            self.close_gate(call, day)
            if not call.agenda:
                continue
            used = self.contacts[call.person, quarter_of(day)]
            if not call.exempt and used + 1 > CAP:
                self.dissolve(call, "cap")
                continue
            handed += 1
            self.contacts[call.person, quarter_of(day)] += 1
            items = list(call.agenda)
            self.leave(items)
            for item in items:
                self.finish(item, "done" if day <= item.due else "done-late", "", day)

    def close_gate(self, call, day):
        """POLICY 5, "every gate looked at again": step 1 cannot cancel for a closing older than
        the occasion, which counts again when the reopening after it is withdrawn."""
        closed = [item for item in call.agenda if CLOSED in item.rule.stops and not item.client.is_open(day)]
        self.leave(closed)
        for item in closed:
            self.finish(item, "cancelled", CLOSED, day)

    def rows(self):
        """DESIGN 4: every follow-up, open ones too."""
        rows = []
        for item in self.follow_ups.values():
            occasion = item.occasion
            queue = item.call.queue if item.call else item.queue
            rows.append((item.rule.name, item.client.ref, occasion.name, occasion.opens.isoformat(),
                         occasion.due.isoformat(), item.channel, queue, item.state, item.closed_on, item.reason))
        return sorted(rows, key=lambda row: tuple(row[n].encode() for n in (1, 3, 0, 2)))


# ---------------------------------------------------------------- the command line


def capacity_of(text):
    queue, _, count = text.rpartition("=")
    return queue, int(count)


def main():
    arguments = argparse.ArgumentParser(description="What POLICY says that simulate must print.")
    arguments.add_argument("--clients", required=True)
    arguments.add_argument("--events", required=True)
    arguments.add_argument("--from", dest="first", required=True, type=date.fromisoformat)
    arguments.add_argument("--to", dest="last", required=True, type=date.fromisoformat)
    arguments.add_argument("--capacity", action="append", default=[], type=capacity_of)
    arguments.add_argument("--without", action="append", default=[])
    given = arguments.parse_args()
    model = Model(read_clients(given.clients), read_events(given.events), given.first, given.last,
                  dict(given.capacity), set(given.without))
    model.run()
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow("rule,client_ref,occasion,opens_on,due_on,channel,queue,state,closed_on,reason".split(","))
    writer.writerows(model.rows())
    sys.stdout.buffer.write(output.getvalue().encode())


if __name__ == "__main__":
    main()
