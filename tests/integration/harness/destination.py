"""A storage SCP by hand that answers as told and notes when what arrived."""

import collections
import dataclasses
import hashlib
import socket
import struct
import threading
import time

from harness import wire


@dataclasses.dataclass
class Arrival:
    sop_class: str
    sop_instance: str
    data: bytes
    asked_at: float  # time.monotonic() when the whole message was read.
    answered_at: float  # ... when the answer was handed to the kernel.
    status: int

    @property
    def sha256(self):
        return hashlib.sha256(self.data).hexdigest()


class Destination:
    """Accepts every association and presentation context.

    `answer(sop_instance_uid, how_often_seen_before)` gives the status of each
    C-STORE; None breaks the connection instead.
    """

    def __init__(self, answer=lambda uid, before: wire.SUCCESS):
        self._answer = answer
        self._arrivals = []
        self._seen = collections.Counter()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arrivals(self):
        with self._changed:
            return list(self._arrivals)

    def wait_for(self, condition, seconds):
        """Waits until `condition(arrivals)` is true; returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._arrivals), seconds)

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection:
                kind, body = wire.read_pdu(connection)
                if kind != 0x01:
                    return
                connection.sendall(_association_accept(body))
                while self._serve_message(connection):
                    pass
        except (OSError, wire.Closed):
            pass

    def _serve_message(self, connection):
        message = wire.read_message(
            connection, lambda command: wire.us(command, 0x0800) != wire.NO_DATA_SET
        )
        asked_at = time.monotonic()
        kind = wire.us(message.command, 0x0100)
        sop_class = _uid(message.command, 0x0002)
        sop_instance = _uid(message.command, 0x1000)
        status = wire.SUCCESS
        if kind == wire.C_STORE_RQ:
            with self._changed:
                before = self._seen[sop_instance]
                self._seen[sop_instance] += 1
            status = self._answer(sop_instance, before)
        if status is not None:
            reply = {
                0x0002: sop_class.encode(),
                0x0100: kind | 0x8000,
                0x0120: wire.us(message.command, 0x0110),
                0x0800: wire.NO_DATA_SET,
                0x0900: status,
            }
            if sop_instance:
                reply[0x1000] = sop_instance.encode()
            for part in wire.fragments(message.context, wire.command_set(reply), True):
                connection.sendall(part)
        if kind == wire.C_STORE_RQ:
            arrival = Arrival(
                sop_class,
                sop_instance,
                message.data,
                asked_at,
                time.monotonic(),
                -1 if status is None else status,
            )
            with self._changed:
                self._arrivals.append(arrival)
                self._changed.notify_all()
        return status is not None


def _uid(command, element):
    return command.get(element, b"").rstrip(b"\0 ").decode("ascii")


def _association_accept(request):
    """Accepts every proposed context with its first transfer syntax."""
    body = request[:68]
    at = 68
    body += wire.item(0x10, wire.APPLICATION_CONTEXT.encode())
    while at + 4 <= len(request):
        kind, _, size = struct.unpack_from(">BBH", request, at)
        if kind == 0x20:
            number = request[at + 4]
            syntax = _first_transfer_syntax(request[at + 8 : at + 4 + size])
            content = struct.pack(">BBBB", number, 0, 0, 0) + wire.item(0x40, syntax)
            body += wire.item(0x21, content)
        at += 4 + size
    user = wire.item(0x51, struct.pack(">I", 131072))
    user += wire.item(0x52, wire.IMPLEMENTATION.encode())
    return wire.pdu(0x02, body + wire.item(0x50, user))


def _first_transfer_syntax(items):
    at = 0
    while at + 4 <= len(items):
        kind, _, size = struct.unpack_from(">BBH", items, at)
        if kind == 0x40:
            return items[at + 4 : at + 4 + size]
        at += 4 + size
    raise wire.Closed("a presentation context without a transfer syntax")
