"""The recorded story, told once for all tests of a run."""

import pathlib
import sys

import pytest

INTEGRATION = pathlib.Path(__file__).resolve().parents[1] / "integration"
sys.path.insert(0, str(INTEGRATION))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import films  # noqa: E402
from harness.settings import BIN, PYTHON_PROTOS  # noqa: E402


def pytest_configure(config):
    needed = (BIN / "camnode", PYTHON_PROTOS / "camnode", BIN.parent / "tests/camnode_recorder.so")
    missing = [str(path) for path in needed if not path.exists()]
    if missing:
        pytest.exit(f"not built: {', '.join(missing)}; run tests/run", returncode=3)


@pytest.fixture(scope="session")
def pixels(tmp_path_factory):
    """The gray levels of one real chest film, made small."""
    whole = films.chest_pixels(tmp_path_factory.mktemp("films"))
    return films.shrink(whole, max(1, min(whole.shape) // 256))


@pytest.fixture(scope="session")
def recording(tmp_path_factory, pixels):
    from story import record_story

    return record_story(tmp_path_factory.mktemp("story"), pixels)
