#!/usr/bin/env python3
"""Every allocation and file operation failing in turn, under every command (faults.c): every one of them under make faults and make test-long, some of each otherwise; and the proof that the
harness finds a daemon that is broken on purpose.

The short form draws the same faults every time, so that what it says of a change is about the change; the long one draws anew, or takes all. FOLLOWUP_SEED=n draws those of a
run again, FOLLOWUP_FAULTS=n takes n of each kind under each command (0: all).

timeout: 600
"""
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from harness import BUILD, LONG, ROOT  # noqa: E402

SEED = os.environ.get("FOLLOWUP_SEED") or (str(random.SystemRandom().randrange(1, 1 << 30)) if LONG else "1")
EACH = os.environ.get("FOLLOWUP_FAULTS") or ("0" if LONG else "1")
PROGRAM = os.path.join(BUILD, "faults/faults")
RUNS = [["--each", EACH, "--seed", SEED]] + [["--each", "8", "--seed", SEED, "--only", only, "--weaken", what] for what, only in (
    ("commit", "AGENT.ADD"), ("rollback", "EVENT.PUT"), ("sync", "AGENT.ADD"), ("early", "AGENT.ADD"))]

status = 0
for words in RUNS:
    print("# faults", *words, flush=True)
    status |= subprocess.run([PROGRAM, *words], cwd=ROOT, stdin=subprocess.DEVNULL).returncode
sys.exit(1 if status else 0)
