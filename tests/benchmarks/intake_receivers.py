"""The receivers that intake_benchmark.py compares, and the sender they share."""

import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from harness.dcmtk import Storescp
from harness.node import SENDER, Node
from harness.orthanc import Orthanc
from harness.processes import Child, free_port
from harness.settings import BIN
from harness.waiting import wait_until

# dcmsend's own logger, with the time of day in milliseconds before each line.
_TIMED_LOG = """\
log4cplus.rootLogger = INFO, console
log4cplus.appender.console = log4cplus::ConsoleAppender
log4cplus.appender.console.logToStdErr = true
log4cplus.appender.console.ImmediateFlush = true
log4cplus.appender.console.layout = log4cplus::PatternLayout
log4cplus.appender.console.layout.ConversionPattern = %D{%s} %D{%Q} %m%n
"""


class Sent:
    def __init__(self, seconds, answers_ms=()):
        self.seconds = seconds
        self.answers_ms = list(answers_ms)


def dcmsend(port, called, shares, timed=False):
    """Stock dcmsend, one process and one association for each share of the files.

    `timed`: dcmsend also logs when each request went and each answer came, which costs
    it time, so that the seconds are then not to be compared.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = ["-aet", SENDER, "-aec", called]
        if timed:
            log_config = pathlib.Path(folder) / "log.cfg"
            log_config.write_text(_TIMED_LOG)
            options += ["--log-config", log_config]
        began = time.monotonic()
        senders = []
        for number, share in enumerate(shares):
            with open(pathlib.Path(folder) / str(number), "wb") as log:
                senders.append(
                    subprocess.Popen(
                        [str(a) for a in ["dcmsend", *options, "127.0.0.1", port, *share]],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )
        codes = [sender.wait() for sender in senders]
        seconds = time.monotonic() - began
        logs = [(pathlib.Path(folder) / str(n)).read_text() for n in range(len(shares))]
    assert not any(codes), f"dcmsend ended with {codes}:\n{logs[0][-2000:]}"
    return Sent(seconds, [ms for log in logs for ms in _answer_times(log)])


def _answer_times(log):
    """From each C-STORE request to its answer, as dcmsend's log tells."""
    asked = None
    times = []
    for line in log.splitlines():
        match = re.match(r"(\d+) ([\d.]+) (.*)", line)
        if not match:
            continue
        at_ms = int(match[1]) * 1000 + float(match[2])
        if match[3].startswith("Sending C-STORE Request"):
            asked = at_ms
        elif match[3].startswith("Received C-STORE Response") and asked is not None:
            times.append(at_ms - asked)
            asked = None
    return times


class Camnode:
    """A node that starts no worker; `busy()` gives it one that works."""

    name = "camnode"
    called = "CAMNODE"

    def __init__(self, folder, top=""):
        self.folder = pathlib.Path(folder) / "camnode"
        self.node = Node(
            self.folder,
            top=top,
            dicom='ae_title: "CAMNODE" port: 0 max_instance_bytes: 1073741824',
            worker="supervise: false",
            storage="min_free_bytes: 50000000 max_queued_jobs: 10000000",
        )
        self.node.start(wait_for_worker=False)
        self._worker = None

    @property
    def port(self):
        return self.node.ports["dicom"]

    def send(self, shares, timed=False):
        return dcmsend(self.port, self.called, shares, timed)

    def start_worker(self):
        before = len(self.node.log_lines("job"))
        self._worker = Child(
            [BIN / "camnode-worker", "--config", self.node.config, "--name", "busy"], self.node.log
        )
        wait_until(lambda: len(self.node.log_lines("job")) > before, "the worker's first film")

    def stop_worker(self):
        self._worker.send(signal.SIGTERM)
        self._worker.wait(60)

    def analysed(self):
        return len(self.node.log_lines("job"))

    def close(self):
        self.node.close()


class BusyCamnode:
    """The same node while its worker analyses what came before."""

    name = "camnode, worker busy"

    def __init__(self, camnode):
        self._camnode = camnode

    def send(self, shares, timed=False):
        self._camnode.start_worker()
        try:
            return self._camnode.send(shares, timed)
        finally:
            self._camnode.stop_worker()

    def close(self):
        pass


class StorescpReceiver:
    """storescp with its own defaults."""

    name = "storescp"

    def __init__(self, folder):
        self._folder = pathlib.Path(folder) / "storescp"
        self._folder.mkdir(parents=True)
        self._port = free_port()
        self._process = Child(
            ["storescp", "-od", self._folder, self._port], self._folder.parent / "storescp.log"
        )
        wait_until(
            lambda: subprocess.run(["echoscu", "127.0.0.1", str(self._port)]).returncode == 0,
            "storescp",
        )

    def send(self, shares, timed=False):
        sent = dcmsend(self._port, Storescp.AE_TITLE, shares, timed)
        for path in self._folder.iterdir():
            path.unlink()
        return sent

    def close(self):
        self._process.close()


class OrthancReceiver:
    name = "Orthanc"

    def __init__(self, folder):
        self._orthanc = Orthanc(pathlib.Path(folder) / "orthanc").start()

    def send(self, shares, timed=False):
        return dcmsend(self._orthanc.dicom_port, "ORTHANC", shares, timed)

    def close(self):
        self._orthanc.close()


class DroppingReceiver:
    """Our own receiver, which promises nothing and drops every byte."""

    name = "floor, network: nothing kept"

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [str(BIN / "intake_floor"), "receive", "FLOOR"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(pathlib.Path(folder) / "intake_floor.log", "wb"),
        )
        self._port = int(self._process.stdout.readline())

    def send(self, shares, timed=False):
        return dcmsend(self._port, "FLOOR", shares, timed)

    def close(self):
        self._process.stdin.close()
        self._process.wait()


class DiskFloor:
    """The writes and syncs of one durable receiver, from memory, without network."""

    name = "floor, disk: written and synced"

    def __init__(self, folder):
        self._folder = pathlib.Path(folder) / "disk_floor"

    def send(self, shares, timed=False):
        files = [str(path) for share in shares for path in share]
        done = subprocess.run(
            [str(BIN / "intake_floor"), "disk", str(self._folder), *files],
            check=True,
            capture_output=True,
            text=True,
        )
        shutil.rmtree(self._folder)
        return Sent(float(done.stdout))

    def close(self):
        pass
