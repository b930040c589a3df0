#!/usr/bin/env python3
"""The second opinion: what POLICY says `followupd simulate` must print.

Written from POLICY.md and DESIGN.md alone, sharing no code and no data file with
the daemon, so that a row on which the two differ is a bug in one of them or an
unclear sentence. Each step names the section of POLICY that it follows. It is
meant to be read beside that page; speed comes second.

    model.py --clients F --events F --from DAY --to DAY
             [--capacity QUEUE=N ...] [--without RULE ...]
"""

import argparse
import bisect
import csv
import io
import os
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

ONE_DAY = timedelta(days=1)
BUSINESS_ZONE = timezone(timedelta(hours=8))  # POLICY 2: Asia/Shanghai, no summer time since 1991

# ---------------------------------------------------------------- POLICY 4: the shipped rules

CAP, RESERVE = 2, 1  # POLICY 5, per person and calendar quarter
GREETING = 5  # a priority number of 5 and above is a greeting
KEY_TIERS = {"diamond", "gold"}
KEEP = 30  # "keep means max_late 30d unless said"
DROP = None

SERVICE, HQ, MANAGER, BRANCH = "service", "hq", "manager/*", "branch/*"
OUTFLOW_SUM, OUTFLOW_SHARE, OUTFLOW_FLOOR = Decimal(500000), Decimal("0.30"), Decimal(50000)
DORMANT_MONTHS = 6


@dataclass(frozen=True)
class Rule:
    name: str
    trigger: str  # events, outflow, departed, dormant, birthday or festival
    opens: str
    due: str
    roll: str
    channels: tuple
    queue: str  # of the phone channel; a message's queue is its channel
    priority: int
    max_late: object  # days, or DROP
    stops: tuple
    kinds: tuple = ()  # of an event rule
    key: object = None  # True: key tiers only, False: the other tiers, None: any
    exempt: bool = False


CLOSED, REOPENED, OPENED = "account_closed", "account_reopened", "account_opened"
PHONE, EMAIL, SMS, LETTER = "phone", "email", "sms", "letter"
EVENT = "events"

RULES = [
    Rule("account-closed", EVENT, "0d", "2d", "none", (PHONE,), SERVICE, 1, KEEP, (REOPENED,), (CLOSED,)),
    Rule("complaint", EVENT, "0d", "1d", "none", (PHONE,), SERVICE, 1, KEEP, (),
         ("complaint", "feedback"), exempt=True),
    Rule("abnormal", EVENT, "0d", "2td", "none", (PHONE,), HQ, 1, KEEP, (), ("abnormal",), exempt=True),
    Rule("large-outflow", "outflow", "1d", "1d", "forward", (PHONE,), SERVICE, 2, 10, ()),
    Rule("transfer-out", EVENT, "0d", "1d", "forward", (PHONE,), MANAGER, 2, 5, (CLOSED,),
         ("transfer_requested",)),
    Rule("account-opened", EVENT, "0d", "7d", "none", (PHONE, EMAIL), SERVICE, 3, KEEP, (CLOSED,), (OPENED,)),
    Rule("permission-opened", EVENT, "0d", "30d", "none", (PHONE,), HQ, 3, KEEP, (CLOSED,),
         ("permission_opened",)),
    Rule("manager-departed", "departed", "0d", "5wd", "none", (PHONE,), BRANCH, 3, KEEP, (CLOSED,)),
    Rule("dormant", "dormant", "0d", "15d", "none", (PHONE, EMAIL), SERVICE, 4, KEEP, ("trade", CLOSED)),
    Rule("birthday-call", "birthday", "-3d", "0d", "backward", (PHONE,), MANAGER, 5, DROP, (CLOSED,), key=True),
    Rule("birthday", "birthday", "0d", "0d", "none", (SMS, EMAIL), SMS, 5, DROP, (CLOSED,), key=False),
    Rule("festival-letter", "festival", "-7d", "-1d", "none", (LETTER,), LETTER, 7, DROP, (CLOSED,), key=True),
    Rule("festival", "festival", "0d", "0d", "none", (SMS, EMAIL), SMS, 7, DROP, (CLOSED,), key=False),
]

# name, calendar, month, day, priority (POLICY 4: "a festival carries its own priority")
FESTIVALS = [
    ("new-year", "solar", 1, 1, 7),
    ("spring-festival", "lunar", 1, 1, 6),
    ("labour-day", "solar", 5, 1, 7),
    ("mid-autumn", "lunar", 8, 15, 7),
    ("national-day", "solar", 10, 1, 7),
]

ADDRESS = {PHONE: "phone", SMS: "phone", EMAIL: "email", LETTER: None}  # POLICY 5, Channel

# ---------------------------------------------------------------- POLICY 2: calendars

