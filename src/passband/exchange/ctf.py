"""Imaging conditions to and from the parameters of abTEM's CTF.

What differs from ours: its ``defocus`` is -C10, as with us; its ``focal_spread`` is the 1/e half width of the focus,
√2 of our standard deviation; its ``angular_spread`` is our 1/e half width in mrad. Coefficients [Å], azimuths
[rad] and the sign of χ are the same. abTEM knows an aperture and no dose, we a dose and no aperture. Meaning of the
widths: checked against abTEM 1.0.11 itself, tests/agreement.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from math import inf, isfinite, sqrt
from typing import Any, Final

from passband.errors import UserError
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations

ALIASES: Final = {
    "defocus": "C10",
    "Cs": "C30",
    "C5": "C50",
    "astigmatism": "C12",
    "astigmatism3": "C32",
    "astigmatism5": "C52",
    "coma": "C21",
    "coma4": "C41",
    "trefoil": "C23",
    "trefoil4": "C43",
    "quadrafoil": "C34",
    "quadrafoil5": "C54",
    "pentafoil": "C45",
    "hexafoil": "C56",
}
"""abTEM's names for coefficients; ``NAME_angle`` is the azimuth. The defocus alone has its sign turned."""
NEUTRAL: Final[dict[str, Any]] = {
    "semiangle_cutoff": inf,
    "soft": True,
    "flip_phase": False,
    "wiener_snr": 0.0,
}
"""Parameters of abTEM's that have no counterpart, and the values with which they change nothing."""
_WIDTHS: Final = ("energy", "focal_spread", "angular_spread")
_SYMBOLS: Final = tuple(a.symbol for a in ABERRATIONS)
_AZIMUTHS: Final = tuple(f"phi{a.symbol[1:]}" for a in ABERRATIONS if a.symmetry > 0)
_ALIASED_AZIMUTHS: Final = {f"{name}_angle": f"phi{symbol[1:]}" for name, symbol in ALIASES.items()}
_KEYS: Final[dict[str, str]] = {
    **{symbol: symbol for symbol in (*_WIDTHS, *_SYMBOLS, *_AZIMUTHS)},
    **ALIASES,
    **{name: symbol for name, symbol in _ALIASED_AZIMUTHS.items() if symbol in _AZIMUTHS},
}
"""Every key that is read -> the one of widths, coefficients and azimuths that it means."""


def to_abtem(condition: ImagingCondition) -> dict[str, float]:
    """Keyword arguments of ``abtem.CTF`` for one condition (batch shape ()): energy [eV], widths, C_nm, phi_nm.

    Aberrations that are 0 are left out, but for C10 and C30. The dose has no place there. For a wave whose
    focus_offset_A is not 0, give ``condition.refocused(wave.focus_offset_A)``. Raises ValueError for a batch, and for
    an image in motion, which abTEM's CTF does not know.
    """
    if condition.batch_shape != ():
        raise ValueError(f"one condition is wanted, not a batch of shape {tuple(condition.batch_shape)}")
    if any(
        motion is not None and bool(motion.any()) for motion in (condition.vibration_A, condition.drift_A)
    ):
        raise ValueError("vibration and drift have no place in abTEM's CTF")
    parameters = {
        "energy": condition.energy_eV,
        "focal_spread": sqrt(2) * float(condition.focal_spread_A),
        "angular_spread": 1e3 * float(condition.convergence_rad),
    }
    for index, aberration in enumerate(ABERRATIONS):
        size_A = float(condition.coefficients_A[index])
        if size_A != 0 or aberration.symbol in ("C10", "C30"):
            parameters[aberration.symbol] = size_A
            if aberration.symmetry > 0:
                parameters[f"phi{aberration.symbol[1:]}"] = float(condition.azimuths_rad[index])
    return parameters


def from_abtem(parameters: Mapping[str, Any]) -> ImagingCondition:
    """The condition (batch shape ()) of the keyword arguments of an ``abtem.CTF``, without shot noise.

    Symbols (C12, phi12) and abTEM's names (astigmatism, astigmatism_angle) are read, also inside
    ``aberration_coefficients``; ``energy`` [eV] is needed. Raises UserError for an unknown or doubled key, anything but
    one finite number, a width below 0, and an aperture or phase flipping, which we do not have.
    """
    given = dict(parameters)
    inner = given.pop("aberration_coefficients", None) or {}
    if not isinstance(inner, Mapping):
        raise UserError("aberration_coefficients: give coefficients by their symbols")
    values: dict[str, float] = {}
    for name, value in (*given.items(), *inner.items()):
        if name in NEUTRAL:
            _check_neutral(name, value)
            continue
        key = _key(name)
        if key in values:
            raise UserError(f"{name}: {key} is given twice; give it once")
        values[key] = -_number(name, value) if name == "defocus" else _number(name, value)
    energy_eV = values.get("energy", 0.0)
    if energy_eV <= 0:
        raise UserError("energy: give the energy of the electrons in eV, above 0")
    return _condition(energy_eV, values)


def _condition(energy_eV: float, values: Mapping[str, float]) -> ImagingCondition:
    for name in ("focal_spread", "angular_spread"):
        if values.get(name, 0.0) < 0:
            raise UserError(f"{name}: must be 0 or more (given: {values[name]:g})")
    plain = symmetric_condition(
        energy_eV,
        0.0,
        focal_spread_A=values.get("focal_spread", 0.0) / sqrt(2),
        convergence_rad=1e-3 * values.get("angular_spread", 0.0),
    )
    coefficients = {symbol: values[symbol] for symbol in _SYMBOLS if symbol in values}
    return with_aberrations(
        plain, coefficients, {f"C{name[3:]}": values[name] for name in _AZIMUTHS if name in values}
    )


def _key(name: str) -> str:
    if name not in _KEYS:
        near = get_close_matches(name, [*_KEYS, *NEUTRAL], n=1, cutoff=0.5)
        raise UserError(f"unknown key '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    return _KEYS[name]


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = inf
    if not isfinite(number) or isinstance(value, str | bool):
        raise UserError(f"{name}: give one finite number, not {value!r}")
    return number


def _check_neutral(name: str, value: Any) -> None:
    if name != "soft" and value != NEUTRAL[name]:
        raise UserError(
            f"{name}: passband has no counterpart; only {NEUTRAL[name]} can be taken over, not {value!r}"
        )
