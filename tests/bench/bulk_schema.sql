-- The tables of bulk_plain.sql, for SQLite and PostgreSQL ({key}: what a number that counts up is called there). Days are counts since 1970-01-01.

CREATE TABLE client(id BIGINT PRIMARY KEY, ref TEXT NOT NULL UNIQUE, phone TEXT, email TEXT, tier TEXT, manager TEXT, birth_calendar TEXT, birth_month INTEGER, birth_dom INTEGER,
 opened_on INTEGER, last_trade_on INTEGER, assets DOUBLE PRECISION);

CREATE TABLE event(id {key}, ref TEXT NOT NULL UNIQUE, client_id BIGINT NOT NULL, kind TEXT NOT NULL, day INTEGER NOT NULL, amount DOUBLE PRECISION);

CREATE TABLE followup(id {key}, client_id BIGINT NOT NULL, rule TEXT NOT NULL, occasion TEXT NOT NULL, opens_on INTEGER NOT NULL, due_on INTEGER NOT NULL, last_on INTEGER NOT NULL,
 priority INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, channel TEXT, queue TEXT, created_on INTEGER NOT NULL, closed_on INTEGER, UNIQUE(client_id, rule, occasion));

CREATE TABLE event_rule(kind TEXT, rule TEXT, due INTEGER, late INTEGER, priority INTEGER, queue TEXT);

CREATE TABLE birthday_day(calendar TEXT, month INTEGER, dom INTEGER, year TEXT, day INTEGER, opens_on INTEGER, due_on INTEGER);

CREATE TABLE festival(day INTEGER, occasion TEXT, priority INTEGER);

-- after the load
CREATE INDEX client_birthday ON client(birth_calendar, birth_month, birth_dom);

CREATE INDEX client_opened ON client(opened_on);

CREATE INDEX client_traded ON client(last_trade_on);

CREATE INDEX event_kind ON event(kind, day);

CREATE INDEX event_client ON event(client_id, kind, day);

CREATE INDEX followup_last ON followup(last_on) WHERE state IN ('queued', 'scheduled');

CREATE INDEX followup_queue ON followup(queue, priority, due_on, id) WHERE state='queued';

CREATE INDEX birthday_by_day ON birthday_day(day);

CREATE INDEX birthday_by_opening ON birthday_day(opens_on);
