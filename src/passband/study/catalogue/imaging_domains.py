"""Random imaging domains: every setting of the microscope differs between them, narrowly or within each.

Of every eight domains, in their order, six have settings of their own and two those of a microscope of the table at
300 kV; two of the eight, one of each kind, are broad. All ranges are ours.

    defocus          uniform, ±30 nm; each image's drawn with a standard deviation of 1.5 nm
    Cs               uniform within ±0.1 mm for half of the draws, else 0.1 to 1.2 mm, uniform in the logarithm
    convergence      uniform, 0 to 0.6 mrad
    focal spread     0.3 to 4 nm, uniform in the logarithm
    dose             100 to 1600 e/Å², uniform in the logarithm
    astigmatism C12  up to 5 nm, coma C21 up to 600 nm, in any direction
    pixel            0.4 Å for half of the domains, else one of five from 0.32 to 0.64 Å
    a microscope's   Cs, focal spread and convergence of one of four; neither astigmatism nor coma; ideal detector,
                     as the table has none
    broad            defocus normal with a standard deviation of 5 to 10 nm, or as wide a uniform one; dose over a
                     factor of 2.25 to 6.25 within the same limits; astigmatism none, half or all of what is drawn

What limits Cs: detail up to the 1.25 1/Å of the waves may land up to 5.12 nm, half the field, from its place. Without
convergence no |Cs| above 0.1 mm is accepted; from 0.27 mrad on, the cone of illumination itself ends what would land
farther, whatever the Cs, and 1.2 mm is the largest Cs of the table. A draw that does not fit is drawn anew, as a whole:
so large Cs comes with a wide cone, as in an uncorrected microscope, and is somewhat rarer than it is drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Final

import numpy as np

from passband.errors import UserError
from passband.imaging.distribution import ImagingDistribution, Value, choice, normal, uniform
from passband.imaging.extent import check_fits
from passband.imaging.microscopes import distribution, microscope
from passband.seeds import random_stream

MICROSCOPES_300KV: Final = ("feg-300", "corrected-300", "negative-cs-300", "monochromated-300")
PIXELS_NM: Final = (0.032, 0.03556, 0.04571, 0.05333, 0.064)
"""Beside 0.04 nm, those by which 10.24 nm are a multiple of 32 pixels [nm]: 320, 288, 224, 192, 160."""
FIELD_A: Final = 102.4
STORED_NYQUIST_PER_A: Final = 1.25
SPREAD_NM: Final = 1.5
DOSES_E_PER_A2: Final = (100.0, 1600.0)


@dataclass(frozen=True)
class DrawnImaging:
    """The distribution of one domain; redraws: how many draws before it did not fit the field."""

    imaging: ImagingDistribution
    redraws: int


def drawn_imaging(seed: int, number: int) -> DrawnImaging:
    """The domain of this number, from 0, in the family of a seed; it does not depend on how many there are."""
    stream = random_stream(seed, "imaging domain", number)
    for redraws, imaging in enumerate(_draws(stream, number)):
        try:
            check_fits(imaging, FIELD_A, STORED_NYQUIST_PER_A, "drawn")
        except UserError:
            continue
        return DrawnImaging(imaging, redraws)
    raise AssertionError("draws have no end")


def _draws(stream: np.random.Generator, number: int) -> Iterator[ImagingDistribution]:
    is_broad, has_name = number % 8 in (1, 3), number % 4 == 3
    while True:
        dose = _broad_dose(stream) if is_broad else _log(stream, *DOSES_E_PER_A2, 0)
        defocus = _defocus(stream, is_broad)
        if has_name:
            name = MICROSCOPES_300KV[int(stream.integers(len(MICROSCOPES_300KV)))]
            own = distribution(microscope(name), defocus, dose)
        else:
            own = ImagingDistribution(defocus_nm=defocus, dose_e_per_A2=dose, **_settings(stream, is_broad))
        has_other_pixel, which = stream.random() < 0.5, int(stream.integers(len(PIXELS_NM)))
        yield own.model_copy(update={"pixel_nm": PIXELS_NM[which] if has_other_pixel else None})


def _settings(stream: np.random.Generator, is_broad: bool) -> dict[str, Any]:
    """Everything that a microscope of the table would say, and the aberrations that it would not have."""
    is_corrected = stream.random() < 0.5
    astigmatism_nm = _between(stream, 0, 5, 2)
    return {
        "Cs_mm": _between(stream, -0.1, 0.1, 4) if is_corrected else _log(stream, 0.1, 1.2, 4),
        "convergence_mrad": _between(stream, 0, 0.6, 3),
        "focal_spread_nm": _log(stream, 0.3, 4, 2),
        "C12_nm": choice(0.0, astigmatism_nm / 2, astigmatism_nm) if is_broad else astigmatism_nm,
        "phi12_deg": _between(stream, -90, 90, 1),
        "C21_nm": _between(stream, 0, 600, 0),
        "phi21_deg": _between(stream, -180, 180, 1),
    }


def _defocus(stream: np.random.Generator, is_broad: bool) -> Value:
    mean_nm, std_nm = _between(stream, -30, 30, 2), _between(stream, 5, 10, 2)
    if not is_broad:
        return normal(mean_nm, SPREAD_NM)
    half_nm = sqrt(3) * std_nm
    is_normal, ends_nm = stream.random() < 0.5, (round(mean_nm - half_nm, 2), round(mean_nm + half_nm, 2))
    return normal(mean_nm, std_nm) if is_normal else uniform(*ends_nm)


def _broad_dose(stream: np.random.Generator) -> Value:
    factor, (lowest, highest) = _between(stream, 1.5, 2.5, 2), DOSES_E_PER_A2
    middle = _log(stream, lowest * factor, highest / factor, 0)
    return uniform(round(middle / factor, 1), round(middle * factor, 1))


def _between(stream: np.random.Generator, lo: float, hi: float, digits: int) -> float:
    return round(float(stream.uniform(lo, hi)), digits)


def _log(stream: np.random.Generator, lo: float, hi: float, digits: int) -> float:
    return round(exp(float(stream.uniform(log(lo), log(hi)))), digits)
