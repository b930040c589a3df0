#!/usr/bin/env python3
"""The protocol: RESP2, RESP3 and inline, byte by byte and in heaps, and what is no request at all."""
import json
import select

from harness import Client, Daemon, Error, Set, TUESDAY, matches, run, same, test, true


@test("RESP2: each kind of answer")
def _():
    with Daemon() as daemon, daemon.connect() as client:
        client.write(b"*1\r\n$4\r\nPING\r\n")
        same(client.read_line(), b"+PONG")
        client.write(b"*2\r\n$4\r\nPING\r\n$5\r\nhello\r\n")
        same(client.read_line() + client.read_bytes(5), b"$5hello")
        client.write(b"*3\r\n$6\r\nCLIENT\r\n$7\r\ngetname\r\n$0\r\n\r\n")
        true(isinstance(client.read(), Error))
        client.write(b"*2\r\n$6\r\nclient\r\n$7\r\nGetName\r\n")
        same(client.read_line(), b"$-1", "a null")
        client.write(Client.encode("CLIENT.PUT", {"client_ref": "C1", "name": "A"}))
        same(client.read_line(), b":1")
        agent = daemon.agent("anna")
        agent.send("NEXT")
        same(agent.read_line(), b"$-1", "NEXT with nothing there")
        agent.send("NEXT", "COUNT", 2)
        same(agent.read_line(), b"*-1", "NEXT COUNT with nothing there")
        same(client.call("COMMAND", "DOCS", "ping")[0], "ping", "a map is a flat list")


@test("RESP3 after HELLO 3: maps, sets and nulls of its own; HELLO 2 goes back")
def _():
    with Daemon() as daemon, daemon.agent("anna") as client:
        hello = client.call("HELLO", "3")
        same((hello["server"], hello["proto"], hello["mode"], hello["role"], hello["modules"]), ("followupd", 3, "standalone", "master", []))
        client.send("NEXT")
        same(client.read_line(), b"_")
        client.send("NEXT", "COUNT", "2")
        same(client.read_line(), b"_")
        true(isinstance(client.call("COMMAND", "INFO", "next")[0][2], Set), "flags are a set")
        docs = client.call("COMMAND", "DOCS", "next")
        same(list(docs), ["next"])
        same(docs["next"]["group"], "agent")
        true(isinstance(client.call("HELLO", "2"), list), "HELLO 2 answers as RESP2")
        client.send("NEXT")
        same(client.read_line(), b"$-1")
        matches(client.refused("HELLO", "4"), "^NOPROTO ")
        matches(client.refused("HELLO", "x"), "^NOPROTO ")
        same(client.call("PING"), "PONG")


@test("HELLO signs in and names the connection; a refused one changes nothing")
def _():
    with Daemon() as daemon:
        token = daemon.add_agent("anna")
        with daemon.connect_tcp() as client:
            matches(client.refused("HELLO", "3", "AUTH", "anna", "wrong", "SETNAME", "desk-1"), "^NOAUTH ")
            matches(client.refused("PING"), "^NOAUTH ")
            same(client.call("HELLO", "3", "SETNAME", "desk-1", "AUTH", "anna", token)["proto"], 3)
            same(client.call("CLIENT", "GETNAME"), "desk-1")
            same(client.json("WHOAMI")["name"], "anna")
            matches(client.refused("HELLO", "3", "AUTH", "anna"), "^ERR usage")
            matches(client.refused("HELLO", "3", "SETNAME", "has blanks"), "^ERR ")


@test("inline lines: words, quotes, escapes, LF alone, empty lines, { to the end of the line")
def _():
    with Daemon() as daemon, daemon.connect() as client:
        lines = [
            (b"PING\r\n", "PONG"),
            (b"ping\n", "PONG"),
            (b"  PING   one  \r\n", "one"),
            (b"\tECHO\ttab\r\n", "tab"),
            (b'ECHO "two words"\r\n', "two words"),
            (b'ECHO "a\\"b\\\\c\\n\\x41"\r\n', 'a"b\\c\nA'),
            (b"ECHO 'it\\'s \\n'\r\n", "it's \\n"),
            (b'ECHO ""\r\n', ""),
            (b"\r\n\r\n\nECHO after-empty-lines\r\n", "after-empty-lines"),
            ('ECHO {"name": "孔 丽勇", "quote": "\\"", "n": [1, 2]}\r\n'.encode(), '{"name": "孔 丽勇", "quote": "\\"", "n": [1, 2]}'),
            (b"ECHO {not json at 'all}  \r\n", "{not json at 'all}"),
        ]
        for line, wanted in lines:
            client.write(line)
            same(client.read(), wanted, repr(line))
        client.write(('CLIENT.PUT {"client_ref": "C1", "name": "孔 丽勇"}\r\n' "LIST clients\r\n").encode())
        same(client.read(), 1)
        same(json.loads(client.read())[0]["name"], "孔 丽勇")


