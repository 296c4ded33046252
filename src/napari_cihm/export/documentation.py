"""What a user of an exported model reads: how to feed it, and what its maps mean."""

from napari_cihm.config import ExportSettings, ModelConfig, said_figures
from napari_cihm.data.grain import ALL, HEAVY, smoothing_for
from napari_cihm.export.network import map_names
from napari_cihm.models import Model
from napari_cihm.models.recipes import recipe

FEED = """## What goes in

An image as float32 of shape (batch, {channels}, height, width), of any size.
Intensities are scaled{joint} so that the percentiles {low:g} and {high:g}
become 0 and 1, and clipped to -1 ... 3.{diameter}

```python
import numpy as np

ends = np.percentile(image, [{low:g}, {high:g}], axis={axes}, keepdims=True)
image = (image - ends[0]) / np.maximum(ends[1] - ends[0], 1e-6)
image = np.clip(image, -1, 3).astype(np.float32)[None]
```

(`image` is an array of shape (channels, height, width).)

Not in the model, and left to you: napari-cihm takes the percentiles without dust, and
without what an image was filled up with as it was stitched or turned. Where little
light leaves grain with a standard deviation of {heavy:.0%} to {all:.0%} of the range,
which hides objects, it smooths the image first, by a Gaussian of {least:.1f} to
{most:.1f} pixels, and by less where it enlarges it.
"""

OBJECTS = """## From maps to objects

Each map holds values from 0 to 1: {names}. An object is what lies around a peak of
the distance that rises above the pass to every higher one, touching borders making
passes lower:

```python
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

foreground, border, distance = maps[0][:3]
inside = foreground > {foreground:g}
height = distance * np.clip(1 - {border:g} * border, 0, 1)
height = ndimage.gaussian_filter(height, {smooth:g})
levels = np.where(inside, 65536 + np.round(height * 65535), 0).astype(np.int32)
cross = ndimage.generate_binary_structure(2, 1)
peaks = h_maxima(levels, round({prominence:g} * 65535), cross)
labels = watershed(-levels, label(peaks, connectivity=1), mask=inside)
sizes = np.bincount(labels.ravel())
sums = np.bincount(labels.ravel(), foreground.ravel())
labels[((sizes < {min_size}) | (sums < {sure:g} * sizes))[labels]] = 0
```
"""

CLASSES = """## What comes out

Maps with values from 0 to 1: {names}.{sum}
"""


def usage(model: Model, settings: ExportSettings) -> str:
    """Write how to use an exported model, in Markdown.

    Parameters
    ----------
    model : Model
        The model.
    settings : ExportSettings
        Its title.

    Returns
    -------
    str
        Sections with code that needs numpy, scipy and scikit-image alone.
    """
    config = model.config
    found = recipe(config.recipe)
    parts = [
        f"# {settings.title or model.name}\n",
        f"{found.summary}: {model.parameters_count:,} parameters, recipe "
        f"`{config.recipe}` of napari-cihm, published in {found.paper}.\n",
        _feeding(config),
        _reading(config),
    ]
    if figures := ", ".join(said_figures(config.training.figures)):
        held_out = "On labels that were held out from its training"
        parts.append(f"## How good it is\n\n{held_out}: {figures}.\n")
    return "\n".join(parts)


def _feeding(config: ModelConfig) -> str:
    normalisation = config.normalisation
    together = is_joint(config)
    size = config.diameter and (
        f" It was trained on objects about {config.diameter:.0f} pixels wide: resize "
        "images whose objects are of another size."
    )
    return FEED.format(
        channels=config.in_channels,
        joint=", all channels together," if together else ", each channel by itself,",
        low=normalisation.low,
        high=normalisation.high,
        axes=None if together else "(1, 2)",
        diameter=size or "",
        heavy=HEAVY,
        all=ALL,
        least=smoothing_for(HEAVY),
        most=smoothing_for(ALL),
    )


def _reading(config: ModelConfig) -> str:
    names = ", ".join(map_names(config))
    if config.task == "instance":
        return OBJECTS.format(names=names, **config.decoding.model_dump())
    total = " Those of a pixel sum to 1." if config.exclusive else ""
    return CLASSES.format(names=names, sum=total)


def is_joint(config: ModelConfig) -> bool:
    """Tell whether all channels of an image are scaled together."""
    return config.normalisation.joint and config.in_channels == 3
