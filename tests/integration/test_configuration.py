"""The configuration file: `camnode --check-config`, and what a node refuses to start with."""

import uuid

import pytest

from harness.processes import run
from harness.settings import BIN, REPOSITORY, TIME_SCALE


def check(path):
    return run([BIN / "camnode", "--check-config", "--config", path], 20 * TIME_SCALE)


def test_check_config_accepts_what_the_node_runs_with_and_starts_nothing(make_node):
    node = make_node()
    done = check(node.config)
    assert done.returncode == 0, done.stderr
    assert not (node.data / "ports.json").exists()


def test_check_config_accepts_the_example_configuration():
    done = check(REPOSITORY / "deploy/camnode.textproto")
    assert done.returncode == 0, done.stderr


def test_check_config_reports_every_mistake_with_its_line(make_node, scratch):
    path = scratch / "camnode.textproto"
    path.write_text(
        'dicom { ae_title: "FAR TOO LONG A TITLE" port: 70000 }\n'
        'peers { ae_title: "X" addresses: "not an address" }\n'
        'grpc { address: "0.0.0.0" }\n'
        "outputs { alpha: 2 }\n"
        'workflow { destinations: "nowhere" }\n'
    )

    done = check(path)

    assert done.returncode != 0
    said = done.stdout + done.stderr
    for line, word in ((1, "ae_title"), (1, "port"), (2, "addresses"), (3, "address")):
        fitting = [one for one in said.splitlines() if f":{line}: " in one and word in one]
        assert fitting, f"nothing about {word} in line {line}:\n{said}"
    assert ":4: " in said and ":5: " in said


@pytest.mark.parametrize(
    "text", ["unknown_option: 1\n", "dicom { port: 1", 'data_directory: ""\n', "peers {}\n"]
)
def test_a_node_with_a_wrong_configuration_does_not_start(scratch, text):
    path = scratch / "camnode.textproto"
    path.write_text(text)
    for arguments in (["--check-config"], []):
        done = run([BIN / "camnode", *arguments, "--config", path], 20 * TIME_SCALE)
        assert done.returncode not in (0, -6, -11), done.stderr
        assert "camnode.textproto:1" in done.stdout + done.stderr
    done = run([BIN / "camnode", "--config", scratch / f"{uuid.uuid4()}"], 20 * TIME_SCALE)
    assert done.returncode not in (0, -6, -11) and done.stderr.strip()


@pytest.mark.parametrize("option", ["overlay_max_long_side", "panel_max_long_side"])
def test_a_picture_too_small_to_be_drawn_is_a_wrong_configuration(make_node, option):
    """Found here it is one line to mend; found by the worker it would bury every film."""
    assert check(make_node(outputs=f"{option}: 384").config).returncode == 0
    assert check(make_node(outputs=f"{option}: 383").config).returncode != 0


def test_a_second_node_on_the_same_data_directory_does_not_start(make_node):
    node = make_node(worker="supervise: false").start(wait_for_worker=False)
    done = run([BIN / "camnode", "--config", node.config], 20 * TIME_SCALE)
    assert done.returncode not in (0, -6, -11)
    assert done.stderr.strip()
    assert node.rpc.health("camnode.dicom") == "SERVING", "the first one goes on"
