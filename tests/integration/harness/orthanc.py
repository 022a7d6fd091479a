"""A real PACS: Debian's Orthanc with its own storage and ports, driven by its REST API."""

import http.client
import json
import pathlib

from harness.processes import Child, free_port
from harness.waiting import wait_until

AE_TITLE = "ORTHANC"


class Orthanc:
    def __init__(self, directory, plugins=()):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.dicom_port = free_port()
        self.http_port = free_port()
        configuration = {
            "Name": "integration",
            "StorageDirectory": str(self.directory / "storage"),
            "IndexDirectory": str(self.directory / "storage"),
            "Plugins": [str(plugin) for plugin in plugins],
            "ConcurrentJobs": 2,
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": AE_TITLE,
            "DicomPort": self.dicom_port,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": False,
            "DicomModalities": {},
        }
        self._file = self.directory / "orthanc.json"
        self._file.write_text(json.dumps(configuration))
        self._process = None

    def start(self):
        self._process = Child(["Orthanc", self._file], self.directory / "orthanc.log")
        wait_until(self._answers, lambda: f"Orthanc to start:\n{self._tail()}")
        return self

    def close(self):
        if self._process is not None:
            self._process.close()

    def knows(self, name, ae_title, port):
        """Makes a peer known under `name`."""
        self.put(f"/modalities/{name}", {"AET": ae_title, "Host": "127.0.0.1", "Port": port})

    def upload(self, path):
        """Imports a DICOM file; returns Orthanc's id of the instance."""
        return self._json("POST", "/instances", pathlib.Path(path).read_bytes())["ID"]

    def send(self, peer, resources):
        """C-STORE to a peer; raises AssertionError if Orthanc says it failed."""
        return self._json("POST", f"/modalities/{peer}/store", json.dumps(resources).encode())

    def echo(self, peer):
        return self._request("POST", f"/modalities/{peer}/echo", b"{}")[0] == 200

    def find(self, level, query):
        """Orthanc's ids of what matches, e.g. ("Series", {"StudyInstanceUID": ...})."""
        body = json.dumps({"Level": level, "Query": query}).encode()
        return self._json("POST", "/tools/find", body)

    def get(self, path):
        return self._json("GET", path)

    def put(self, path, value):
        status, body = self._request("PUT", path, json.dumps(value).encode())
        assert status == 200, f"PUT {path} answered {status}: {body[:300]!r}"

    def file(self, instance_id):
        """The instance as Orthanc stores it."""
        status, body = self._request("GET", f"/instances/{instance_id}/file")
        assert status == 200, f"no instance {instance_id}"
        return body

    def _json(self, method, path, body=None):
        status, answer = self._request(method, path, body)
        assert status == 200, f"Orthanc's {method} {path} answered {status}: {answer[:300]!r}"
        return json.loads(answer)

    def _request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _answers(self):
        try:
            return self._request("GET", "/system")[0] == 200
        except OSError:
            return False

    def _tail(self):
        return (self.directory / "orthanc.log").read_text(errors="replace")[-2000:]
