"""What node and worker may still do once strangers' bytes come, seen from outside."""

# Also: services/worker/confinement, services/node/service_manager.

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess

import numpy
import pydicom
import pytest

from harness import films, wire
from harness.dcmtk import storescu
from harness.node import ONE_MODEL, SENDER
from harness.postgresql import PostgreSql
from harness.processes import Child, run
from harness.settings import BIN, MODELS, REPOSITORY, TEST_DATA, TIME_SCALE
from harness.waiting import wait_until

ORDINARY = "nobody"
FILTERED = "2"  # Of "Seccomp:" in /proc/PID/status.
DAC_OVERRIDE = "0000000000000002"  # All that is left of root's capabilities.


@pytest.fixture
def server(scratch):
    server = PostgreSql(scratch / "postgresql", password="hidden p&w")
    try:
        yield server.start()
    finally:
        server.close()


def top_for(database, request, scratch):
    """Of the configuration: SQLite, or a server whose password stands in a file of its own."""
    if database == "sqlite":
        return ""
    server = request.getfixturevalue("server")
    password = scratch / "password"
    password.write_text(server.password + "\n")
    password.chmod(0o600)
    # By name: asking for its address must be left to a worker, too.
    uri = server.uri.replace("127.0.0.1", "localhost")
    return f'database_uri: "{uri}" database_password_file: "{password}"'


def status_of(folder):
    """{name: value} of a status file below /proc."""
    lines = (folder / "status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def limits_of(pid):
    """{name: (soft, hard)}"""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]:
        found[line[:26].strip()] = tuple(line[26:].split()[:2])
    return found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_worker_gives_up_what_an_analysis_does_not_need(
    make_node, pixels, scratch, request, database
):
    node = make_node(workflow=ONE_MODEL, top=top_for(database, request, scratch)).start()
    (worker,) = node.worker_pids()

    # Also threads that are there only while it works.
    dataset = films.film(pixels)
    assert storescu(node.ports["dicom"], films.save(dataset, scratch / "film.dcm")).returncode == 0
    node.wait_for_analysis(dataset.SOPInstanceUID)

    threads = list(pathlib.Path(f"/proc/{worker}/task").iterdir())
    assert len(threads) > 3
    for thread in threads:
        said = status_of(thread)
        assert (said["Seccomp"], said["NoNewPrivs"]) == (FILTERED, "1"), said["Name"]
        assert said["CapEff"] == (DAC_OVERRIDE if os.getuid() == 0 else "0" * 16)
    limits = limits_of(worker)
    assert limits["Max core file size"] == ("0", "0")
    assert limits["Max data size"] == (str(16 << 30), str(16 << 30))
    assert limits_of(node.process.pid)["Max core file size"] == ("0", "0")
    assert status_of(pathlib.Path(f"/proc/{node.process.pid}"))["NoNewPrivs"] == "1"

    (files,) = node.log_lines("worker_files_confined") + node.log_lines("worker_files_not_confined")
    assert files["event"] == "worker_files_confined" or "no Landlock" in files["reason"]
    (calls,) = node.log_lines("worker_calls_confined")
    expected = "opens no socket" if database == "sqlite" else "opens sockets to the database"
    assert expected in calls["reason"]
    assert "hidden" not in node.log_text()


def test_a_confined_worker_finds_its_server_again(make_node, pixels, scratch, request, server):
    node = make_node(
        workflow=ONE_MODEL, top=top_for("postgresql", request, scratch), queue="lease_ms: 2000"
    ).start()
    workers = node.worker_pids()

    server.restart()

    dataset = films.film(pixels)
    path = films.save(dataset, scratch / "film.dcm")
    wait_until(lambda: storescu(node.ports["dicom"], path).returncode == 0, "the film to be taken")
    assert node.wait_for_analysis(dataset.SOPInstanceUID).results
    assert node.worker_pids() == workers


