"""The pictures in the READMEs show what the models that ship make of a sample film.

After a change of the models or of the drawing, `deploy/samples/make_pictures` makes them again.
"""

import numpy
import pytest

from harness import pictures
from harness.node import Node
from harness.rpc import results_pb2
from harness.settings import SAMPLES


@pytest.mark.parametrize("name", pictures.NAMES)
def test_a_picture_names_the_models_that_ship(name):
    kept = (SAMPLES / name).read_bytes()
    assert pictures.comment(kept) == pictures.made_from_what_ships()


def test_the_overlay_is_what_the_programs_draw(tmp_path):
    node = Node(tmp_path)
    try:
        node.start()
        film = pictures.FILM.read_bytes()
        analysis = node.rpc.analyze(film, results_pb2.MEDIA_TYPE_DICOM).analysis
        drawn = node.rpc.results("RenderOverlay", analysis_id=analysis.analysis_id).png
    finally:
        node.close()
    kept = (SAMPLES / "overlay.png").read_bytes()

    assert pictures.made_from(analysis) == pictures.comment(kept)
    drawn, kept = pictures.pixels(drawn), pictures.pixels(kept)
    assert drawn.shape == kept.shape
    # Another instruction set may move a map by a level, and the last digit of a number.
    different = numpy.abs(drawn.astype(int) - kept).max(axis=2) > 4
    assert different.mean() < 0.001
