#!/usr/bin/env python3
"""The desk manager's rule book in Chinese against the configuration that is shipped: every rule has its section, and every number is the configuration's."""
import os
import re

from harness import ROOT, run, same, test, true

BOOK = os.path.join(ROOT, "man/rulebook.zh-CN.md")
UNITS = {"d": "天", "w": "周", "m": "个月", "wd": "个工作日", "td": "个交易日"}
CHANNELS = {"phone": "电话", "sms": "短信", "email": "邮件", "letter": "信函"}
QUEUES = {"service": "客服队列", "hq": "总部队列", "branch/*": "营业部的队列", "manager/*": "客户经理的队列"}
PEOPLE = {"introducer": "介绍人", "manager": "客户经理", "marketing": "营销岗", "key": "重点客户", "other": "其他客户"}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def book():
    return read(BOOK)


def settings(body):
    """The settings of a section, in their order."""
    found = {}
    for line in body.splitlines():
        setting = re.match(r'\s*(\w+)\s*=\s*("[^"]*"|\{[^}]*\}|[^\s#]+)', line)
        if setting:
            found[setting.group(1)] = setting.group(2)
    return found


def shipped():
    """The rules: the file and the settings of each."""
    rules = {}
    for name in sorted(os.listdir(os.path.join(ROOT, "conf/rules.d"))):
        for title, body in re.findall(r"(?ms)^rule (\S+) \{\n(.*?)^\}", read("conf/rules.d", name)):
            rules[title] = (name, settings(body))
    return rules


def sections():
    """What the book says of each rule, and below which heading."""
    found = {}
    for part in re.split(r"(?m)^## ", book())[1:]:
        for heading, body in re.findall(r"(?ms)^### ([a-z-]+) .*?\n(.*?)(?=^### |\Z)", part):
            found[heading] = (part.splitlines()[0], body)
    return found


def table(text, *headings):
    """The rows below a heading like that, as lists of cells."""
    body = re.search(r"(?m)^" + re.escape("| " + " | ".join(headings) + " |") + r"\n\|[-|]+\|\n((?:\|.*\|(?:\n|\Z))+)", text)
    true(body, f"there is no table of {headings}")
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body.group(1).splitlines()]


def span(value):
    count, unit = re.fullmatch(r"-?(\d+)(wd|td|d|w|m)", value).groups()
    return f"{count} {UNITS[unit]}"


def spoken(name, value):
    """What the cell in words must contain."""
    words = re.findall(r'"([^"]*)"', value)
    if name in ("opens", "due"):
        return ["当天"] if value == "0" else [("提前 " if value.startswith("-") else "之后 ") + span(value)]
    if name in ("after", "max_late", "repeat", "repeat_for"):
        return [span(value)]
    if name == "steps":
        return ["、".join(span(step) for step in words)]
    if name == "every":
        return [span(word.split()[1]) for word in words]
    if name == "widen":
        return [text for word in words for text in (span(word.split()[1]), QUEUES[word.split()[0]])]
    if name in ("amount", "percent_amount"):
        return [f"{int(value) // 10000} 万元"]
    if name in ("percent", "share"):
        return [value + "%"]
    if name in ("priority", "seed"):
        return [value]
    if name == "date":
        return ["{} 月 {} 日".format(*value.split("-"))]
    if name == "channels":
        return ["、".join(CHANNELS[word] for word in words)]
    if name == "queue":
        return [QUEUES[words[0]]]
    if name in ("recuse", "exclude_roles", "tiers"):
        return ["、".join(PEOPLE[word] for word in words)]
    return {("late", "keep"): ["继续办"], ("late", "drop"): ["作废"], ("on", "no"): ["关闭"], ("duty", "yes"): ["必办"], ("class", "exempt"): ["不受次数限制"],
            ("roll", "forward"): ["顺延"], ("roll", "backward"): ["提前"]}.get((name, value), [])


@test("every rule has its section, those that are off apart, and every setting of it stands there with its value and in words")
def rules():
    rules, found = shipped(), sections()
    same(sorted(found), sorted(rules))
    for name, (file, wanted) in rules.items():
        part, body = found[name]
        true(("默认关闭" if wanted.get("on") == "no" else "默认启用") in part, f"{name} stands below {part}")
        true(f"`rules.d/{file}`" in body, f"{name}: the file {file} is not named")
        rows = table(body, "项目", "规定", "配置里写的")
        same([row[2] for row in rows], [f"`{setting} = {value}`" for setting, value in wanted.items()], name)
        for row, (setting, value) in zip(rows, wanted.items()):
            for words in spoken(setting, value):
                true(words in row[1], f"{name}, {setting} = {value}: {row[1]!r} does not say {words!r}")


