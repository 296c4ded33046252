"""A model as ONNX: image in, maps out, for any size of image and of batch.

The network is recorded for sizes that are multiples of its stride; a few nodes
before it pad any image to such a size, and a few behind it crop the maps again.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import compose, inliner, parser
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from napari_cihm.config import ExportSettings, ModelConfig
from napari_cihm.errors import UnavailableError
from napari_cihm.export.documentation import usage
from napari_cihm.export.network import Answering, map_names, portable, stride_of
from napari_cihm.models import Model
from napari_cihm.scan import onnx_scan

INPUT, OUTPUTS = "image", ("maps", "logits")
OPSET = onnx_scan.OPSET

# Some are there for one size alone; the inverse Fourier transform gives wrong sizes.
UNAVAILABLE = {
    "aten::_fft_r2c": "Fourier transforms of any size",
    "aten::adaptive_max_pool2d": "pooling into a grid whatever the size",
}

PAD = """
<ir_version: 10, opset_import: ["": {opset}]>
pad (float[batch, {channels}, height, width] image) =>
    (float[batch, {channels}, padded_height, padded_width] padded, int64[2] size)
{{
    size = Shape <start = 2> (image)
    stride = Constant <value = int64[2] {{{stride}, {stride}}}> ()
    negative = Neg (size)
    missing = Mod (negative, stride)
    nothing = Constant <value = int64[6] {{0, 0, 0, 0, 0, 0}}> ()
    pads = Concat <axis = 0> (nothing, missing)
    padded = Pad <mode = "edge"> (image, pads)
}}
"""

CROP = """
<ir_version: 10, opset_import: ["": {opset}]>
crop (float[batch, {classes}, h, w] whole_maps, float[batch, {classes}, h, w] whole_logits,
      int64[2] wanted) =>
    (float[batch, {classes}, height, width] maps,
     float[batch, {classes}, height, width] logits)
{{
    start = Constant <value = int64[2] {{0, 0}}> ()
    axes = Constant <value = int64[2] {{2, 3}}> ()
    maps = Slice (whole_maps, start, wanted, axes)
    logits = Slice (whole_logits, start, wanted, axes)
}}
"""  # noqa: E501


def write(model: Model, path: Path, settings: ExportSettings) -> None:
    """Write a model with all that is needed to feed and read it.

    Raises
    ------
    UnavailableError
        For a network with an operation that ONNX or this torch lacks.
    """
    config = model.config
    network = portable(model)
    stride = stride_of(network)
    _refuse_what_cannot(network, config, stride)
    core = _recorded(Answering(network, config), config, stride)
    whole = _of_any_size(core, config, stride)
    whole.producer_name = "napari-cihm"
    whole.graph.name = settings.title or model.name
    whole.doc_string = usage(model, settings)
    facts = {"cihm": config.model_dump_json(), "maps": ", ".join(map_names(config))}
    facts["model_license"] = settings.license  # a name of ONNX's own, as the next
    if settings.authors:
        facts["model_author"] = ", ".join(settings.authors)
    onnx.helper.set_model_props(whole, facts)
    onnx.checker.check_model(whole, full_check=True)
    onnx.save(whole, path)


class _Watch(TorchDispatchMode):
    """Notes which operations a network is made of."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.seen.add(func._schema.name)
        return func(*args, **(kwargs or {}))


def _refuse_what_cannot(network: nn.Module, config: ModelConfig, stride: int) -> None:
    """Refuse in a moment what would fail after minutes."""
    with _Watch() as watch, torch.no_grad():
        network(torch.rand(1, config.in_channels, 2 * stride, 2 * stride))
    if found := watch.seen & UNAVAILABLE.keys():
        what = " and ".join(UNAVAILABLE[name] for name in sorted(found))
        raise UnavailableError(
            f"{config.recipe!r} needs {what}, which ONNX lacks",
            remedy="export it as bioimageio, whose TorchScript holds any network",
        )


def _recorded(network: nn.Module, config: ModelConfig, stride: int) -> onnx.ModelProto:
    """Record a network for sizes that are multiples of its stride."""
    if not hasattr(torch.onnx, "ops"):
        raise UnavailableError(
            f"torch {torch.__version__} cannot put a scan into ONNX",
            "torch 2.9 or newer",
        )
    # another batch and sizes than one: those torch would take for constants
    image = torch.rand(2, config.in_channels, 2 * stride, 3 * stride)
    sizes = {
        0: torch.export.Dim("batch", min=1),
        2: stride * torch.export.Dim("rows", min=1),
        3: stride * torch.export.Dim("columns", min=1),
    }
    with onnx_scan.recording(), _quiet():
        try:
            program = torch.onnx.export(
                network,
                (image,),
                dynamo=True,
                dynamic_shapes=(sizes,),
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                opset_version=OPSET,
                optimize=False,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise UnavailableError(
                f"{config.recipe!r} has operations that torch {torch.__version__} "
                "cannot put into ONNX",
                remedy="export it as bioimageio, whose TorchScript holds any network",
            ) from error
    assert program is not None
    recorded: onnx.ModelProto = program.model_proto
    for part in (*recorded.graph.node, *recorded.graph.value_info):
        part.ClearField("metadata_props")  # where in the source each one came from
    return recorded


def _of_any_size(
    core: onnx.ModelProto, config: ModelConfig, stride: int
) -> onnx.ModelProto:
    """Pad before a network and crop behind it."""
    core.functions.append(parser.parse_function(onnx_scan.FUNCTION))
    core = inliner.inline_local_functions(core)
    core = compose.add_prefix(core, "network.", rename_functions=False)
    ends = {"channels": config.in_channels, "classes": config.classes}
    pad, crop = (
        parser.parse_model(text.format(opset=OPSET, stride=stride, **ends))
        for text in (PAD, CROP)
    )
    for part in (core, pad, crop):
        part.ir_version = pad.ir_version
    padded = compose.merge_models(
        pad,
        core,
        io_map=[("padded", f"network.{INPUT}")],
        outputs=["size", *(f"network.{name}" for name in OUTPUTS)],
    )
    inner = zip(OUTPUTS, ("whole_maps", "whole_logits"), strict=True)
    return compose.merge_models(
        padded,
        crop,
        io_map=[("size", "wanted"), *((f"network.{a}", b) for a, b in inner)],
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what torch says of packages that have no part in this."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export")]
    before: list[Any] = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
