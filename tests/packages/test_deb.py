#!/usr/bin/env python3
# timeout: 60 (twenty times that under FOLLOWUP_LONG=1; only make deb-test and make test-long run this)
"""The tarball and the Debian packages: built twice and compared, then installed under a real systemd with a desk at work, upgraded,
removed and purged. One box serves all tests behind "installed", in the order in which they stand here.
"""
import filecmp
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../systemd"))
from box import ROOT, Box, Unavailable, wait_for  # noqa: E402
from test_service import (CONF, CONSOLE, SOCKET, TCP_CLIENT, UNIT, change_configuration, ctl, equal, fails, is_active, knock, main_pid, matches,  # noqa: E402
                          ping, succeeds, version, write_configuration)

NEXT_VERSION = "99.0.0"  # of the package that the first one is upgraded to

tests = []


def test(what):
    def add(function):
        tests.append((what, function))
        return function
    return add


class Work:
    """What the tests hand on to each other."""

    def __init__(self, folder):
        self.folder = folder
        self.first = os.path.join(folder, "first")  # packages
        self.next = os.path.join(folder, "next")
        self.tarball = None
        self.box = None

    def make(self, tree, target, **environment):
        """make there, in a build folder of its own, with the environment's usual flags left out; what it said."""
        clean = {name: value for name, value in os.environ.items() if name not in ("BUILD", "ROOT", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "FOLLOWUPD", "FOLLOWUPCTL")}
        result = subprocess.run(["make", "-s", "-C", tree, *target.split()], env={**clean, **environment}, capture_output=True, text=True,
                                umask=int(environment.get("UMASK", "022"), 8))
        if result.returncode != 0:
            raise AssertionError(f"make {target}: status {result.returncode}\n{result.stdout[-6000:]}{result.stderr[-6000:]}")
        return result.stdout

    def unpack(self, name):
        """The tarball's tree in a folder of that name."""
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        subprocess.run(["tar", "-xzf", self.tarball, "-C", folder], check=True)
        return os.path.join(folder, os.path.basename(self.tarball)[:-len(".tar.gz")])


def the_file(pattern):
    found = glob.glob(pattern)
    equal(len(found), 1, f"files like {pattern}: {found}")
    return found[0]


@test("make dist packs the sources, and what is unpacked packs to the same bytes again")
def dist(work):
    made = os.path.join(work.folder, "dist")
    work.make(ROOT, f"dist BUILD={made}")
    work.tarball = the_file(made + "/followupd-*.tar.gz")
    again = work.unpack("again")
    assert not os.path.exists(os.path.join(again, ".git"))
    work.make(again, "dist BUILD=build", UMASK="077", LC_ALL="C", TZ="Asia/Shanghai")
    assert filecmp.cmp(work.tarball, the_file(again + "/build/*.tar.gz"), shallow=False), "they differ"


@test("make deb makes packages, and lintian has nothing to say")
def packages(work):
    said = work.make(work.unpack("one"), f"deb BUILD={work.folder}/one/build")
    matches("nothing for lintian to say", said)
    os.rename(f"{work.folder}/one/build/deb", work.first)


@test("made again elsewhere, at another time, in another locale, under another umask, they are the same bit by bit")
def reproducible(work):
    os.mkdir(os.path.join(work.folder, "quite"))
    tree = work.unpack("quite/elsewhere")
    work.make(tree, "deb BUILD=out", UMASK="077", LC_ALL="C", LANG="tr_TR.UTF-8", TZ="Pacific/Chatham", HOME="/nonexistent", CFLAGS="-O0")
    other = tree + "/out/deb"
    names = sorted(os.listdir(work.first))
    equal(sorted(os.listdir(other)), names, "files")
    compared = [name for name in names if name.endswith((".deb", ".dsc")) or ".tar." in name]
    assert len(compared) >= 9, compared
    equal([name for name in compared if not filecmp.cmp(f"{work.first}/{name}", f"{other}/{name}", shallow=False)], [], "differ")


@test("the tarball builds and tests by itself")
def builds_and_tests(work):
    tree = work.unpack("alone")
    work.make(tree, "all unit -j2")
    said = subprocess.run(["tests/run", "unit/", "daemon/test_desk", "daemon/test_examples"], cwd=tree, capture_output=True, text=True,
                          env={"FOLLOWUP_HISTORIES": "20", **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}})
    matches(r"^[1-9]\d+ passed, 0 failed, \d+ skipped$", said.stdout[-3000:])


@test("the release after this one makes packages too")
def next_release(work):
    tree = work.unpack("later")
    with open(tree + "/CHANGELOG") as file:
        text = file.read()
    with open(tree + "/CHANGELOG", "w") as file:
        file.write(text.replace("\n## ", f"\n## {NEXT_VERSION} (2099-12-31)\n\nFor operators:\n\n- Nothing has changed.\n\n## ", 1))
    work.make(tree, "deb BUILD=out")
    os.rename(tree + "/out/deb", work.next)


# --- In a box ----------------------------------------------------------------------------------------

