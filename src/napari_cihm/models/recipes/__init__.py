"""The table of recipes: every network that can be built, by name."""

from torch import nn

from napari_cihm.errors import UnknownNameError
from napari_cihm.models.recipes import (
    cihm,
    hym_unet,
    lightm_unet,
    selective,
    six_levels,
    swin_shaped,
    u_mamba,
    unet,
    vm_unet,
    vm_unet_v2,
)
from napari_cihm.models.recipes.recipe import Recipe

RECIPES: dict[str, Recipe] = {
    "cihm": Recipe(
        cihm.cihm,
        "Context-Insight Hybrid Mamba with a full-resolution head",
        "doi:10.1007/s44267-026-00113-5 (reconstruction from the description)",
    ),
    "cihm-paper": Recipe(
        cihm.cihm_paper,
        "Context-Insight Hybrid Mamba, the layout of 194,071 parameters",
        "doi:10.1007/s44267-026-00113-5 (reconstruction from the description)",
    ),
    "unet": Recipe(
        unet.unet,
        "U-Net with 32 channels at the top",
        "doi:10.1007/978-3-319-24574-4_28",
    ),
    "hym-unet": Recipe(
        hym_unet.hym_unet,
        "Convolutions above, visual Mamba below, guided skips",
        "arXiv:2511.17988 (reconstruction from the description)",
    ),
    "u-mamba-enc": Recipe(
        u_mamba.u_mamba_enc,
        "Residual nnU-Net with a Mamba in each encoder stage",
        "arXiv:2401.04722",
    ),
    "u-mamba-bot": Recipe(
        u_mamba.u_mamba_bot,
        "Residual nnU-Net with a Mamba at the bottom",
        "arXiv:2401.04722",
    ),
    "vm-unet": Recipe(
        vm_unet.vm_unet,
        "Visual state-space blocks throughout, skips added",
        "arXiv:2402.02491",
    ),
    "vm-unet-v2": Recipe(
        vm_unet_v2.vm_unet_v2,
        "Visual Mamba encoder, levels multiplied with each other",
        "arXiv:2403.09157",
    ),
    "ultralight-vm-unet": Recipe(
        six_levels.ultralight_vm_unet,
        "Parallel vision Mamba on a twentieth of a million parameters",
        "arXiv:2403.20035",
    ),
    "lightm-unet": Recipe(
        lightm_unet.lightm_unet,
        "Residual vision Mamba down, separable convolutions up",
        "arXiv:2403.05246",
    ),
    "mamba-unet": Recipe(
        swin_shaped.mamba_unet,
        "Swin-Unet's shape with visual state-space blocks",
        "arXiv:2402.05079",
    ),
    "h-vmunet": Recipe(
        six_levels.h_vmunet,
        "High-order scans, skips gated by an attention bridge",
        "arXiv:2403.13642",
    ),
    "swin-umamba-d": Recipe(
        swin_shaped.swin_umamba_d,
        "Swin-Unet's shape, deep in the third stage, supervised at every level",
        "arXiv:2402.03302",
    ),
    "mambau-lite": Recipe(
        selective.mambau_lite,
        "Split visual Mamba beside axial filters, four scales fused",
        "arXiv:2412.01405",
    ),
    "ac-mambaseg": Recipe(
        selective.ac_mambaseg,
        "Adaptive convolutions and visual Mamba, attention on every skip",
        "doi:10.1007/978-3-031-76197-3_2",
    ),
}


def model_names() -> tuple[str, ...]:
    """Return the names that `build_model` knows."""
    return tuple(RECIPES)


def recipe(name: str) -> Recipe:
    """Look a recipe up by its name.

    Raises
    ------
    UnknownNameError
        With the near matches and every known name.
    """
    try:
        return RECIPES[name]
    except (KeyError, TypeError):
        raise UnknownNameError.among("recipe", name, RECIPES) from None


def build_model(
    name: str, in_channels: int = 1, classes: int = 1, **options: object
) -> nn.Module:
    """Build an untrained network.

    Parameters
    ----------
    name : str
        One of `model_names`.
    in_channels : int
        Channels of its input.
    classes : int
        Maps it gives.
    **options
        Arguments of the recipe; an unknown one is refused with a list of them.

    Returns
    -------
    torch.nn.Module
        Gives plain logits (b, classes, h, w) for any height and width; called with
        ``supervised=True`` it gives the list of all levels' logits, for training.
    """
    return recipe(name).make(name, in_channels, classes, options)
