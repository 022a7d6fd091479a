"""What the programs had promised to the world at a point of the log.

Read from the bytes that they sent, not from what they say of themselves:

* a C-STORE answer with status 0x0000 promises the film it names;
* bytes that hold the SOP Instance UID of an upload promise the upload;
* bytes that hold the UID of a derived object, be it to a client or in a C-STORE to a
  destination, promise the object and the analysis it came from.
"""

import bisect
import collections
import dataclasses
import struct

from harness import wire
from record_log import Kind

DATA_PDU = 0x04


class Stream:
    """All bytes sent on one connection, and by which records."""

    def __init__(self):
        self.data = bytearray()
        self._ends = []
        self._numbers = []

    def append(self, number, data):
        self.data += data
        self._ends.append(len(self.data))
        self._numbers.append(number)

    def number_of(self, at):
        """The record that sent the byte at this place."""
        return self._numbers[bisect.bisect_right(self._ends, at)]


def streams_of(records):
    """One for each connection; an inode is never used by two at once."""
    found = collections.OrderedDict()
    for number, record in enumerate(records, start=1):
        if record.kind is Kind.SEND:
            found.setdefault((record.process, record.inode), Stream()).append(number, record.data)
    return list(found.values())


def successful_stores(stream):
    """(SOP Instance UID, number of the record) of each C-STORE answered with success."""
    at, command = 0, bytearray()
    while at + 6 <= len(stream.data):
        kind, _, size = struct.unpack_from(">BBI", stream.data, at)
        if kind not in range(1, 8):
            return  # Not DICOM.
        end = at + 6 + size
        if kind == DATA_PDU and end <= len(stream.data):
            value = at + 6
            while value < end:
                length, _, flags = struct.unpack_from(">IBB", stream.data, value)
                if flags & 1:
                    command += stream.data[value + 6 : value + 4 + length]
                    if flags & 2:
                        elements = wire.parse_command(bytes(command))
                        command.clear()
                        if (
                            wire.us(elements, 0x0100) == wire.C_STORE_RSP
                            and wire.us(elements, 0x0900) == wire.SUCCESS
                        ):
                            uid = elements[0x1000].rstrip(b"\0 ").decode()
                            # The first byte of the answer: what comes later may be lost.
                            yield uid, stream.number_of(at)
                value += 4 + length
        at = end


@dataclasses.dataclass
class Promises:
    instances: dict  # {SOP Instance UID: (digest, number of the record)}
    derived: dict

    @staticmethod
    def of(records, stored, uploaded, derived):
        """`stored`, `uploaded`, `derived`: {SOP Instance UID: digest}."""
        streams = streams_of(records)
        promised = {}
        for stream in streams:
            for uid, number in successful_stores(stream):
                known = promised.get(uid, (None, number))
                promised[uid] = (stored[uid], min(number, known[1]))
        promised.update(_first_seen(streams, uploaded))
        seen = _first_seen(streams, derived)
        assert set(promised) == {*stored, *uploaded}, "an answer is missing in the recording"
        assert set(seen) == set(derived), "an object never left the node"
        return Promises(promised, seen)

    def at(self, cut):
        """({UID: digest} of instances, of derived objects) promised after `cut` records."""
        return tuple(
            {uid: digest for uid, (digest, number) in each.items() if number <= cut}
            for each in (self.instances, self.derived)
        )


def _first_seen(streams, digests):
    seen = {}
    for uid, digest in digests.items():
        for stream in streams:
            at = stream.data.find(uid.encode())
            if at >= 0:
                number = stream.number_of(at)
                seen[uid] = (digest, min(number, seen.get(uid, (None, number))[1]))
    return seen
