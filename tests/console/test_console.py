#!/usr/bin/env python3
"""followup-console: sessions, what it passes on and what it does not, and what a hostile browser gets."""
import http.client
import json
import os
import pwd
import socket
import ssl
import subprocess
import threading
import time
import warnings

from console import FOLLOWUP_CONSOLE, Browser, Console
from harness import PATIENCE, ROOT, Daemon, Skip, matches, run, same, test, true

JSON = {"Content-Type": "application/json"}


def call_waits(daemon, number=1):
    """A client whose account was opened: a call on queue service."""
    daemon.client(f"C{number}", person_ref=f"P{number}", tier="gold", opened_on="2025-03-03")
    daemon.event(f"E{number}", f"C{number}", "account_opened", "2025-03-03")


@test("an agent signs in, takes a call, tells its outcome and signs out")
def agent_day():
    with Daemon() as daemon, Console(daemon) as console:
        call_waits(daemon)
        anna = console.browser("anna")
        same({name: anna.document[name] for name in ("name", "roles")}, {"name": "anna", "roles": ["agent"]})
        same(anna.get("/api/session").json, anna.document, "after a reload of the page")
        call = anna.call("NEXT")
        same((call["held_by"], call["agenda"][0]["name"]), ("anna", "孔丽勇"))
        same(anna.call("TOUCH", call["lease"])["call"], call["call"])
        same(anna.call("DONE", call["lease"], "reached", {"note": "welcome \"quoted\" 你好"})["closed"], [1])
        same(anna.refused("TOUCH", call["lease"]), "NOLEASE")
        same(anna.call("NEXT"), None)
        same(anna.call("MINE"), [])
        same(anna.call("PING"), "PONG")
        same(anna.refused("QUEUES"), "NOPERM", "rights are the daemon's")
        out = anna.post("/api/signout")
        same(out.status, 200)
        true("Max-Age=0" in out.cookie[1], out.cookie)
        same(anna.get("/api/session").status, 401)
        same(anna.send("MINE").status, 401)


@test("the daemon by its address and port: the same; where nobody listens the log says why")
def by_address():
    with Daemon() as daemon:
        daemon.add_agent("anna")
        with Console(daemon, address=f"127.0.0.1:{daemon.port}") as console:
            same(console.browser("anna").call("MINE"), [])
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            for where, why in ((f"127.0.0.1:{nobody.getsockname()[1]}", "Connection refused"), (f"[::1]:{nobody.getsockname()[1]}", "refused|Cannot assign|not supported"),
                               (f"unix:{daemon.folder}/nobody", "No such file")):
                with Console(daemon, address=where) as console:
                    same(console.sign_in("anna", daemon.agents["anna"]).status, 503)
                    console.wait_logged(f"event=daemon_away .*({why})")


@test("a wrong token, an unknown name and nonsense sign nobody in")
def wrong_tokens():
    with Daemon() as daemon, Console(daemon) as console:
        token = daemon.add_agent("anna")
        same(console.sign_in("anna", "0" * 64).status, 401)
        same(console.sign_in("nobody", token).status, 401)
        for name, secret in (("", token), ("anna", ""), ("a" * 65, token), ("anna", "x" * 1025), (5, token), ("anna", [token]), ("an\0na", token)):
            same(console.sign_in(name, secret).status, 400, (name, secret))
        for body in ("", "[]", "{}", "null", '{"name":"anna"}', '{"name":"anna","token":', "\0", "[" * 5000):
            same(console.ask("POST", "/api/signin", body, JSON).status, 400, body[:20])
        answer = console.get("/api/session")
        same((answer.status, answer.json), (401, {"error": "nobody is signed in"}))
        same(console.get("/api/session", Cookie="followup=" + "0" * 64).status, 401)
        true(token not in console.log(), "a token in the log")


