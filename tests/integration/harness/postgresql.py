"""A PostgreSQL server of its own for one test run."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import pytest

from harness.processes import Child, free_port, run
from harness.waiting import wait_until

_PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


class PostgreSql:
    """`directory`: must be reachable for the user that runs the server."""

    def __init__(self, directory):
        if not (_PROGRAMS / "initdb").exists():
            pytest.skip("PostgreSQL 15 is not installed: Debian package postgresql")
        self.directory = pathlib.Path(directory)
        self.port = free_port()
        self.uri = f"postgresql://camnode@127.0.0.1:{self.port}/postgres"
        # The server refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        self._process = None

    def start(self):
        self.directory.mkdir(parents=True)
        if self._user:
            shutil.chown(self.directory, pwd.getpwnam(self._user).pw_uid)
        data = self.directory / "data"
        made = subprocess.run(
            [_PROGRAMS / "initdb", "-D", data, "-U", "camnode", "-A", "trust", "-N"],
            user=self._user,
            cwd="/",
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        return self._run()

    def restart(self):
        """Every session ends, as when somebody upgrades the server."""
        self._process.send(signal.SIGINT)
        self._process.wait(30)
        return self._run()

    def _run(self):
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
        return self

    def close(self):
        if self._process is not None:
            self._process.close()
