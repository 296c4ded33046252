"""What is learnt and judged is what is segmented, whatever a file's channels are."""

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.correction.export import export_training
from napari_cihm.data.image import Image
from napari_cihm.data.layouts import find_pairs
from napari_cihm.data.normalise import normalise
from napari_cihm.data.reading import read_image
from napari_cihm.data.samples import make_sample
from napari_cihm.models import Model
from napari_cihm.segmentation import segment
from napari_cihm.segmentation.source import look_over
from napari_cihm.training.evaluation import evaluate
from napari_cihm.training.labelled import Labelled
from napari_cihm.training.material import read_planes

LABELS = np.ones((24, 30), np.uint8)


def _pixels(*sizes):
    return np.random.default_rng(0).integers(0, 255, sizes, np.uint8)


def _tiff(path, pixels, **about):
    tifffile.imwrite(path.with_suffix(".tif"), pixels, **about)


def _picture(path, pixels):
    Pillow.fromarray(pixels).save(path.with_suffix(".png"))


def _exported(path, axes, *sizes):
    image = Image.of(_pixels(*sizes), axes)
    list(export_training(path.parent.parent, image, LABELS, name=path.name))


GREY = np.repeat(_pixels(24, 30, 1), 3, axis=2)
MINIS = {"photometric": "minisblack"}
WAYS = {
    "TIFF, CYX": lambda p: _tiff(
        p, _pixels(3, 24, 30), metadata={"axes": "CYX"}, **MINIS
    ),
    "OME-TIFF, CYX": lambda p: _tiff(
        p.with_name("a.ome"), _pixels(3, 24, 30), metadata={"axes": "CYX"}, **MINIS
    ),
    "TIFF, YXC": lambda p: _tiff(p, _pixels(24, 30, 3), photometric="rgb"),
    "TIFF, grey and alpha": lambda p: _tiff(
        p, _pixels(24, 30, 2), extrasamples=["unassalpha"], planarconfig=1, **MINIS
    ),
    "PNG, RGB": lambda p: _picture(p, _pixels(24, 30, 3)),
    "PNG, RGBA": lambda p: _picture(p, _pixels(24, 30, 4)),
    "PNG, grey in RGB": lambda p: _picture(p, GREY),
    "PNG, green": lambda p: _picture(p, GREY * np.array([0, 1, 0], np.uint8)),
    "saved here, CYX": lambda p: _exported(p, "cyx", 3, 24, 30),
    "saved here, YXC": lambda p: _exported(p, "yxc", 24, 30, 3),
}


@pytest.fixture(params=WAYS)
def file(request, tmp_path):
    """An image in a training folder."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    WAYS[request.param](tmp_path / "images" / "a")
    _picture(tmp_path / "masks" / "a", LABELS)
    for mask in (tmp_path / "masks").glob("*.tif"):  # those that came with the image
        mask.unlink()
    return next((tmp_path / "images").iterdir())


def _seen(image, config, channels="auto"):
    """What segmentation shows to a model."""
    settings = SegmentSettings(channels=channels)
    _, plan, *_ = look_over(image, image, settings, config)
    return normalise(plan.apply(image.read(channels=plan.read)), config.normalisation)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_model_sees_the_same_wherever_it_looks(file, channels):
    config = ModelConfig(recipe="unet", in_channels=channels)
    image = read_image(file)
    (source,) = find_pairs(file.parent.parent)
    seen = _seen(image, config)
    learnt = make_sample(source.read(), config).image
    np.testing.assert_allclose(learnt, seen, atol=2e-3)  # kept in halves
    (tuned,) = read_planes([Labelled.of(image, LABELS)], config)
    np.testing.assert_array_equal(tuned.image, seen)


def test_an_array_that_names_its_axes_is_learnt_by_them():
    class Named(np.ndarray):
        dims = "y", "x", "z"

    image = _pixels(8, 9, 10).view(Named)
    assert Labelled.of(image, np.zeros((8, 9, 10), int)).image.axes == "yxz"


@pytest.mark.parametrize("channels", [1, "merge"])
def test_the_channels_that_are_segmented_are_learnt(channels):
    image = Image.of(_pixels(2, 24, 30), "cyx")
    config = ModelConfig(recipe="unet", in_channels=3)
    labelled = Labelled.of(image, LABELS, channels=channels)
    (plane,) = read_planes([labelled], config)
    np.testing.assert_array_equal(plane.image, _seen(image, config, channels))
    assert labelled.in_channels == 1


@pytest.mark.parametrize(
    "file", ["PNG, RGB", "PNG, grey in RGB", "PNG, green"], indirect=True
)
def test_a_model_of_colours_alone_judges_what_it_segments(file):
    config = ModelConfig(recipe="unet", in_channels=3, accepts_grey=False)
    model = Model.untrained(config.but(options={"base": 4}))
    *_, scored, _ = evaluate(model, find_pairs(file.parent.parent))
    np.testing.assert_array_equal(
        scored.shown.found, segment(read_image(file), model) > 0
    )