@test("who guesses is slowed down, by the machine that he sits at, and nobody else is")
def guesses():
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Skip("there is no user nobody")
    if os.geteuid() != 0:
        raise Skip("only root can start the console as another user, as it is installed")
    with Daemon(settings={"console_user": '"nobody"', "socket_mode": "0666"}) as daemon:
        os.chmod(daemon.folder, 0o755)
        token = daemon.add_agent("anna")
        with Console(daemon, console="behind_proxy = yes", user=nobody.pw_uid) as console:
            # Whatever the browser says for itself stands before what the proxy adds.
            statuses = [console.sign_in("bob", "wrong", **{"X-Forwarded-For": "10.9.9.9, 192.0.2.7"}).status for _ in range(6)]
            same(statuses[:3], [401] * 3)
            same(statuses[-1], 429)
            answer = console.sign_in("anna", token, **{"X-Forwarded-For": "192.0.2.7"})
            same(answer.status, 429, "his right token is not looked at either")
            same(int(answer.headers["Retry-After"]), answer.json["retry_after"])
            for machine in range(8, 20):  # each of whom errs once
                same(console.sign_in(f"carl{machine}", "wrong", **{"X-Forwarded-For": f"192.0.2.{machine}"}).status, 401)
            same(console.sign_in("anna", token, **{"X-Forwarded-For": "192.0.2.30"}).status, 200)
            matches(console.log(), r"event=sign_in_refused agent=bob source=192\.0\.2\.7")
        # Of any other user the daemon makes one source.
        daemon.set("console_user", "none")
        daemon.restart()
        with Console(daemon, console="behind_proxy = yes", user=nobody.pw_uid) as console:
            for machine in range(8, 12):
                console.sign_in(f"carl{machine}", "wrong", **{"X-Forwarded-For": f"192.0.2.{machine}"})
            same(console.sign_in("anna", token, **{"X-Forwarded-For": "192.0.2.30"}).status, 503)


@test("the cookie is HttpOnly and SameSite=Strict, Secure where browsers come by TLS, and never the same twice")
def cookies():
    with Daemon() as daemon:
        token = daemon.add_agent("anna")
        with Console(daemon) as console:
            one, other = (console.sign_in("anna", token).cookie for _ in range(2))
            same(one[1], {"Path=/", "HttpOnly", "SameSite=Strict"})
            matches(one[0], r"^followup=[0-9a-f]{64}$")
            true(one[0] != other[0])
        with Console(daemon, console='address = "https://desk.example.com"') as console:
            answer = console.sign_in("anna", token, Origin="https://desk.example.com", Host="desk.example.com")
            same(answer.cookie[1], {"Path=/", "HttpOnly", "SameSite=Strict", "Secure"})
            matches(answer.cookie[0], "^__Host-followup=")
            true(answer.headers["Strict-Transport-Security"] is not None)


@test("a POST without this session's CSRF token, or from another site's page, is refused")
def foreign_pages():
    with Daemon() as daemon, Console(daemon) as console:
        call_waits(daemon)
        anna, bob = console.browser("anna"), console.browser("bob")
        body = json.dumps(["NEXT"])
        for csrf in (None, "", "x", bob.csrf, anna.csrf[:-1], anna.csrf + "0"):
            headers = anna.headers()
            headers.pop("X-CSRF-Token")
            if csrf is not None:
                headers["X-CSRF-Token"] = csrf
            same(console.ask("POST", "/api/command", body, headers).status, 403, csrf)
            same(console.ask("POST", "/api/signout", None, headers).status, 403, csrf)
        here = f"127.0.0.1:{console.port}"
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Sec-Fetch-Site": "same-site"}, {"Host": "evil.example", "Origin": "http://evil.example"}):
            same(anna.post("/api/command", body, **headers).status, 403, headers)
            same(console.sign_in("anna", daemon.agents["anna"], **headers).status, 403, headers)
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            same(anna.post("/api/command", body, **{"Content-Type": kind}).status, 415, kind)
        same(daemon.list("calls")[0]["state"], "ready", "nobody has taken it")
        answer = anna.post("/api/command", body, Origin="http://" + here, **{"Sec-Fetch-Site": "same-origin"})
        same(answer.json["ok"]["held_by"], "anna")


