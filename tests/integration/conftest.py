"""Fixtures: a scratch folder that failure keeps, and programs that always end."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import films  # noqa: E402
from harness.dcmtk import Storescp  # noqa: E402
from harness.node import Node  # noqa: E402
from harness.postgresql import PostgreSql  # noqa: E402
from harness.settings import BIN, PYTHON_PROTOS  # noqa: E402


def pytest_configure(config):
    missing = [path for path in (BIN / "camnode", PYTHON_PROTOS / "camnode") if not path.exists()]
    if missing:
        pytest.exit(f"not built: {', '.join(map(str, missing))}; run tests/run", returncode=3)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.stash[_FAILED] = True
        for name, value in item.funcargs.items():
            if isinstance(value, Node):
                report.sections.append((f"end of the log of '{name}'", value.tail()))


_FAILED = pytest.StashKey[bool]()


@pytest.fixture
def scratch(request):
    """A folder for one test: removed, unless the test fails."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"camnode-{request.node.name[:40]}-"))
    # PostgreSQL's own user must be able to reach its folder inside.
    folder.chmod(0o755)
    yield folder
    if request.node.stash.get(_FAILED, False):
        print(f"\nlogs and data are kept in {folder}")
        for log in sorted(folder.rglob("*.log")):
            print(f"---- end of {log}")
            print("\n".join(log.read_text(errors="replace").splitlines()[-40:]))
    else:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pixels(tmp_path_factory):
    """The gray levels of one real chest film."""
    return films.chest_pixels(tmp_path_factory.mktemp("films"))


@pytest.fixture
def make_node(scratch):
    """make_node(...): arguments as Node's without the folder; not started."""
    nodes = []

    def make(**arguments):
        nodes.append(Node(scratch / f"node{len(nodes)}", **arguments))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def postgresql(scratch):
    """A PostgreSQL server of its own, started."""
    server = PostgreSql(scratch / "postgresql")
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def pacs(scratch):
    """dcmtk's storescp, started."""
    server = Storescp(scratch / "pacs")
    try:
        yield server.start()
    finally:
        server.close()

