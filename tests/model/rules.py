"""The shipped rules and the calendars that they count on (POLICY 2 to 4), as tables."""

import csv
import os
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

ONE_DAY = timedelta(days=1)

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