OFF = """2022-12-31..2023-01-02 2023-01-21..2023-01-27 2023-04-05 2023-04-29..2023-05-03
2023-06-22..2023-06-24 2023-09-29..2023-10-06
2024-01-01 2024-02-10..2024-02-17 2024-04-04..2024-04-06 2024-05-01..2024-05-05 2024-06-10
2024-09-15..2024-09-17 2024-10-01..2024-10-07
2025-01-01 2025-01-28..2025-02-04 2025-04-04..2025-04-06 2025-05-01..2025-05-05
2025-05-31..2025-06-02 2025-10-01..2025-10-08
2026-01-01..2026-01-03 2026-02-15..2026-02-23 2026-04-04..2026-04-06 2026-05-01..2026-05-05
2026-06-19..2026-06-21 2026-09-25..2026-09-27 2026-10-01..2026-10-07"""

MAKE_UP = """2023-01-28 2023-01-29 2023-04-23 2023-05-06 2023-06-25 2023-10-07 2023-10-08
2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12
2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"""

EXCHANGE_CLOSED = "2024-02-09"


def days_of(text):
    """The days named by a list of days and first..last ranges."""
    days = set()
    for word in text.split():
        first, _, last = word.partition("..")
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last or first):
            days.add(day)
            day += ONE_DAY
    return days


OFF_DAYS, MAKE_UP_DAYS, EXCHANGE_CLOSED_DAYS = days_of(OFF), days_of(MAKE_UP), days_of(EXCHANGE_CLOSED)


def is_work_day(day):
    return day in MAKE_UP_DAYS or (day.weekday() < 5 and day not in OFF_DAYS)


def is_trading_day(day):
    return day.weekday() < 5 and day not in OFF_DAYS and day not in EXCHANGE_CLOSED_DAYS