@test("a request may come byte by byte, and many at once in any pieces")
def _():
    with Daemon() as daemon, daemon.connect() as client:
        request = Client.encode("ECHO", "孔丽勇\r\n") + b"ECHO inline\r\n"
        for place in range(len(request)):
            client.write(request[place:place + 1])
        same([client.read(), client.read()], ["孔丽勇\r\n", "inline"])
        many = b"".join(Client.encode("ECHO", str(number)) if number % 2 else b"ECHO %d\r\n" % number for number in range(2000))
        for size in (1021, 7, 1 << 20):
            client.write(b"".join([]))
            for place in range(0, len(many), size):
                client.write(many[place:place + size])
            same([client.read() for _ in range(2000)], [str(number) for number in range(2000)], f"pieces of {size} bytes")


@test("answers come in the order of the requests, also behind one that waits")
def _():
    with Daemon() as daemon, daemon.agent("anna") as client:
        client.write(b"NEXT WAIT 60\r\nPING behind\r\nWHOAMI\r\n")
        same(daemon.call("PING"), "PONG")
        true(client.is_silent(), "it waits")
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        same(json.loads(client.read())["agenda"][0]["occasion"], "E1")
        same(client.read(), "behind")
        same(json.loads(client.read())["name"], "anna")


PROTOCOL_ERRORS = [
    b"*1\r\n+PING\r\n",
    b"*x\r\n",
    b"*1\n$4\r\nPING\r\n",
    b"*1\r\n$-5\r\n",
    b"*1\r\n$99999999999999999999999\r\n",
    b"*1\r\n$4\r\nPINGxx",
    b"*99999999\r\n",
    b"*2\r\n$4\r\nECHO\r\n$2000000000\r\n",
    b'ECHO "not closed\r\n',
    b'ECHO "a"b\r\n',
    b"ECHO " + b"x" * 66000,
    b"ECHO" + b" x" * 110 + b"\r\n",
]


@test("what is no request is answered and the connection closed; requests before it are done")
def _():
    with Daemon() as daemon:
        for data in PROTOCOL_ERRORS:
            with daemon.connect() as client:
                client.write(Client.encode("ECHO", "before") + data)
                same(client.read(), "before")
                matches(client.read(), "^ERR Protocol error: ", repr(data[:40]))
                same(client.ended(), b"", repr(data[:40]))
        same(daemon.call("PING"), "PONG")


@test("a web browser, and a page that makes one speak to the port, are cut off before their body is read")
def _():
    with Daemon() as daemon:
        body = b"\r\n\r\nCLIENT.PUT {\"client_ref\": \"C1\", \"name\": \"evil\"}\r\n"
        for head in (b"GET / HTTP/1.1", b"POST / HTTP/1.1", b"PUT / HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT x:1 HTTP/1.1", b"Host: localhost", b"post /x HTTP/1.0",
                     b"TRACE / HTTP/1.1", b"GET http://desk:7379/ HTTP/1.1", b"PRI * HTTP/2.0"):
            with daemon.connect() as client:
                client.write(head + b"\r\nHost: 127.0.0.1" + body)
                matches(client.read(), "^ERR Protocol error", repr(head))
                same(client.ended(), b"")
        same(daemon.list("clients"), [])


@test("the limits of the configuration: bytes, words, connections, and stricter ones before signing in")
def _():
    with Daemon(settings={"request_bytes": "1000000", "request_arguments": "16", "connections": "8"}) as daemon:
        client = daemon.connect()
        same(len(client.call("ECHO", "x" * 999990)), 999990)
        client.write(b"*2\r\n$4\r\nECHO\r\n$1000000\r\n")
        matches(client.read(), "longer than 1000000 bytes")
        client = daemon.connect()
        matches(client.refused("ECHO", *"abcdefghijklmno"), "wrong number of words")
        matches(client.refused("ECHO", *"abcdefghijklmnop"), "more than 16 words")
        stranger = daemon.connect_tcp()
        stranger.write(b"*2\r\n$4\r\nECHO\r\n$17000\r\n")
        matches(stranger.read(), "longer than 16384 bytes")
        stranger.ended()
        clients = []
        for _ in range(20):
            client = daemon.connect()
            clients.append(client)
            try:
                client.send("PING")
            except BrokenPipeError:
                pass  # refused already; what it was told can be read
            reply = client.read()
            if reply != "PONG":
                matches(reply, "^BUSY ")
                break
        else:
            raise AssertionError("no limit of connections")
        same(client.ended(), b"")
        for client in clients:
            client.close()
        for _ in range(1000):  # a place is free again once the daemon has seen them go
            try:
                with daemon.connect() as client:
                    if client.call("PING") == "PONG":
                        break
            except (AssertionError, ConnectionError):
                continue
        else:
            raise AssertionError("no connection was given back")


