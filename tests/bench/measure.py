"""One measurement with the load generator."""
import json
import os
import signal
import subprocess

from results import BUILD, QUICK

LOAD = os.path.join(BUILD, "bench", "load")
SECONDS = float(os.environ.get("SECONDS") or (1.5 if QUICK else 5))
WARM = 0.3 if QUICK else 1.0
COUNTS = [int(word) for word in (os.environ.get("AGENTS") or "1,8,64,256").replace(",", " ").split()]
CHOSEN = (os.environ.get("PEERS") or "").replace(",", " ").split()


class Load:
    """The generator at work beside something else."""

    def __init__(self, server, agents, *words):
        command = [LOAD, "--peer", server.name, "--agents", str(agents), "--seconds", "3600", *server.load_words(agents), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def anew(self):
        """What was so far does not count."""
        self.process.send_signal(signal.SIGUSR1)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        said, errors = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            raise RuntimeError(errors.strip())
        return json.loads(said)


def load(server, agents, seconds=None, *words):
    """One measurement."""
    command = [LOAD, "--peer", server.name, "--agents", str(agents), "--seconds", str(seconds or SECONDS), "--warm", str(WARM), *server.load_words(agents), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{server.name}, {agents} agents: {done.stderr.strip()}")
    return json.loads(done.stdout)
