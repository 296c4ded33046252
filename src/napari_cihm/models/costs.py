"""What a network costs: parameters, multiplications and memory, without running it.

The network is built on torch's meta device, where tensors have shapes and no
numbers, and called once there; what passes by is counted. For what is listed that was
done once: it takes seconds.
"""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from napari_cihm.models.recipes import build_model


@dataclass(frozen=True)
class Costs:
    """What one image costs.

    Attributes
    ----------
    parameters : int
        Learned numbers.
    macs : int
        Multiplications with addition in convolutions and products of matrices; a
        scan adds none, as in the tables of the papers.
    weight_bytes : int
        Memory of weights and running statistics.
    map_bytes : int
        Most memory that maps take at once in a forward pass without gradients.
    """

    parameters: int
    macs: int
    weight_bytes: int
    map_bytes: int

    @property
    def gmac(self) -> float:
        """Multiplications in thousands of millions."""
        return self.macs / 1e9

    @property
    def memory(self) -> int:
        """Bytes of a forward pass, weights included."""
        return self.weight_bytes + self.map_bytes


# Of 256 x 256 pixels in 3 channels, for one map.
COUNTED = {
    "cihm": Costs(195_735, 368_599_040, 794_980, 17_125_440),
    "cihm-paper": Costs(194_071, 203_445_248, 783_100, 13_828_096),
    "unet": Costs(7_763_041, 12_071_206_912, 31_075_860, 66_322_688),
    "hym-unet": Costs(2_526_945, 10_629_414_912, 10_117_396, 101_974_016),
    "u-mamba-enc": Costs(67_300_262, 31_523_143_680, 269_201_048, 110_370_816),
    "u-mamba-bot": Costs(63_311_014, 29_026_222_080, 253_244_056, 83_919_360),
    "vm-unet": Costs(27_427_561, 5_288_361_984, 109_710_244, 69_730_304),
    "vm-unet-v2": Costs(22_734_060, 5_338_685_312, 90_937_808, 67_764_224),
    "ultralight-vm-unet": Costs(49_457, 65_995_776, 197_828, 6_739_456),
    "lightm-unet": Costs(5_011_699, 11_936_137_216, 20_046_796, 127_148_032),
    "mamba-unet": Costs(19_121_377, 5_789_122_560, 76_485_508, 73_465_856),
    "h-vmunet": Costs(8_972_623, 1_036_863_400, 35_890_492, 17_629_184),
    "swin-umamba-d": Costs(27_490_756, 7_827_357_696, 109_963_024, 73_465_856),
    "mambau-lite": Costs(415_760, 1_340_998_976, 1_671_464, 241_958_912),
    "ac-mambaseg": Costs(7_991_874, 7_360_144_640, 32_006_584, 273_285_120),
}


def recipe_costs(name: str) -> Costs:
    """Tell what a recipe costs as it is built by default."""
    return COUNTED.get(name) or count_costs(name)


def count_costs(name: str, size: int = 256) -> Costs:
    """Count the same, for a square image of any size."""
    with torch.device("meta"):
        network = build_model(name, in_channels=3)
    return network_costs(network, in_channels=3, size=size)


def network_costs(network: nn.Module, in_channels: int, size: int) -> Costs:
    """Count what a network on the meta device costs for one square image."""
    image = torch.empty(1, in_channels, size, size, device="meta")
    weights = list(network.state_dict().values())
    with torch.no_grad(), _Counter([image, *weights]) as counter:
        network.eval()(image)
    return Costs(
        parameters=sum(p.numel() for p in network.parameters()),
        macs=counter.flops // 2,
        weight_bytes=sum(w.nbytes for w in weights),
        map_bytes=image.nbytes + counter.most,
    )


class _Counter(TorchDispatchMode):
    """Counts multiplications, and bytes from a tensor's making to its end.

    What was `there` before is not counted, nor are views of it.
    """

    def __init__(self, there: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0
        self.alive = {t.untyped_storage()._cdata: 0 for t in there}
        self.now = self.most = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        formula: Callable[..., int] | None = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=out)
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._watch(leaf.untyped_storage())
        return out

    def _watch(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self.alive:  # a view or an operation in place makes none
            self.alive[key] = storage.nbytes()
            self.now += self.alive[key]
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self.alive.pop(key)
