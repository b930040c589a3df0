#!/usr/bin/env python3
"""Each word of the configuration that will not do, and what followupd check says of it, with file and line."""
import os
import re
import subprocess
import tempfile

from harness import FOLLOWUPD, PATIENCE, ROOT, run, same, test

BASE = (f'calendar {{ folder = "{ROOT}/conf/calendar" }} clients {{ tiers = {{"gold", "plain"}} }}'
        ' events { kinds = {"account_opened", "account_closed", "account_reopened", "trade", "void", "odd"} }'
        ' channel phone { kind = talk address = phone } channel sms { kind = bulk address = phone }'
        ' festival new-year { solar = 1-1 } festival qixi { lunar = 7-7 everywhere = no }'
        ' disposition reached { effect = contact } disposition sent { effect = contact messages = yes }\n')
REST = ' opens = 0 due = 1d channels = {"phone"} queue = service priority = 1 late = keep }'
GOOD = 'rule a { trigger = event events = {"odd"}' + REST

# What stands in the main file from line 2 on, what in the rules (None: a good rule), and what is said. @REST: what a rule needs besides;
# @a%d@3@: "a0", "a1", "a2".
CASES = [
    ('daemon { database = "" }', None, ["main:2: error: database: '' will not do: it takes a text without control characters, not empty"]),
    ('daemon { database = "a\x01b" }', None, ["main:2: error: database: 'a\x01b' will not do: it takes a text without control characters, not empty"]),
    ('daemon { rules = "/no/such/folder" }', None, ['main:2: error: rules: the folder /no/such/folder cannot be read: No such file or directory']),
    ('backup { folder = "" at = 2:3 keep = 0 }', None, ["main:2: error: folder: '' will not do: it takes a folder, or none",
      "main:2: error: at: '2:3' will not do: it takes a time of day like 02:30",
      "main:2: error: keep: '0' will not do: it takes a number from 1 to 3660"]),
    ('backup { at = 24:00 }', None, ["main:2: error: at: '24:00' will not do: it takes a time of day like 02:30"]),
    ('review { share = 101 form = {@f%d@33@} }', None, ["main:2: error: share: '101' will not do: it takes a number from 0 to 100",
      "main:2: error: form: 'f32' will not do: it takes at most 32 different names of lower-case letters, digits, - and _"]),
    ('review { form = {"greeting", "greeting"} again = 2wd }', None, ["main:2: error: again: '2wd' will not do: it takes calendar days like 0, 7d or 2w, at most 366d",
      "main:2: error: form: 'greeting' will not do: it takes at most 32 different names of lower-case letters, digits, - and _"]),
    ('clients { key_tiers = {"gold"} }', None, ["main:2: error: section 'clients' stands already at main:1"]),
    ('hand_out { break_codes = {"", "lunch", "lunch"} day_parts = {} }', None, ["main:2: error: break_codes: '' will not do: it takes at most 32 different names of lower-case letters, digits, - and _",
      "main:2: error: break_codes: 'lunch' will not do: it takes at most 32 different names of lower-case letters, digits, - and _"]),
    ('hand_out { break_codes = {@b%d@33@} }', None, ["main:2: error: break_codes: 'b32' will not do: it takes at most 32 different names of lower-case letters, digits, - and _"]),
    ('channel "" { kind = talk address = phone }\nchannel "a b" { kind = talk address = phone on = maybe }', None, ["main:2: error: channel '': a name has lower-case letters, digits, - and _ only, and at most 64 of them",
      "main:3: error: channel 'a b': a name has lower-case letters, digits, - and _ only, and at most 64 of them",
      "main:3: error: on: 'maybe' will not do: it takes yes or no"]),
    ('channel letter { kind = post address = none }\nchannel visit { }', None, ["main:2: error: kind: 'post' will not do: it takes one of talk, bulk",
      "main:3: error: channel 'visit': 'kind' is missing",
      "main:3: error: channel 'visit': 'address' is missing"]),
    ('queue "" { }\nqueue "a*b" { }\nqueue q { hours = "Mon 9-10" lease = 9s capacity = x }', None, ["main:2: error: queue '': a queue is named like service, branch/SH01 or branch/*",
      "main:3: error: queue 'a*b': a queue is named like service, branch/SH01 or branch/*",
      "main:4: error: lease: '9s' will not do: it takes a time like 90s, 15min, 2h or 1d, from 10s to 7d",
      "main:4: error: capacity: 'x' will not do: it takes a number from 0 to 1000000, or none",
      'main:4: error: hours: \'Mon 9-10\' will not do: it takes always, closed, or something like "Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00"']),
    ('queue q { }\nqueue q { }\nqueue "q*" { }\nqueue "qq" { }', None, ["main:3: error: queue 'q' stands already at main:2",
      "main:4: error: queue 'q*': a queue is named like service, branch/SH01 or branch/*"]),
    ('disposition x { effect = retry }\ndisposition y { effect = contact retry = 1h }\ndisposition z { effect = next-channel attorney = yes }', None, ["main:2: error: disposition 'x': 'retry' is missing: after how long to try again",
      "main:3: error: 'retry' goes with effect = retry only",
      "main:4: error: 'attorney' goes with a contact in which somebody talks: effect = contact, and no messages"]),
    ('festival a { }\nfestival b { solar = 1-1 lunar = 1-1 }\nfestival c { solar = 2-30 }\nfestival d { lunar = 13-1 priority = 0 }', None, ["main:2: error: festival 'a': it takes either 'solar' or 'lunar'",
      "main:3: error: festival 'b': it takes either 'solar' or 'lunar'",
      "main:4: error: solar: '2-30' will not do: it takes month and day of every year, like 8-15",
      "main:5: error: priority: '0' will not do: it takes a number from 1 to 999",
      "main:5: error: lunar: '13-1' will not do: it takes month and day of every year, like 8-15"]),
    ('branch SH { adds = {"nothing"} removes = {"qixi"} }\nbranch SH { }', None, ["main:2: error: adds: no festival 'nothing'",
      "main:2: warning: removes: 'qixi' is kept only where it is added, so this changes nothing",
      "main:3: error: branch 'SH' stands already at main:2"]),
    ('branch SH { adds = {"new-year"} }', None, ["main:2: warning: adds: 'new-year' is kept everywhere anyway, so this changes nothing"]),
    ('', 'rule a { trigger = series events = {"odd"} steps = {"soon"}@REST', ["rules:1: error: steps: 'soon' will not do: it takes times after the event, like 1w"]),
    ('', 'rule a { trigger = series events = {"odd"} steps = {@1%dd@17@}@REST', ['rules:1: error: steps: more than 16']),
    ('', 'rule a { trigger = series events = {"odd"}@REST', ["rules:1: error: rule 'a': trigger = series needs 'steps'"]),
    ('', 'rule a { trigger = cadence every = {"gold", "silver 1m", "gold soon", "other 3m", "other 2m"}@REST', ['rules:1: error: every: \'gold\' will not do: it takes a tier (or other) and a time, like "gold 1m"',
      "rules:1: error: every: 'silver' is not one of the tiers, and not other",
      'rules:1: error: every: \'gold soon\' will not do: it takes a tier (or other) and a time, like "gold 1m"', "rules:1: error: every: 'other' stands twice"]),
    ('', 'rule a { trigger = cadence@REST', ["rules:1: error: rule 'a': trigger = cadence needs 'every'"]),
    ('', 'rule a { trigger = yearly date = 2-30@REST', ["rules:1: error: date: '2-30' will not do: it takes month and day of every year, like 3-1"]),
    ('', 'rule a { trigger = yearly@REST', ["rules:1: error: rule 'a': trigger = yearly needs 'date'"]),
    ('', 'rule a { trigger = urge events = {"odd"} repeat = 0 repeat_for = 1m@REST', ["rules:1: error: repeat: '0' will not do: it takes calendar days like 7d or 2w, from 1d to 366d",
      "rules:1: error: repeat_for: '1m' will not do: it takes calendar days like 0, 7d or 2w, at most 366d"]),
    ('', 'rule a { trigger = urge events = {"odd"}@REST', ["rules:1: error: rule 'a': trigger = urge needs 'repeat'",
      "rules:1: error: rule 'a': trigger = urge needs 'repeat_for'"]),
    ('', 'rule a { trigger = outflow amount = much percent = 101@REST', ["rules:1: error: amount: 'much' will not do: it takes an amount in yuan, like 500000",
      "rules:1: error: percent: '101' will not do: it takes a number from 1 to 100, or none",
      "rules:1: error: rule 'a': no event kind 'asset_outflow'"]),
    ('', 'rule a { trigger = outflow@REST', ["rules:1: error: rule 'a': no event kind 'asset_outflow'",
      "rules:1: error: rule 'a': trigger = outflow needs 'amount'"]),
    ('', 'rule a { trigger = dormant@REST', ["rules:1: error: rule 'a': trigger = dormant needs 'after'"]),
    ('', 'rule a { trigger = dormant after = -6m@REST', ["rules:1: error: 'after' must be a time after, like 6m"]),
    ('', 'rule a { trigger = event events = {"even"} stops_on = {"never", "trade"} tiers = {"silver"}@REST', ["rules:1: error: tiers: 'silver' is not one of the tiers, and not all, key, other or none",
      "rules:1: error: events: no event kind 'even'",
      "rules:1: error: stops_on: no event kind 'never'"]),
    ('', 'rule a { trigger = event@REST', ["rules:1: error: rule 'a': trigger = event needs 'events'"]),
    ('', 'rule a { trigger = event events = {"odd"} widen = {"hq", "hq soon", "a b 1d"}@REST', ['rules:1: error: widen: \'hq\' will not do: it takes a queue and the time after which an untaken call moves there, like "service 1d"',
      'rules:1: error: widen: \'hq soon\' will not do: it takes a queue and the time after which an untaken call moves there, like "service 1d"',
      'rules:1: error: widen: \'a b 1d\' will not do: it takes a queue and the time after which an untaken call moves there, like "service 1d"']),
    ('', 'rule a { trigger = event events = {"odd"} widen = {"a 1d", "b 2d", "c 3d", "d 4d", "e 5d"}@REST', ['rules:1: error: widen: more than 4 steps']),
    ('', 'rule a { trigger = event events = {"odd"} recuse = {"friend"} duty = perhaps class = special roll = left max_late = 1m@REST', ["rules:1: error: duty: 'perhaps' will not do: it takes yes or no",
      "rules:1: error: class: 'special' will not do: it takes one of counted, exempt, free",
      "rules:1: error: roll: 'left' will not do: it takes one of none, forward, backward",
      "rules:1: error: max_late: '1m' will not do: it takes calendar days like 0, 7d or 2w, at most 3660d",
      "rules:1: error: recuse: 'friend' will not do: it takes introducer, manager, or both"]),
    ('', 'rule a { trigger = event events = {"odd"} hours = "Mon 9-10" where = "tier in gold"@REST', ["rules:1: error: where: 'gold' where '(' is wanted",
      'rules:1: error: hours: \'Mon 9-10\' will not do: it takes none, always, closed, or something like "Mon-Sun 08:00-21:00"']),
    ('', 'rule a { trigger = event events = {"odd"} family = "a b" script = "" form = {""}@REST', ["rules:1: error: family: 'a b' will not do: it takes a name of lower-case letters, digits, - and _",
      "rules:1: error: script: '' will not do: it takes a text without control characters, not empty",
      "rules:1: error: form: '' will not do: it takes a name of lower-case letters, digits, - and _"]),
    ('', 'rule a { trigger = event events = {"odd"} opens = 2d due = 1d channels = {"fax", "phone", "phone"} queue = service priority = 1 late = drop max_late = 5d }', ["rules:1: error: channels: no channel 'fax'",
      "rules:1: error: channels: 'phone' stands twice",
      "rules:1: error: 'due' lies before 'opens'",
      "rules:1: error: 'max_late' goes with late = keep only"]),
    ("".join(f'channel c{i} {{ kind = talk address = none }}\n' for i in range(9)), 'rule a { trigger = event events = {"odd"} opens = 0 due = 1d channels = {@c%d@9@} queue = service priority = 1 late = keep }', ['rules:1: error: channels: more than 8']),
    ('', 'rule a { trigger = festival festivals = {"easter"} opens = 0 due = 0 channels = {"sms"} late = drop priority = 1 }', ["rules:1: error: 'priority' does not go with trigger = festival: each festival has its own",
      "rules:1: error: festivals: no festival 'easter'"]),
    ('', 'rule a { trigger = event events = {"odd"} opens = 0 due = 1d channels = {"phone"} late = keep }', ["rules:1: error: rule 'a': 'queue' is missing: where its calls wait",
      "rules:1: error: rule 'a': trigger = event needs 'priority'"]),
    ('', 'rule a { trigger = event events = {"odd"} opens = 99999d due = x channels = {"phone"} queue = "branch/*x" priority = 1 late = keep }', ["rules:1: error: opens: '99999d' will not do: it takes days like 0, -3d, 2w, 6m, 5wd (work days) or 2td (trading days)",
      "rules:1: error: due: 'x' will not do: it takes days like 0, -3d, 2w, 6m, 5wd (work days) or 2td (trading days)",
      "rules:1: error: queue: 'branch/*x' will not do: it takes a queue's name, manager/* or branch/*"]),
    ('', 'rule a { }', ["rules:1: error: rule 'a': 'trigger' is missing",
      "rules:1: error: rule 'a': 'opens' is missing",
      "rules:1: error: rule 'a': 'due' is missing",
      "rules:1: error: rule 'a': 'channels' is missing",
      "rules:1: error: rule 'a': 'late' is missing"]),
    ('', 'rule a { trigger = event events = {"odd"} opens = 0 due = 1d channels = {"phone"} queue = service priority = 1 late = keep }\nrule a { trigger = event events = {"odd"}@REST', ["rules:2: error: rule 'a' stands already at rules:1"]),
    ('', 'rule a { trigger = sample share = 0 seed = -1@REST', ["rules:1: error: share: '0' will not do: it takes a number from 1 to 100",
      "rules:1: error: seed: '-1' will not do: it takes a number from 0 to 2000000000"]),
    ('', 'rule a { trigger = sample@REST', ["rules:1: error: rule 'a': trigger = sample needs 'share'",
      "rules:1: error: rule 'a': trigger = sample needs 'seed'"]),
    ('', 'rule a { trigger = expiry@REST', ["rules:1: error: rule 'a': trigger = expiry needs 'field'"]),
]