@test("every answer has the headers that keep a browser from helping an attacker")
def headers():
    with Daemon() as daemon, Console(daemon) as console:
        anna = console.browser("anna")
        for answer in (console.get("/"), console.get("/nothing"), console.get("/healthz"), console.get("/api/session"), anna.get("/api/session"),
                       anna.send("MINE"), anna.get("/api/help"), console.ask("DELETE", "/"), console.ask("GET", "/api/signin")):
            policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
            same(policy["default-src"], "'none'")
            same(policy["script-src"], "'self'")
            same(policy["frame-ancestors"], "'none'")
            true("unsafe" not in answer.headers["Content-Security-Policy"] and "http" not in answer.headers["Content-Security-Policy"])
            same((answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]), ("nosniff", "no-referrer"))
        same(anna.send("MINE").headers["Cache-Control"], "no-store")
        same(anna.get("/api/session").headers["Cache-Control"], "no-store")
        same(console.ask("DELETE", "/api/session").status, 405)
        same(console.get("/../etc/passwd").status, 404)
        same(console.get("/static/../../etc/passwd").status, 404)


@test("the page and its files stand in the program, and are not sent again to who has them")
def page():
    folder = os.path.join(ROOT, "console/www")
    with Daemon() as daemon, Console(daemon) as console:
        for where, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(where, name)
                with open(path, "rb") as file:
                    content = file.read()
                relative = os.path.relpath(path, folder)
                address = "/" if relative == "index.html" else "/static/" + relative
                answer = console.get(address)
                same((answer.status, answer.body), (200, content), address)
                tag = answer.headers["ETag"]
                again = console.get(address, **{"If-None-Match": tag})
                same((again.status, again.body), (304, b""), address)
                same(console.get(address, **{"If-None-Match": '"another"'}).status, 200)
                head = console.ask("HEAD", address)
                same((head.status, head.body, head.headers["Content-Length"]), (200, b"", str(len(content))), address)


@test("what the console does not pass on never reaches the daemon; what it does exists there")
def words():
    with Daemon() as daemon, Console(daemon) as console:
        sue = console.browser("sue", "supervisor,agent,reviewer,feeder")
        passed = sue.get("/api/help").json["commands"]
        known = {name.upper() for name in daemon.call("COMMAND", "LIST")}
        same([word for word in passed if word not in known], [])
        for word in sorted(known - set(passed)) + ["NOSUCH", "", " NEXT", "NEXT\r\nSHUTDOWN", "auth", "Client.Put"]:
            same(sue.refused(word, "a", "b"), "NOPERM", word)
        for word in ("AUTH", "HELLO", "RESET", "QUIT", "CLIENT", "SUBSCRIBE", "SHUTDOWN", "AGENT.ADD", "AGENT.DEL", "CLIENT.PUT", "EVENT.PUT", "ERASE"):
            true(word not in passed, word)
        same(sue.call("ping"), "PONG", "in any case")
        same(sue.call("WHOAMI")["name"], "sue")


@test("hostile bodies are refused, and the session goes on")
def hostile_bodies():
    with Daemon() as daemon, Console(daemon, console="request_bytes = 70000") as console:
        anna = console.browser("anna")
        for body in (b"", b"NEXT", b"[", b"[]", b"{}", b'"NEXT"', b"null", b'["NEXT"', b'["NEXT"]]', b'["PING\\u0000"]', b'["PING","\0"]', b'[["NEXT"]]',
                     b'["NEXT",null]', b'["NEXT",true]', b'["NEXT",1.5]', b'{"0":"NEXT"}', b"[" * 60000, b'["PING",' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"]",
                     b'["PING"' + b',"a"' * 64 + b"]", b"\xff\xfe", b'["NEXT","WAIT","61"]', b'["NEXT","WAIT","x"]', b'["NEXT","WAIT","-1"]'):
            answer = anna.post("/api/command", body)
            same(answer.status, 400, body[:40])
            true(answer.json["error"], body[:40])
        same(anna.send("PING", "x" * 70000).status, 413)
        with socket.create_connection(("127.0.0.1", console.port), PATIENCE) as raw:  # a length that is not kept
            raw.sendall(b"POST /api/signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{")
            matches(raw.recv(4096).decode(), "^HTTP/1.1 413 ")
        for head in (b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 60000 + b"\r\n\r\n", b"\0" * 100, b"GET /%00 HTTP/1.0\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", console.port), PATIENCE) as raw:
                try:
                    raw.sendall(head)
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(4096):
                        pass
                except OSError:  # it has closed already
                    pass
        same(anna.call("PING", "日本語 <script>"), "日本語 <script>")
        same(anna.call("PING", 42), "42")
        same(anna.call("PING", {"a": [1, "x"]}), {"a": [1, "x"]})


