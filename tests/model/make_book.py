#!/usr/bin/env python3
"""Writes a random book, clients.csv and events.csv, that is nastier than a real one.

    make_book.py SEED [--clients N] [--year Y] [--wild] DIR

The book is for the 18 months from the first of January of that year. With --wild it
also contradicts itself: fields against events, withdrawn and moved account events.
The same seed gives the same book. It leans on what a followup engine gets wrong:
several clients of one person, missing fields, limits met exactly, many events in a
few days, corrections, withdrawals, times of day in several zones.
"""

import argparse
import csv
import os
import random
from datetime import date, timedelta

CLIENT_COLUMNS = ("client_ref,person_ref,name,phone,email,tier,branch,manager,introducer,birthday,"
                  "birthday_calendar,opened_on,closed_on,last_trade_on,assets,status").split(",")
EVENT_COLUMNS = "event_ref,client_ref,kind,occurred_at,amount,detail,as_of".split(",")
# Weekends, make-up weekends and the days around a quarter's end and a long holiday
HOT_DAYS = [date.fromisoformat(text) for text in (
    "2023-01-21 2023-01-28 2023-04-01 2023-04-23 2023-05-06 2023-06-25 2023-09-29 2023-10-07 2023-12-30 2024-02-04 2024-02-08 "
    "2024-02-09 2024-02-18 2024-02-29 2024-03-30 2024-04-07 2024-06-29 2024-08-31 2024-09-14 2024-09-29 2024-10-12 2024-12-31 "
    "2025-01-25 2025-01-26 2025-01-29 2025-02-08 2025-03-29 2025-03-31 2025-04-05 2025-04-27 2025-05-31 2025-06-28 2025-08-31 "
    "2025-09-27 2025-09-28 2025-10-01 2025-10-06 2025-10-11 2025-12-31 2026-01-04 2026-02-14 2026-02-17 2026-02-28 2026-05-09"
).split()]


