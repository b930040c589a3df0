"""followupd as its service unit starts it, but for the sandbox."""
import os
import re
import sys

from results import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests/daemon"))
from harness import Daemon  # noqa: E402

with open(os.path.join(ROOT, "systemd/followupd.service"), encoding="utf-8") as unit:
    ENVIRONMENT = dict(re.findall(r"(?m)^Environment=(\w+)=(.*)$", unit.read()))


class Service(Daemon):
    def start(self, clock=None, **options):
        return super().start(clock, **dict(options, environment=ENVIRONMENT))