@test("who waits for a call blocks nobody, not even himself, and is answered when one comes")
def waiting():
    with Daemon() as daemon, Console(daemon) as console:
        anna, bob = console.browser("anna"), console.browser("bob")
        got = []
        waits = threading.Thread(target=lambda: got.append(anna.call("NEXT", "WAIT", 50)))
        waits.start()
        while daemon.info("clients")["blocked_clients"] != "1":
            pass
        same(anna.call("MINE"), [])
        same(bob.call("MINE"), [])
        call_waits(daemon)
        waits.join()
        same(got[0]["held_by"], "anna")


@test("who leaves while he waits gets no call")
def left():
    with Daemon() as daemon, Console(daemon) as console:
        anna = console.browser("anna")
        connection = console.connect()
        connection.request("POST", "/api/command", json.dumps(["NEXT", "WAIT", 50]), anna.headers())
        while daemon.info("clients")["blocked_clients"] != "1":
            pass
        connection.close()
        while daemon.info("clients")["blocked_clients"] != "0":
            pass
        call_waits(daemon)
        same(anna.call("MINE"), [])


@test("the daemon is restarted: the sessions go on, and a call waited for is not lost")
def restarted():
    with Daemon() as daemon, Console(daemon) as console:
        call_waits(daemon)
        anna = console.browser("anna")
        call = anna.call("NEXT")
        daemon.restart()
        same(anna.call("TOUCH", call["lease"])["lease"], call["lease"], "the first word after it")
        # While it is away a command waits for it, for a while.
        same(daemon.stop(), 0)
        got = []
        asks = threading.Thread(target=lambda: got.append(anna.send("DONE", call["lease"], "reached")))
        asks.start()
        daemon.start()
        asks.join()
        same(got[0].json["ok"]["closed"], [1])
        daemon.kill()
        answer = anna.send("RELEASE", "1.1", "x")
        same(answer.status, 503)
        true("away" in answer.json["error"], answer.json)
        same(anna.get("/api/session").status, 200, "the session is still there")
        same(console.get("/healthz").status, 200)
        same(console.sign_in("anna", daemon.agents["anna"]).status, 503)
        daemon.start()
        same(anna.call("MINE"), [])


@test("who is shut out, or given another token, is out of the console too")
def shut_out():
    with Daemon() as daemon, Console(daemon) as console:
        anna, bob = console.browser("anna"), console.browser("bob")
        daemon.call("AGENT.DEL", "anna")
        same(anna.send("MINE").status, 401)
        same(anna.get("/api/session").status, 401)
        daemon.add_agent("bob")
        daemon.restart()
        same(bob.send("MINE").status, 401)
        same(Browser(console, console.sign_in("bob", daemon.agents["bob"])).call("MINE"), [])
        # Whoever only looks on hears it at once: his page goes.
        for name, shut_out in (("sue", lambda: daemon.call("AGENT.DEL", "sue")), ("tom", lambda: daemon.add_agent("tom", "supervisor"))):
            who = console.browser(name, "supervisor")
            streams = [who.events() for _ in range(2)]
            for stream in streams:
                same(stream.read(), ("daemon", {"state": "here"}))
            shut_out()
            for stream in streams:
                stream.wait(lambda kind, data: kind == "end")
                same(stream.read(), None)
            same(who.get("/api/session").status, 401)


