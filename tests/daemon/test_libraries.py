#!/usr/bin/env python3
"""Client libraries of the Redis protocol, as they are: hiredis in C, ioredis and redis from npm.

timeout: 300  (npm may have to fetch them)
"""
import os
import shutil
import subprocess

from harness import BUILD, PATIENCE, ROOT, Daemon, Skip, run, same, test

HERE = os.path.join(ROOT, "tests/daemon")
MODULES = os.path.join(BUILD, "node")  # where npm puts them; kept from run to run
PACKAGES = ("package.json", "package-lock.json")
FETCH_SECONDS = 120


def compiler():
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return name
    raise Skip("no C compiler")


def drive(*command, environment=None):
    with Daemon() as daemon:
        tokens = [daemon.add_agent("feed", "feeder", []), daemon.add_agent("anna")]
        done = subprocess.run([*command, daemon.socket, str(daemon.port), *tokens], capture_output=True, text=True, timeout=PATIENCE, env=dict(os.environ, **(environment or {})))
        same(done.returncode, 0, done.stdout + done.stderr)
        same([row["state"] for row in daemon.list()], ["done"])
        same(daemon.json("CHECK")["book"]["clients"], 180)
        daemon.check()


def install():
    """Fetches the libraries, once for each lock file."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Skip("node and npm are not installed")

    def content(folder):
        found = []
        for name in PACKAGES:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    found.append(file.read())
            except FileNotFoundError:
                found.append(None)
        return found

    done = os.path.join(MODULES, "done")
    if os.path.exists(done) and content(MODULES) == content(os.path.join(HERE, "node")):
        return
    shutil.rmtree(MODULES, ignore_errors=True)
    os.makedirs(MODULES)
    for name in PACKAGES:
        shutil.copy(os.path.join(HERE, "node", name), MODULES)
    try:
        fetched = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=MODULES, capture_output=True, text=True, timeout=FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise Skip(f"npm did not fetch the libraries within {FETCH_SECONDS} seconds")
    if fetched.returncode != 0:
        reason = [line for line in fetched.stderr.splitlines() if "error" in line.lower()] or fetched.stderr.splitlines() or ["no reason given"]
        raise Skip(f"npm cannot fetch the libraries: {reason[0]}")
    with open(done, "w", encoding="ascii"):
        pass


@test("hiredis: pipelining, waiting, unix and TCP")
def _():
    program = os.path.join(BUILD, "hiredis_client")
    os.makedirs(BUILD, exist_ok=True)
    built = subprocess.run([compiler(), "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, os.path.join(HERE, "hiredis_client.c"), "-lhiredis"],
                           capture_output=True, text=True)
    same(built.returncode, 0, built.stderr)
    drive(program)


@test("ioredis: with its ready check and a name, over unix and TCP")
def _():
    install()
    drive("node", os.path.join(HERE, "node/with_ioredis.js"), environment={"NODE_PATH": os.path.join(MODULES, "node_modules")})


@test("redis from npm: from a redis:// address, over unix and TCP")
def _():
    install()
    drive("node", os.path.join(HERE, "node/with_redis.js"), environment={"NODE_PATH": os.path.join(MODULES, "node_modules")})


if __name__ == "__main__":
    run()
