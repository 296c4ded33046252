"""The checkpoint doctor: what a file is, what it expects, and what is wrong with it.

It runs no code of the file. What it finds is said in the order of importance;
the window shows it beside the model, the command line prints it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, said_figures
from napari_cihm.data.channels import fit_channels
from napari_cihm.data.normalise import normalise
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.errors import CihmError, capital, counted
from napari_cihm.events import Examined, Finding
from napari_cihm.models.bundled import find_model, load_model
from napari_cihm.models.foreign import is_foreign
from napari_cihm.models.model import Model

SIDE = 128

_on_cpu = partial(load_model, device="cpu")


def examine(
    name_or_path: str | Path,
    trial: bool = True,
    load: Callable[[str | Path], Model] = _on_cpu,
) -> Examined:
    """Examine a model file, or a bundled model by its name.

    Parameters
    ----------
    name_or_path : str or Path
        As for `load_model`.
    trial : bool
        Also let the model look at synthetic images of nuclei.
    load : callable
        Loads it.

    Returns
    -------
    Examined
        Whatever the file is; what refuses it stands among the findings.
    """
    seen = Examined(Path(name_or_path), str(name_or_path))
    try:
        path = find_model(name_or_path)
        seen = Examined(path, path.stem, facts=_file_facts(path))
        model = load(name_or_path)
    except CihmError as error:
        fault = Finding("fault", error.came, _advice(error))
        return replace(seen, findings=(fault,))
    findings = [*_weights(model), *_record(model.config, is_foreign(path))]
    if trial and not any(f.level == "fault" for f in findings):
        findings += _trial(model)
    order = ("fault", "warning", "note", "good")
    return replace(
        seen,
        config=model.config,
        parameters=model.parameters_count,
        hash=model.hash,
        facts=(*_model_facts(model), *seen.facts),
        findings=tuple(sorted(findings, key=lambda f: order.index(f.level))),
    )


def _advice(error: CihmError) -> str:
    if not error.wanted:
        return error.remedy
    rest = f". {capital(error.remedy)}" if error.remedy else ""
    return f"expected {error.wanted}{rest}"


def _file_facts(path: Path) -> tuple[tuple[str, str], ...]:
    if not path.is_file():
        return ()
    size = path.stat().st_size
    written = f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.1f} kB"
    return (("File", f"{path.name}, {written}"),)


def _model_facts(model: Model) -> Iterator[tuple[str, str]]:
    config, record = model.config, model.config.training
    yield "Network", f"{config.recipe}, {model.parameters_count:,} parameters"
    single = config.task == "instance"
    yield "Gives", "separate objects" if single else _classes(config.classes)
    yield "Expects", _input(config)
    if config.diameter:
        size = f"objects about {config.diameter:.0f} pixels across"
        if config.pixel_size:
            size += f", {config.pixel_size:g} µm a pixel"
        yield "Made for", size
    if record.images:
        when = f", {record.date}" if record.date else ""
        images = counted(record.images, "image")
        yield "Trained on", f"{images}, {counted(record.objects, 'object')}{when}"
    if figures := said_figures(record.figures):
        yield "Validation", ", ".join(figures)


def _classes(count: int) -> str:
    return "one region" if count == 1 else f"{count} classes of region"


def _input(config: ModelConfig) -> str:
    if config.in_channels == 1:
        return "one channel; colours are turned grey"
    if config.in_channels == 3 and config.accepts_grey:
        return "colour or grey images"
    grey = "; one is repeated" if config.accepts_grey else ""
    return f"{config.in_channels} channels{grey}"


def _weights(model: Model) -> Iterator[Finding]:
    if not any(bool(p.any()) for p in model.network.parameters()):
        yield Finding("fault", "all of its weights are zero", "save it again")


def _record(config: ModelConfig, foreign: bool) -> Iterator[Finding]:
    if foreign:
        yield Finding(
            "warning",
            f"it does not say what it is: its weights fit {config.recipe!r}; "
            "normalisation and thresholds are assumed",
            "compare its results with what you know before you rely on them",
        )
    elif not config.training.images:
        yield Finding("note", "it does not say what it was trained on")
    elif not said_figures(config.training.figures):
        yield Finding("note", "it holds no validation figures")


def _trial(model: Model) -> Iterator[Finding]:
    """Let the model look at made nuclei, fluorescent and stained."""
    shares = []
    for image in (
        nuclei((SIDE, SIDE))[0][None],
        tissue((SIDE, SIDE))[0].transpose(2, 0, 1),
    ):
        given = _fitted(image, model.config)
        if given is None:
            continue
        maps = model.predict(normalise(given, model.config.normalisation)[None])[0]
        if not np.isfinite(maps).all():
            yield Finding(
                "fault",
                "it gives numbers that are not finite on an ordinary image",
                "take an earlier checkpoint of its training",
            )
            return
        shares.append(_foreground(maps, model.config))
    if shares and max(shares) == 0:
        yield Finding(
            "warning",
            "it finds nothing in synthetic images of nuclei",
            "expected of a model for other objects; else lower the threshold "
            "'foreground', or take an earlier checkpoint",
        )
    elif shares and min(shares) == 1:
        yield Finding(
            "warning",
            "it takes every pixel of synthetic images of nuclei for an object",
            "raise the threshold 'foreground', or take an earlier checkpoint",
        )
    elif shares:
        yield Finding(
            "good", "it loads, and finds objects in synthetic images of nuclei"
        )


def _fitted(
    image: NDArray[np.generic], config: ModelConfig
) -> NDArray[np.generic] | None:
    """Give an image the model's channels, or None where it takes no such image."""
    if image.shape[0] != config.in_channels > 1 and not config.accepts_grey:
        return None
    return fit_channels(image, config.in_channels, colour=True)


def _foreground(maps: NDArray[np.float32], config: ModelConfig) -> float:
    """Return the share of pixels taken for objects."""
    if config.exclusive:
        return float((maps.argmax(axis=0) > 0).mean())
    return float((maps[0] > config.decoding.foreground).mean())