@test("a supervisor hears of events as they become true, across the daemon's restart; an agent does not")
def events():
    with Daemon() as daemon, Console(daemon) as console:
        sue, anna = console.browser("sue", "supervisor"), console.browser("anna")
        same(anna.events().status, 403)
        same(console.get("/api/events").status, 401)
        stream = sue.events()
        same(stream.status, 200)
        same(stream.response.headers["Content-Type"], "text/event-stream")
        same(stream.read(), ("daemon", {"state": "here"}))
        call_waits(daemon)
        call = anna.call("NEXT")
        event = stream.wait(lambda kind, data: data.get("event") == "leased" or data.get("lease") == call["lease"])
        same(event[0], "message")
        daemon.restart()
        stream.wait(lambda kind, data: (kind, data) == ("daemon", {"state": "here"}))
        anna.call("DONE", call["lease"], "reached")
        stream.wait(lambda kind, data: data.get("lease") == call["lease"])
        others = [sue.events() for _ in range(3)]
        same([other.status for other in others], [200] * 3)
        same(sue.events().status, 429)
        sue.post("/api/signout")
        stream.wait(lambda kind, data: kind == "end")
        same(stream.read(), None)


@test("sessions end when nobody uses them, whatever the page does by itself, and when their time is over")
def idle():
    with Daemon() as daemon, Console(daemon, sessions="idle = 1s") as console:
        sue = console.browser("sue", "supervisor")
        stream = sue.events()
        background = {"X-Followup-Background": "yes"}
        while sue.send("PING", **background).status == 200:
            time.sleep(0.02)
        stream.wait(lambda kind, data: kind == "end")
        matches(console.log(), "event=session_ended agent=sue why=idle")
    with Daemon() as daemon, Console(daemon, sessions="idle = 1min\nlifetime = 1s") as console:
        anna = console.browser("anna")
        while anna.send("PING").status == 200:
            time.sleep(0.02)
        console.wait_logged("event=session_ended agent=anna why=lifetime")


@test("there are so many sessions and no more; of an agent's own the least used ends")
def many_sessions():
    with Daemon() as daemon, Console(daemon, sessions="most = 3\nan_agent = 2") as console:
        first, second = console.browser("anna"), console.browser("anna")
        first.call("PING")
        third = console.browser("anna")
        same([browser.get("/api/session").status for browser in (first, second, third)], [200, 401, 200])
        console.browser("bob")
        daemon.add_agent("carl")
        answer = console.sign_in("carl", daemon.agents["carl"])
        same(answer.status, 503)
        same(console.get("/healthz").json["sessions"], 3)
        first.post("/api/signout")
        same(console.sign_in("carl", daemon.agents["carl"]).status, 200)
        # Signing in again in one browser ends what that browser had.
        again = console.sign_in("bob", daemon.agents["bob"], Cookie=third.cookie)
        same(again.status, 200)
        same(third.get("/api/session").status, 401)


@test("one session cannot take every connection to the daemon")
def greedy():
    with Daemon() as daemon, Console(daemon) as console:
        anna = console.browser("anna")
        connections = []
        for _ in range(4):
            connection = console.connect()
            connection.request("POST", "/api/command", json.dumps(["NEXT", "WAIT", 50]), anna.headers())
            connections.append(connection)
        while daemon.info("clients")["blocked_clients"] != "4":
            pass
        same(anna.send("NEXT", "WAIT", 50).status, 429)
        same(anna.call("MINE"), [])
        anna.post("/api/signout")  # those who wait are told
        same([connection.getresponse().status for connection in connections], [401] * 4)


