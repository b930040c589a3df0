#!/usr/bin/env python3
"""Power cuts: the daemon in a virtual machine, under load from outside, on a disk that forgets what was not flushed; the machine is killed at random moments. Nothing acknowledged is lost.

The same with synchronous=NORMAL must lose something, or it proves nothing: shim.c weakens what the daemon asks of SQLite, there is no such setting.

The machine is emulated (qemu-system-x86_64, no virtualisation needed) and boots Debian's kernel with guest.c as its only other program. After each cut the image is what the disk would
hold; a copy of it is recovered as the kernel would (e2fsck replays the journal) and its book is compared with the ledgers of the load, then served by a daemon here for its own checks.
The machine goes on with the image itself.

    make powercut [CUTS=n] [FOLLOWUP_SEED=n]

timeout: 300
"""
import datetime
import glob
import os
import platform
import random
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Disk  # noqa: E402
from load import Life  # noqa: E402
from harness import BUILD, FOLLOWUPD, GENTLE, LONG, Client, Daemon, Skip, run, same, test, true  # noqa: E402

SEED = int(os.environ.get("FOLLOWUP_SEED") or random.SystemRandom().randrange(1 << 30))
CUTS = int(os.environ.get("CUTS") or (50 if LONG else 1))
WEAK_CUTS = 5 if CUTS > 5 else 1  # with synchronous=NORMAL; each has a book of its own
WEAK_CUTS_MOST = 5  # a cut may come just when the disk has been asked for a flush by somebody else
HERE = os.path.join(BUILD, "crash")
A_LIFE = 10
MEGABYTES = 96
BOOT_SECONDS = 180
LOAD_SECONDS = 60
MODULES = ("virtio_pci", "virtio_blk", "virtio_net")

chance = random.Random(SEED)
print(f"# FOLLOWUP_SEED={SEED}")


# --- The machine ------------------------------------------------------------------------------------

def kernel():
    """Debian's kernel and the folder of its modules: an installed one, or one unpacked in the build folder."""
    for root in ("/", os.path.join(HERE, "kernel")):
        for image in sorted(glob.glob(os.path.join(root, "boot/vmlinuz-*")), reverse=True):
            modules = os.path.join(root, "lib/modules", os.path.basename(image)[len("vmlinuz-"):])
            if os.access(image, os.R_OK) and find_modules(modules):
                return image, modules
    return None


def find_modules(folder):
    """The files of MODULES and of all that these need, which comes first; None where one is missing."""
    found = {os.path.basename(path)[:-3]: path for path in glob.glob(os.path.join(folder, "kernel/**/*.ko"), recursive=True)}
    ordered = []

    def add(name):
        for need in re.findall(rb"\0depends=([^\0]*)\0", read(found[name]))[0].decode().split(","):
            if need:
                add(need)
        if found[name] not in ordered:
            ordered.append(found[name])

    try:
        for name in MODULES:
            add(name)
    except (KeyError, IndexError):
        return None
    return ordered


def fetch_kernel():
    folder = os.path.join(HERE, "kernel")
    os.makedirs(folder, exist_ok=True)
    needs = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True).stdout
    name = re.search(r"Depends: (linux-image-\S+)", needs)
    if name is None:
        return
    subprocess.run(["apt-get", "-qq", "download", name.group(1)], cwd=folder, capture_output=True, timeout=120)
    for package in glob.glob(os.path.join(folder, "*.deb")):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
        os.remove(package)