def idles(daemon):
    """Whether the daemon uses no processor while nobody asks anything of it."""
    def used():
        with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as stat:
            return sum(int(field) for field in stat.read().rsplit(")", 1)[1].split()[11:13])
    before = used()
    with daemon.connect() as nobody:
        select.select([nobody.socket], [], [], 0.3)
    return used() - before < 15  # of 30 ticks


@test("a heap of requests behind one that waits stays where it is, and costs nothing meanwhile")
def _():
    with Daemon() as daemon, daemon.agent("anna") as client:
        client.socket.settimeout(0.2)
        client.send("NEXT", "WAIT", 60)
        sent = 0
        try:
            for _ in range(1000):
                client.send("ECHO", "x" * 10000)
                sent += 1
        except TimeoutError:
            pass
        true(sent < 1000, "the daemon took everything in")
        same(idles(daemon), True)
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        client.socket.settimeout(10)
        matches(client.read(), "E1")
        for _ in range(sent):
            same(len(client.read()), 10000)


@test("whoever does not read his answers gets no more of them, and takes nobody else down")
def _():
    with Daemon(settings={"output_bytes": "65536"}) as daemon, daemon.connect(timeout=0.2) as greedy:
        request = Client.encode("ECHO", "x" * 60000)
        sent = 0
        try:
            for _ in range(1000):
                greedy.write(request)
                sent += 1
        except TimeoutError:
            pass
        true(sent < 1000, "the daemon took everything in")
        same(idles(daemon), True, "while nobody reads")
        same(daemon.call("PING"), "PONG")
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
            resident = int(next(line for line in status if line.startswith("VmRSS")).split()[1])
        true(resident < 100000, f"{resident} kB")
        greedy.socket.settimeout(10)
        for _ in range(sent):
            same(len(greedy.read()), 60000)


@test("unknown commands and wrong numbers of words are refused, one by one, with the usage")
def _():
    with Daemon() as daemon, daemon.connect() as client:
        matches(client.refused("FLY"), "^ERR unknown command")
        matches(client.refused("GET", "x"), "^ERR unknown command")
        matches(client.refused("NEXTT"), "^ERR unknown command")
        matches(client.refused("\r\n-OK\x00\xff"), "^ERR unknown command")
        matches(client.refused("CLIENT.PUT"), "^ERR wrong number of words; usage: CLIENT.PUT json")
        matches(client.refused("CLIENT.PUT", "{}", "{}"), "^ERR wrong number of words")
        matches(client.refused("CHECK", "x"), "^ERR wrong number of words; usage: CHECK$")
        matches(client.refused("MOVE", "1", "service", "he", "asks"), r"^ERR wrong number of words \(a reason of several words stands in quotation marks\); usage: MOVE ")
        matches(client.refused("MOVE", "1", "service"), "^ERR wrong number of words; usage: MOVE ")
        matches(client.refused("SELECT", "1"), "^ERR ")
        same(client.call("SELECT", "0"), "OK")
        matches(client.refused("CLIENT.PUT", b"\xff\xfe"), "^ERR a word is not UTF-8")
        matches(client.refused("CLIENT.PUT", b"{}\x00"), "^ERR a word is not UTF-8 text, or holds a NUL byte")
        for bad in ("x", "{", "[]", "null", "7", '"text"', "{}", '{"client_ref":"C1"', '{"client_ref":{"a":1},"name":"x"}', '{"client_ref":"C1","name":"x","colour":"red"}',
                    '{"client_ref":"C1","name":"x","client_ref":"C2"}', "[" * 5000, '{"a":' * 5000):
            matches(client.refused("CLIENT.PUT", bad), "^ERR ", bad[:40])
            matches(client.refused("EVENT.PUT", bad), "^ERR ", bad[:40])
        replies = client.pipeline([("CLIENT.PUT", {"client_ref": "C1", "name": "A"}), ("CLIENT.PUT", {"client_ref": "C2", "name": "A", "tier": "wood"}),
                                   ("CLIENT.PUT", {"client_ref": "C3", "name": "A"}), ("CLIENT.PUT", {"client_ref": "C1", "name": "A"})])
        same([reply if isinstance(reply, int) else reply[:3] for reply in replies], [1, "ERR", 1, 0])
        matches(replies[1], "tier")
        same([row["client_ref"] for row in daemon.list("clients")], ["C1", "C3"])