def test_every_transfer_syntax_is_decoded_by_a_confined_worker(make_node, scratch):
    node = make_node(workflow=ONE_MODEL).start()
    worker = node.worker_pids()
    sources = one_film_of_each_syntax(scratch)
    for syntax, (dataset, path) in sources.items():
        data = films.data_set_bytes(path)
        assert wire.store_file(node.ports["dicom"], dataset, data, SENDER) == wire.SUCCESS, syntax
        assert node.wait_for_analysis(dataset.SOPInstanceUID), syntax
    assert node.worker_pids() == worker, "none made a call that is forbidden"
    assert len(sources) == 13


def one_film_of_each_syntax(folder):
    """{transfer syntax: (data set, file)}: pixels of public films below a chest film's header."""
    found = {}
    for path in sorted(TEST_DATA.glob("dicom_conformance/*.dcm")):
        try:
            source = pydicom.dcmread(path, force=True)
            syntax = str(source.file_meta.TransferSyntaxUID)
        except (AttributeError, OSError, ValueError, pydicom.errors.InvalidDicomError):
            continue
        if syntax in found or syntax not in SYNTAXES or not is_gray_film(source):
            continue
        if "bad" in path.name:  # Damaged on purpose.
            continue
        source.SOPClassUID, source.Modality, source.ViewPosition = films.CR, "CR", "AP"
        source.BodyPartExamined = "CHEST"
        source.SOPInstanceUID = source.file_meta.MediaStorageSOPInstanceUID = films.new_uid()
        source.file_meta.MediaStorageSOPClassUID = films.CR
        found[syntax] = (source, films.save(source, folder / f"{syntax}.dcm"))
    if not found:
        pytest.skip(f"no public films in {TEST_DATA}")
    return found


# scp/README.md, "Transfer syntaxes".
SYNTAXES = {"1.2.840.10008.1.2" + end for end in ("", ".1", ".2", ".5", ".1.99")} | {
    f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91)
}


def is_gray_film(source):
    return (
        source.get("SamplesPerPixel") == 1
        and source.get("NumberOfFrames", 1) == 1
        and str(source.get("PhotometricInterpretation", "")).startswith("MONO")
        and min(source.Rows, source.Columns) >= 64
    )


def test_a_film_that_needs_more_memory_than_a_worker_may_have_is_set_aside_alone(
    make_node, pixels, scratch
):
    bound = 640 << 20  # With one model 420 are taken, and the huge film wants 410 more.
    node = make_node(
        workflow=ONE_MODEL,
        worker=f"threads: 1 max_batch: 1 decode_ahead: 0 max_memory_bytes: {bound}",
    ).start()
    assert limits_of(node.worker_pids()[0])["Max data size"] == (str(bound), str(bound))
    noise = numpy.random.default_rng(1).integers(0, 60000, (9900, 9900)).astype(numpy.uint16)
    huge = films.film(noise)
    small = films.film(pixels)
    paths = [films.save(one, scratch / f"{n}.dcm") for n, one in enumerate((huge, small))]

    assert storescu(node.ports["dicom"], *paths).returncode == 0

    assert node.wait_for_analysis(small.SOPInstanceUID).results
    wait_until(lambda: node.rpc.status().buried_jobs == 1, "the huge film to be set aside", 90)
    assert any("memory" in line.get("reason", "") for line in node.log_lines("job"))


@pytest.mark.parametrize("program", ["camnode", "camnode-worker"])
def test_a_crash_leaves_no_core_file(make_node, scratch, program):
    if "|" in pathlib.Path("/proc/sys/kernel/core_pattern").read_text():
        pytest.skip("this machine hands cores to a program; prctl's guard is seen in privileges_test")
    node = make_node(workflow=ONE_MODEL)
    folder = scratch / "cores"
    folder.mkdir()
    # As where somebody had asked for cores of any size.
    node.program = ["sh", "-c", f'ulimit -c unlimited; cd "{folder}"; exec "$0" "$@"', BIN / "camnode"]
    node.start()
    pid = node.process.pid if program == "camnode" else node.worker_pids()[0]

    os.kill(pid, signal.SIGSEGV)

    if program == "camnode":
        assert node.process.wait(30) == -signal.SIGSEGV
    else:
        wait_until(
            lambda: any("signal 11" in line["reason"] for line in node.log_lines("worker_ended")),
            "the end of the worker",
        )
    assert list(folder.iterdir()) == []


