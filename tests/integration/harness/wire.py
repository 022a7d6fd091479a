"""The DICOM upper layer by hand (PS3.8, PS3.7): a peer that can also misbehave.

Stock programs send correct messages only, and tell neither the status nor the
moment of an answer.  This one does both, for the tests of bad peers and for the
benchmarks.
"""

import dataclasses
import socket
import struct

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION = "2.25.302043790172249692526321623266752743501"

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_ECHO_RQ, C_ECHO_RSP = 0x0030, 0x8030
NO_DATA_SET = 0x0101
SUCCESS = 0x0000


class Refused(Exception):
    """A-ASSOCIATE-RJ: .result (1 permanent, 2 transient), .source, .reason."""

    def __init__(self, result, source, reason):
        super().__init__(f"association refused: result {result} source {source} reason {reason}")
        self.result, self.source, self.reason = result, source, reason


class Closed(Exception):
    """The peer aborted or closed the connection."""


def read_exactly(connection, size):
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise Closed(f"connection closed after {len(data)} of {size} bytes")
        data += piece
    return bytes(data)


def read_pdu(connection):
    """Returns (type, body)."""
    kind, _, size = struct.unpack(">BBI", read_exactly(connection, 6))
    return kind, read_exactly(connection, size)


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _ae(title):
    return title.encode("ascii").ljust(16)[:16]


def association_request(calling, called, contexts, max_pdu=65536):
    """`contexts`: list of (abstract syntax, transfer syntax), numbered 1, 3, 5 ..."""
    body = struct.pack(">HH", 1, 0) + _ae(called) + _ae(calling) + bytes(32)
    body += item(0x10, APPLICATION_CONTEXT.encode())
    for number, (abstract, transfer) in enumerate(contexts):
        content = struct.pack(">BBBB", 2 * number + 1, 0, 0, 0)
        content += item(0x30, abstract.encode()) + item(0x40, transfer.encode())
        body += item(0x20, content)
    user = item(0x51, struct.pack(">I", max_pdu)) + item(0x52, IMPLEMENTATION.encode())
    return pdu(0x01, body + item(0x50, user))


def command_set(elements):
    """Implicit VR Little Endian, group length in front.  `elements`: {element: bytes | int}."""
    body = b""
    for element, value in sorted(elements.items()):
        if isinstance(value, int):
            value = struct.pack("<H", value)
        if len(value) % 2:
            value += b"\0"
        body += struct.pack("<HHI", 0x0000, element, len(value)) + value
    return struct.pack("<HHII", 0x0000, 0x0000, 4, len(body)) + body


def parse_command(data):
    """{element: raw bytes} of a command set."""
    elements, at = {}, 0
    while at + 8 <= len(data):
        _, element, size = struct.unpack_from("<HHI", data, at)
        elements[element] = data[at + 8 : at + 8 + size]
        at += 8 + size
    return elements


def us(elements, element):
    return struct.unpack("<H", elements[element])[0]