def expand(text):
    text = re.sub(r"@([^@]*%d[^@]*)@(\d+)@", lambda found: ", ".join(f'"{found.group(1) % i}"' for i in range(int(found.group(2)))), text)
    return text.replace("@REST", REST)


def check(folder, main, rules):
    for name, text in (("main", BASE + main), ("rules.d/a.conf", rules + "\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    done = subprocess.run([FOLLOWUPD, "check", "-c", folder + "/main"], capture_output=True, timeout=PATIENCE)
    lines = done.stderr.decode().replace(folder + "/", "").replace("rules.d/a.conf", "rules").splitlines()
    # How far the calendars reach depends on the day.
    return done.returncode, [line for line in lines if not re.search("as soon as it is published|cannot be used$|so nothing is followed up$", line)]


@test("every value that will not do is said, and only that")
def _():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/rules.d")
        same(check(folder, "", GOOD), (0, []))
        for main, rules, heard in CASES:
            wrong = any(" error: " in line for line in heard)
            same(check(folder, expand(main), GOOD if rules is None else expand(rules)), (78 if wrong else 0, heard), f"{main!r} {rules!r}")


@test("files that are too many, too big or none")
def _():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/rules.d")
        status, heard = check(folder, "#" * (4 << 20), GOOD)
        same((status, heard[0]), (78, "main: error: is too big for a configuration file"))
        os.mkdir(folder + "/none.conf")
        done = subprocess.run([FOLLOWUPD, "check", "-c", folder + "/none.conf"], capture_output=True, timeout=PATIENCE)
        same((done.returncode, "none.conf: error: cannot be read: Is a directory" in done.stderr.decode()), (78, True), done.stderr)
        for number in range(1000):
            with open(f"{folder}/rules.d/r{number}.conf", "w", encoding="utf-8"):
                pass
        same(check(folder, "", GOOD), (78, ["rules.d: error: more than 1000 files"]))


if __name__ == "__main__":
    run()
