"""What a scan is given: checked, and brought to one dtype and one set of shapes.

Letters, after the papers of Mamba: b batch, d channels, l positions, n states per
channel, g groups of channels that share B and C. The scan computes, for each channel,

    h[t] = exp(delta[t] A) h[t-1] + delta[t] B[t] u[t]        (n states)
    y[t] = C[t] . h[t] + D u[t]
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_cihm.errors import DtypeError, InputError, ShapeError

_FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
_NEEDED = {"u", "delta", "A", "B", "C"}


class Inputs(NamedTuple):
    """The arguments of one scan, checked.

    B and C are (d n) where constant along the sequence and (b g n l) with one common
    g where they are not.
    """

    u: Tensor
    delta: Tensor
    A: Tensor
    B: Tensor
    C: Tensor
    D: Tensor | None
    z: Tensor | None
    delta_bias: Tensor | None
    delta_softplus: bool

    def tensors(self) -> tuple[Tensor | None, ...]:
        """Every tensor argument, in the order of the public signature."""
        return self[:8]

    def cast(self, dtype: torch.dtype) -> "Inputs":
        """Bring every tensor to one dtype; autograd sees the casts."""
        if all(t is None or t.dtype is dtype for t in self.tensors()):
            return self
        cast = (None if t is None else t.to(dtype) for t in self.tensors())
        return Inputs._make((*cast, self.delta_softplus))

    @property
    def groups(self) -> int:
        """Groups of channels that share B and C where these vary; else one."""
        return groups_of(self.B, self.C)

    def steps(self) -> Tensor:
        """Give the sizes of the steps: delta with its bias, through the softplus."""
        steps = self.delta
        if self.delta_bias is not None:
            steps = steps + self.delta_bias[:, None]
        return F.softplus(steps) if self.delta_softplus else steps

    def finished(self, y: Tensor) -> Tensor:
        """Add D u to C . h, and gate the sum."""
        if self.D is not None:
            y = y + self.D[:, None] * self.u
        return y if self.z is None else y * F.silu(self.z)

    @property
    def compute_dtype(self) -> torch.dtype:
        """float64 if any tensor has it, else float32: half precision loses states."""
        wide = any(t is not None and t.dtype == torch.float64 for t in self.tensors())
        return torch.float64 if wide else torch.float32

    @property
    def needs_grad(self) -> bool:
        """Whether anything here will be differentiated."""
        return torch.is_grad_enabled() and any(
            t is not None and t.requires_grad for t in self.tensors()
        )


def groups_of(B: Tensor, C: Tensor) -> int:
    """Count the groups of B and C as checked; one where both are constant."""
    return next((t.shape[1] for t in (B, C) if t.ndim == 4), 1)


def checked(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    delta_bias: Tensor | None,
    delta_softplus: bool,
) -> Inputs:
    """Check the arguments of a scan and bring B and C to one of two shapes.

    Raises
    ------
    DtypeError
        For what is no tensor of real floating-point numbers.
    ShapeError
        For ranks or sizes that do not fit each other.
    InputError
        For tensors that are sparse, or on different devices.
    """
    given = (u, delta, A, B, C, D, z, delta_bias)
    named = zip(Inputs._fields, given, strict=False)
    check_kinds({n: t for n, t in named if t is not None or n in _NEEDED})
    if u.ndim != 3:
        raise _misshapen("u", u, "three axes (batch, channels, positions)")
    b, d, length = u.shape
    if A.ndim != 2 or A.shape[0] != d or A.shape[1] == 0 or d == 0:
        raise _misshapen("A", A, f"(channels, states) = ({d}, n) with d and n >= 1")
    n = A.shape[1]
    for name, tensor, shape in (
        ("delta", delta, (b, d, length)),
        ("D", D, (d,)),
        ("z", z, (b, d, length)),
        ("delta_bias", delta_bias, (d,)),
    ):
        if tensor is not None and tensor.shape != shape:
            raise _misshapen(name, tensor, f"{shape} to fit u and A")
    B = _grouped("B", B, (b, d, n, length))
    C = _grouped("C", C, (b, d, n, length))
    if B.ndim == C.ndim == 4 and B.shape[1] != C.shape[1]:
        groups = math.lcm(B.shape[1], C.shape[1])
        B, C = _regrouped(B, groups), _regrouped(C, groups)
    return Inputs(u, delta, A, B, C, D, z, delta_bias, bool(delta_softplus))


def check_kinds(tensors: Mapping[str, object]) -> None:
    """Refuse what is no dense tensor of real numbers on the device of the first.

    Raises
    ------
    DtypeError, InputError
        Naming the tensor.
    """
    first, leader = next(iter(tensors.items()))
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise DtypeError(
                f"{name} is a {type(tensor).__name__}",
                "a torch tensor",
                "wrap it with torch.as_tensor",
            )
        if tensor.dtype not in _FLOATS:
            remedy = "only real numbers are supported" if tensor.is_complex() else ""
            raise DtypeError(
                f"{name} has dtype {tensor.dtype}",
                "float32, float64, float16 or bfloat16",
                remedy or f"convert it with {name}.float()",
            )
        if tensor.layout is not torch.strided:
            raise InputError(
                f"{name} is sparse ({tensor.layout})",
                "a dense tensor",
                f"convert it with {name}.to_dense()",
            )
        if isinstance(leader, Tensor) and tensor.device != leader.device:
            raise InputError(
                f"{name} is on {tensor.device} while {first} is on {leader.device}",
                "every tensor on one device",
                f"move it with {name}.to({first}.device)",
            )


def _misshapen(name: str, tensor: Tensor, wanted: str) -> ShapeError:
    return ShapeError(f"{name} has shape {tuple(tensor.shape)}", wanted)


def _grouped(name: str, tensor: Tensor, sizes: tuple[int, int, int, int]) -> Tensor:
    """Bring B or C to (d n) or (b g n l)."""
    b, d, n, length = sizes
    if tensor.ndim == 2 and tensor.shape == (d, n):
        return tensor
    if tensor.ndim == 3 and tensor.shape == (b, n, length):
        return tensor.unsqueeze(1)
    if tensor.ndim == 4 and tensor.shape[::2] == (b, n) and tensor.shape[3] == length:
        groups = tensor.shape[1]
        if groups and d % groups == 0:
            return tensor
        raise ShapeError(
            f"{name} has {groups} groups for {d} channels",
            "a number of groups that divides the channels",
        )
    raise _misshapen(
        name,
        tensor,
        f"(d, n) = ({d}, {n}), (b, n, l) = ({b}, {n}, {length}) "
        f"or (b, groups, n, l) = ({b}, g, {n}, {length})",
    )


def _regrouped(tensor: Tensor, groups: int) -> Tensor:
    """Repeat each group until there are `groups`; a view where there was but one."""
    b, g, n, length = tensor.shape
    shape = (b, g, groups // g, n, length)
    return tensor.unsqueeze(2).expand(shape).reshape(b, groups, n, length)


def refuse_nan(A: Tensor) -> None:
    """Refuse a NaN in A, where looking is free.

    On an accelerator looking would stall its queue at each scan; there the NaN
    spreads through the whole output, so it cannot pass unseen either.
    """
    if torch.compiler.is_compiling() or A.device.type != "cpu":
        return
    # The largest of numbers is a NaN if any of them is.
    if math.isnan(A.detach().max().item()):
        raise nan_found()


def nan_found() -> InputError:
    """Say that A holds a NaN."""
    return InputError(
        "A holds a NaN",
        "finite decay rates",
        "lower the learning rate, or look for the step that brought the NaN",
    )
