#!/usr/bin/env python3
"""The request path, measured beside Redis, beanstalkd and PostgreSQL (make bench, make bench-quick). Afterwards the programs bulk*.py of this folder measure the work in bulk.

    SCALE=n     calls that wait (1,000,000; quick 50,000)       ROUNDS=n        rounds, whose median counts (5; quick 3)
    ONLY=...    sections, as listed below                       LARGE_ROUNDS=n  rounds with books of more than a million clients (1)
    AGENTS=...  counts of agents (1,8,64,256)                   CLIENTS=...     sizes of the book of the bulk work (1000000 10000000; quick 100000)
    PEERS=...   followupd,bare,redis-sorted,redis-list,beanstalkd,postgresql
    SECONDS=s   how long each measurement takes (5; quick 1.5)  MANAGERS=n      managers among the clients of the book (200)

A section is written when it is done, or a round of it, and its figures are kept in tests/bench/figures, from which RESULTS.md is put together: so sections may be run one by one, on different days,
each naming its commit, its date and how quiet the machine was; make bench-page puts the page together without measuring anything. How long they take on two quiet processors, at full size:

    make bench ONLY=generator                     1 min     the load generator against PINGs
    make bench ONLY=cycles                       20 min     NEXT and DONE at 1, 8, 64, 256 agents, beside all peers, a million calls waiting
    make bench ONLY=barred                        8 min     NEXT behind 100,000 calls that the agent may not make
    make bench ONLY=busy                         15 min     NEXT while a festival's day cycle for a million, and an import of a million, run

    make bench CLIENTS=1000000 ONLY=import        4 min     5 rounds        CLIENTS=10000000  12 min     1 round
                               ONLY=day           4 min     5 days                            30 min     most of it to fill the peers
                               ONLY=festival      8 min     5 rounds                          15 min     1 round
                               ONLY=memory        1 min                                        2 min
                               ONLY=restart       1 min     5 starts of each kind              2 min
                               ONLY=bytes         2 min                                        3 min
    make bench ONLY=simulate                      5 min     3 rounds, always 100,000 clients

Each makes what it begins with if that is not there: the books lie in BUILD/bench/scratch until make bench-clean, or until a run of everything is over. With 10,000,000 clients the day cycle needs
30 GB of disk at once, the others less; a section that would fill the disk is not begun.
"""
import glob
import os
import shutil
import subprocess
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import barred  # noqa: E402
import busy  # noqa: E402
import cycles  # noqa: E402
from peers import tell  # noqa: E402
from results import BUILD, FIGURES, ONLY, OUT, QUICK, ROOT, ROUNDS, SCALE, SCRATCH, begin, wanted  # noqa: E402

SECTIONS = (("generator", cycles.generator), ("cycles", cycles.cycles), ("barred", barred.barred), ("busy", busy.busy))


def bulk():
    """The programs of the other half, each by itself."""
    environment = dict(os.environ, BENCH_SCRATCH=SCRATCH, BENCH_FIGURES=FIGURES, BENCH_OUT=OUT, BUILD=BUILD, SCALE=str(SCALE), ROUNDS=str(ROUNDS), QUICK="1" if QUICK else "")
    failed = []
    for program in sorted(glob.glob(os.path.join(ROOT, "tests/bench/bulk*.py"))):
        if os.access(program, os.X_OK):
            tell(f"now {os.path.basename(program)}")
            if subprocess.run([program], env=environment).returncode != 0:
                failed.append(os.path.basename(program))
    return failed


def main():
    os.makedirs(SCRATCH, exist_ok=True)
    failed = []
    for name, work in SECTIONS:
        if not wanted(name):
            continue
        try:
            begin()
            work()
        except Exception:  # the other sections are still worth having
            failed.append(name)
            traceback.print_exc()
    failed += bulk()
    if not ONLY and not failed:
        shutil.rmtree(SCRATCH, ignore_errors=True)  # the books and the masters of the peers
    tell(f"the results: {os.path.join(OUT, 'RESULTS.md')}" + (f"; FAILED: {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
