"""What StarDist learns from the same few images in the same time.

    python benchmarks/stardist_yardstick.py DSB18 [--base 900] [--seconds 60 600]

Runs in an environment of its own, with `stardist`, `tensorflow-cpu` and `tf-keras`. The
models that StarDist's authors trained have to be fetched; here one is trained on the
fluorescence images first, for `--base` seconds, as ours was for longer.
"""

import argparse
import csv
import os
import time
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # it does not know the next one
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from csbdeep.utils import normalize
from numpy.typing import NDArray
from skimage.io import imread
from stardist.matching import matching_dataset
from stardist.models import Config2D, StarDist2D

Pairs = tuple[list[NDArray], list[NDArray]]
PATCH, BATCH = 256, 4


class Clock(tf.keras.callbacks.Callback):
    """Ends training when its time is up."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end, self.steps = time.monotonic() + seconds, 0

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Count, and look at the clock."""
        self.steps += 1
        self.model.stop_training = time.monotonic() > self.end


def read(data: Path, split: str, kind: str) -> Pairs:
    """Read images in three channels, normalised, and labels of one kind."""
    with (data / "index.csv").open(newline="") as file:
        rows = [
            r for r in csv.DictReader(file) if (r["split"], r["kind"]) == (split, kind)
        ]
    names = sorted(row["id"] for row in rows)
    images, labels = [], []
    for name in names:
        (image,) = (imread(p) for p in (data / split / "images").glob(f"{name}.*"))
        (label,) = (imread(p) for p in (data / split / "masks").glob(f"{name}.*"))
        colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, -1)
        seen = normalize(colour[..., :3], 1, 99.8, axis=(0, 1))
        images.append(seen.astype(np.float32))
        labels.append(label.astype(np.int32))
    return images, labels


def augmented(image: NDArray, labels: NDArray) -> tuple[NDArray, NDArray]:
    """Turn, mirror and recolour, as StarDist's example does."""
    turns, mirror = np.random.randint(4), np.random.random() < 0.5
    image, labels = (np.rot90(a, turns) for a in (image, labels))
    if mirror:
        image, labels = image[:, ::-1], labels[:, ::-1]
    image = image * np.random.uniform(0.6, 2) + np.random.uniform(-0.2, 0.2)
    return image + 0.02 * np.random.normal(size=image.shape), labels


def padded(array: NDArray) -> NDArray:
    """Make an image or labels as large as a patch, with nothing at the far edges."""
    more = [(0, max(0, PATCH - n)) for n in array.shape[:2]]
    return np.pad(array, more + [(0, 0)] * (array.ndim - 2))


def learn(model: StarDist2D, pairs: Pairs, seconds: float, seed: int) -> int:
    """Train for a time and tune the thresholds; give the steps that fitted."""
    np.random.seed(seed)
    tf.random.set_seed(seed)
    images, labels = ([padded(array) for array in part] for part in pairs)
    held_out = max(1, len(images) // 8)
    clock = Clock(seconds)
    model.prepare_for_training()
    model.callbacks.append(clock)
    model.train(
        images, labels, (images[:held_out], labels[:held_out]),
        augmenter=augmented, seed=seed, epochs=1, steps_per_epoch=10**6,
    )  # fmt: skip
    return clock.steps


def figure(model: StarDist2D, pairs: Pairs) -> float:
    """Give AP at an IoU of one half, all objects together."""
    found = [model.predict_instances(image)[0] for image in pairs[0]]
    return float(matching_dataset(pairs[1], found, thresh=0.5).accuracy)


def made(folder: Path, name: str) -> StarDist2D:
    """Make a model of the usual size."""
    config = Config2D(
        n_rays=32, grid=(2, 2), n_channel_in=3, train_patch_size=(PATCH, PATCH),
        train_batch_size=BATCH, train_learning_rate=3e-4, train_tensorboard=False,
    )  # fmt: skip
    return StarDist2D(config, name=name, basedir=str(folder))


def main() -> None:
    """Train a base, teach it stained tissue, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, default=Path("stardist"))
    parser.add_argument("--base", type=float, default=900)
    parser.add_argument("--seconds", type=float, nargs="*", default=[60, 600])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--starts", nargs="+", default=["base", "nothing"])
    given = parser.parse_args()
    purple, unseen = (read(given.data, s, "purple") for s in ("train", "val"))
    old = read(given.data, "val", "fluo")
    weights = given.folder / "base.h5"
    base = made(given.folder, "base")
    if not weights.exists():
        steps = learn(base, read(given.data, "train", "fluo"), given.base, 0)
        base.keras_model.save_weights(weights)
        print(f"base: {steps} steps in {given.base:.0f} s")
    base.load_weights(str(weights.resolve()))
    print("| from | seconds | steps | tissue AP .50 | fluorescence AP .50 |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print(f"| base | 0 | | {figure(base, unseen):.3f} | {figure(base, old):.3f} |")
    for seconds in given.seconds:
        for start in given.starts:
            rows = []
            for seed in range(given.seeds):
                chosen = np.random.default_rng(seed).permutation(len(purple[0]))
                chosen = chosen[: given.images]
                few = tuple([part[i] for i in chosen] for part in purple)
                model = made(given.folder, f"{start}-{seconds:.0f}-{seed}")
                if start == "base":
                    model.load_weights(str(weights.resolve()))
                steps = learn(model, few, seconds, seed)
                rows.append((steps, figure(model, unseen), figure(model, old)))
            steps, new, kept = np.mean(rows, axis=0)
            print(
                f"| {start} | {seconds:.0f} | {steps:.0f} | {new:.3f} | {kept:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
