"""The book: clients, events, and what they say of an account on a day (POLICY 10 and 3)."""

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from rules import (ADDRESS, CLOSED, KEY_TIERS, LUNAR, OPENED, OUTFLOW_FLOOR, OUTFLOW_SHARE, OUTFLOW_SUM, REOPENED,
                   month_length)

BUSINESS_ZONE = timezone(timedelta(hours=8))  # POLICY 2: Asia/Shanghai, no summer time since 1991


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
