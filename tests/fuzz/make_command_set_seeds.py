#!/usr/bin/env python3
"""Writes the seeds of command_set_fuzzer: conversations as harness/wire.py speaks them."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))

from harness import wire  # noqa: E402

CR = "1.2.840.10008.5.1.4.1.1.1"
CONTEXTS = [(CR, "1.2.840.10008.1.2.1"), (wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN)]
RELEASE = wire.pdu(0x05, bytes(4))
ABORT = wire.pdu(0x07, bytes(4))
REQUESTOR, ACCEPTOR = 0, 1


def accept():
    body = wire.association_request("A", "B", [])[6:74] + wire.item(
        0x10, wire.APPLICATION_CONTEXT.encode()
    )
    for number in (1, 3):
        syntax = wire.item(0x40, wire.IMPLICIT_LITTLE_ENDIAN.encode())
        body += wire.item(0x21, bytes([number, 0, 0, 0]) + syntax)
    return wire.pdu(0x02, body + wire.item(0x50, wire.item(0x51, bytes(4))))


def main():
    request = wire.association_request("SENDER", "CAMNODE", CONTEXTS)
    store = wire.command_set({**wire.store_command(CR, "1.2.3"), 0x0110: 1})
    echo = wire.command_set(
        {0x0002: wire.VERIFICATION.encode(), 0x0100: wire.C_ECHO_RQ, 0x0110: 2, 0x0800: 0x0101}
    )
    answer = wire.command_set(
        {0x0002: CR.encode(), 0x0100: wire.C_STORE_RSP, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0}
    )

    def data(context, content, is_command, size=16378):
        return b"".join(wire.fragments(context, content, is_command, size))

    seeds = {
        "echo": (REQUESTOR, request + data(3, echo, True) + RELEASE),
        "store": (REQUESTOR, request + data(1, store, True) + data(1, b"\0" * 200, False) + RELEASE),
        "store_in_pieces": (REQUESTOR, request + data(1, store, True, 9) + data(1, b"ab", False)),
        "answer": (ACCEPTOR, accept() + data(1, answer, True) + wire.pdu(0x06, bytes(4))),
        "reject": (ACCEPTOR, wire.pdu(0x03, bytes([0, 1, 1, 7]))),
        "abort": (REQUESTOR, request + ABORT),
        "http": (REQUESTOR, b"GET / HTTP/1.1\r\n\r\n"),
        "tls": (REQUESTOR, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    }
    folder = HERE / "corpus/command_set_fuzzer"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (side, conversation) in seeds.items():
        (folder / name).write_bytes(bytes([side + 2 * 20]) + conversation)


if __name__ == "__main__":
    main()
