"""A model as a package of the BioImage Model Zoo, which many programs open.

The weights are there twice: as TorchScript, which needs no code of ours, and as a
state dict for those who have napari-cihm and want to train on. Both give logits;
the description says how intensities are scaled before and maps made behind.
"""

import re
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from bioimageio.spec import ValidationContext, save_bioimageio_package
from bioimageio.spec.model import v0_5 as zoo
from numpy.typing import NDArray
from pydantic import ValidationError

from napari_cihm import __version__
from napari_cihm.config import ExportSettings, ModelConfig
from napari_cihm.data.normalise import normalise
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.errors import InputError, UnavailableError
from napari_cihm.export.documentation import is_joint, usage
from napari_cihm.export.network import map_names, portable, stride_of
from napari_cihm.export.torchscript import traced
from napari_cihm.models import Model
from napari_cihm.models.recipes import recipe

SIDE = 256  # of the image that others check their runs with
LEAST, HALO = 128, 32  # smallest side of a tile, and how much of its rim to drop
INPUT, OUTPUT = zoo.TensorId("image"), zoo.TensorId("maps")


def write(model: Model, path: Path, settings: ExportSettings) -> None:
    """Write the package of a model.

    Raises
    ------
    InputError
        For a title or a licence that the zoo does not take.
    UnavailableError
        Where the zoo's package and pydantic do not fit each other.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".") as name:
        folder = Path(name)
        network = portable(model)
        script = traced(network, model.config.in_channels)
        script.save(str(folder / "weights.torchscript"))
        torch.save(network.state_dict(), folder / "weights.pt")
        (folder / "README.md").write_text(usage(model, settings), encoding="utf-8")
        _write_check(model, folder)
        with ValidationContext(root=folder, perform_io_checks=True):
            described = _described(model, settings, folder)
            save_bioimageio_package(described, output_path=path)


def _write_check(model: Model, folder: Path) -> None:
    """Write an image, and the maps that a run on it must give."""
    image = _picture(model.config.in_channels)
    scaled = normalise(image, model.config.normalisation)
    np.save(folder / "test_input.npy", image[None])
    np.save(folder / "test_output.npy", model.predict(scaled[None]))


def _picture(channels: int) -> NDArray[np.float32]:
    """Make an image of nuclei, (channels, y, x), another one in each channel."""
    if channels == 3:
        return np.moveaxis(tissue((SIDE, SIDE))[0], -1, 0).astype(np.float32)
    planes = [nuclei((SIDE, SIDE), seed)[0] for seed in range(channels)]
    return np.stack(planes).astype(np.float32)


def _described(model: Model, settings: ExportSettings, folder: Path) -> zoo.ModelDescr:
    found = recipe(model.config.recipe)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # recommendations, such as a cover
            return zoo.ModelDescr(
                name=_title(settings.title or f"{model.name} (napari-cihm)"),
                description=f"{found.summary} ({model.config.task} segmentation)",
                authors=[zoo.Author(name=n) for n in settings.authors or ["unnamed"]],
                cite=_cited(found.paper),
                license=settings.license,
                documentation=zoo.FileDescr(source=folder / "README.md"),
                tags=["segmentation", "microscopy", "2d", "mamba", "napari-cihm"],
                inputs=[_input(model.config, stride_of(model.network), folder)],
                outputs=[_output(model.config, folder)],
                weights=_weights(model, folder),
                config=zoo.Config(cihm=model.config.model_dump(mode="json")),
            )
    except ValidationError as error:
        refused = {str(e["loc"][0]): e["input"] for e in error.errors() if e["loc"]}
        if not refused:
            raise UnavailableError(
                "bioimageio.spec cannot describe a model with the other packages here",
                remedy='install what it fits: pip install "napari-cihm[bioimageio]"',
            ) from error
        raise InputError(
            "the BioImage Model Zoo refuses "
            + " and ".join(f"{name}={value!r}" for name, value in refused.items()),
            "a title of 5 to 100 letters, and a licence by its SPDX identifier such as "
            "CC-BY-4.0 or MIT",
        ) from error


def _title(name: str) -> str:
    """Keep what the zoo takes in a name."""
    return re.sub(r"[^\w\- ()]", " ", name).strip() or "model"


def _cited(paper: str) -> list[zoo.CiteEntry]:
    """Cite the paper of a recipe: its DOI or arXiv number, a remark behind it."""
    place = paper.partition(" ")[0]
    kind, _, number = place.partition(":")
    doi = number if kind == "doi" else f"10.48550/arXiv.{number}"
    text = f"napari-cihm {__version__}; the network was published in {place}"
    return [zoo.CiteEntry(text=text, doi=zoo.Doi(doi))]


def _input(config: ModelConfig, stride: int, folder: Path) -> zoo.InputTensorDescr:
    size = zoo.ParameterizedSize(min=-(-LEAST // stride) * stride, step=stride)
    axes = "channel y x" if is_joint(config) else "y x"
    scaling = config.normalisation
    return zoo.InputTensorDescr(
        id=INPUT,
        description="Image of any intensities.",
        axes=[
            zoo.BatchAxis(),
            _channels([f"channel{i}" for i in range(config.in_channels)]),
            *(zoo.SpaceInputAxis(id=zoo.AxisId(a), size=size) for a in "yx"),
        ],
        test_tensor=zoo.FileDescr(source=folder / "test_input.npy"),
        data=zoo.IntervalOrRatioDataDescr(type="float32"),
        preprocessing=[
            zoo.EnsureDtypeDescr(kwargs=zoo.EnsureDtypeKwargs(dtype="float32")),
            zoo.ScaleRangeDescr(
                kwargs=zoo.ScaleRangeKwargs(
                    axes=[zoo.AxisId(a) for a in axes.split()],
                    min_percentile=scaling.low,
                    max_percentile=scaling.high,
                )
            ),
            zoo.ClipDescr(kwargs=zoo.ClipKwargs(min=-1.0, max=3.0)),
        ],
    )


def _output(config: ModelConfig, folder: Path) -> zoo.OutputTensorDescr:
    softmax = zoo.SoftmaxDescr(kwargs=zoo.SoftmaxKwargs(axis=zoo.AxisId("channel")))
    return zoo.OutputTensorDescr(
        id=OUTPUT,
        description=f"Maps in 0 to 1: {', '.join(map_names(config))}.",
        axes=[
            zoo.BatchAxis(),
            _channels([name.replace(" ", "") for name in map_names(config)]),
            *(
                zoo.SpaceOutputAxisWithHalo(
                    id=zoo.AxisId(a),
                    halo=HALO,
                    size=zoo.SizeReference(tensor_id=INPUT, axis_id=zoo.AxisId(a)),
                )
                for a in "yx"
            ),
        ],
        test_tensor=zoo.FileDescr(source=folder / "test_output.npy"),
        data=zoo.IntervalOrRatioDataDescr(type="float32", range=(0.0, 1.0)),
        postprocessing=[softmax if config.exclusive else zoo.SigmoidDescr()],
    )


def _channels(names: list[str]) -> zoo.ChannelAxis:
    return zoo.ChannelAxis(channel_names=[zoo.Identifier(name) for name in names])


def _weights(model: Model, folder: Path) -> zoo.WeightsDescr:
    config = model.config
    version = zoo.Version(torch.__version__.partition("+")[0])
    arguments = {"in_channels": config.in_channels, "classes": config.classes}
    return zoo.WeightsDescr(
        torchscript=zoo.TorchscriptWeightsDescr(
            source=folder / "weights.torchscript",
            parent="pytorch_state_dict",
            pytorch_version=version,
        ),
        pytorch_state_dict=zoo.PytorchStateDictWeightsDescr(
            source=folder / "weights.pt",
            pytorch_version=version,
            architecture=zoo.ArchitectureFromLibraryDescr(
                callable=zoo.Identifier("build_model"),
                import_from="napari_cihm",
                kwargs={"name": config.recipe, **arguments, **config.options},
            ),
        ),
    )
