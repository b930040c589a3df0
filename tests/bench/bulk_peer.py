"""The peers of the bulk work: a SQLite file and a PostgreSQL server of their own, with the rules as plain SQL (bulk_plain.sql), each with its own durable settings."""
import csv
import datetime
import os
import shutil
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../model"))
from rules import LUNAR, add_months, is_work_day  # noqa: E402

EPOCH = datetime.date(1970, 1, 1)
POSTGRES = "/usr/lib/postgresql/15/bin"
EVENT_RULES = [("account_closed", "account-closed", 2, 30, 1, "service"), ("complaint", "complaint", 1, 30, 1, "service"), ("abnormal", "abnormal", 2, 30, 1, "hq"),
               ("transfer_requested", "transfer-out", 1, 5, 2, "service"), ("account_opened", "account-opened", 7, 30, 3, "service"),
               ("permission_opened", "permission-opened", 30, 30, 3, "hq")]


def number(day):
    return (day - EPOCH).days


def statements(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        parts = file.read().split("\n\n")
    for part in parts:
        lines = [line for line in part.splitlines() if line.strip() and not line.startswith("--")]
        if lines:
            yield "\n".join(lines).rstrip(";")


def work_day_from(day, step):
    while not is_work_day(day):
        day += datetime.timedelta(step)
    return day


def script(day):
    """The statements of one day."""
    bases = [base for base in (add_months(day, -6) + datetime.timedelta(more) for more in range(-4, 5)) if add_months(base, 6) == day]
    numbers = [number(base) for base in bases] or [-1]
    places = {"day": number(day), "day_text": f"{day}", "yesterday_text": f"{day - datetime.timedelta(1)}", "next_work": number(work_day_from(day, 1)), "month": day.month,
              "dom": day.day, "bases": ", ".join(map(str, numbers)), "last_base": max(numbers)}
    return [text.format(**places) for text in statements("bulk_plain.sql")]


def birthdays(first, last):
    """Which days of the three calendars are kept on which day, and the window of a call: it opens three days before and ends on a work day."""
    for year in range(first.year - 1, last.year + 2):
        kept = [("solar", month, dom, datetime.date(year, month, dom) if (month, dom) != (2, 29) or year % 4 == 0 else datetime.date(year, 2, 28))
                for month in range(1, 13) for dom in range(1, 32) if dom <= 28 or dom <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)]
        kept += [(calendar, month, dom, LUNAR.day(year, month, dom, calendar == "lunar-leap")) for calendar in ("lunar", "lunar-leap") for month in range(1, 13)
                 for dom in range(1, 31)]
        for calendar, month, dom, day in kept:
            due = work_day_from(day, -1)
            if first - datetime.timedelta(40) <= day <= last + datetime.timedelta(40):
                yield calendar, month, dom, f"{year}", number(day), number(due) - 3, number(due)


def festivals(first, last, extra):
    for year in range(first.year, last.year + 1):
        for name, day, priority in [("new-year", datetime.date(year, 1, 1), 7), ("spring-festival", LUNAR.day(year, 1, 1), 6), ("labour-day", datetime.date(year, 5, 1), 7),
                                    ("mid-autumn", LUNAR.day(year, 8, 15), 7), ("national-day", datetime.date(year, 10, 1), 7)] + [(name, datetime.date(year, *at), 7)
                                                                                                                                       for name, at in extra]:
            yield number(day), f"{name}/{year}", priority


def book_rows(clients_file):
    def day_or_none(text):
        return number(datetime.date.fromisoformat(text)) if text else None
    with open(clients_file, encoding="utf-8", newline="") as file:
        for place, row in enumerate(csv.DictReader(file), 1):
            birthday = row["birthday"]
            yield (place, row["client_ref"], row["phone"] or None, row["email"] or None, row["tier"], row["manager"] or None, row["birthday_calendar"] or None,
                   int(birthday[5:7]) if birthday else None, int(birthday[8:]) if birthday else None, day_or_none(row["opened_on"]), day_or_none(row["last_trade_on"]),
                   float(row["assets"]) if row["assets"] else None)


def event_rows(events_file):
    """The book numbers its clients in the order of their references, C00000001 on."""
    days = {}
    with open(events_file, encoding="utf-8", newline="") as file:
        for ref, client, kind, day, amount, _ in csv.reader(file):
            if kind == "kind":
                continue
            if day not in days:
                days[day] = number(datetime.date.fromisoformat(day))
            yield ref, int(client[1:]), kind, days[day], float(amount) if amount else None


