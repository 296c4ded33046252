"""Sizes of a pixel in one unit, where each axis may have its own."""

from collections.abc import Mapping

SHORT = {
    "k": 3, "d": -1, "c": -2, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12,
}  # fmt: skip
LONG = {
    "kilo": 3, "deci": -1, "centi": -2, "milli": -3, "micro": -6, "nano": -9,
    "pico": -12,
}  # fmt: skip
# Powers of ten of a metre, by all names that files and viewers give them.
POWERS = {
    **{f"{prefix}m": power for prefix, power in {"": 0, **SHORT}.items()},
    **{
        f"{prefix}{metre}": power
        for prefix, power in {"": 0, **LONG}.items()
        for metre in ("meter", "metre")
    },
    **dict.fromkeys(("micron", "microns"), -6),
    **dict.fromkeys(("angstrom", "Å", "\u212b"), -10),
}
# What OME-Zarr calls units that files and viewers write in short.
FULL = {
    "um": "micrometer",
    "nm": "nanometer",
    "pm": "picometer",
    "mm": "millimeter",
    "cm": "centimeter",
    "dm": "decimeter",
    "m": "meter",
    "km": "kilometer",
    "in": "inch",
    "\u00c5": "angstrom",
    "s": "second",
    "sec": "second",
    "ms": "millisecond",
    "us": "microsecond",
    "ns": "nanosecond",
    "min": "minute",
    "h": "hour",
    "hr": "hour",
}
SHORTENED = {
    **{FULL[short]: short for short in ("um", "nm", "mm", "s")},
    **dict.fromkeys(("\u00b5m", "\u03bcm", "micron", "microns", "\\u00B5m"), "um"),
}
# What OME-XML calls them, which knows but one sign for each.
SIGNS = {
    **{full: short for short, full in reversed(FULL.items())},
    **{"inches": "in", "pixels": "pixel"},
}
MICRO = {"um": "\u00b5m", "us": "\u00b5s"}


def shorten(unit: str) -> str:
    """Write a unit in short, such as "um" for what files and viewers call it."""
    return SHORTENED.get(unit, unit)


def in_full(unit: str) -> str:
    """Write a unit as OME-Zarr does."""
    unit = SIGNS.get(unit, unit)
    return FULL.get(unit, unit)


def as_sign(unit: str) -> str:
    """Write a unit as OME-XML does."""
    sign = SIGNS.get(in_full(unit), in_full(unit))
    return MICRO.get(sign, sign)


def in_unit_of_x(
    scale: Mapping[str, float], units: Mapping[str, str], axes: str
) -> list[float] | None:
    """Return sizes along some axes, in the unit that x has.

    None where a size is not known, or is in another unit that is no length.
    """
    factors = [_factor(units.get(letter), units.get("x")) for letter in axes]
    sizes = [scale.get(letter) for letter in axes]
    found = [s * f for s, f in zip(sizes, factors, strict=True) if s and f]
    return found if len(found) == len(axes) else None


def _factor(unit: str | None, wanted: str | None) -> float | None:
    if unit == wanted:
        return 1.0
    have, want = POWERS.get(unit or ""), POWERS.get(wanted or "")
    return None if have is None or want is None else 10.0 ** (have - want)
