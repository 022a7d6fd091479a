"""Child processes that never outlive the tests."""

import atexit
import ctypes
import os
import pathlib
import resource
import signal
import socket
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL("libc.so.6", use_errno=True)
_alive = set()


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prepare(max_descriptors):
    _die_with_parent()
    if max_descriptors is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max_descriptors, max_descriptors))


class Child:
    """One program in a process group of its own, its output in a file."""

    def __init__(
        self, arguments, log, environment=None, directory=None, user=None, max_descriptors=None
    ):
        self.arguments = [str(argument) for argument in arguments]
        self.log = pathlib.Path(log)
        self._file = open(self.log, "ab")
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=directory,
            user=user,
            start_new_session=True,
            preexec_fn=lambda: _prepare(max_descriptors),
        )
        self.pid = self.process.pid
        _alive.add(self)

    def running(self):
        return self.process.poll() is None

    def send(self, number):
        if self.running():
            os.kill(self.pid, number)

    def wait(self, seconds):
        """Returns the exit code; raises subprocess.TimeoutExpired."""
        code = self.process.wait(seconds)
        self._end_group()
        return code

    def kill(self):
        """kill -9, this process alone: its children must cope by themselves."""
        if self.running():
            self.process.kill()
        self.process.wait()

    def close(self):
        """Ends the program and all that is left of its group."""
        self._end_group()
        self.process.wait()

    def _end_group(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._file.close()
        _alive.discard(self)


def run(arguments, seconds=60, environment=None, directory=None, check=False):
    """Runs a program to its end; returns its CompletedProcess with text output."""
    done = subprocess.run(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=seconds,
        env={**os.environ, **(environment or {})},
        cwd=directory,
        text=True,
        errors="replace",
        preexec_fn=_die_with_parent,
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(done.args)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done


def children_of(pid, name=None):
    """Process ids of the living children of `pid`, in order of age."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        command, rest = text[text.index("(") + 1 :].rsplit(")", 1)
        state, parent = rest.split()[:2]
        if int(parent) != pid or state in "ZX":
            continue
        # The kernel cuts the name at 15 bytes.
        if name is None or command == name[:15]:
            found.append(int(entry.name))
    return sorted(found)


def free_port():
    """A TCP port that nobody listens on now, for programs that cannot choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@atexit.register
def _end_all():
    for child in list(_alive):
        child.close()