def shell(box, command, seconds=120):
    return box.run("env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "sh", "-c", command, seconds=seconds)


def apt(box, words):
    result = shell(box, f"apt-get -q -y -o Dpkg::Options::=--force-confold {words} 2>&1")
    return succeeds(result)


def debs(folder):
    """What is to be installed, in words of the box's shell."""
    return f"$(ls /root/{folder}/*.deb | grep -v dbgsym)"


def verdict(box, what):
    return succeeds(shell(box, what)).strip()


@test("installed, the service runs, is enabled, and stands on the configuration as shipped")
def installed(work):
    work.box = box = Box()
    for name in ("first", "next"):
        shutil.copytree(getattr(work, name), f"{box.tree}/root/{name}")
    box.boot()
    said = apt(box, f"install {debs('first')}")
    assert "rror" not in said, said
    equal(verdict(box, "dpkg --audit"), "", "dpkg --audit")
    assert wait_for(lambda: is_active(box)), said + box.journal(UNIT)
    for unit in (UNIT, "followupd.socket", CONSOLE):
        equal(box.run("systemctl", "is-enabled", unit).stdout.strip(), "enabled", unit)
    equal(verdict(box, f"stat -c '%U %G %a' {SOCKET} /var/lib/followupd"), "followupd followupd 660\nfollowupd followupd 700", "owners")
    equal(verdict(box, "dpkg -V followupd followupctl followup-console"), "", "files that are not as packed")
    matches(r"^/etc/followupd/rules\.d/dormant\.conf$", verdict(box, "dpkg-query -W -f '${Conffiles}\\n' followupd | sed 's/^ //; s/ .*//'"))
    ping(box)
    matches("<html", console_page(box))


def console_page(box):
    """What a browser on the box's machine gets from the console, as soon as it serves."""
    fetch = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:7381/', timeout=30).read().decode())"
    command = ["nsenter", "-t", str(box.leader), "-n", "--", sys.executable, "-c", fetch]
    return wait_for(lambda: subprocess.run(command, capture_output=True, text=True).stdout)


@test("a desk works: a changed configuration, agents, a client whose complaint is a call that somebody holds")
def at_work(work):
    box = work.box
    text = change_configuration(box, 'hours = "Mon 14:30-17:00; Tue-Thu 09:30-11:00, 15:00-17:00; Fri 09:30-11:00"', 'hours = "always"')
    assert text != open(box.path(CONF)).read()
    succeeds(box.run("systemctl", "reload", UNIT))
    shell(box, "useradd --groups followupd anna")
    succeeds(ctl(box, "agent", "add", "anna", "agent", "queues", "service"))
    with open(box.path("/root/clients.csv"), "w") as file:
        file.write("client_ref,name,phone\nC1,王小明,13900000001\n")
    matches("1 changed", succeeds(ctl(box, "import", "clients", "/root/clients.csv")))
    with open(box.path("/root/events.csv"), "w") as file:
        file.write("event_ref,client_ref,kind,occurred_at\nX1,C1,complaint," + verdict(box, "TZ=Asia/Shanghai date +%F") + "\n")
    matches("1 changed", succeeds(ctl(box, "import", "events", "/root/events.csv")))
    matches(r"^number: 13900000001$", succeeds(shell(box, "runuser -u anna -- followupctl next")))
    work.held = succeeds(shell(box, "runuser -u anna -- followupctl --json mine"))
    matches('"lease"', work.held)


@test("the morning's import is set up as examples/README says, and loads what has come")
def import_set_up(work):
    box = work.box
    with open(os.path.join(ROOT, "examples/README")) as file:
        part = file.read().split("\nnightly-import/", 1)[1].split("\nsms-gateway/", 1)[0]
    commands = re.findall(r"^ {24}(\S.*)$", part, re.MULTILINE)
    matches(r"^systemctl start followup-import; journalctl", commands[-1])
    succeeds(shell(box, "set -e; cd /usr/share/doc/followupd/examples\n" + "\n".join(commands[:-1])))
    matches("followup-import.timer", verdict(box, "systemctl list-timers --all"))
    succeeds(shell(box, "sed -i 's/^ENCODING=.*/ENCODING=utf-8/; s/^EXPECT=.*/EXPECT=clients/' /etc/followup-import/followup-import.env; mkdir -p -m 755 /var/lib/followup-import/inbox;"
                        "printf 'client_ref,name\\nC2,b\\nC3,\\n' >/var/lib/followup-import/inbox/clients-1.csv; touch /var/lib/followup-import/inbox/clients-1.csv.ok;"
                        "chown -R followup-import: /var/lib/followup-import"))
    succeeds(shell(box, commands[-1]))
    matches(r"clients-1\.csv: 2 rows, 1 changed, 0 unchanged, 1 refused", box.journal("followup-import.service"))
    equal(box.show("followup-import.service", "Result"), "success", "result")
    equal(verdict(box, "ls /var/lib/followup-import/inbox"), "", "inbox")


def upgraded(box, command):
    """What the command says while others knock on both sockets, none of whom may be refused."""
    refused, served, stop = [], [], threading.Event()
    tcp = subprocess.Popen(["nsenter", "-t", str(box.leader), "-n", "--", sys.executable, "-c", TCP_CLIENT], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
    knocking = threading.Thread(target=knock, args=(box, stop, refused, served))
    try:
        equal(tcp.stdout.readline().strip(), "ready", "TCP client")
        knocking.start()
        said = command()
    finally:
        stop.set()
        tcp_refused, tcp_served = (int(word) for word in tcp.communicate("stop\n", timeout=60)[0].split())
    knocking.join()
    equal(refused, [], "refused on the unix socket")
    equal(tcp_refused, 0, "refused over TCP")
    assert served and tcp_served, (len(served), tcp_served)
    return said


@test("an upgrade to a release that cannot read the configuration leaves the old one serving, and says so")
def upgrade_with_mistake(work):
    box = work.box
    work.version = version(box)
    before = main_pid(box)
    text = change_configuration(box, "time_zone", "time_zoen")
    said = upgraded(box, lambda: apt(box, f"install {debs('next')}"))
    matches("the one before it goes on serving", said)
    matches(r"followupd\.conf:\d+: .*time_zoen", said)
    equal(main_pid(box), before, "process")
    equal(version(box), work.version, "version")
    equal(verdict(box, "dpkg --audit"), "", "dpkg --audit")
    write_configuration(box, text)
    apt(box, f"install --allow-downgrades {debs('first')}")
    equal(version(box), work.version, "version")


@test("an upgrade keeps the book, the changed configuration and the held call, and nobody is refused meanwhile")
def upgrade(work):
    box = work.box
    before = main_pid(box)
    upgraded(box, lambda: apt(box, f"install {debs('next')}"))
    assert wait_for(lambda: is_active(box) and main_pid(box) not in (0, before)), box.journal(UNIT)
    equal(version(box), NEXT_VERSION, "version")
    matches(f"version={NEXT_VERSION}", box.journal(CONSOLE))
    matches("<html", console_page(box))
    equal(succeeds(shell(box, "runuser -u anna -- followupctl --json mine")), work.held, "what she holds")
    matches('hours = "always"', open(box.path(CONF)).read())
    lease = re.search(r'"lease":"([\d.]+)"', work.held).group(1)
    matches("closed: 1", succeeds(shell(box, f"runuser -u anna -- followupctl done {lease} reached")))
    matches(r"faults: none", succeeds(ctl(box, "check")))


@test("removed, nothing of it runs, and the configuration and the book stay")
def removed(work):
    box = work.box
    apt(box, "remove followupd followupctl followup-console")
    for unit in (UNIT, CONSOLE):
        equal(box.show(unit, "ActiveState"), "inactive", unit)
    fails(shell(box, f"test -e {SOCKET} || test -e /usr/sbin/followupd || test -e /lib/systemd/system/{UNIT}"))
    succeeds(shell(box, f"test -s {CONF} && test -s /var/lib/followupd/followupd.db"))


@test("installed again, it goes on with the book where it was")
def again(work):
    box = work.box
    apt(box, f"install {debs('next')}")
    assert wait_for(lambda: is_active(box)), box.journal(UNIT)
    matches("reached", succeeds(ctl(box, "list", "attempts")))
    matches(r"anna", succeeds(ctl(box, "agent", "list")))


@test("purged, the configuration is gone; the book stays, and it says where and how it would be destroyed")
def purged(work):
    box = work.box
    said = apt(box, "purge followupd followupctl followup-console")
    matches(r"the book stays in /var/lib/followupd", said)
    fails(shell(box, "test -e /etc/followupd || test -e /run/followupd || ls /etc/systemd/system/*/followupd.* 2>/dev/null"))
    equal(verdict(box, "stat -c '%U %a' /var/lib/followupd/followupd.db"), "followupd 600", "book")
    equal(verdict(box, "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' 'followup*' | grep -v not-installed || true"), "", "packages")


def main():
    if os.environ.get("FOLLOWUP_LONG") != "1":
        print("1..0 # SKIP it takes minutes; make deb-test does it")
        return 0
    missing = [command for command in ("dpkg-buildpackage", "dh", "lintian") if shutil.which(command) is None]
    if missing:
        print(f"1..0 # SKIP not installed: {' '.join(missing)}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    work = Work(tempfile.mkdtemp(prefix="followup-packages-"))
    unavailable = None
    failures = 0
    try:
        print(f"1..{len(tests)}")
        for number, (what, function) in enumerate(tests, 1):
            if unavailable is not None:
                print(f"ok {number} - {what} # SKIP {unavailable}", flush=True)
                continue
            try:
                function(work)
                print(f"ok {number} - {what}", flush=True)
            except Unavailable as why:
                unavailable = why
                print(f"ok {number} - {what} # SKIP {why}", flush=True)
            except Exception:
                failures += 1
                print(f"not ok {number} - {what}", flush=True)
                for line in traceback.format_exc().splitlines():
                    print("# " + line)
        return 1 if failures else 0
    finally:
        if work.box is not None:
            work.box.remove()
        if not os.environ.get("KEEP"):
            shutil.rmtree(work.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