def make_certificate(daemon, name):
    """A certificate for 127.0.0.1 and its key."""
    certificate, key = (os.path.join(daemon.folder, name + end) for end in (".pem", ".key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=desk",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@test("with a certificate of its own: TLS 1.2 or later and nothing else, and a cookie that goes nowhere without it")
def tls():
    with Daemon() as daemon:
        certificate, key = make_certificate(daemon, "desk")
        console = Console(daemon, console=f'certificate = "{certificate}"\nkey = "{key}"')
        console.tls = ssl.create_default_context(cafile=certificate)
        with console:
            anna = console.browser("anna")
            same(anna.call("MINE"), [])
            answer = console.sign_in("anna", daemon.agents["anna"])
            true("Secure" in answer.cookie[1] and answer.cookie[0].startswith("__Host-"), answer.cookie)
            true(answer.headers["Strict-Transport-Security"] is not None)
            old = ssl.create_default_context(cafile=certificate)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Python's, that these are old
                old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            old.set_ciphers("ALL:@SECLEVEL=0")
            for context in (old, None):
                try:
                    with socket.create_connection(("127.0.0.1", console.port), PATIENCE) as raw:
                        if context is None:
                            raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                            true(b"HTTP/" not in raw.recv(4096), "plain HTTP was answered")
                        else:
                            context.wrap_socket(raw, server_hostname="127.0.0.1")
                            raise AssertionError("TLS 1.1 was taken")
                except (ssl.SSLError, ConnectionError):
                    pass
            same(anna.call("PING"), "PONG")
        other = make_certificate(daemon, "other")[1]
        console.write(f'console {{\n\tcertificate = "{certificate}"\n\tkey = "{other}"\n}}\n')
        done = subprocess.run([FOLLOWUP_CONSOLE, "check", "-c", console.config], capture_output=True, text=True)
        same(done.returncode, 78)
        matches(done.stderr, ":3: error: key: .* cannot be read as the key of that certificate")


@test("beyond its connections others wait or are closed, and those that are there go on")
def connections():
    with Daemon() as daemon, Console(daemon, console="connections = 8") as console:
        anna = console.browser("anna")
        kept = console.connect()
        kept.request("GET", "/healthz")
        same(kept.getresponse().read()[:11], b'{"ok":true,')
        silent = [socket.create_connection(("127.0.0.1", console.port), PATIENCE) for _ in range(12)]
        closed = 0
        for connection in silent[7:]:
            try:
                connection.settimeout(PATIENCE)
                closed += connection.recv(1) == b""
            except ConnectionError:
                closed += 1
        same(closed, 5, "no place for them")
        kept.request("GET", "/healthz")
        same(kept.getresponse().status, 200)
        for connection in silent + [kept]:
            connection.close()
        until = time.monotonic() + PATIENCE
        while True:  # their places come free
            try:
                same(anna.call("PING"), "PONG")
                break
            except (ConnectionError, http.client.HTTPException):
                true(time.monotonic() < until, "no place came free")


@test("check names every mistake, with its line")
def check():
    with Daemon() as daemon:
        console = Console(daemon)

        def says(text):
            console.write(text)
            done = subprocess.run([FOLLOWUP_CONSOLE, "check", "-c", console.config], capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

        with open(os.path.join(ROOT, "conf/followup-console.conf"), encoding="utf-8") as file:
            status, said = says(file.read())
        same((status, "warning" in said), (0, False), said)
        status, said = says("console {\n\tbehind_proxy = yes\n}\n")
        same(status, 0)
        matches(said, ":2: warning: without 'address' nobody who comes by a name can sign in")
        for text, complaint in (
            ('console {\n\tlisten = "0.0.0.0:80"\n}\n', r":2: error: listen: .*without 'certificate' and 'key'"),
            ('console {\n\tlisten = "desk:80"\n}\n', r":2: error: listen: .*takes an address and a port"),
            ('console {\n\tdaemon = "somewhere"\n}\n', r":2: error: daemon: "),
            ('console {\n\taddress = "desk.example.com"\n}\n', r":2: error: address: "),
            ('console {\n\tcertificate = "/nowhere"\n}\n', r":2: error: certificate and key stand together"),
            ('console {\n\tcertificate = "/nowhere"\n\tkey = "/nowhere"\n}\n', r":2: error: certificate: /nowhere cannot be read"),
            ('console {\n\tnonsense = 1\n}\nsessions {\n\tidle = soon\n}\n', r"(?s):2: error: unknown setting 'nonsense'.*:5: error: idle: 'soon' will not do"),
            ('sessions {\n\tmost = 1\n}\nsessions {\n\tmost = 1\n}\n', r":4: error: a section 'sessions' stands on line 1 already"),
            ('limits {\n}\n', r":2: error: a section 'limits' does not belong in this file"),
            ('console {\n\tlisten = "[::1]:0"\n\tbehind_proxy = maybe\n}\n', r":3: error: behind_proxy: 'maybe' will not do"),
        ):
            status, said = says(text)
            same(status, 78, text)
            matches(said, complaint)


if __name__ == "__main__":
    run()