class Book:
    def __init__(self, seed, count, year, wild):
        self.random = random.Random(seed)
        self.count, self.year, self.wild = count, year, wild
        self.first, self.last = self.on(0, 1, 1), self.on(1, 6, 30)
        self.clients, self.events = [], []
        self.squeezes = set()  # clients whose days are laid out already

    # -- small draws

    def chance(self, share):
        return self.random.random() < share

    def on(self, years, month, day):
        return date(self.year + years, month, day)

    def day(self, first=None, last=None):
        first, last = first or self.first, last or self.last
        if self.chance(0.15):
            hot = [day for day in HOT_DAYS if first <= day <= last]
            if hot:
                return min(last, max(first, self.random.choice(hot) + timedelta(days=self.random.randint(-1, 1))))
        return first + timedelta(days=self.random.randint(0, (last - first).days))

    def moment(self, day):
        """That local day: as a date, with a time, or in another zone's words."""
        kind = self.random.random()
        if kind < 0.5:
            return day.isoformat()
        hour, minute = self.random.randint(0, 23), self.random.randint(0, 59)
        if kind < 0.7:
            return f"{day}T{hour:02}:{minute:02}:00"
        if kind < 0.8:
            return f"{day}T{hour:02}:{minute:02}:{self.random.randint(0, 59):02}+08:00"
        if kind < 0.9:  # the same moment in UTC may be the day before
            utc = hour - 8
            return f"{day + timedelta(days=utc // 24)}T{utc % 24:02}:{minute:02}:00Z"
        west = hour - 13
        return f"{day + timedelta(days=west // 24)}T{west % 24:02}:{minute:02}:00-05:00"

    def birthday(self):
        calendar = self.random.choice(["solar", "solar", "lunar", "lunar-leap", ""])
        pick = self.random.random()
        year = self.random.randint(1940, 2006)
        if calendar in ("solar", ""):
            if pick < 0.15:
                return f"{self.random.choice([1960, 1988, 2000])}-02-29", calendar
            if pick < 0.20:
                return "02-29", calendar
            month, day = self.random.randint(1, 12), self.random.randint(1, 28)
            if pick < 0.35:  # beside New Year, Labour Day and a quarter's end
                month, day = self.random.choice([(1, 1), (1, 2), (12, 31), (12, 30), (4, 1), (4, 2), (5, 1), (10, 1), (6, 30)])
        else:
            month, day = self.random.randint(1, 12), self.random.randint(1, 29)
            if pick < 0.2:
                day = 30
            elif pick < 0.4:
                month, day = self.random.choice([(1, 1), (12, 8), (12, 29), (12, 30), (6, 15), (6, 30), (8, 15), (2, 30), (4, 30)])
        return (f"{month:02}-{day:02}" if self.chance(0.2) else f"{year}-{month:02}-{day:02}"), calendar

    # -- clients

    def make_clients(self):
        person = 0
        while len(self.clients) < self.count:
            person += 1
            if self.chance(0.12):
                self.squeeze(f"P{person:05}")
                continue
            size = self.random.choices([1, 2, 3, 4, 5], [50, 20, 15, 10, 5])[0]
            alone = size == 1 and self.chance(0.7)
            bare = self.chance(0.3)  # persons whose clients have different addresses
            for _ in range(min(size, self.count - len(self.clients))):
                self.clients.append(self.client(len(self.clients), "" if alone else f"P{person:05}", bare))

    def client(self, number, person, bare, steady=False):
        ref = f"C{number:05}"
        birthday, calendar = self.birthday()
        if self.chance(0.1):
            birthday, calendar = "", self.random.choice(["", "solar"])
        branch = f"B{self.random.randint(1, 4)}"
        opened = self.day(self.on(-10, 1, 1), self.on(-1, 12, 31))
        phone = "" if self.chance(0.5 if bare else 0.08) else f"1{self.random.randint(3 * 10**9, 10**10 - 1)}"
        row = {
            "client_ref": ref,
            "person_ref": person,
            "name": self.random.choice(["赵敏", "钱, 进", '孙"小"华', "Li Lei", "周 末", "吴=1+1"]),
            "phone": phone,
            "email": f"{ref.lower()}@example.com" if self.chance(0.7 if bare else 0.4) else "",
            "tier": self.random.choice(["diamond", "gold", "silver", "standard", "standard", ""]),
            "branch": branch if self.chance(0.85) else "",
            "manager": f"{branch}-M{self.random.randint(1, 4)}" if self.chance(0.8) else "",
            "introducer": f"{branch}-M{self.random.randint(1, 4)}" if self.chance(0.5) else "",
            "birthday": birthday,
            "birthday_calendar": calendar,
            "opened_on": opened.isoformat() if self.chance(0.92) else "",
            "closed_on": "",
            "last_trade_on": self.day(self.on(-1, 3, 1), self.on(-1, 12, 31)).isoformat() if self.chance(0.6) else "",
            "assets": self.random.choice(["", "0", "100000", "166666.67", "166666.66", "333333.33", "1000000", "200000", "50000", "1666666.66",
                                          f"{self.random.randint(0, 9 * 10**8) / 100:.2f}"]),
            "status": self.random.choice(["normal", "normal", "normal", "dormant", "suspended", ""]),
        }
        if not steady:
            self.account(row, opened)
            if self.wild and self.chance(0.4):
                self.contradict(row)
        return row

    def squeeze(self, person):
        """A phone call that waits over days when messages of the same person want its
        slot: clients reached by different channels, their matters within one week."""
        day = self.day(self.first, self.last - timedelta(days=20))
        if self.chance(0.5):  # a quarter without festivals, so that slots are free before
            day = self.on(0, 7, 10) + timedelta(days=self.random.randint(0, 70))
        if self.chance(0.7):
            day += timedelta(days=(5 - day.weekday()) % 7)  # a Saturday: nobody rings until Monday
        # One by mail before, one by phone on the day, one by mail the day after; the rest as it
        # comes. A birthday call needs a quarter without contacts: both by mail come after it.
        greeting = self.chance(0.4)
        roles = [(False, "opened", self.random.choice([0, 1]) if greeting else self.random.choice([-9, -2, -1])),
                 (True, "birthday" if greeting else "dormant", 0),
                 (False, self.random.choice(["opened", "opened", "dormant"]), self.random.choice([0, 1, 1]))]
        for _ in range(self.random.randint(0, 2)):
            roles.append((self.chance(0.5), self.random.choice(["opened", "dormant"]), self.random.choice([-9, -1, 0, 1, 2])))
        for by_phone, matter, offset in roles:
            self.clients.append(self.squeezed(person, by_phone, matter, day + timedelta(days=offset)))

    def squeezed(self, person, by_phone, matter, day):
        row = self.client(len(self.clients), person, True, steady=True)
        self.squeezes.add(row["client_ref"])
        row["phone"] = "13900000000" if by_phone else ""
        row["email"] = "" if by_phone else "someone@example.com"
        row["tier"] = self.random.choice(["gold", "silver", ""])
        if self.chance(0.7):  # his greetings would have the slots first
            row["birthday"] = ""
        if matter == "birthday":  # a call that opens on that day
            row.update(tier="gold", birthday=(day + timedelta(days=3)).strftime("%m-%d"), birthday_calendar="solar")
        elif matter == "dormant":
            base = date(day.year - (day.month <= 6), (day.month + 5) % 12 + 1, min(day.day, 28))
            self.event(row["client_ref"], "trade", base, "5000")
            if self.chance(0.3):
                self.event(row["client_ref"], "trade", day + timedelta(days=self.random.choice([0, 1, 1, 2, 3])), "5000")
        else:
            row.update(opened_on=day.isoformat(), last_trade_on="")
            self.event(row["client_ref"], "account_opened", day)
        if by_phone and self.chance(0.25):
            kind = self.random.choice(["complaint", "permission_opened", "transfer_requested", "account_closed"])
            self.event(row["client_ref"], kind, day + timedelta(days=self.random.choice([0, 1, 2])))
        return row

    def account(self, row, opened):
        """How the account's life goes on: most stay open."""
        ref, pick = row["client_ref"], self.random.random()
        if pick < 0.12:  # opened in or shortly before the period, by an event
            opened = self.day(self.on(-1, 12, 15), self.last)
            row["opened_on"] = opened.isoformat() if self.chance(0.8) else ""
            row["last_trade_on"] = ""
            self.event(ref, "account_opened", opened)
            if self.chance(0.3):
                self.life(ref, opened)
        elif pick < 0.17:  # closed in the file, no event; sometimes reopened
            closed = self.day(self.on(-1, 1, 1), self.on(-1, 12, 31))
            row["opened_on"] = row["opened_on"] and min(row["opened_on"], self.on(-2, 12, 31).isoformat())
            row["closed_on"] = closed.isoformat()
            if self.chance(0.5):
                self.event(ref, "account_reopened", self.day())
        elif pick < 0.19:  # closed in the file, on a day of the period
            row["closed_on"] = self.day().isoformat()
        elif pick < 0.21:  # to open on a day of the period, known by the file alone
            row["opened_on"] = self.day().isoformat()
            row["last_trade_on"] = ""
        elif pick < 0.36:
            self.life(ref, self.day())

    def contradict(self, row):
        """Fields of the file against the events, openings after closings."""
        for column in ("opened_on", "closed_on", "last_trade_on"):
            if self.chance(0.4):
                row[column] = self.day(self.on(-1, 6, 1)).isoformat()
        for kind in ("account_opened", "account_closed", "account_reopened", "account_opened", "account_closed"):
            if self.chance(0.3):
                self.event(row["client_ref"], kind, self.day(self.on(-1, 11, 1)))

    def life(self, ref, day):
        """Closings and reopenings, some on one day."""
        for _ in range(self.random.choice([1, 1, 2, 3])):
            day += timedelta(days=self.random.choice([0, 1, 2, 5, 20, 60]))
            if self.chance(0.2):
                first, second = sorted(self.random.sample(range(24), 2))
                self.event(ref, "account_closed", day, text=f"{day}T{first:02}:30:00")
                self.event(ref, "account_reopened", day, text=f"{day}T{second:02}:15:00")
            else:
                self.event(ref, "account_closed", day)
                if self.chance(0.4):
                    break
                day += timedelta(days=self.random.choice([1, 1, 2, 3, 10, 40, 120]))
                self.event(ref, "account_reopened", day)
            day += timedelta(days=1)

    # -- events

    def event(self, ref, kind, day, amount="", detail="", text=None):
        row = {"event_ref": f"E{len(self.events):06}", "client_ref": ref, "kind": kind,
               "occurred_at": text or self.moment(day), "amount": amount, "detail": detail, "as_of": ""}
        self.events.append(row)
        return row

    def make_events(self):
        for client in list(self.clients):
            ref = client["client_ref"]
            if ref in self.squeezes:
                continue
            for _ in range(self.random.choice([0, 0, 1, 2, 4])):
                self.event(ref, "trade", self.day(self.on(-1, 6, 1)), f"{self.random.randint(100, 10**7) / 100:.2f}")
            if self.chance(0.2):  # a trade around the day on which an earlier one turns dormant
                traded = self.day(self.on(-1, 7, 1), self.on(0, 12, 1))
                self.event(ref, "trade", traded, "1000")
                self.event(ref, "trade", traded + timedelta(days=self.random.choice([181, 182, 183, 184, 184, 186, 190])), "1000")
            if self.chance(0.15):
                self.outflows(client)
            for kind, share in (("complaint", 0.08), ("feedback", 0.05), ("abnormal", 0.06), ("permission_opened", 0.12),
                                ("transfer_requested", 0.05), ("trade_completed", 0.03)):
                if self.chance(share):
                    self.event(ref, kind, self.day(self.on(-1, 12, 10)))
            if self.chance(0.25):
                self.crowd(client)
        managers = sorted({client["manager"] for client in self.clients if client["manager"]})
        for _ in range(max(2, self.count // 40)):
            self.event("", "manager_departed", self.day(self.on(-1, 12, 20)), detail=self.random.choice(managers))
        for _ in range(3):
            self.event(f"X{self.random.randint(0, 99):05}", self.random.choice(["trade", "complaint", "account_closed"]), self.day())

    def outflows(self, client):
        """At and beside the limits, alone or as the sum of a day."""
        day = self.day(self.on(-1, 12, 20))
        assets = float(client["assets"] or 0)
        for _ in range(self.random.choice([1, 1, 2])):
            share = round(assets * 0.3, 2)
            total = self.random.choice([500000, 499999.99, 500000.01, 50000, 49999.99, 50000.01, share, share, share + 0.01,
                                        max(share - 0.01, 0.01), 120000]) or 50000
            parts = self.random.choice([1, 1, 2, 3])
            cents = round(total * 100)
            for part in range(parts):
                piece = cents // parts if part else cents - cents // parts * (parts - 1)
                self.event(client["client_ref"], "asset_outflow", day, f"{piece / 100:.2f}")
            day += timedelta(days=self.random.choice([1, 2, 7]))

    def crowd(self, client):
        """Many matters of one person within days: cap, joining, preemption, waiting, gate."""
        mates = [other for other in self.clients if client["person_ref"] and other["person_ref"] == client["person_ref"]] or [client]
        day = self.day(self.first, self.last - timedelta(days=30))
        if self.chance(0.5):
            day += timedelta(days=(4 - day.weekday()) % 7)  # a Friday: the weekend's calls wait
        for _ in range(self.random.randint(3, 9)):
            kind = self.random.choices(
                ["complaint", "feedback", "abnormal", "permission_opened", "transfer_requested", "asset_outflow", "account_opened",
                 "account_closed", "manager_departed"], [3, 1, 2, 5, 3, 3, 5, 2, 1])[0]
            mate = self.random.choice(mates)
            ref, amount, detail = mate["client_ref"], "", ""
            if kind == "asset_outflow":
                amount = "600000"
            if kind == "manager_departed":
                ref, detail = "", mate["manager"] or "B1-M1"
            if kind == "account_opened" and any(row["client_ref"] == ref and row["kind"].startswith("account_") for row in self.events):
                kind = "permission_opened"
            if kind == "account_opened" and mate["closed_on"]:
                kind = "permission_opened"
            if kind == "account_opened":
                mate["opened_on"] = day.isoformat()
            self.event(ref, kind, day, amount, detail)
            if kind == "account_closed" and self.chance(0.5):
                self.event(ref, "account_reopened", day + timedelta(days=self.random.choice([1, 3, 8])))
            day += timedelta(days=self.random.choice([0, 0, 1, 1, 2, 3, 10]))

    # -- versions

    def versions(self):
        """Duplicates, corrections and withdrawals. Corrected and void rows carry as_of."""
        rows = list(self.events)
        for row in rows:
            pick = self.random.random()
            if pick < 0.02:
                self.events.append(dict(row))
            elif pick < 0.04 and row["client_ref"]:
                self.correct(row)
            elif pick < (0.12 if self.wild else 0.06) and (self.wild or not row["kind"].startswith("account_")):
                day = date.fromisoformat(row["occurred_at"][:10]) + timedelta(days=self.random.choice([-1, 0, 1, 1, 2, 5, 20]))
                self.event(row["client_ref"] or self.clients[0]["client_ref"], "void", day, detail=row["event_ref"])

    def correct(self, row):
        """The other version comes before or after it in the file; as_of decides, or the place."""
        other = dict(row)
        change = self.random.choice(["day", "amount", "kind"])
        if change == "day" and (self.wild or not row["kind"].startswith("account_")):
            other["occurred_at"] = self.moment(self.day())
        elif change == "kind" and row["kind"] == "complaint":
            other["kind"] = "feedback"
        elif row["amount"]:
            other["amount"] = "654321"
        row["as_of"] = self.random.choice(["2027-07-01", "2027-07-01T08:00:00", "2027-07-02"])
        other["as_of"] = self.random.choice(["2027-07-01", "2027-07-01T12:00:00+08:00", "2027-07-02"])
        self.events.append(other)

    def client_versions(self):
        """A client twice: the later row wins."""
        for row in self.random.sample(self.clients, max(1, self.count // 30)):
            stale = dict(row, tier="silver", phone="13000000000", manager="", assets="1")
            self.clients.insert(self.random.randint(0, self.clients.index(row)), stale)

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        for name, columns, rows in (("clients.csv", CLIENT_COLUMNS, self.clients), ("events.csv", EVENT_COLUMNS, self.events)):
            with open(os.path.join(folder, name), "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


def main():
    arguments = argparse.ArgumentParser(description="Writes a random book of clients and events.")
    arguments.add_argument("seed", type=int)
    arguments.add_argument("--clients", type=int, default=120)
    arguments.add_argument("folder")
    arguments.add_argument("--year", type=int, default=2025)
    arguments.add_argument("--wild", action="store_true")
    given = arguments.parse_args()
    book = Book(given.seed, given.clients, given.year, given.wild)
    book.make_clients()
    book.make_events()
    book.versions()
    book.client_versions()
    book.random.shuffle(book.events)
    book.write(given.folder)


if __name__ == "__main__":
    main()
