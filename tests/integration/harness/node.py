"""A camnode on a data directory of its own, as an operator would run it."""

import http.client
import json
import pathlib
import signal
import subprocess

from harness import orthanc
from harness.processes import Child, children_of, run
from harness.rpc import Rpc
from harness.settings import BIN, MODELS, TIME_SCALE
from harness.waiting import wait_until

SENDER = "SENDER"  # The calling AE title that every node here knows.

# Small and quick, but nothing left out: sections are replaced, not merged.
DEFAULTS = {
    "dicom": 'ae_title: "CAMNODE" port: 0',
    "grpc": "port: 0",
    "http": "port: 0",
    "workflow": 'models: "resnet18" models: "efficientnet_b0" models: "densenet121"',
    "outputs": "",
    "delivery": "initial_backoff_ms: 200 max_backoff_ms: 2000",
    "storage": "min_free_bytes: 50000000",
    "queue": "initial_backoff_ms: 200 max_backoff_ms: 2000",
    "worker": "",
}
ONE_MODEL = 'models: "resnet18"'


class Node:
    """Start, stop, kill and start again: the data stay, the ports change.

    `sections`: text of top-level messages of camnode.textproto by name, in place of
    DEFAULTS.  `destinations`: {name: (AE title, port)} or (AE title, port, more options).
    """

    def __init__(self, directory, destinations=None, top="", environment=None, **sections):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.config = self.directory / "camnode.textproto"
        self.log = self.directory / "camnode.log"
        self.environment = dict(environment or {})
        self.program = [BIN / "camnode"]
        self.user = None  # Who runs it, if not who runs the tests.
        self.config.write_text(_configuration(destinations or {}, top, sections))
        self.ports = {}
        self.process = None
        self.starts = 0
        self.max_descriptors = None  # As `ulimit -n`; None: those of the tests.
        self._old = []
        self._rpc = None

    def start(self, wait_for_worker=True, seconds=60):
        """Starts the node and waits until it answers, and its worker is ready."""
        if self.process is not None:
            self._old.append(self.process)
        self.starts += 1
        (self.data / "ports.json").unlink(missing_ok=True)
        self.process = Child(
            [*self.program, "--config", self.config],
            self.log,
            self.environment,
            user=self.user,
            max_descriptors=self.max_descriptors,
        )
        wait_until(self._read_ports, self._why_not_up, seconds)
        self._rpc = Rpc(self.ports["grpc"])
        if wait_for_worker:
            self.wait_for_worker(seconds)
        return self

    def wait_for_worker(self, seconds=60):
        wait_until(
            lambda: any(worker.ready for worker in self._workers_or_fail()),
            "a worker that is ready",
            seconds,
        )

    def stop(self, seconds=30):
        """An operator's stop; returns the exit code."""
        self.process.send(signal.SIGTERM)
        try:
            return self.process.wait(seconds * TIME_SCALE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"camnode did not end within {seconds} s of SIGTERM") from None

    def kill(self):
        """kill -9 of the node alone; what it supervised must see to itself."""
        self.process.kill()

    def restart(self, **arguments):
        return self.start(**arguments)

    def running(self):
        return self.process is not None and self.process.running()

    def close(self):
        for child in self._old + ([self.process] if self.process else []):
            child.close()

    @property
    def rpc(self):
        return self._rpc

    def destination(self, name):
        """Counts of a destination's deliveries; zeros before there was one."""
        for one in self.rpc.status().destinations:
            if one.name == name:
                return one
        return self.rpc.no_deliveries

    def worker_pids(self):
        return children_of(self.process.pid, "camnode-worker")

    def http_get(self, path):
        """Returns (status, text)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metrics(self):
        """{series name with labels: value}."""
        status, text = self.http_get("/metrics")
        assert status == 200, f"/metrics answered {status}"
        series = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                series[name] = float(value)
        return series

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_lines(self, event=None):
        """The JSON lines of node and workers, oldest first."""
        lines = []
        for text in self.log_text().splitlines():
            if not text.startswith("{"):
                continue
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if event is None or line.get("event") == event:
                lines.append(line)
        return lines

    def control(self, *arguments, seconds=60):
        """Runs camnodectl against this node."""
        return run(
            [BIN / "camnodectl", *arguments, "--config", self.config], seconds * TIME_SCALE
        )

    def wait_for_analysis(self, sop_instance_uid, seconds=60):
        """The committed analysis of a film."""
        return wait_until(
            lambda: self.rpc.find_analysis(sop_instance_uid),
            lambda: f"the analysis of {sop_instance_uid}: {self.describe(sop_instance_uid)}",
            seconds,
        )

    def wait_for_deliveries(self, sop_instance_uid, seconds=60):
        """The analysis of a film once every object of it is delivered."""

        def delivered():
            analysis = self.rpc.find_analysis(sop_instance_uid)
            return analysis if analysis and self.rpc.delivered([analysis]) else None

        return wait_until(
            delivered,
            lambda: f"the deliveries of {sop_instance_uid}: {self.describe(sop_instance_uid)}",
            seconds,
        )

    def describe(self, sop_instance_uid):
        """What the node says of a film now, for a failure message."""
        try:
            analysis = self.rpc.find_analysis(sop_instance_uid)
            return str(analysis or self.rpc.status())
        except Exception as error:  # A message must not hide the failure it describes.
            return f"the node does not answer: {error}"

    def blob_with(self, sha256):
        """The stored file with this digest."""
        done = run(
            ["find", self.data / "blobs", "-type", "f", "-exec", "sha256sum", "{}", "+"]
        )
        for line in done.stdout.splitlines():
            digest, path = line.split(maxsplit=1)
            if digest == sha256:
                return pathlib.Path(path)
        raise AssertionError(f"no blob has the digest {sha256}")

    def read_ports(self):
        self.ports = json.loads((self.data / "ports.json").read_text())

    def blob_files(self):
        """The finished files in their places."""
        return list((self.data / "blobs").glob("[0-9a-f][0-9a-f]/*"))

    def refusal(self, seconds=30):
        """Starts it, which must fail, and returns what it says on its standard error."""
        log = self.directory / "refused.log"
        log.unlink(missing_ok=True)
        child = Child([*self.program, "--config", self.config], log, self.environment)
        assert child.wait(seconds * TIME_SCALE) == 1
        return log.read_text()

    def _read_ports(self):
        if not self.process.running():
            raise AssertionError(self._why_not_up())
        try:
            self.read_ports()
        except (OSError, ValueError):
            return False
        return True

    def _why_not_up(self):
        return f"camnode to start (exit code {self.process.process.poll()}):\n{self.tail()}"

    def _workers_or_fail(self):
        if not self.process.running():
            raise AssertionError(self._why_not_up())
        return self.rpc.status().workers

    def tail(self, lines=30):
        return "\n".join(self.log_text().splitlines()[-lines:])


def _configuration(destinations, top, sections):
    unknown = set(sections) - set(DEFAULTS)
    assert not unknown, f"no such section: {unknown}"
    sections = {**DEFAULTS, **sections}
    for name in destinations:
        sections["workflow"] += f' destinations: "{name}"'
    text = [
        'data_directory: "data"',
        f'model_directory: "{MODELS}"',
        "allow_root: true",  # As who the tests run is not what they are about.
        top,
        f'peers {{ ae_title: "{SENDER}" addresses: "127.0.0.1" }}',
        f'peers {{ ae_title: "{orthanc.AE_TITLE}" addresses: "127.0.0.1" }}',
    ]
    for name, (title, port, *more) in destinations.items():
        text.append(
            f'destinations {{ name: "{name}" ae_title: "{title}" host: "127.0.0.1" port: {port} '
            f"{' '.join(more)} }}"
        )
    text += [f"{name} {{ {content} }}" for name, content in sections.items() if content]
    return "\n".join(text) + "\n"