@test("what a rule's section says beside its table names no other number of days, months, yuan or per cent than the table")
def prose():
    number = re.compile(r"\d+ ?(?:天|个月|个工作日|个交易日|周|万元|%)")
    count = 0
    for name, (_part, body) in sections().items():
        rows = [line for line in body.splitlines() if line.startswith("| ")]
        told = {"".join(text.split()) for line in rows for text in number.findall(line)}
        for text in number.findall("\n".join(line for line in body.splitlines() if not line.startswith("| "))):
            count += 1
            true("".join(text.split()) in told, f"{name}: {text} is not in its table")
    true(count > 12, f"only {count} numbers have been found")


@test("cap, hours, tries, festivals and outcomes are those of followupd.conf")
def desk():
    conf, text = read("conf/followupd.conf"), book()
    contacts = settings(re.search(r"(?ms)^contacts \{\n(.*?)^\}", conf).group(1))
    rows = table(text, "项目", "规定", "配置里写的")
    same([row[2] for row in rows], [f"`{name} = {value}`" for name, value in contacts.items()])
    for row, value in zip(rows, contacts.values()):
        true(value in row[1] or (value, row[1]) == ("quarter", "自然季度"), row)
    true(f"一个季度里最多接触 {contacts['cap']} 次" in text and f"留出 {contacts['reserve']} 次" in text and f"优先级 {contacts['greeting_priority']} 及以后" in text, "the cap in words")

    for hours in re.findall(r'(?m)^\thours = "(.*)"', conf):
        same(re.findall(r"\d\d:\d\d-\d\d:\d\d", re.search(r"(?m)^各队列的外呼时段.*$", text).group(0)), re.findall(r"\d\d:\d\d-\d\d:\d\d", hours))
    tries = settings(re.search(r"(?ms)^hand_out \{\n(.*?)^\}", conf).group(1))
    true(f"一天最多试 {tries['tries_a_day']} 次、总共最多试 {tries['tries_in_all']} 次" in text, "tries")

    festivals = []
    for name, body in re.findall(r"(?m)^festival (\S+)\s+\{(.*)\}", conf):
        calendar, month, day = re.search(r"(solar|lunar) = (\d+)-(\d+)", body).groups()
        festivals.append([f"`{name}`", f"{'阳历' if calendar == 'solar' else '农历'} {month} 月 {day} 日", re.search(r"priority = (\d+)", body).group(1),
                          "营业部自选" if "everywhere = no" in body else "全部营业部"])
    same([row[1:] for row in table(text, "节日", "名称", "日期", "优先级", "谁过")], festivals)

    outcomes = table(text, "结果", "名称", "之后")
    same([row[1] for row in outcomes], [f"`{name}`" for name in re.findall(r"(?m)^disposition (\S+)", conf)])
    for row, (count, unit) in [(row, found) for row in outcomes for found in re.findall(rf"(?m)^disposition {row[1].strip('`')} .*retry = (\d+)(h|min)", conf)]:
        true(f"{count} {'小时' if unit == 'h' else '分钟'}" in row[2], row)


@test("WHY is read as it is printed: the page is the README's, every member and reason of the tables is the program's, and so are the states")
def why():
    text = book()
    page = re.search(r"(?ms)^```console\n(\$ followupctl .* why .*?)^```", text).group(1)
    true(page in read("README.md"), "the page is not the one of the README (tests/daemon/test_readme.py compares that one)")
    for row in table(text, "这一行", "意思"):
        for member in re.findall(r"`(\w+)`", row[0]):
            true(f"{member}:" in page, f"{member} is not on the page")
    sources = "".join(read("daemon", folder, name) for folder in ("desk", "engine") for name in sorted(os.listdir(os.path.join(ROOT, "daemon", folder))) if name.endswith(".c"))
    reasons = [re.fullmatch(r"`(.*)`", row[0]).group(1) for row in table(text, "WHY 里的说法", "意思和办法")]
    true(len(reasons) > 8, f"only {reasons}")
    for reason in reasons:
        true(f'"{reason}' in sources, f"{reason!r} is no longer said so")
    life = re.search(r"(?ms)^The states are those of\n.*?^\.El", read("man/followup-protocol.7")).group(0)
    states = [word for line in re.findall(r"(?m)^\.It Cm (.*)$", life) for word in line.split(" , ")]
    same([row[0] for row in table(text, "状态", "意思")], [f"`{state}`" for state in states])


run()
