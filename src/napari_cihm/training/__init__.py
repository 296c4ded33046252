"""Training: losses, metrics, the loop, fine-tuning with its gate and history."""

from napari_cihm.training.finetune import finetune
from napari_cihm.training.train import train

__all__ = ["finetune", "train"]