def fragments(context, data, is_command, size=16384 - 6):
    """P-DATA-TF PDUs that carry one command or data set."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    for number, piece in enumerate(pieces):
        flags = (1 if is_command else 0) | (2 if number == len(pieces) - 1 else 0)
        yield pdu(0x04, struct.pack(">IBB", len(piece) + 2, context, flags) + piece)


@dataclasses.dataclass
class Message:
    context: int
    command: dict
    data: bytes = b""


def read_message(connection, want_data):
    """Reads one DIMSE message.  `want_data(command)`: whether a data set follows."""
    command = data = None
    parts = bytearray()
    while True:
        kind, body = read_pdu(connection)
        if kind == 0x07:
            raise Closed("the peer aborted")
        if kind == 0x05:
            connection.sendall(pdu(0x06, bytes(4)))
            raise Closed("the peer released")
        at = 0
        while at < len(body):
            size, context, flags = struct.unpack_from(">IBB", body, at)
            parts += body[at + 6 : at + 4 + size]
            at += 4 + size
            if not flags & 2:
                continue
            if flags & 1:
                command = parse_command(bytes(parts))
                if not want_data(command):
                    return Message(context, command)
            else:
                data = bytes(parts)
                return Message(context, command, data)
            parts.clear()


class Association:
    """A storage SCU of our own.  Used as a context manager.  `tls`: an ssl.SSLContext."""

    def __init__(self, port, calling, called, contexts, seconds=30, tls=None):
        self.contexts = contexts
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._message_id = 0
        try:
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket)
            self.socket.sendall(association_request(calling, called, contexts))
            kind, body = read_pdu(self.socket)
            if kind == 0x03:
                raise Refused(body[1], body[2], body[3])
            if kind != 0x02:
                raise Closed(f"answered the association request with PDU {kind:#x}")
            self.accepted, self.max_pdu = _read_accept(body)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.socket.sendall(pdu(0x05, bytes(4)))
            read_pdu(self.socket)
        except (OSError, Closed):
            pass
        self.socket.close()

    def close(self):
        """Breaks the connection without a word."""
        self.socket.close()

    def echo(self):
        command = {0x0002: VERIFICATION.encode(), 0x0100: C_ECHO_RQ, 0x0800: NO_DATA_SET}
        return self._ask(VERIFICATION, command, None)

    def store(self, sop_class, sop_instance, data):
        """Sends a C-STORE with these data set bytes; returns the status."""
        return self._ask(sop_class, store_command(sop_class, sop_instance), data)

    def context_of(self, abstract):
        """Number of the accepted presentation context; raises KeyError."""
        for number, (syntax, _) in enumerate(self.contexts):
            if syntax == abstract and 2 * number + 1 in self.accepted:
                return 2 * number + 1
        raise KeyError(f"no accepted presentation context for {abstract}")

    def start_store(self, sop_class, sop_instance):
        """Sends the command alone; returns the context for the data to come."""
        context = self.context_of(sop_class)
        command = {**store_command(sop_class, sop_instance), 0x0110: self._next_id()}
        self.send(context, command_set(command), True)
        return context

    def send(self, context, data, is_command):
        """A whole command or data set, in pieces that the peer can take."""
        size = min(self.max_pdu or 65536, 65536) - 6
        self.socket.sendall(b"".join(fragments(context, data, is_command, size)))

    def read_status(self):
        return us(read_message(self.socket, lambda _: False).command, 0x0900)

    def _next_id(self):
        self._message_id += 1
        return self._message_id

    def _ask(self, abstract, command, data):
        context = self.context_of(abstract)
        self.send(context, command_set({**command, 0x0110: self._next_id()}), True)
        if data is not None:
            self.send(context, data, False)
        return self.read_status()


def store_command(sop_class, sop_instance):
    return {
        0x0002: sop_class.encode(),
        0x0100: C_STORE_RQ,
        0x0700: 0,
        0x0800: 1,
        0x1000: sop_instance.encode(),
    }


def store_file(port, dataset, data, calling="SENDER", called="CAMNODE"):
    """One association, one C-STORE of `data` under the UIDs of `dataset`; the status."""
    contexts = [(str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID))]
    with Association(port, calling, called, contexts) as association:
        return association.store(str(dataset.SOPClassUID), str(dataset.SOPInstanceUID), data)


def _read_accept(body):
    """Of an A-ASSOCIATE-AC: numbers of the contexts accepted, and the largest PDU (0: any)."""
    accepted, max_pdu, at = set(), 16384, 68
    while at + 4 <= len(body):
        kind, _, size = struct.unpack_from(">BBH", body, at)
        if kind == 0x21 and body[at + 6] == 0:
            accepted.add(body[at + 4])
        if kind == 0x50 and body[at + 4] == 0x51:
            max_pdu = struct.unpack_from(">I", body, at + 8)[0]
        at += 4 + size
    return accepted, max_pdu
