"""Checks and steps that several tests share."""

import contextlib

import pytest

from harness.dcmtk import echoscu, storescu
from harness.node import ONE_MODEL, Node
from harness.rpc import RpcFailure
from harness.waiting import stays, wait_until

PROBLEM = ("warning", "error")


def impatient_node(folder):
    """A node that silent peers cost little time, not started."""
    return Node(
        folder,
        workflow=ONE_MODEL,
        outputs="refusal_notice: true",
        dicom='ae_title: "CAMNODE" port: 0 idle_timeout_ms: 2000 '
        "association_request_timeout_ms: 2000 instance_timeout_ms: 4000 "
        "max_instance_bytes: 30000000",
    )


@contextlib.contextmanager
def going_on(node):
    """Whatever is done to it meanwhile: the node still answers, and is the same process."""
    pid = node.process.pid
    yield
    assert node.running() and node.process.pid == pid
    answer = echoscu(node.ports["dicom"])
    assert answer.returncode == 0, answer.stderr


def send_until_acknowledged(node, path):
    """Sends the film, and starts the node again whenever its crash point killed it."""
    for _ in range(5):
        if storescu(node.ports["dicom"], path).returncode == 0:
            return
        if not node.running() or not stays(node.running, 0.2):
            node.restart(wait_for_worker=False)
    raise AssertionError(f"the film was never acknowledged:\n{node.tail()}")


def refused(call):
    """The gRPC status code with which `call` must fail."""
    with pytest.raises(RpcFailure) as failure:
        call()
    assert failure.value.info is not None, f"no ErrorInfo with {failure.value}"
    return failure.value.code


def logged(node, before, levels=None, **fields):
    """Waits for a line after the first `before` of the log that has these values in
    these fields (or as parts of them), at one of `levels` if given."""

    def found():
        for line in node.log_lines()[before:]:
            fits = all(str(value) in str(line.get(name, "")) for name, value in fields.items())
            if fits and (levels is None or line["level"] in levels):
                return line
        return None

    return wait_until(
        found, lambda: f"a line with {fields} among {node.log_lines()[before:]}", seconds=10
    )
