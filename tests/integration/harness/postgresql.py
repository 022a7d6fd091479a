"""A PostgreSQL server of its own for one test run."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import pytest

from harness.processes import Child, children_of, free_port, run
from harness.waiting import wait_until

_PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


class PostgreSql:
    """`directory`: must be reachable for the user that runs the server.  With a `password`,
    which is not in the uri, the server asks for it."""

    def __init__(self, directory, password=None):
        if not (_PROGRAMS / "initdb").exists():
            pytest.skip("PostgreSQL 15 is not installed: Debian package postgresql")
        self.directory = pathlib.Path(directory)
        self.port = free_port()
        self.uri = f"postgresql://camnode@127.0.0.1:{self.port}/postgres"
        # The server refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        self._process = None
        self.password = password

    def start(self):
        self.make()
        self.run()
        return self

    def make(self):
        """An empty database, with no server yet."""
        self.directory.mkdir(parents=True)
        if self._user:
            shutil.chown(self.directory, pwd.getpwnam(self._user).pw_uid)
        data = self.directory / "data"
        ask_for_it = []
        if self.password is not None:
            file = self.directory / "password"
            file.write_text(self.password)
            ask_for_it = ["--pwfile", file]
        how = "trust" if self.password is None else "scram-sha-256"
        made = subprocess.run(
            [_PROGRAMS / "initdb", "-D", data, "-U", "camnode", "-A", how, "-N", *ask_for_it],
            user=self._user,
            cwd="/",
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr

    def restart(self):
        """Ends it under its clients, and starts it again."""
        self._process.send(signal.SIGINT)  # Without waiting for clients.
        self._process.wait(30)
        self.run()

    def run(self):
        """Starts the server on the database that is there."""
        self._process = Child(
            [_PROGRAMS / "postgres", "-D", self.directory / "data", "-p", self.port]
            + ["-h", "127.0.0.1"]
            + ["-k", self.directory],
            self.directory.parent / f"{self.directory.name}.log",
            directory="/",
            user=self._user,
        )
        ask = [_PROGRAMS / "pg_isready", "-h", "127.0.0.1", "-p", self.port]
        wait_until(lambda: run(ask).returncode == 0, "PostgreSQL to start")

    def freeze(self):
        """Stops every process of the server: it answers nobody, and refuses nobody either."""
        self._send_all(signal.SIGSTOP)

    def thaw(self):
        self._send_all(signal.SIGCONT)

    def _send_all(self, number):
        for pid in [self._process.pid, *children_of(self._process.pid)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def close(self):
        if self._process is not None:
            self._process.close()
