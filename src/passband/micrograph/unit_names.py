"""What the unit of an image axis means, however a microscope's software spells it.

Velox writes ``m``, DigitalMicrograph ``A`` or ``µm``, the Berkeley EMD ``[n_m]``, ImageJ ``\\u00B5m``. An
axis in 1/nm or mrad belongs to a diffraction pattern, one in eV to a spectrum.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import Final


class UnitKind(Enum):
    """What an axis measures."""

    LENGTH = "a length"
    RECIPROCAL = "a spatial frequency or an angle"
    ENERGY = "an energy"
    MISSING = "nothing"
    OTHER = "something else"


@dataclass(frozen=True)
class Unit:
    """Kind of a unit, and the length of one of it [nm] where it is a length (else 0)."""

    kind: UnitKind
    nm: float = 0.0


LENGTHS_NM: Final[dict[str, float]] = {
    **dict.fromkeys(("pm", "picometer", "picometre"), 1e-3),
    **dict.fromkeys(("a", "å", "ang", "angstrom", "ångström", "ångstrom", "angström"), 0.1),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1.0),
    **dict.fromkeys(("um", "μm", "micron", "micrometer", "micrometre"), 1e3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e6),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e7),
    **dict.fromkeys(("m", "meter", "metre"), 1e9),
    **dict.fromkeys(("in", "inch"), 2.54e7),
}
"""Spelling, folded to lower case and without spaces, underscores, brackets and plural s -> nm."""
ANGLES: Final = frozenset({"rad", "mrad", "μrad", "urad", "deg", "degree", "°", "radian", "milliradian"})
ENERGIES: Final = frozenset({"ev", "kev", "mev"})
PIXELS: Final = frozenset({"", "none", "px", "pixel", "pix", "unknown", "undefined", "<undefined>", "?"})


def parse_unit(text: str | None) -> Unit:
    """The meaning of a unit's name; None and names of pixels count as missing. Never raises."""
    name = _folded(text or "")
    inverse = _without_inverse(name)
    if inverse is not None:
        return Unit(UnitKind.RECIPROCAL if inverse in LENGTHS_NM else UnitKind.OTHER)
    if name in LENGTHS_NM:
        return Unit(UnitKind.LENGTH, LENGTHS_NM[name])
    if name in PIXELS:
        return Unit(UnitKind.MISSING)
    if name in ANGLES:
        return Unit(UnitKind.RECIPROCAL)
    return Unit(UnitKind.ENERGY if name in ENERGIES else UnitKind.OTHER)


def _folded(text: str) -> str:
    """One spelling per unit: escapes resolved, compatibility letters unified, lower case, bare, singular."""
    resolved = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    plain = unicodedata.normalize("NFKC", resolved).casefold().replace("−", "-")
    bare = re.sub(r"[\s_\[\](){}\x00]", "", plain)
    return bare[:-1] if len(bare) > 3 and bare.endswith("s") and not bare[0].isdigit() else bare


def _without_inverse(name: str) -> str | None:
    """The unit under ``1/`` or before ``^-1``; None where the name is not an inverse."""
    for pattern in (r"1/(.+)", r"(.+?)\^?-1", r"(.+?)\*\*-1"):
        match = re.fullmatch(pattern, name)
        if match:
            return match[1]
    return None
