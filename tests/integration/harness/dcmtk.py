"""dcmtk's stock programs: storescp as a PACS; storescu, dcmsend and echoscu as peers."""

import pathlib

import pydicom

from harness.films import data_set_bytes
from harness.processes import Child, free_port, run
from harness.node import SENDER
from harness.waiting import wait_until


class Storescp:
    """A PACS that keeps every C-STORE as a file of its own, bytes as they came."""

    AE_TITLE = "PACS"

    def __init__(self, directory, *options):
        self.directory = pathlib.Path(directory)
        self.received = self.directory / "received"
        self.received.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._options = options
        self._process = None

    def start(self, tls=()):
        """`tls`: options with which echoscu can reach a server that wants TLS."""
        self._process = Child(
            ["storescp", "+B", "+xa", "+uf", "--fork", *self._options]
            + ["-pdu", "131072", "-aet", self.AE_TITLE, "-od", self.received, self.port],
            self.directory / "storescp.log",
        )
        wait_until(lambda: self._answers(tls), "storescp to start")
        return self

    def close(self):
        if self._process is not None:
            self._process.close()

    def objects(self):
        """{SOP Instance UID: [data set bytes of every C-STORE of it]}."""
        found = {}
        for path in sorted(self.received.iterdir()):
            meta = pydicom.filereader.read_file_meta_info(path)
            found.setdefault(meta.MediaStorageSOPInstanceUID, []).append(data_set_bytes(path))
        return found

    def files(self):
        return sorted(self.received.iterdir())

    def _answers(self, tls):
        return run(["echoscu", "-to", "2", *tls, "127.0.0.1", self.port]).returncode == 0


def storescu(port, *files, calling=SENDER, called="CAMNODE", options=("-xs",), seconds=60):
    """Sends files over one association; -xs proposes JPEG lossless beside uncompressed."""
    return run(
        ["storescu", "-v", *options, "-aet", calling, "-aec", called, "127.0.0.1", port, *files],
        seconds,
    )


def dcmsend(port, *files, calling=SENDER, called="CAMNODE", seconds=60):
    return run(
        ["dcmsend", "-v", "-aet", calling, "-aec", called, "127.0.0.1", port, *files], seconds
    )


def echoscu(port, calling=SENDER, called="CAMNODE"):
    return run(["echoscu", "-v", "-to", "10", "-aet", calling, "-aec", called, "127.0.0.1", port])
