"""A disk with a cache that forgets: what was written and not flushed is lost when power is cut, any part of it, in any order.

A server of the network block device protocol (the fixed newstyle handshake, plain replies) on a unix socket, for one virtual machine at a time. An image file stands for the platters.
"""
import os
import socket
import struct
import threading

MAGIC, OPTION, REPLY, REQUEST, ANSWER = 0x4e42444d41474943, 0x49484156454f5054, 0x3e889045565a9, 0x25609513, 0x67446698
EXPORT_NAME, ABORT, GO = 1, 2, 7
ACK, INFO, UNSUPPORTED = 1, 3, 0x80000001
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FUA = 1
FLAGS = 1 | 4 | 8  # has flags, can flush, can force a single write through
SECTOR = 4096  # what a disk writes wholly or not at all


class Disk:
    def __init__(self, image, path, chance):
        self.image, self.path, self.chance = image, path, chance
        self.size = os.path.getsize(image)
        self.listener = None
        self.thread = None
        self.flushes = self.forgotten = 0

    def serve(self):
        """From now on a machine can use it: one connection."""
        with open(self.image, "rb") as file:
            self.seen = bytearray(file.read())
        self.unflushed = []  # (offset, bytes, whether it must stay)
        if os.path.exists(self.path):
            os.remove(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self):
        """Power is gone, and the machine with it: the image is what a disk would hold."""
        self.listener.close()
        self.thread.join()
        with open(self.image, "r+b") as file:
            for offset, data, stays in self.unflushed:
                if not stays:
                    sectors = -(-len(data) // SECTOR)
                    kept = self.chance.choice((0, sectors, self.chance.randrange(sectors + 1)))
                    self.forgotten += sectors - kept
                    data = data[:kept * SECTOR]
                os.pwrite(file.fileno(), data, offset)
        self.unflushed = []

    def _run(self):
        try:
            connection = self.listener.accept()[0]
            with connection, connection.makefile("rb") as stream:
                if self._greet(connection, stream):
                    while self._answer(connection, stream):
                        pass
        except (OSError, struct.error):
            pass  # cut

    def _greet(self, connection, stream):
        connection.sendall(struct.pack(">QQH", MAGIC, OPTION, 3))
        struct.unpack(">I", stream.read(4))
        while True:
            _, option, length = struct.unpack(">QII", stream.read(16))
            stream.read(length)
            if option == EXPORT_NAME:
                connection.sendall(struct.pack(">QH", self.size, FLAGS))
                return True
            if option == GO:
                connection.sendall(struct.pack(">QIIIHQH", REPLY, option, INFO, 12, 0, self.size, FLAGS) + struct.pack(">QIII", REPLY, option, ACK, 0))
                return True
            connection.sendall(struct.pack(">QIII", REPLY, option, ACK if option == ABORT else UNSUPPORTED, 0))
            if option == ABORT:
                return False

    def _flush(self):
        with open(self.image, "r+b") as file:
            for offset, data, _ in self.unflushed:
                os.pwrite(file.fileno(), data, offset)
        self.unflushed = []
        self.flushes += 1

    def _answer(self, connection, stream):
        magic, flags, kind, handle, offset, length = struct.unpack(">IHHQQI", stream.read(28))
        if magic != REQUEST or kind == DISCONNECT:
            return False
        data = b""
        if kind == WRITE:
            written = stream.read(length)
            if len(written) < length:
                return False
            self.seen[offset:offset + length] = written
            self.unflushed.append((offset, written, bool(flags & FUA)))
        elif kind == FLUSH:
            self._flush()
        elif kind == READ:
            data = bytes(self.seen[offset:offset + length])
        connection.sendall(struct.pack(">IIQ", ANSWER, 0, handle) + data)
        return True