def test_root_is_refused_unless_told(make_node):
    if os.getuid() != 0:
        pytest.skip("only root can be refused")
    node = make_node()
    node.config.write_text(node.config.read_text().replace("allow_root: true", ""))

    for program in (["camnode"], ["camnode-worker", "--name", "w"]):
        done = run([BIN / program[0], *program[1:], "--config", node.config], 20 * TIME_SCALE)
        assert done.returncode == 2, done.stderr
        assert "root" in done.stderr and "allow_root: true" in done.stderr
    assert not node.data.exists(), "nothing was touched"
    checked = run([BIN / "camnode", "--check-config", "--config", node.config], 20 * TIME_SCALE)
    assert checked.returncode == 0, checked.stderr


def test_an_ordinary_user_receives_films(make_node, pixels, scratch):
    """Not dumpable, that user's own /proc is root's: the doorbell must still find its way."""
    if os.getuid() != 0:
        pytest.skip("the other tests run as one")
    if run(["runuser", "-u", ORDINARY, "--", BIN / "camnode", "--help"]).returncode != 0:
        pytest.skip(f"{ORDINARY} cannot run {BIN / 'camnode'}")
    node = make_node(worker="supervise: false")
    node.config.write_text(node.config.read_text().replace("allow_root: true", ""))
    for path in (node.directory, node.config):
        shutil.chown(path, ORDINARY)
    node.user = ORDINARY
    node.start(wait_for_worker=False)
    assert pathlib.Path(f"/proc/{node.process.pid}/environ").stat().st_uid == 0, "not dumpable"
    assert status_of(pathlib.Path(f"/proc/{node.process.pid}"))["Uid"].split()[0] == str(
        pwd.getpwnam(ORDINARY).pw_uid
    )
    path = films.save(films.film(pixels), scratch / "film.dcm")
    assert storescu(node.ports["dicom"], path).returncode == 0
    assert node.rpc.health("") == "SERVING"


def test_a_password_that_others_can_read_starts_nothing(scratch):
    config = scratch / "camnode.textproto"
    config.write_text(
        f'model_directory: "{MODELS}" database_uri: "postgresql://me:hidden@127.0.0.1/x"\n'
    )
    config.chmod(0o644)
    for program in (["camnode"], ["camnode", "--check-config"], ["camnode-worker", "--name", "w"]):
        done = run([BIN / program[0], *program[1:], "--config", config], 20 * TIME_SCALE)
        assert done.returncode == 2
        assert f"chmod 600 {config}" in done.stderr
        assert "hidden" not in done.stdout + done.stderr


def test_a_service_manager_hears_ready_alive_and_stopping(make_node, scratch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(scratch / "notify"))
        manager.settimeout(30 * TIME_SCALE)
        node = make_node(
            worker="supervise: false", environment={"NOTIFY_SOCKET": str(scratch / "notify")}
        ).start(wait_for_worker=False)
        heard = {manager.recv(100), manager.recv(100)}
        assert heard == {b"READY=1", b"WATCHDOG=1"}
        node.process.send(signal.SIGTERM)
        while manager.recv(100) != b"STOPPING=1":
            pass


def test_the_unit_file_is_one_that_systemd_takes(scratch):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    unit = scratch / "camnode.service"
    text = (REPOSITORY / "deploy/systemd/camnode.service").read_text()
    # Where it is installed there is such a program.
    unit.write_text(text.replace("/opt/camnode/bin/camnode", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True
    )
    said = [line for line in done.stderr.splitlines() if "camnode" in line]
    assert done.returncode == 0 and not said, done.stderr
