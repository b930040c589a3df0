#!/usr/bin/env python3
"""Who may come in, how many, for how long, and how much they may leave unread; TLS for those who are not on this machine (DESIGN 3)."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import warnings

from harness import FOLLOWUPD, LONG, PATIENCE, Client, Closed, Daemon, Error, Skip, matches, run, same, test, true


def openssl(*words, **more):
    if shutil.which("openssl") is None:
        raise Skip("there is no openssl to make certificates with")
    return subprocess.run(["openssl", *words], check=True, capture_output=True, **more)


def certificate(daemon, name, authority=None):
    """A key and a certificate for localhost, signed by itself or by another; the files' names without .pem and .key."""
    base = os.path.join(daemon.folder, name)
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", base + ".key", "-subj", f"/CN={name}",
            *(("-x509", "-out", base + ".pem", "-days", "2", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1") if authority is None else ("-out", base + ".csr")))
    if authority is not None:
        openssl("x509", "-req", "-in", base + ".csr", "-CA", authority + ".pem", "-CAkey", authority + ".key", "-CAcreateserial", "-out", base + ".pem", "-days", "2")
    os.chmod(base + ".key", 0o600)
    return base


def with_tls(daemon, base, client_ca=None):
    daemon.set("listen", f'{{"unix:{daemon.socket}", "tls:127.0.0.1:0"}}')
    daemon.replace("certificate = none", f'certificate = "{base}.pem"')
    daemon.replace("key         = none", f'key         = "{base}.key"')
    if client_ca:
        daemon.replace("client_ca   = none", f'client_ca   = "{client_ca}.pem"')


def tls_port(daemon):
    return int(re.findall(r"listening address=tls:127\.0\.0\.1:(\d+)", daemon.log())[-1])


def secure(daemon, base, most=None, client=None):
    context = ssl.create_default_context(cafile=base + ".pem")
    if most:
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what we try
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = most
        context.set_ciphers("ALL:@SECLEVEL=0")
    if client:
        context.load_cert_chain(client + ".pem", client + ".key")
    connection = Client.__new__(Client)
    raw = socket.create_connection(("127.0.0.1", tls_port(daemon)), timeout=PATIENCE)
    connection.socket, connection.buffer = context.wrap_socket(raw, server_hostname="localhost"), b""
    return connection


@test("check says what keeps a TLS listener from starting, as the start does")
def _():
    daemon = Daemon()
    base, other = certificate(daemon, "desk"), certificate(daemon, "other")
    with_tls(daemon, base)

    def check():
        checked = subprocess.run([FOLLOWUPD, "check", "-c", daemon.config], capture_output=True, text=True, timeout=PATIENCE, check=False)
        return checked.returncode, checked.stderr

    same(check()[0], 0)
    for spoil, wanted in ((lambda: os.chmod(base + ".key", 0o644), "everybody may read the key"),
                          (lambda: shutil.copy(other + ".key", base + ".key"), "key values mismatch"),
                          (lambda: os.unlink(base + ".key"), "desk.key: it cannot be found")):
        spoil()
        status, told = check()
        same(status, 78)
        matches(told, f"followupd.conf: error: tls: .*{wanted}")
        matches(told, "1 mistake; this configuration cannot be used")
        os.chmod(base + ".key", 0o600) if os.path.exists(base + ".key") else None


@test("TLS from the first byte: an agent signs in and works; old versions, tickets and plain words are not spoken")
def _():
    daemon = Daemon()
    base = certificate(daemon, "desk")
    with_tls(daemon, base)
    with daemon:
        daemon.agent("anna")
        client = secure(daemon, base)
        true(client.socket.version() in ("TLSv1.2", "TLSv1.3"), client.socket.version())
        matches(client.refused("MINE"), "^NOAUTH ")
        same(client.call("AUTH", "anna", daemon.agents["anna"]), "OK")
        same(client.json("MINE"), [])
        same(client.call("ECHO", "x" * 60000), "x" * 60000)
        same([client.call("PING") for _ in range(3)], ["PONG"] * 3)
        true(client.socket.session is None or not client.socket.session.has_ticket, "no tickets")
        older = secure(daemon, base, most=ssl.TLSVersion.TLSv1_2)
        same((older.socket.version(), older.socket.session.has_ticket), ("TLSv1.2", False))
        with subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{tls_port(daemon)}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as again:
            said, _ = again.communicate(b"R\n", PATIENCE)  # its word for a new handshake
            matches(said.decode(errors="replace"), "(?s)RENEGOTIATING.*no renegotiation")
        try:
            secure(daemon, base, most=ssl.TLSVersion.TLSv1_1)
            raise AssertionError("TLS 1.1 is spoken")
        except (ssl.SSLError, ConnectionError):
            pass
        plain = socket.create_connection(("127.0.0.1", tls_port(daemon)), timeout=PATIENCE)
        plain.sendall(b"PING\r\n")
        try:
            got = plain.recv(1000)
        except ConnectionResetError:
            got = b""
        true(b"PONG" not in got and not got.startswith((b"-", b"+")), got)
        tools = shutil.which("redis-cli")
        if tools:
            said = subprocess.run([tools, "--tls", "--cacert", base + ".pem", "-h", "localhost", "-p", str(tls_port(daemon)), "--user", "anna", "--pass", daemon.agents["anna"],
                                   "--no-auth-warning", "MINE"], capture_output=True, text=True, check=False)
            same((said.stdout, said.stderr), ("[]\n", ""))
        # The daemon goes on as before.
        same(daemon.operator.call("PING"), "PONG")


@test("a reload takes a renewed certificate over for new connections, and refuses one that does not do")
def _():
    daemon = Daemon()
    base = certificate(daemon, "desk")
    with_tls(daemon, base)
    with daemon:
        daemon.agent("anna")
        old = secure(daemon, base)
        other = certificate(daemon, "renewed")
        shutil.copy(other + ".pem", base + ".pem")
        matches(daemon.refused("RELOAD"), "key values mismatch")
        shutil.copy(other + ".key", base + ".key")
        daemon.json("RELOAD")
        same(secure(daemon, other).call("AUTH", "anna", daemon.agents["anna"]), "OK")
        same(old.call("AUTH", "anna", daemon.agents["anna"]), "OK", "a connection keeps what it has")
        os.chmod(base + ".key", 0o644)
        matches(daemon.refused("RELOAD"), "everybody may read the key")


@test("client certificates, where they are asked for: none and a stranger's are turned away")
def _():
    daemon = Daemon()
    base, authority = certificate(daemon, "desk"), certificate(daemon, "authority")
    staff, stranger = certificate(daemon, "staff", authority), certificate(daemon, "stranger")
    with_tls(daemon, base, client_ca=authority)
    with daemon:
        daemon.agent("anna")
        client = secure(daemon, base, client=staff)
        same(client.call("AUTH", "anna", daemon.agents["anna"]), "OK")
        for wrong in (None, stranger):
            try:
                other = secure(daemon, base, client=wrong)
                other.call("PING")
                raise AssertionError("a connection without a good certificate is served")
            except (ssl.SSLError, ConnectionError, Closed):
                pass


@test("a configuration that would let strangers in is refused: TCP off this machine without TLS, TLS without a certificate")
def _():
    for listen, what in (('"0.0.0.0:7379"', "without TLS"), ('"tls:0.0.0.0:7380"', "must name a certificate")):
        daemon = Daemon()
        daemon.set("listen", f"{{{listen}}}")
        daemon.start(wait=False)
        same(daemon.process.wait(), 78)
        matches(daemon.log(), what)
        daemon.remove()
    daemon = Daemon()
    base = certificate(daemon, "desk")
    with_tls(daemon, base)
    os.unlink(base + ".key")
    daemon.start(wait=False)
    true(daemon.process.wait() != 0)
    matches(daemon.log(), "desk.key: it cannot be found")
    daemon.remove()


def from_address(daemon, address):
    connection = Client.__new__(Client)
    connection.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE, source_address=(address, 0))
    connection.buffer = b""
    return connection


@test("connections that nobody signs in on: eight from one source, 64 in all, and not for long")
def _():
    with Daemon(settings={"strangers": "12", "sign_in": "2s"}) as daemon:
        daemon.agent("anna")
        first = [from_address(daemon, "127.0.0.1") for _ in range(8)]
        same([client.refused("PING").split()[0] for client in first], ["NOAUTH"] * 8)
        matches(from_address(daemon, "127.0.0.1").read(), "^BUSY too many connections from there")
        second = [from_address(daemon, "127.0.0.2") for _ in range(4)]
        same([client.refused("PING").split()[0] for client in second], ["NOAUTH"] * 4)
        matches(from_address(daemon, "127.0.0.3").read(), "^BUSY too many connections wait to be signed in")
        # One who signs in makes room.
        same(first[0].call("AUTH", "anna", daemon.agents["anna"]), "OK")
        third = from_address(daemon, "127.0.0.1")
        matches(third.refused("PING"), "^NOAUTH ")
        # Those who do not are told so and cut off; he stays, and so does the operator.
        for client in first[1:] + second + [third]:
            matches(client.read(), "^NOAUTH nobody has signed in for so long")
            same(client.ended(), b"")
        same(first[0].call("PING"), "PONG")
        same(daemon.operator.call("PING"), "PONG")
        # Signed out he is a stranger again, and his time runs.
        first[0].call("RESET")
        matches(first[0].read(), "^NOAUTH nobody has signed in for so long")


@test("when others have taken all connections the operator gets in still, four times, and no more")
def _():
    with Daemon(settings={"connections": "8"}) as daemon:
        anna = [daemon.agent("anna")]
        while len(anna) < 7:
            anna.append(from_address(daemon, "127.0.0.1"))
            same(anna[-1].call("AUTH", "anna", daemon.agents["anna"]), "OK")
        same(daemon.info("clients")["connected_clients"], "8")
        matches(from_address(daemon, "127.0.0.1").read(), "^BUSY too many connections \\(limits: connections\\)")
        more = [daemon.connect() for _ in range(4)]
        same([client.call("PING") for client in more], ["PONG"] * 4)
        matches(daemon.connect().read(), "^BUSY too many connections \\(limits: connections\\)")
        matches(from_address(daemon, "127.0.0.1").read(), "^BUSY too many connections \\(limits: connections\\)")


@test("guessing is slowed by source and by name, right or wrong, and others are not held up")
def _():
    with Daemon() as daemon:
        token = (daemon.agent("anna"), daemon.agents["anna"])[1]

        def tries(address, name, word, count):
            answers = []
            while len(answers) < count:
                client = from_address(daemon, address)
                for _ in range(min(4, count - len(answers))):
                    answers.append(client.refused("AUTH", name, word).split()[0])
                client.socket.close()
            return answers
        same(tries("127.0.0.1", "nobody", "x", 5), ["NOAUTH"] * 3 + ["BUSY"] * 2)
        client = from_address(daemon, "127.0.0.1")
        matches(client.refused("AUTH", "anna", token), "^BUSY too many wrong tokens; try again in [0-9]+ s")
        same(from_address(daemon, "127.0.0.2").call("AUTH", "anna", token), "OK", "another source")
        # From many places at one name: the name is slowed too, for a moment only.
        heard = [tries(f"127.0.1.{number}", "anna", "x", 1)[0] for number in range(1, 14)]
        same((heard[:10], "BUSY" in heard[10:]), (["NOAUTH"] * 10, True))
        while isinstance(reply := read_auth(from_address(daemon, "127.0.0.2"), token), Error):
            matches(reply, "^BUSY .*try again in [12] s")
        same(reply, "OK")


@test("an unknown name is answered as a known one with a wrong token or none, byte for byte, slowed down alike, and logged alike")
def _():
    with Daemon() as daemon:
        daemon.agent("anna")
        heard = {}
        for at, (name, token) in enumerate((("nobody", "0" * 64), ("anna", "0" * 64), ("anna", ""), ("nobody", ""), ("operator", "x"))):
            client = from_address(daemon, f"127.0.2.{at + 1}")
            # All at once: how long somebody else's turn takes does not matter then. Three are looked at, two not, and the fifth ends it.
            client.socket.sendall(b"".join(b"*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(name), name.encode(), len(token), token.encode()) for _ in range(5)))
            heard[name, token] = client.ended()
        same(set(heard.values()), {b"-NOAUTH no agent of that name has that token\r\n" * 3 + b"-BUSY too many wrong tokens; try again in 1 s\r\n" * 2}, heard)
        lines = re.findall("event=sign_in_refused .*", daemon.log())
        same(len(lines), 15)
        same({re.sub("agent=\\S+ peer=\\S+ session=[0-9]+", "agent=* peer=* session=*", line) for line in lines}, {"event=sign_in_refused agent=* peer=* session=*"})


def read_auth(client, token):
    client.send("AUTH", "anna", token)
    return client.read()


@test("who has not signed in and does not read: a thousand bytes of answers, and nothing more of what he asks is looked at; the settings are heeded")
def _():
    for most, arguments, size in ((1024, 10, 16384), (4096, 12, 2048)):
        settings = {"stranger_output": str(most), "stranger_arguments": str(arguments), "stranger_bytes": str(size)}
        with Daemon(settings=settings) as daemon:
            for words, wanted in ((["x"] * (arguments + 1), f"more than {arguments} words"), (["ECHO", "x" * size], f"longer than {size} bytes")):
                matches(daemon_says(daemon, *words), f"^ERR Protocol error: .*{wanted}")
            greedy = daemon.connect_tcp()
            greedy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.socket.settimeout(0.3)
            try:
                for _ in range(1000):
                    greedy.write(b"X\r\n" * 5000)
                raise AssertionError("all of it was taken")
            except TimeoutError:
                pass
            unread = int(re.search(r"(?m)^followupd_unread_bytes (\d+)$", daemon.call("METRICS")).group(1))
            true(0 < unread < most + 128, f"{unread} bytes are kept for him")


def daemon_says(daemon, *words):
    with daemon.connect_tcp() as client:
        client.send(*words)
        return client.read()


def resident(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024


def is_sanitized():
    with open(FOLLOWUPD, "rb") as file:
        return b"__asan_init" in file.read()


@test("a thousand who never read: memory stays within its bound, those with most unread are cut off, and the desk goes on")
def _():
    count, total = (1000, 67108864) if LONG else (150, 8388608)
    with Daemon(settings={"output_total": str(total)}) as daemon:
        daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": f"C{number}", "name": "n" * 200}) for number in range(2000)])
        before = resident(daemon)
        silent = []
        for _ in range(count):
            client = daemon.connect()
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                for _ in range(20):
                    client.send("LIST", "clients", "LIMIT", "2000")
            except OSError:
                pass
            silent.append(client)
            if len(silent) % 50 == 0:
                same(daemon.operator.call("PING"), "PONG")
        matches(daemon.wait_logged("unread_answers"), "all together have left too much unread")
        grown = resident(daemon) - before
        if is_sanitized():
            return  # such a build keeps what has been freed
        true(grown < total + 96 * 1024 * 1024, f"{grown} bytes more than before")
        true(resident(daemon) < 256 * 1024 * 1024, f"{resident(daemon)} bytes")
        same(daemon.operator.call("PING"), "PONG")


class Asker(threading.Thread):
    """Asks for something that reads long, again and again, until told to stop."""

    def __init__(self, daemon, *words):
        super().__init__(daemon=True)
        self.connection, self.words, self.over, self.answers = daemon.connect(), words, threading.Event(), 0

    def run(self):
        while not self.over.is_set():
            self.connection.send(*self.words)
            self.answers += not isinstance(self.connection.read(), Error)


@test("the log of writes stays under 64 MB, however much is written while one long command after the other looks at the book, and they come to their end")
def _():
    count, rounds, limit, most = (60000, 3, 50331648, 64 << 20) if LONG else (2000, 3, 4 << 20, 6 << 20)
    with Daemon(settings={"wal_limit": str(limit)}) as daemon:
        askers = [Asker(daemon, word) for word in ("CHECK", "VERIFY", "CHECK", "VERIFY", "QUEUES", "METRICS")]
        for asker in askers:
            asker.start()
        largest = 0
        for turn in range(rounds):
            for first in range(0, count, 500):
                daemon.operator.pipeline([("CLIENT.PUT", {"client_ref": f"C{number}", "name": chr(97 + turn) * 900, "phone": "13912345678"}) for number in range(first, first + 500)])
                largest = max(largest, os.path.getsize(daemon.database + "-wal"))
        for asker in askers:
            asker.over.set()
            asker.join(PATIENCE)
        true(largest < most, f"{largest} bytes")
        true(all(asker.answers > 0 for asker in askers), lambda: [asker.answers for asker in askers])
        daemon.stop()
        true(os.path.getsize(daemon.database) > count * 900, "it has gone into the book")


@test("what a request may hold: 64 KiB and 64 words, before signing in 16 KiB and 10; more ends the connection with a word why")
def _():
    with Daemon() as daemon:
        daemon.agent("anna")
        for words, size, signed_in in ((65, 1, True), (2, 66000, True), (11, 1, False), (2, 17000, False)):
            client = daemon.connect_tcp()
            if signed_in:
                client.call("AUTH", "anna", daemon.agents["anna"])
            client.send(*["ECHO"] + ["x" * size] * (words - 1))
            reply = client.read()
            matches(reply, "^ERR Protocol error", f"{words} words of {size}")
            same(client.ended(), b"")
        same(daemon.operator.call("PING"), "PONG")


run()
