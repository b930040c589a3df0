"""followup-console before a daemon of harness.py, and a browser that is no browser."""
import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))

from harness import BUILD, GENTLE, PATIENCE, ROOT, PidFile, same, true  # noqa: E402

FOLLOWUP_CONSOLE = os.path.abspath(os.environ.get("FOLLOWUP_CONSOLE") or os.path.join(BUILD, "followup-console"))


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def cookie(self):
        """The Set-Cookie header: value and a set of what stands behind it."""
        value, *flags = self.headers["Set-Cookie"].split("; ")
        return value, set(flags)


class Console:
    """A console in front of a daemon. Used as a context it is started at once and ended behind it."""

    def __init__(self, daemon, address="unix", console="", sessions="", user=None, environment=None):
        self.daemon = daemon
        self.config = os.path.join(daemon.folder, "console.conf")
        self.log_file = os.path.join(daemon.folder, "console.log")
        self.notify_path = os.path.join(daemon.folder, "console-notify")
        self.user = user
        self.environment = environment or {}
        where = f"unix:{daemon.socket}" if address == "unix" else address
        self.write(f'console {{\n\tlisten = "127.0.0.1:0"\n\tdaemon = "{where}"\n{console}\n}}\nsessions {{\n{sessions}\n}}\n')
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if os.path.exists(self.notify_path):
            os.unlink(self.notify_path)  # of one before
        self.notify.bind(self.notify_path)
        os.chmod(self.notify_path, 0o777)
        self.process = None
        self.tls = None

    def write(self, text):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self):
        environment = dict(os.environ, NOTIFY_SOCKET=self.notify_path, **self.environment)
        who = {"user": self.user, "group": self.user, "extra_groups": []} if self.user is not None else {}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([FOLLOWUP_CONSOLE, "-c", self.config, "-f"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, **who)
        with PidFile(self.process.pid) as ended:
            ready = select.select([self.notify, ended], [], [], PATIENCE)[0]
            true(self.notify in ready, lambda: f"the console did not start: {self.log()}")
        self.port = int(re.findall(r"event=started .*address=127\.0\.0\.1:(\d+)", self.log())[-1])
        return self

    def __exit__(self, kind, *_):
        status = self.stop()
        if kind is not None:
            print(f"#   console's log: {' | '.join(self.log().splitlines()[-8:])}")
        else:
            same(status, 0, f"the console's exit status: {self.log()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.notify.close()
        return status

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def wait_logged(self, pattern):
        until = time.monotonic() + PATIENCE
        while re.search(pattern, self.log()) is None:
            true(time.monotonic() < until, lambda: f"the console's log never said {pattern!r}: {self.log()}")
            time.sleep(0.01)

    def connect(self):
        if self.tls is not None:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers)

    def sign_in(self, name, token, **headers):
        """The answer to an attempt."""
        return self.ask("POST", "/api/signin", json.dumps({"name": name, "token": token}), {"Content-Type": "application/json", **headers})

    def browser(self, name, roles="agent", queues=("service",)):
        """Somebody signed in; the agent is let in where there is none yet."""
        if name not in self.daemon.agents:
            self.daemon.add_agent(name, roles, queues)
        return Browser(self, self.sign_in(name, self.daemon.agents[name]))


class Browser:
    """What a browser keeps: the cookie, and what the page keeps: the CSRF token."""

    def __init__(self, console, answer):
        same(answer.status, 200, answer.body)
        self.console = console
        self.document = answer.json
        self.csrf = self.document["csrf"]
        self.cookie = answer.cookie[0]

    def headers(self, **more):
        return {"Cookie": self.cookie, "X-CSRF-Token": self.csrf, "Content-Type": "application/json", **more}

    def get(self, path, **headers):
        return self.console.get(path, Cookie=self.cookie, **headers)

    def post(self, path, body=None, **headers):
        return self.console.ask("POST", path, body, self.headers(**headers))

    def send(self, *words, **headers):
        return self.post("/api/command", json.dumps(words), **headers)

    def call(self, *words):
        """What the daemon answered."""
        answer = self.send(*words)
        same(answer.status, 200, answer.body)
        true("ok" in answer.json, lambda: answer.json)
        return answer.json["ok"]

    def refused(self, *words):
        """The daemon's error word."""
        answer = self.send(*words)
        same(answer.status, 200, answer.body)
        return answer.json["error"]["word"]

    def events(self):
        return Events(self)


class Events:
    """A stream of server-sent events."""

    def __init__(self, browser):
        self.connection = browser.console.connect()
        self.connection.request("GET", "/api/events", headers={"Cookie": browser.cookie})
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def read(self):
        """The next event: its type and its data; None behind the last one."""
        kind, data = "message", None
        while True:
            line = self.response.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if line == "" and data is not None:
                return kind, json.loads(data)
            if line == "":
                kind = "message"
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = line[6:]

    def wait(self, wanted):
        """Reads on until something fits."""
        while True:
            event = self.read()
            true(event is not None, "the stream ended")
            if wanted(*event):
                return event

    def close(self):
        self.connection.close()