def archive(files):
    """A cpio archive of the kind the kernel boots from: {path: (mode, bytes)}."""
    out = []

    def add(number, path, mode, data):
        name = path.encode() + b"\0"
        head = b"070701" + b"".join(b"%08x" % field for field in (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0))
        for part in (head + name, data):
            out.append(part + b"\0" * (-len(part) % 4))

    folders = set()
    for folder in map(os.path.dirname, files):
        while folder:
            folders.add(folder)
            folder = os.path.dirname(folder)
    entries = [(folder, 0o040755, b"") for folder in sorted(folders)] + [(path, 0o100000 | mode, data) for path, (mode, data) in sorted(files.items())]
    for number, entry in enumerate(entries, 1):
        add(number, *entry)
    add(0, "TRAILER!!!", 0, b"")
    return b"".join(out)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def initial_files(modules, conf):
    """What the machine boots with: the daemon as it was built here, with the libraries that it needs, and its configuration."""
    files = {"init": (0o755, read(os.path.join(HERE, "guest"))), "followupd": (0o755, read(FOLLOWUPD)), "shim.so": (0o755, read(os.path.join(HERE, "shim.so")))}
    for number, path in enumerate(modules):
        files[f"modules/{number:02}.ko"] = (0o644, read(path))
    for path in set(re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", FOLLOWUPD, os.path.join(HERE, "shim.so")], capture_output=True, text=True, check=True).stdout)):
        files[path.lstrip("/")] = (0o755, read(path))
    zone = "/usr/share/zoneinfo/Asia/Shanghai"
    files[zone.lstrip("/")] = (0o644, read(zone))
    for folder, _, names in os.walk(conf):
        for name in names:
            path = os.path.join(folder, name)
            files["conf/" + os.path.relpath(path, conf)] = (0o644, read(path))
    return files


class Machine:
    """A virtual machine with a disk of its own in a folder."""

    def __init__(self, folder, daemon, weak):
        image, modules = kernel()
        self.kernel, self.folder, self.weak = image, folder, weak
        database, listen = daemon.database, daemon.socket
        daemon.set("database", '"/book/book.db"')
        daemon.set("listen", '{"unix:/run/s"}')
        with open(os.path.join(folder, "initrd"), "wb") as file:
            file.write(archive(initial_files(find_modules(modules), daemon.conf)))
        daemon.set("database", f'"{database}"')
        daemon.set("listen", f'{{"unix:{listen}", "127.0.0.1:0"}}')
        self.image = os.path.join(folder, "disk")
        with open(self.image, "wb") as file:
            file.truncate(MEGABYTES << 20)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image], check=True, capture_output=True)
        self.disk = Disk(self.image, os.path.join(folder, "disk.s"), chance)
        self.process = None

    def boot(self, clock):
        """Seconds until the daemon in it answers."""
        began = time.monotonic()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.disk.serve()
        # Emulated on a busy machine the timer ticks too late for the kernel's test of it.
        words = f"console=ttyS0 quiet panic=-1 no_timer_check CLOCK={clock.isoformat()}" + (" CRASH_SYNCHRONOUS=NORMAL" if self.weak else "")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", self.kernel,
             "-initrd", os.path.join(self.folder, "initrd"), "-append", words, "-drive", f"file=nbd:unix:{self.disk.path},format=raw,if=virtio,cache=writeback",
             "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-10.0.2.15:7000", "-device", "virtio-net-pci,netdev=net,romfile="],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = b""
        while b"GUEST READY" not in said:
            left = BOOT_SECONDS - (time.monotonic() - began)
            true(left > 0 and select.select([self.process.stdout], [], [], left)[0], lambda: f"the machine does not come up: {said[-1500:]}")
            data = os.read(self.process.stdout.fileno(), 65536)
            said += data
            true(data and not re.search(rb"GUEST FAILED.*\n", said), lambda: f"the machine failed: {said[-1500:]}")
        return time.monotonic() - began

    def connect(self):
        return Client(("127.0.0.1", self.port))

    def stay_on(self, life, answers):
        """Lets it work until so many commands more have been acknowledged; reads what its console says, so that it is not held up."""
        answers += life.acknowledged
        until = time.monotonic() + LOAD_SECONDS
        while life.acknowledged < answers and time.monotonic() < until:
            if select.select([self.process.stdout], [], [], 0.01 + chance.random() / 10)[0] and not os.read(self.process.stdout.fileno(), 65536):
                raise AssertionError("the machine has gone")

    def cut(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.disk.cut()
        self.process = None

    def recover(self, target):
        """The book of the disk as it would be found, into that folder: the path."""
        copy = os.path.join(self.folder, "recovered")
        shutil.copyfile(self.image, copy)
        status = subprocess.run(["e2fsck", "-fy", copy], capture_output=True, text=True)
        true(status.returncode <= 1, lambda: f"the file system is broken: {status.stdout}")
        for name in ("book.db", "book.db-wal", "book.db-shm"):
            path = os.path.join(target, name)
            if os.path.exists(path):
                os.remove(path)
        for name in ("book.db", "book.db-wal"):
            subprocess.run(["debugfs", "-R", f"dump /{name} {os.path.join(target, name)}", copy], capture_output=True, check=True)
        return os.path.join(target, "book.db")


def need_machines():
    if platform.machine() != "x86_64":
        raise Skip(f"the daemon is built for {platform.machine()}, the machine is an x86_64")
    if GENTLE:
        raise Skip("whatever this build writes down at its end goes with the machine")
    for command in ("qemu-system-x86_64", "mke2fs", "debugfs", "e2fsck"):
        if shutil.which(command) is None:
            raise Skip(f"{command} is not installed; it is in the package qemu-system-x86 or e2fsprogs")
    for part in ("guest", "shim.so"):
        if not os.path.exists(os.path.join(HERE, part)):
            raise Skip(f"{part} is not built")
    if kernel() is None:
        fetch_kernel()
    if kernel() is None:
        raise Skip("no kernel of Debian with virtio modules, neither installed nor to be had with apt-get download")


# --- The tests --------------------------------------------------------------------------------------

def live(number, cuts, weak, figures):
    clock = datetime.datetime(2025, chance.randrange(2, 12), chance.randrange(1, 28), 9)
    daemon = Daemon(clock=clock.isoformat(), settings={"hours": "always"})
    with tempfile.TemporaryDirectory(prefix="followupd-test-") as folder:
        machine = Machine(folder, daemon, weak)
        try:
            life = Life(f"{SEED} {number} {weak}", machine.connect, clock, patience=3.0)
            for cut in range(cuts):
                took = machine.boot(life.clock)
                life.connect = machine.connect
                if cut == 0:
                    life.set_up()
                life.tell_again()
                life.begin()
                machine.stay_on(life, chance.randrange(100, 1500))
                machine.cut()
                life.end()
                path = machine.recover(daemon.folder)
                life.compare(path)
                daemon.start(life.clock.isoformat())
                life.connect = daemon.connect
                life.ask_daemon()
                daemon.kill()
                figures["cuts"] = figures.get("cuts", 0) + 1
                if LONG or CUTS > 5:
                    print(f"# cut {figures['cuts']}: up after {took:.0f} s, so far {life.figures['acknowledged']} acknowledged, {life.figures['lost']} lost, "
                          f"{machine.disk.flushes} flushes, {machine.disk.forgotten} sectors forgotten", flush=True)
                if not weak:
                    true(not life.losses, lambda: f"cut {figures['cuts']}: {life.losses[:6]}")
        finally:
            machine.cut()
            daemon.remove()
        for name, value in (*life.figures.items(), ("flushes", machine.disk.flushes), ("forgotten", machine.disk.forgotten)):
            figures[name] = figures.get(name, 0) + value


def table(figures):
    for name, what in (("cuts", "power cuts"), ("acknowledged", "commands acknowledged"), ("lost", "  of them lost"), ("doubled", "commands doubled"),
                       ("half", "commands half done"), ("unanswered", "commands without an answer"), ("unanswered_done", "  of them done"), ("told_again", "DONE told again"),
                       ("broken", "invariants broken"), ("faults", "faults of any kind"), ("flushes", "flushes that the disk was asked for"),
                       ("forgotten", "sectors of 4 KiB that the disk forgot")):
        print(f"# {what:<40} {figures.get(name, 0):>12}")


@test("power cuts: nothing acknowledged is lost, doubled or half done, and the book is whole")
def _():
    need_machines()
    figures = {}
    for number, first in enumerate(range(0, CUTS, A_LIFE)):
        live(number, min(A_LIFE, CUTS - first), False, figures)
    table(figures)
    true(figures["acknowledged"] > 50 * CUTS, "there was no load worth the name")
    same(figures.get("faults", 0), 0)


@test("the same with synchronous=NORMAL loses what was acknowledged, so the test above can fail")
def _():
    need_machines()
    figures = {}
    number = 0
    while number < WEAK_CUTS or (figures.get("lost", 0) == 0 and number < WEAK_CUTS_MOST):
        live(number, 1, True, figures)
        number += 1
    table(figures)
    true(figures.get("lost", 0) > 0, "synchronous=NORMAL lost nothing: these cuts prove nothing")


if __name__ == "__main__":
    run()
