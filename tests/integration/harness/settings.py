"""Where things lie, and how patient to be."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

# Folder with camnode, camnode-worker, camnode-lab and camnodectl.
BIN = pathlib.Path(os.environ.get("CAMNODE_BIN", REPOSITORY / "build/release/bin"))

# Folder with the messages that protoc made from the .proto files.
PYTHON_PROTOS = pathlib.Path(os.environ.get("CAMNODE_PYTHON_PROTOS", BIN.parent / "python"))

# Public films; tests that need one of them skip out loud where it is absent.
TEST_DATA = pathlib.Path(os.environ.get("CAMNODE_TEST_DATA", REPOSITORY / "../shared/data"))

SAMPLES = REPOSITORY / "deploy/samples"
MODELS = REPOSITORY / "deploy/models"

# pynetdicom's wheel, where third_party/install --tests puts it; may be absent.
PYNETDICOM = (
    pathlib.Path(os.environ.get("CAMNODE_THIRD_PARTY", pathlib.Path.home() / ".cache/camnode"))
    / "python/pynetdicom-2.0.2-py3-none-any.whl"
)

# Programs under a sanitizer are slower: every deadline is stretched by this.
TIME_SCALE = float(os.environ.get("CAMNODE_TEST_TIME_SCALE", "1"))
