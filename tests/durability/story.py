"""What is recorded: the real programs at work, from the first start on.

A node on an empty directory; films by C-STORE over several associations at once, one
of them twice, one by upload; analysis and delivery; SQLite's log copied into its database
and begun anew; a stop and a start; more films; kill -9 and a start; the end.
"""

import atexit
import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import pathlib
import shutil
import tempfile

from harness import films, wire
from harness.dcmtk import Storescp
from harness.node import ONE_MODEL, SENDER, Node
from harness.processes import run
from harness.rpc import results_pb2
from harness.settings import BIN
from harness.waiting import wait_until

from promises import Promises
from record_log import read_log

RECORDER = BIN.parent / "tests/camnode_recorder.so"
FILMS_EACH_TIME = 2


@dataclasses.dataclass
class Recording:
    root: pathlib.Path
    records: list
    promises: Promises
    films: list  # Part 10 files of all that was sent by C-STORE.
    config: pathlib.Path


@functools.lru_cache(maxsize=None)
def preloadable(library):
    """The library under a path that LD_PRELOAD can hold, until this program ends.

    That is a list separated by spaces and colons and knows no quotes; the build may lie in a
    folder with either in its name.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-recorder-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = folder / library.name
    link.symlink_to(library.resolve(strict=True))
    return link


def recorder_environment(folder, root):
    """The environment of a recorded program; the log is FOLDER/records."""
    return {
        "LD_PRELOAD": str(preloadable(RECORDER)),
        "CAMNODE_RECORD_ROOT": str(root),
        "CAMNODE_RECORD_LOG": str(folder / "records"),
        "CAMNODE_RECORD_FAULTS": str(folder / "faults"),
    }


class Sender:
    """Films and how they are sent."""

    def __init__(self, folder, pixels):
        self.folder = folder
        self.first = films.film(pixels)
        self.sent = {}

    def new_film(self):
        dataset = films.another(self.first)
        path = films.save(dataset, self.folder / f"{len(self.sent)}.dcm")
        self.sent[str(dataset.SOPInstanceUID)] = path
        return dataset, films.data_set_bytes(path)

    def store(self, node, film):
        dataset, data = film
        return wire.store_file(node.ports["dicom"], dataset, data, SENDER)


def record_story(folder, pixels):
    root = folder / "disk"
    root.mkdir()
    sent = folder / "films"
    sent.mkdir()
    pacs = Storescp(folder / "pacs").start()
    node = Node(
        root,
        workflow=ONE_MODEL,
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        outputs="overlays: false panel_max_long_side: 512",
        storage="min_free_bytes: 0",
        environment=recorder_environment(folder, root),
    )
    sender = Sender(sent, pixels)
    uploaded = {}
    try:
        node.start()
        send_at_once(node, sender)
        checkpoint(node)
        uploaded.update(upload(node, sender))
        wait_until(lambda: all_delivered(node, sender, uploaded), "the first films", 60)
        assert node.stop() == 0
        node.restart()
        send_at_once(node, sender)
        checkpoint(node)
        send_at_once(node, sender)
        node.kill()
        node.restart()
        send_at_once(node, sender)
        analyses = wait_until(lambda: all_delivered(node, sender, uploaded), "all films", 60)
        assert node.stop() == 0
    finally:
        node.close()
        pacs.close()
    records = read_log(folder / "records")
    by_uid = {uid: _digest(path) for uid, path in sender.sent.items()}
    derived = {
        made.sop_instance_uid: made.sha256
        for analysis in analyses
        for made in analysis.derived_instances
    }
    promises = Promises.of(records, by_uid, uploaded, derived)
    return Recording(root, records, promises, list(sender.sent.values()), node.config)


def send_at_once(node, sender):
    """Films on as many associations, the first of them twice."""
    batch = [sender.new_film() for _ in range(FILMS_EACH_TIME)]
    with concurrent.futures.ThreadPoolExecutor(len(batch)) as pool:
        answers = list(pool.map(lambda film: sender.store(node, film), batch))
    answers.append(sender.store(node, batch[0]))
    assert answers == [wire.SUCCESS] * len(answers)


def checkpoint(node):
    """As the node does when the log is long: copied into the database, then begun anew."""
    code = (
        "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]); "
        "database.execute('PRAGMA wal_checkpoint(PASSIVE)').fetchall(); database.close()"
    )
    run(
        ["/usr/bin/python3", "-c", code, node.data / "camnode.db"],
        environment=node.environment,
        check=True,
    )


def upload(node, sender):
    """{SOP Instance UID: digest of the data set} of a film sent by gRPC."""
    dataset = films.another(sender.first)
    path = films.save(dataset, sender.folder.parent / "uploaded.dcm")
    node.rpc.analyze(path.read_bytes(), results_pb2.MEDIA_TYPE_DICOM, wait=False, deliver=True)
    return {str(dataset.SOPInstanceUID): _digest(path)}


def all_delivered(node, sender, uploaded):
    """All analyses once every film has one and every object is delivered."""
    analyses = node.rpc.all_analyses()
    if len(analyses) < len(sender.sent) + len(uploaded):
        return None
    return analyses if node.rpc.delivered(analyses) else None


class LoneNode:
    """A recorded node, usually without worker, whose calls can be made to fail."""

    def __init__(self, folder, pixels, top="", worker="supervise: false"):
        self.folder = folder
        self.root = folder / "disk"
        self.root.mkdir(exist_ok=True)
        (folder / "films").mkdir()
        self.sender = Sender(folder / "films", pixels)
        self.node = Node(
            self.root,
            top=top,
            workflow=ONE_MODEL,
            worker=worker,
            storage="min_free_bytes: 0",
            environment=recorder_environment(folder, self.root),
        )

    def start(self):
        self.node.start(wait_for_worker=False)
        return self

    def send(self, film=None):
        """The status of the answer."""
        return self.sender.store(self.node, film or self.sender.new_film())

    @contextlib.contextmanager
    def failing(self, kind, part, error):
        """Calls fail while this lasts; see recorder_faults.h."""
        faults = self.folder / "faults"
        faults.write_text(f"{kind} {part} {error} -1\n")
        yield
        faults.unlink()

    def recording(self):
        """All so far.  REQUIRES: every film was acknowledged in the end."""
        records = read_log(self.folder / "records")
        paths = list(self.sender.sent.values())
        digests = {uid: _digest(path) for uid, path in self.sender.sent.items()}
        return Recording(
            self.root, records, Promises.of(records, digests, {}, {}), paths, self.node.config
        )


def _digest(path):
    return hashlib.sha256(films.data_set_bytes(path)).hexdigest()
