"""A real systemd to test under: a small Debian, made once with debootstrap, booted with systemd-nspawn.

The tree is kept in a cache folder (FOLLOWUP_CACHE, by default /var/cache/followupd-test) and copied for each box.
Nothing of the host is changed but that folder; no systemd and no bus are needed on the host. Needs root.
"""
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = os.environ.get("ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
CACHE = os.environ.get("FOLLOWUP_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "/var/cache", "followupd-test")
BOOT_SECONDS = 60


class Unavailable(Exception):
    """There can be no box here; the text says why."""


def wait_for(what, seconds=20.0):
    """Asks again and again until the answer is true; the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.05)


def shared_libraries(*programs):
    found = set()
    for program in programs:
        listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        found.update(re.findall(r"=> (/\S+)", listing))
    return sorted(found)


def packages_of(files):
    """The packages that hold these files, by dpkg."""
    listing = subprocess.run(["dpkg-query", "-S", *(os.path.realpath(file) for file in files)], capture_output=True, text=True)
    return sorted({line.split(":")[0] for line in listing.stdout.splitlines() if ": /" in line})


def host_release():
    """The codename and the mirror that apt uses for it."""
    with open("/etc/os-release") as file:
        words = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    codename = words.get("VERSION_CODENAME", "").strip('"')
    if words.get("ID", "").strip('"') != "debian" or not codename:
        raise Unavailable("this is not a Debian release")
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN) $(COMPONENT)", "Created-By: Packages"],
                             capture_output=True, text=True)
    for line in targets.stdout.splitlines():
        uri, *rest = line.split()
        if rest == [codename, "Debian", "main"]:
            return codename, uri
    raise Unavailable("apt knows no Debian mirror; apt-get update may help")


def check_possible():
    if os.geteuid() != 0:
        raise Unavailable("needs root")
    for command in ("debootstrap", "systemd-nspawn", "nsenter", "dpkg-query"):
        if shutil.which(command) is None:
            raise Unavailable(f"{command} is not installed")
    libraries = shared_libraries(os.path.join(BUILD, "followupd"))
    if any(re.search(r"lib[aut]san", library) for library in libraries):
        raise Unavailable("a build with sanitizers needs what the sandbox takes away")


def base_tree():
    """The folder of the Debian tree, made if it is not in the cache."""
    programs = [os.path.join(BUILD, name) for name in ("followupd", "followupctl", "followup-console")]
    include = ["systemd", "systemd-sysv", "tzdata", *packages_of(shared_libraries(*programs))]
    codename, mirror = host_release()
    key = hashlib.sha256(" ".join([codename, *include]).encode()).hexdigest()[:16]
    tree = os.path.join(CACHE, f"{codename}-{key}")
    if os.path.isdir(tree):
        return tree
    os.makedirs(CACHE, mode=0o700, exist_ok=True)
    making = tempfile.mkdtemp(prefix="making-", dir=CACHE)
    try:
        os.chmod(making, 0o755)
        result = subprocess.run(["debootstrap", "--variant=minbase", "--include=" + ",".join(include), codename, making, mirror],
                                capture_output=True, text=True)
        if result.returncode != 0:
            said = (result.stdout + result.stderr).strip().splitlines() or ["nothing"]
            raise Unavailable(f"debootstrap failed, saying: {said[-1]}")
        for waste in ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(os.path.join(making, waste), ignore_errors=True)
        os.makedirs(os.path.join(making, "var/log/journal"), exist_ok=True)  # so that the journal is kept from the first line
        try:
            os.rename(making, tree)
        except OSError:
            if not os.path.isdir(tree):  # else another run was faster
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return tree


class Box:
    def __init__(self):
        check_possible()
        base = base_tree()
        self.folder = tempfile.mkdtemp(prefix="followup-box-")
        self.tree = os.path.join(self.folder, "tree")
        self.console = os.path.join(self.folder, "console")
        self.nspawn = None
        self.leader = None
        subprocess.run(["cp", "-a", "--reflink=auto", base, self.tree], check=True)

    def boot(self):
        sweep_control_groups()
        command = ["systemd-nspawn", "-D", self.tree, "-M", f"followup-box-{os.getpid()}", "--register=no", "--private-network",
                   "--console=pipe", "--link-journal=no",
                   # What systemd needs for IPAddressDeny= and its like, which are programs in the kernel.
                   "--capability=CAP_BPF,CAP_NET_ADMIN,CAP_PERFMON", "--system-call-filter=bpf"]
        if not os.path.isdir("/run/systemd/system"):
            command.append("--keep-unit")  # nobody there to make a unit
        environment = dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")
        with open(self.console, "ab") as console:
            self.nspawn = subprocess.Popen([*command, "--boot"], env=environment, stdin=subprocess.DEVNULL, stdout=console,
                                           stderr=console)
        up = wait_for(self.is_up, BOOT_SECONDS)
        if up != "up":
            with open(self.console, errors="replace") as console:
                said = [line.strip() for line in console if line.strip()] or ["nothing"]
            raise Unavailable(f"the box does not boot here; its console says: {said[-1]}")

    def is_up(self):
        if self.nspawn.poll() is not None:
            return "dead"
        try:
            with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children") as file:
                children = file.read().split()
        except OSError:
            return ""
        if not children:
            return ""
        self.leader = int(children[0])
        state = self.run("systemctl", "is-system-running").stdout.strip()
        return "up" if state in ("running", "degraded") else ""

    def enter(self, *command):
        """The command line that runs this in the box."""
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", *command]

    def run(self, *command, seconds=60):
        return subprocess.run(self.enter(*command), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds)

    def path(self, path):
        """A file of the running box as the host sees it, those in /run too."""
        return f"/proc/{self.leader}/root{path}"

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def journal(self, unit):
        return self.run("journalctl", "-b", "-q", "-o", "cat", "-u", unit).stdout

    def crash(self):
        """Everything in it is gone at once; it may be booted again."""
        if self.leader is not None:
            try:
                os.kill(self.leader, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.leader = None
        if self.nspawn is not None:
            try:
                self.nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        self.nspawn = None
        sweep_control_groups()

    def remove(self):
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


def sweep_control_groups():
    """Removes the empty control groups that a box leaves behind when no systemd on the host looks after them."""
    for name in ("payload", "supervisor"):
        for top in glob.glob(f"/sys/fs/cgroup/{name}") + glob.glob(f"/sys/fs/cgroup/*/{name}"):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass  # in use, by another box