class Plain:
    """What both have in common; run(text) does one statement, commit() makes it durable."""

    def build(self, clients_file, events_file, first, last, extra_festivals):
        texts = list(statements("bulk_schema.sql"))
        for text in texts:
            if text.startswith("CREATE TABLE"):
                self.run(text.format(key=self.KEY))
        self.load("client", book_rows(clients_file))
        self.load("event(ref, client_id, kind, day, amount)", event_rows(events_file))
        self.load("event_rule", EVENT_RULES)
        self.load("birthday_day", birthdays(first, last))
        self.load("festival", festivals(first, last, extra_festivals))
        for text in texts:
            if text.startswith("CREATE INDEX"):
                self.run(text)
        self.commit()
        self.run("ANALYZE")
        self.commit()

    def work(self, day):
        """One day, one transaction."""
        for text in script(day):
            self.run(text)
        self.commit()


class Sqlite(Plain):
    KEY = "INTEGER PRIMARY KEY"

    def __init__(self, path):
        self.path = path
        if os.path.exists(path):
            os.remove(path)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.inside = False

    def build(self, *words):
        """Without a log, which would become as large as the book; from then on durably."""
        self.db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-500000;")
        super().build(*words)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;")

    def run(self, text):
        if not self.inside:
            self.db.execute("BEGIN IMMEDIATE")
            self.inside = True
        self.db.execute(text)

    def commit(self):
        if self.inside:
            self.db.execute("COMMIT")
        self.inside = False

    def load(self, table, rows):
        rows = iter(rows)
        first = next(rows)
        self.run("SELECT 1")
        text = f"INSERT INTO {table} VALUES({', '.join('?' * len(first))})"
        self.db.execute(text, first)
        self.db.executemany(text, rows)

    def count(self, where="1=1"):
        return self.db.execute(f"SELECT count(*) FROM followup WHERE {where}").fetchone()[0]

    def close(self):
        self.db.close()


class Postgres(Plain):
    """A server of its own in a folder of its own, reached by a socket there; run by psql, whose start is not counted: it is kept open and echoes a mark."""
    KEY = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"

    def __init__(self, folder):
        self.folder = folder
        self.data = self.path = os.path.join(folder, "postgres")
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        shutil.rmtree(self.data, ignore_errors=True)
        os.makedirs(self.data)
        if self.as_user:
            shutil.chown(self.data, "postgres", "postgres")
        os.chmod(self.data, 0o700)
        self._do("initdb", "-D", self.data, "-A", "trust", "-U", "bench", "--no-locale", "-E", "UTF8")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses=''\nunix_socket_directories='{self.data}'\nshared_buffers=512MB\nmax_wal_size=4GB\nautovacuum=on\n")
        self._do("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.data, "log"), "start")
        self.shell = None
        self._connect()

    def _do(self, program, *words):
        subprocess.run([*self.as_user, os.path.join(POSTGRES, program), *words], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def _connect(self):
        self.shell = subprocess.Popen([os.path.join(POSTGRES, "psql"), "-h", self.data, "-U", "bench", "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1 << 20)
        self.inside = False

    def ask(self, text):
        """Runs it and waits; the rows it prints."""
        self.shell.stdin.write(text + ";\n\\echo <done>\n")
        self.shell.stdin.flush()
        lines = []
        while (line := self.shell.stdout.readline()) != "<done>\n":
            if line == "":
                raise AssertionError(f"psql has ended: {text[:200]}")
            lines.append(line.rstrip("\n"))
        return lines

    def run(self, text):
        if not self.inside and text != "ANALYZE":
            self.ask("BEGIN")
            self.inside = True
        self.ask(text)

    def commit(self):
        if self.inside:
            self.ask("COMMIT")
        self.inside = False

    def load(self, table, rows):
        if not self.inside:
            self.ask("BEGIN")
            self.inside = True
        self.shell.stdin.write(f"COPY {table} FROM STDIN;\n")
        for row in rows:
            self.shell.stdin.write("\t".join("\\N" if cell is None else str(cell) for cell in row) + "\n")
        self.shell.stdin.write("\\.\n")
        self.ask("SELECT 1")

    def count(self, where="1=1"):
        return int(self.ask(f"SELECT count(*) FROM followup WHERE {where}")[0])

    def close(self):
        self.shell.stdin.close()
        self.shell.wait()
        self._do("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.data, ignore_errors=True)
