-- The peer of the day cycle and of simulate: the shipped rules as plain indexed SQL, for SQLite and PostgreSQL alike, as a programmer would put them behind cron. No cap, no merging into calls,
-- no foresight, no record of decisions, no corrections, no missed days. {day} is worked; {month} and {dom} are its parts, the calendar has the lunar ones.
-- A blank line ends a statement.

-- cancel: what stops on a trade, a closing, a reopening of that day
UPDATE followup SET state='cancelled', reason='trade', closed_on={day} WHERE state IN ('queued', 'scheduled') AND rule='dormant' AND id IN
 (SELECT f.id FROM event e JOIN followup f ON f.client_id=e.client_id WHERE e.kind='trade' AND e.day={day} AND f.rule='dormant' AND f.state IN ('queued', 'scheduled'));

UPDATE followup SET state='cancelled', reason='account_closed', closed_on={day} WHERE state IN ('queued', 'scheduled') AND id IN
 (SELECT f.id FROM event e JOIN followup f ON f.client_id=e.client_id WHERE e.kind='account_closed' AND e.day={day} AND f.state IN ('queued', 'scheduled') AND f.rule IN
 ('transfer-out', 'account-opened', 'permission-opened', 'dormant', 'birthday', 'birthday-call', 'festival', 'festival-letter'));

-- expire
UPDATE followup SET state='missed', reason='expired', closed_on={day} WHERE state IN ('queued', 'scheduled') AND last_on<{day};

-- create and queue: events
INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, r.rule, e.ref, e.day, e.day + r.due, e.day + r.due + r.late, r.priority, CASE WHEN c.phone IS NULL THEN 'suppressed' ELSE 'queued' END,
 CASE WHEN c.phone IS NULL THEN 'no-channel' END, 'phone', r.queue, {day} FROM event e JOIN event_rule r ON r.kind=e.kind JOIN client c ON c.id=e.client_id WHERE e.day={day}
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule=r.rule AND f.occasion=e.ref);

-- create: outflows of the day before
INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, 'large-outflow', '{yesterday_text}', {day}, {next_work}, {next_work} + 10, 2, CASE WHEN c.phone IS NULL THEN 'suppressed' ELSE 'queued' END,
 CASE WHEN c.phone IS NULL THEN 'no-channel' END, 'phone', 'service', {day} FROM (SELECT client_id, sum(amount) amount FROM event WHERE kind='asset_outflow' AND day={day} - 1
 GROUP BY client_id) o JOIN client c ON c.id=o.client_id WHERE (o.amount>=500000 OR (o.amount>=50000 AND o.amount * 100>=c.assets * 30))
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule='large-outflow' AND f.occasion='{yesterday_text}');

-- create: dormant, of those whose last opening, reopening or trade was on one of the days that six months lead here from
INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, 'dormant', '{day_text}', {day}, {day} + 15, {day} + 45, 4, CASE WHEN c.phone IS NULL AND c.email IS NULL THEN 'suppressed' ELSE 'queued' END,
 CASE WHEN c.phone IS NULL AND c.email IS NULL THEN 'no-channel' END, CASE WHEN c.phone IS NULL THEN 'email' ELSE 'phone' END, 'service', {day}
 FROM (SELECT client_id FROM event WHERE kind IN ('trade', 'account_opened', 'account_reopened') AND day IN ({bases}) UNION SELECT id FROM client WHERE last_trade_on IN ({bases})
 UNION SELECT id FROM client WHERE opened_on IN ({bases})) b JOIN client c ON c.id=b.client_id
 WHERE coalesce(c.last_trade_on, 0)<={last_base} AND coalesce(c.opened_on, 0)<={last_base}
 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client_id=c.id AND e.kind IN ('trade', 'account_opened', 'account_reopened') AND e.day>{last_base} AND e.day<={day})
 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client_id=c.id AND e.kind='account_closed' AND e.day<={day})
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule='dormant' AND f.occasion='{day_text}');

-- create: birthdays, by message
INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, 'birthday', b.year, {day}, {day}, {day}, 5, CASE WHEN c.phone IS NULL AND c.email IS NULL THEN 'suppressed' ELSE 'queued' END,
 CASE WHEN c.phone IS NULL AND c.email IS NULL THEN 'no-channel' END, CASE WHEN c.phone IS NULL THEN 'email' ELSE 'sms' END,
 CASE WHEN c.phone IS NULL THEN 'email' ELSE 'sms' END, {day} FROM birthday_day b JOIN client c ON c.birth_calendar=b.calendar AND c.birth_month=b.month AND c.birth_dom=b.dom
 WHERE b.day={day} AND c.tier NOT IN ('diamond', 'gold')
 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client_id=c.id AND e.kind='account_closed' AND e.day<={day}) AND c.opened_on<={day}
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule IN ('birthday', 'birthday-call') AND f.occasion=b.year);

-- create: birthdays of key clients, by their managers; birthday_day has the day on which the window opens, rolled back to a work day
INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, 'birthday-call', b.year, b.opens_on, b.due_on, b.due_on, 5, CASE WHEN c.phone IS NULL THEN 'suppressed' ELSE 'queued' END, CASE WHEN c.phone IS NULL THEN 'no-channel' END,
 'phone', CASE WHEN c.manager IS NULL THEN 'service' ELSE 'manager/' || c.manager END, {day} FROM birthday_day b JOIN client c ON c.birth_calendar=b.calendar AND c.birth_month=b.month
 AND c.birth_dom=b.dom WHERE b.opens_on={day} AND c.tier IN ('diamond', 'gold')
 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client_id=c.id AND e.kind='account_closed' AND e.day<={day}) AND c.opened_on<={day}
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule IN ('birthday', 'birthday-call') AND f.occasion=b.year);

-- create: festivals, by message on the day and by letter a week before; asked first whether there is one at all, or else PostgreSQL may take it into its head to look through all clients first
INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, 'festival', s.occasion, {day}, {day}, {day}, s.priority, CASE WHEN c.phone IS NULL AND c.email IS NULL THEN 'suppressed' ELSE 'queued' END,
 CASE WHEN c.phone IS NULL AND c.email IS NULL THEN 'no-channel' END, CASE WHEN c.phone IS NULL THEN 'email' ELSE 'sms' END,
 CASE WHEN c.phone IS NULL THEN 'email' ELSE 'sms' END, {day} FROM festival s CROSS JOIN client c WHERE EXISTS (SELECT 1 FROM festival WHERE day={day}) AND s.day={day} AND c.tier NOT IN ('diamond', 'gold')
 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client_id=c.id AND e.kind='account_closed' AND e.day<={day}) AND c.opened_on<={day}
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule IN ('festival', 'festival-letter') AND f.occasion=s.occasion);

INSERT INTO followup(client_id, rule, occasion, opens_on, due_on, last_on, priority, state, reason, channel, queue, created_on)
 SELECT c.id, 'festival-letter', s.occasion, s.day - 7, s.day - 1, s.day - 1, s.priority, 'queued', NULL, 'letter', 'letter', {day} FROM festival s CROSS JOIN client c
 WHERE EXISTS (SELECT 1 FROM festival WHERE day={day} + 7) AND s.day={day} + 7 AND c.tier IN ('diamond', 'gold')
 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.client_id=c.id AND e.kind='account_closed' AND e.day<={day}) AND c.opened_on<={day}
 AND NOT EXISTS (SELECT 1 FROM followup f WHERE f.client_id=c.id AND f.rule IN ('festival', 'festival-letter') AND f.occasion=s.occasion);
