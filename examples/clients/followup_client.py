#!/usr/bin/env python3
"""A CRM that feeds followupd and makes its calls, with nothing but Python's own library. followup-clients(7) explains it.

    FEEDER_TOKEN=... AGENT_TOKEN=... followup_client.py ADDRESS < rows

ADDRESS is the unix socket or HOST:PORT. Each row is a command and its document: CLIENT.PUT {"client_ref":"C1","name":"..."}
"""
import json
import os
import socket
import sys
import time

BATCH = 100        # rows on their way at once
PATIENCE = 120     # seconds for which BUSY, STORE and a lost connection are borne
PAUSE, PAUSE_MOST = 0.05, 2.0


class Refused(Exception):
    """An error answer; word is what programs go by."""

    def __init__(self, text):
        super().__init__(text)
        self.word = text.split(" ", 1)[0]


class Desk:
    """One identity's connection, made anew when it breaks. Only what may be sent twice is sent through it."""

    def __init__(self, address, name, token):
        self.address, self.name, self.token = address, name, token
        self.file = None

    def connect(self):
        host, colon, port = self.address.rpartition(":")
        if colon and "/" not in self.address:
            connection = socket.create_connection((host, int(port)))
        else:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(self.address)
        self.file = connection.makefile("rwb")
        connection.close()  # the file keeps it
        self.send("AUTH", self.name, self.token)
        self.file.flush()
        answer = self.read()
        if isinstance(answer, Refused):
            self.close()
            raise answer

    def close(self):
        if self.file:
            try:
                self.file.close()
            except OSError:
                pass
        self.file = None

    def send(self, *words):
        self.file.write(b"*%d\r\n" % len(words))
        for word in words:
            data = word.encode()
            self.file.write(b"$%d\r\n%s\r\n" % (len(data), data))

    def read(self):
        """One answer: text, a number, a list, None; a Refused is returned, not raised."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection broke")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            return Refused(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == "-1":
                return None
            data = self.file.read(int(rest) + 2)
            if len(data) != int(rest) + 2:
                raise ConnectionError("the connection broke")
            return data[:-2].decode()
        return None if rest == "-1" else [self.read() for _ in range(int(rest))]

    def ask_all(self, commands):
        """Sends commands at once and yields an answer for each, in order. From the first BUSY or STORE on they are sent again, all of them, so that two rows of one client
        keep their order; so they are from the first unanswered one when the connection breaks."""
        done, pause, until = 0, PAUSE, time.monotonic() + PATIENCE
        while done < len(commands):
            try:
                if self.file is None:
                    self.connect()
                for words in commands[done:]:
                    self.send(*words)
                self.file.flush()
                later = False
                for _ in range(len(commands) - done):
                    answer = self.read()
                    later = later or (isinstance(answer, Refused) and answer.word in ("BUSY", "STORE"))
                    if not later:
                        yield answer
                        done, pause, until = done + 1, PAUSE, time.monotonic() + PATIENCE
            except (OSError, EOFError) as error:
                self.close()
                if time.monotonic() > until:
                    raise error
            except Refused as error:  # of AUTH
                if error.word not in ("BUSY", "STORE") or time.monotonic() > until:
                    raise
            if done < len(commands):
                if time.monotonic() > until:
                    raise TimeoutError("the daemon was busy for too long")
                time.sleep(pause)
                pause = min(pause * 2, PAUSE_MOST)

    def ask(self, *words):
        (answer,) = self.ask_all([words])
        if isinstance(answer, Refused):
            raise answer
        return answer


def feed(desk, rows):
    taken = refused = 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start:start + BATCH]
        for words, answer in zip(batch, desk.ask_all(batch)):
            if isinstance(answer, Refused):
                if answer.word in ("NOAUTH", "NOPERM"):
                    raise answer
                refused += 1
                print(f"refused: {words[1]}: {answer}")
            else:
                taken += 1  # 1: something is new, 0: it was known; both are well
    print(f"fed: {taken} taken, {refused} refused")


def work(desk):
    while True:
        try:
            document = desk.ask("NEXT")  # NEXT WAIT 30 waits for a call
        except Refused as error:
            if error.word != "CLOSED":
                raise
            print(f"closed: {error}")
            return
        if document is None:
            print("nothing waits")
            return
        call = json.loads(document)
        print(f"call {call['call']}: {call['agenda'][0]['client_ref']} {call['agenda'][0]['rule']}")
        # ... here somebody talks; TOUCH keeps the lease meanwhile ...
        outcome = json.dumps({"note": "welcomed"}, ensure_ascii=False)  # the same bytes when it is sent again
        try:
            done = json.loads(desk.ask("DONE", call["lease"], "reached", outcome))
            print(f"done {done['call']}: closed {len(done['closed'])}")
        except Refused as error:
            if error.word != "NOLEASE":
                raise
            print(f"lost {call['call']}: {error}")  # another has it now: go on


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: followup_client.py ADDRESS < rows")
    rows = [line.rstrip("\n").split(" ", 1) for line in sys.stdin if line.strip()]
    try:
        feed(Desk(sys.argv[1], os.environ.get("FEEDER", "crm-feed"), os.environ["FEEDER_TOKEN"]), rows)
        work(Desk(sys.argv[1], os.environ.get("AGENT", "crm-agent"), os.environ["AGENT_TOKEN"]))
    except (Refused, OSError) as error:
        sys.exit(f"followup_client: {error}")


main()
