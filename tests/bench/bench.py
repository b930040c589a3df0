#!/usr/bin/env python3
"""The request path, measured beside Redis, beanstalkd and PostgreSQL (make bench, make bench-quick). Afterwards the programs bulk*.py of this folder measure the work in bulk.

    SCALE=n     calls that wait (1,000,000; quick 50,000)       ROUNDS=n    rounds, whose median counts (5; quick 3)
    ONLY=...    sections: generator cycles barred busy          AGENTS=...  counts of agents (1,8,64,256)
    PEERS=...   followupd,redis-sorted,redis-list,beanstalkd,postgresql
    SECONDS=s   how long each measurement takes (5; quick 1.5)  MANAGERS=n  managers among the clients of the book (200)

Each section is written when it is done; a run that is cut short leaves what it had.
"""
import glob
import os
import shutil
import subprocess
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("BENCH_LOAD_BEFORE", f"{os.getloadavg()[0]:.2f}")
import barred  # noqa: E402
import busy  # noqa: E402
import cycles  # noqa: E402
from peers import tell  # noqa: E402
from results import BUILD, ONLY, OUT, QUICK, RESULTS, ROOT, ROUNDS, SCALE, SCRATCH, wanted  # noqa: E402

SECTIONS = (("generator", cycles.generator), ("cycles", cycles.cycles), ("barred", barred.barred), ("busy", busy.busy))


def bulk():
    """The programs of the other half, each by itself."""
    environment = dict(os.environ, BENCH_SCRATCH=SCRATCH, BENCH_RESULTS=RESULTS, BENCH_OUT=OUT, BUILD=BUILD, SCALE=str(SCALE), ROUNDS=str(ROUNDS), QUICK="1" if QUICK else "")
    failed = []
    for program in sorted(glob.glob(os.path.join(ROOT, "tests/bench/bulk*.py"))):
        if os.access(program, os.X_OK):
            tell(f"now {os.path.basename(program)}")
            if subprocess.run([program], env=environment).returncode != 0:
                failed.append(os.path.basename(program))
    return failed


def main():
    os.makedirs(SCRATCH, exist_ok=True)
    if not ONLY:
        shutil.rmtree(RESULTS, ignore_errors=True)  # sections of another run
    failed = []
    for name, work in SECTIONS:
        if not wanted(name):
            continue
        try:
            work()
        except Exception:  # the other sections are still worth having
            failed.append(name)
            traceback.print_exc()
    failed += bulk()
    tell(f"the results: {os.path.join(OUT, 'RESULTS.md')}" + (f"; FAILED: {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