@test("over TCP nobody is anybody before AUTH; on the unix socket the daemon's own user is the operator")
def _():
    with Daemon() as daemon:
        token = daemon.add_agent("anna")
        same(daemon.json("WHOAMI")["name"], "operator")
        with daemon.connect_tcp() as client:
            for words in (("PING",), ("INFO",), ("NEXT",), ("LIST", "clients"), ("COMMAND",), ("FLY",), ("CLIENT", "ID"), ("SHUTDOWN",), ("WHOAMI",)):
                matches(client.refused(*words), "^NOAUTH ", words[0])
            matches(client.refused("AUTH", "anna", token[:-1] + "x"), "^NOAUTH ")
            matches(client.refused("AUTH", "operator", ""), "^NOAUTH ")
            matches(client.refused("AUTH", token), "^ERR AUTH needs a name")
            same(client.call("AUTH", "anna", token), "OK")
            same(client.json("WHOAMI")["name"], "anna")
            matches(client.refused("SHUTDOWN"), "^NOPERM ")
            same(client.call("RESET"), "RESET")
            matches(client.refused("PING"), "^NOAUTH ")
        with daemon.connect_tcp() as client:
            for _ in range(5):
                matches(client.refused("AUTH", "anna", "guess"), "^(NOAUTH|BUSY) ")
            same(client.ended(), b"", "after five wrong tokens")
        with daemon.agent("anna") as client:
            same(client.call("HELLO", "3")["proto"], 3)
            same(client.call("CLIENT", "SETNAME", "desk"), "OK")
            same(client.call("RESET"), "RESET")
            same(client.json("WHOAMI")["name"], "operator")
            client.send("CLIENT", "GETNAME")
            same(client.read_line(), b"$-1", "RESET goes back to RESP2 and no name")


@test("what client libraries send by themselves is answered as they expect")
def _():
    with Daemon() as daemon, daemon.connect() as client:
        same(client.call("CLIENT", "SETNAME", "console-7"), "OK")
        same(client.call("CLIENT", "GETNAME"), "console-7")
        same(client.call("CLIENT", "SETINFO", "LIB-NAME", "x"), "OK")
        true(client.call("CLIENT", "ID") > 0)
        same(client.call("ECHO", "x"), "x")
        info = client.call("INFO")
        matches(info, r"(?m)^# Server\r$")
        matches(info, r"(?m)^loading:0\r$")
        same(client.call("INFO", "storage").count("#"), 1)
        rows = client.call("COMMAND")
        same(client.call("COMMAND", "COUNT"), len(rows))
        names = [row[0] for row in rows]
        same(names, sorted(names))
        same(sorted(client.call("COMMAND", "LIST")), names)
        for row in rows:
            same(len(row), 10, row[0])
            true(isinstance(row[1], int) and row[1] != 0, row)
        same(client.call("COMMAND", "INFO", "next", "fly")[1], None)
        same(client.call("COMMAND", "INFO", "done")[0][1], -3)
        docs = client.call("COMMAND", "DOCS")
        same(docs[0::2], names)
        for name, fields in zip(docs[0::2], docs[1::2]):
            fields = dict(zip(fields[0::2], fields[1::2]))
            true(fields["summary"] and fields["since"] and fields["group"], name)
        same(client.call("COMMAND", "DOCS", "fly"), [])
        lines = client.call("HELP")
        matches(client.call("HELP", "done")[0], "^DONE lease disposition")
        true(any(line.startswith("CLIENT.PUT json") for line in lines), "HELP lists commands")
        true(not any(line.startswith("NEXT") for line in lines), "and only those one may use")
        same(client.call("QUIT"), "OK")
        same(client.ended(), b"")


@test("the test clock is no command of a daemon that serves by the real one")
def _():
    with Daemon(clock="real") as daemon:
        matches(daemon.refused("CLOCK"), "^ERR unknown command")
        matches(daemon.refused("CLOCK", "ADVANCE", "100"), "^ERR unknown command")
    with Daemon() as daemon:
        same(daemon.call("CLOCK"), TUESDAY + "T09:30:00")
        for bad in (("ADVANCE", "-1"), ("ADVANCE", "x"), ("SET", "yesterday"), ("SET",), ("STOP", "1"), ("ADVANCE", "99999999999999999999")):
            matches(daemon.refused("CLOCK", *bad), "^ERR ")
        same(daemon.call("CLOCK"), TUESDAY + "T09:30:00")


@test("a half request, and a peer that goes away in the middle of one, disturb nobody")
def _():
    with Daemon() as daemon:
        halves = []
        for data in (b"*", b"*3\r\n$3\r\nSET", b"NEXT", b"*1\r\n$100\r\nabc", b"{"):
            client = daemon.connect()
            client.write(data)
            halves.append(client)
        same(daemon.call("PING"), "PONG")
        for client in halves:
            client.close()
        waiting = daemon.agent("anna")
        waiting.send("NEXT", "WAIT", "600")
        same(daemon.call("PING"), "PONG")
        waiting.close()
        daemon.client("C1")
        daemon.event("E1", "C1", "complaint")
        same([row["state"] for row in daemon.list("calls")], ["ready"], "a call for somebody who has gone")


if __name__ == "__main__":
    run()
