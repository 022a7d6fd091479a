"""The configuration file: `camnode --check-config`, and what a node refuses to start with."""

import pathlib
import shutil
import uuid

import pytest

from harness import films, wire
from harness.node import ONE_MODEL, SENDER
from harness.processes import run
from harness.settings import BIN, MODELS, REPOSITORY, TIME_SCALE
from harness.waiting import wait_until


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


@pytest.mark.parametrize("model", ["resnet18", "efficientnet_b0", "densenet121"])
def test_the_networks_that_ship_may_be_computed_in_bfloat16(make_node, model):
    done = check(make_node(top=f'precisions {{ model: "{model}" precision: "bfloat16" }}').config)
    assert done.returncode == 0, done.stderr


def test_a_precision_that_was_never_checked_is_a_wrong_configuration(make_node):
    done = check(make_node(top='precisions { model: "resnet18" precision: "float16" }').config)
    assert done.returncode == 2
    assert "precisions: " in done.stderr and "evaluate-precision" in done.stderr


@pytest.mark.skipif(pathlib.Path("/dev/nvidiactl").exists(), reason="there is a GPU")
def test_without_a_gpu_auto_computes_on_the_cpu_and_a_named_gpu_is_refused(make_node):
    node = make_node(workflow=ONE_MODEL, worker='device: "auto"').start()
    assert [worker.device for worker in node.rpc.status().workers] == ["cpu"]
    (said,) = node.log_lines("computing_on_cpu")
    assert "NVIDIA driver" in said["reason"]

    node = make_node(workflow=ONE_MODEL, worker='device: "cuda:0"').start(wait_for_worker=False)
    refused = wait_until(lambda: node.log_lines("models_unusable"), "the worker's complaint")
    assert "NVIDIA driver" in refused[0]["reason"]
    assert not any(worker.ready for worker in node.rpc.status().workers)


def test_check_config_reads_the_certificates(make_node, scratch):
    node = make_node(
        dicom='ae_title: "CAMNODE" port: 0 tls { port: 0 certificate_file: "node.pem" '
        'private_key_file: "node.key" ca_file: "ca.pem" }'
    )
    done = check(node.config)
    assert done.returncode == 2
    assert "dicom.tls.certificate_file" in done.stderr and "node.pem" in done.stderr


def test_the_conformance_statement_holds_on_the_wire(make_node):
    """Every SOP class and transfer syntax of the tables is accepted, and no other."""
    node = make_node(worker="supervise: false").start(wait_for_worker=False)
    done = run([BIN / "camnode", "--conformance", "--config", node.config], 20 * TIME_SCALE)
    assert done.returncode == 0, done.stderr
    classes = [row[1] for row in table(done.stdout, "SOP classes and roles") if row[3] == "yes"]
    syntaxes = {row[1]: row for row in table(done.stdout, "Transfer syntaxes")}
    assert wire.VERIFICATION in classes and len(syntaxes) > 10

    others = [films.CT, films.DX_FOR_PROCESSING, "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.1.20.1"]
    unknown = ["1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.102"]
    for abstract in classes + others:
        proposed = [(abstract, syntax) for syntax in [*syntaxes, *unknown]]
        with wire.Association(node.ports["dicom"], SENDER, "CAMNODE", proposed) as association:
            for number, (_, syntax) in enumerate(proposed):
                row = syntaxes.get(syntax)
                column = 3 if abstract == wire.VERIFICATION else 2
                promised = abstract in classes and row is not None and row[column] != "no"
                assert (2 * number + 1 in association.accepted) == promised, (abstract, syntax)

    for calling, called, when in (
        (SENDER, "SOMEBODY", "called AE title belongs to no workflow"),
        ("NOBODY", "CAMNODE", "calling AE title unknown"),
    ):
        with pytest.raises(wire.Refused) as refused:
            wire.Association(node.ports["dicom"], calling, called, [(films.CR, "1.2.840.10008.1.2")])
        fault = refused.value
        numbers = f"{fault.result}, {fault.source}, {fault.reason}"
        assert any(
            row[0] == numbers and when in row[2]
            for row in table(done.stdout, "Associations rejected")
        ), numbers


def table(text, title):
    """Rows of the Markdown table under a heading, cells trimmed."""
    lines = text.split(f"### {title}\n\n")[1].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_a_second_node_on_the_same_data_directory_does_not_start(make_node):
    node = make_node(worker="supervise: false").start(wait_for_worker=False)
    done = run([BIN / "camnode", "--config", node.config], 20 * TIME_SCALE)
    assert done.returncode not in (0, -6, -11)
    assert done.stderr.strip()
    assert node.rpc.health("camnode.dicom") == "SERVING", "the first one goes on"


def test_the_log_tells_of_a_model_that_nobody_calibrated(make_node, scratch):
    shutil.copytree(MODELS / "resnet18", scratch / "models" / "resnet18")
    manifest = scratch / "models" / "resnet18" / "1" / "manifest.textproto"
    manifest.write_text(manifest.read_text().replace('"kermany-1"', '"uncalibrated"'))
    node = make_node(workflow=ONE_MODEL)
    node.config.write_text(node.config.read_text().replace(str(MODELS), str(scratch / "models")))
    node.start()
    (line,) = node.log_lines("model_uncalibrated")
    assert line["model"] == "resnet18" and "camnode-lab calibrate" in line["reason"]