def month_length(year, month):
    return ((date(year + month // 12, month % 12 + 1, 1)) - ONE_DAY).day


def add_months(day, months):
    """The same day of the month, or the month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, month_length(year, month)))


def offset(day, text):
    """`-3d`, `2td`, `5wd`: a rule's offset from its occasion's day."""
    unit = text.lstrip("-0123456789")
    count = int(text[: len(text) - len(unit)])
    if unit == "d":
        return day + timedelta(days=count)
    staffed = {"wd": is_work_day, "td": is_trading_day}[unit]
    while count:  # the n-th such day *after* the day, whatever day that is
        day += ONE_DAY
        count -= staffed(day)
    return day


def window(rule, day):
    """POLICY 3, roll: [opens_on, due_on] of a rule for an occasion's day."""
    opens, due = offset(day, rule.opens), offset(day, rule.due)
    if rule.roll == "forward":
        inside = [opens + timedelta(days=n) for n in range((due - opens).days + 1)]
        if not any(is_work_day(d) for d in inside):
            while not is_work_day(due):
                due += ONE_DAY
    elif rule.roll == "backward":
        while not is_work_day(due):
            due -= ONE_DAY
            opens -= ONE_DAY
    return opens, due


def quarter_of(day):
    return day.year, (day.month - 1) // 3


def quarter_end(day):
    month = (day.month - 1) // 3 * 3 + 3
    return date(day.year, month, month_length(day.year, month))


class Lunar:
    """POLICY 2: the table of lunar years, from the csv beside this program."""

    def __init__(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lunar-years.csv")
        self.years = {}
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                lengths = [int(n) for n in row["month_lengths"].split()]
                first = date.fromisoformat(row["new_year_solar"])
                self.years[int(row["lunar_year"])] = (first, int(row["leap_month"]), lengths)

    def day(self, year, month, day, leap=False):
        """The solar day; a 30th falls on a short month's last day, a leap month
        that the year lacks on the ordinary month of that number."""
        first, leap_month, lengths = self.years[year]
        index = month - 1
        if leap_month and month > leap_month:
            index += 1  # the leap month stands before it
        if leap and month == leap_month:
            index += 1
        return first + timedelta(days=sum(lengths[:index]) + min(day, lengths[index]) - 1)


LUNAR = Lunar()

# ---------------------------------------------------------------- POLICY 10: data in


def moment_of(text):
    """`YYYY-MM-DD` is 00:00; ISO 8601 with time is local where no zone is given."""
    moment = datetime.fromisoformat(text.strip())
    return moment.astimezone(BUSINESS_ZONE) if moment.tzinfo else moment.replace(tzinfo=BUSINESS_ZONE)


def version_of(row):
    """`as_of`: of two versions the later wins; none is older than any."""
    text = row.get("as_of") or ""
    return moment_of(text) if text else datetime.min.replace(tzinfo=timezone.utc)


@dataclass
class Event:
    ref: str
    client: str
    kind: str
    moment: datetime
    amount: Decimal
    detail: str

    def __post_init__(self):
        self.day = self.moment.date()
        self.order = (self.moment, self.ref.encode())  # POLICY 3: occurred_at, then event_ref


class Client:
    def __init__(self, row):
        self.ref = row["client_ref"]
        # POLICY 1: a client without a person_ref stands alone
        self.person = row.get("person_ref") or ("alone", self.ref)
        self.row = row
        self.opened_on = self.day("opened_on")
        self.closed_on = self.day("closed_on")
        self.last_trade_on = self.day("last_trade_on")
        self.assets = Decimal(row["assets"]) if row.get("assets") else None
        self.key = (row.get("tier") or "") in KEY_TIERS
        self.known = []  # events known and not void, in order
        self.withdrawn_bases = []  # days of known events that became void
        self.yearly = []  # (rule, occasion, priority, opens, due): its birthdays and festivals
        self.pending = {}  # (rule name, occasion) -> Occasion, met but without a follow-up

    def day(self, column):
        text = self.row.get(column)
        return date.fromisoformat(text) if text else None

    def channel(self, rule):
        """POLICY 5, Channel: the first that the client has an address for."""
        for channel in rule.channels:
            if ADDRESS[channel] is None or self.row.get(ADDRESS[channel]):
                return channel
        return None

    def fits(self, rule):
        return rule.key is None or rule.key == self.key

    def events(self, *kinds):
        return [event for event in self.known if event.kind in kinds]

    # The account's state. POLICY 10: "opened_on, closed_on, last_trade_on come from
    # events where there are any": a file's value counts while no such event is known.

    def moves(self, kind):
        """The days and orders of the known account events of this kind."""
        moves = [(event.day, event.order) for event in self.events(kind)]
        column = {OPENED: self.opened_on, CLOSED: self.closed_on}.get(kind)
        if not moves and column:
            moves = [(column, (moment_of(column.isoformat()), b""))]
        return moves

    def is_open(self, today):
        """POLICY 3 step 3: neither "not yet open", by the last known opening, nor closed."""
        opened = max((day for day, _ in self.moves(OPENED)), default=None)
        if opened and opened > today:
            return False
        moves = [(order, day, kind) for kind in (OPENED, CLOSED, REOPENED) for day, order in self.moves(kind)]
        past = [move for move in moves if move[1] <= today]
        return not past or max(past)[2] != CLOSED

    def opening(self):
        """The later of the account's opening and its last reopening, or None."""
        return max((day for kind in (OPENED, REOPENED) for day, _ in self.moves(kind)), default=None)

    def last_trade(self, today):
        """A field that names a day to come is known on that day (DESIGN 4)."""
        trades = [event.day for event in self.events("trade")]
        if not trades and self.last_trade_on and self.last_trade_on <= today:
            return self.last_trade_on
        return max(trades, default=None)

    def dormant_bases(self, today):
        return [day for day in (self.opening(), self.last_trade(today)) if day]

    def stop(self, kind, since, today):
        """POLICY 3 step 1: is there a fact of this kind, dated on or after `since`
        and not undone by a later one?"""
        if kind == "trade":
            traded = self.last_trade(today)
            return traded is not None and traded >= since
        undoing = {CLOSED: REOPENED, REOPENED: CLOSED}[kind]
        undone = max((order for day, order in self.moves(undoing) if day <= today), default=None)
        return any(since <= day <= today and (undone is None or order > undone) for day, order in self.moves(kind))

    def outflow(self, day):
        return sum((event.amount for event in self.events("asset_outflow") if event.day == day), Decimal(0))

    def is_large_outflow(self, day):
        """POLICY 4: both limits inclusive; assets unknown: only the absolute one."""
        total = self.outflow(day)
        if total >= OUTFLOW_SUM:
            return True
        if self.assets is None or not self.events("asset_outflow"):
            return False
        return total >= OUTFLOW_FLOOR and total >= OUTFLOW_SHARE * self.assets


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
        return [item for item in self.open
                if item.client.person == person and item.state == "scheduled" and item.reason]

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


def birthday(client, year):
    """POLICY 2: the birthday of a solar year, or of a lunar year for lunar ones."""
    text = client.row.get("birthday")
    if not text:
        return []
    month, day = (int(part) for part in text.split("-")[-2:])
    calendar = client.row.get("birthday_calendar") or "solar"
    if calendar == "solar":
        return [date(year, month, min(day, month_length(year, month)))]  # 29 Feb -> 28 Feb
    return [LUNAR.day(year, month, day, leap=calendar == "lunar-leap")]


# ---------------------------------------------------------------- the command line


def read_clients(path):
    """A client's later row wins (by as_of, then by place in the file)."""
    rows = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            old = rows.get(row["client_ref"])
            if old is None or version_of(row) >= version_of(old):
                rows[row["client_ref"]] = row
    return {ref: Client(row) for ref, row in rows.items()}


def read_events(path):
    """The same event_ref again is a correction (by as_of, then by place in the file)."""
    rows = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            old = rows.get(row["event_ref"])
            if old is None or version_of(row) >= version_of(old):
                rows[row["event_ref"]] = row
    return [
        Event(row["event_ref"], row["client_ref"], row["kind"], moment_of(row["occurred_at"]),
              Decimal(row["amount"] or 0), row["detail"])
        for row in rows.values()
    ]


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
