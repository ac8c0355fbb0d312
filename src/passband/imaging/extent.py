"""Does an image fit its field? Aberrations carry detail away from where it belongs, and the field is periodic.

Detail of frequency q lands |∇_q χ|/2π [Å] away (delocalisation). Beyond half the field it comes back in from the
other side, and the image is wrong. It counts as long as the envelopes pass it: E_t E_s > 0.01, where
E_s = exp[-(π β R/λ)²] for a delocalisation R, so that a cone of illumination bounds R by itself. An image that moves
while it is recorded reaches as far as its drift and vibration take it. Detail counts up to q_max in every direction;
what a square band holds in its corners lands farther off, up to twice as far along an axis; it has little power.
W. M. J. Coene, A. J. E. M. Jansen, Scanning Microsc. Suppl. 6 (1992) 379.
"""

from dataclasses import dataclass
from itertools import product
from math import log, pi
from typing import Final

import torch
from torch import Tensor

from passband.electron import wavelength_A
from passband.errors import UserError
from passband.imaging.aberrations import ABERRATIONS, POSITION
from passband.imaging.condition import ImagingCondition
from passband.imaging.distribution import ImagingDistribution, support
from passband.imaging.envelopes import damping
from passband.imaging.phase import chi_slope
from passband.units import A_to_nm, kV_to_eV, mm_to_A, mrad_to_rad, nm_to_A

PASSED: Final = 0.01
"""Detail counts where the envelopes pass more than this."""
LARGEST_Cs_WITHOUT_CONVERGENCE_MM: Final = 0.1
"""Above this |Cs|, a convergence angle belongs to the condition."""
FREQUENCIES: Final = 500
DIRECTIONS: Final = 72
VIBRATION_STD: Final = 3.0
"""Vibration reaches so many standard deviations."""


@dataclass(frozen=True)
class FieldFit:
    """The farthest delocalisation of a distribution, where it occurs, and half the field that has to hold it."""

    reach_A: float
    at_q_per_A: float
    half_field_A: float

    @property
    def margin_A(self) -> float:
        """What is left of half the field [Å]; negative where the image wraps around."""
        return self.half_field_A - self.reach_A


def delocalisation_A(condition: ImagingCondition, q_max_per_A: float) -> Tensor:
    """Largest |∇_q χ|/2π [Å], float64 (...), over all directions and q <= q_max [1/Å] with E_t E_s > 0.01."""
    q, direction = _polar_points(q_max_per_A, condition.coefficients_A.device)
    qy, qx = q * direction.sin(), q * direction.cos()
    slope_y, slope_x = chi_slope(condition, qy, qx)
    distance = wavelength_A(condition.energy_eV) / (2 * pi) * torch.hypot(slope_y, slope_x)
    counts = damping(condition, qy, qx) < -log(PASSED)
    return torch.where(counts, distance, 0.0).amax((-2, -1))


def field_fit(distribution: ImagingDistribution, extent_A: float, q_max_per_A: float) -> FieldFit:
    """How the images of a distribution fit a field of shorter side extent_A [Å], for detail up to q_max [1/Å].

    The reach is an upper bound over everything that the distribution can draw: exact for defocus, Cs, C50 and one
    aberration with an azimuth, while several of those are taken as if they added up in some direction.
    """
    wavelength = wavelength_A(kV_to_eV(distribution.energy_kV))
    q = torch.linspace(0, q_max_per_A, FREQUENCIES + 1, dtype=torch.float64)
    spread_A = nm_to_A(support(distribution.focal_spread_nm)[0])
    convergence_rad = mrad_to_rad(support(distribution.convergence_mrad)[0])
    spare = (-log(PASSED) - 0.5 * (pi * wavelength * spread_A * q**2) ** 2).clamp(min=0)
    passed = torch.where(spare > 0, spare.sqrt() * wavelength / (pi * max(convergence_rad, 1e-12)), 0.0)
    reach = torch.minimum(_largest_reach(distribution, wavelength * q), passed)
    farthest = int(reach.argmax())
    return FieldFit(float(reach[farthest]), float(q[farthest]), extent_A / 2)


def check_fits(
    distribution: ImagingDistribution, extent_A: float, q_max_per_A: float, where: str
) -> FieldFit:
    """Refuse a distribution whose images do not fit a field of shorter side extent_A [Å]; else say how they fit.

    Raises UserError, naming the place and what would be right, when any condition that the distribution can draw
    delocalises detail up to q_max [1/Å] beyond half the field, has |Cs| > 0.1 mm without a convergence angle, or moves
    the image by more than half the field: half the drift and three standard deviations of vibration.
    """
    _check_motion(distribution, extent_A, where)
    largest_Cs_mm = max(abs(bound) for bound in support(distribution.Cs_mm))
    if largest_Cs_mm > LARGEST_Cs_WITHOUT_CONVERGENCE_MM and support(distribution.convergence_mrad)[0] == 0:
        raise UserError(
            f"{where}: Cs_mm reaches {largest_Cs_mm:g} mm without a convergence angle; above "
            f"{LARGEST_Cs_WITHOUT_CONVERGENCE_MM:g} mm give convergence_mrad, for example 0.3"
        )
    fit = field_fit(distribution, extent_A, q_max_per_A)
    if fit.margin_A < 0:
        lo, hi = support(distribution.defocus_nm)
        focus = f"{lo:g}" if lo == hi else f"{lo:g} to {hi:g}"
        raise UserError(
            f"{where}: with defocus_nm {focus} and Cs_mm up to {largest_Cs_mm:g}, detail of {fit.at_q_per_A:.2f} "
            f"1/Å lands {A_to_nm(fit.reach_A):.1f} nm from its place, beyond half of the {A_to_nm(extent_A):.2f} "
            f"nm field; lower them, raise convergence_mrad, or take a field of {A_to_nm(2 * fit.reach_A):.1f} nm"
        )
    return fit


def _check_motion(distribution: ImagingDistribution, extent_A: float, where: str) -> None:
    drift_nm, vibration_nm = (support(each)[1] for each in (distribution.drift_nm, distribution.vibration_nm))
    reach_nm = drift_nm / 2 + VIBRATION_STD * vibration_nm
    if reach_nm > A_to_nm(extent_A) / 2:
        raise UserError(
            f"{where}: drift_nm up to {drift_nm:g} and vibration_nm up to {vibration_nm:g} move the image by "
            f"{reach_nm:.3g} nm (half the drift and {VIBRATION_STD:g} vibrations), beyond half of the "
            f"{A_to_nm(extent_A):.2f} nm field; lower them, or take a field of {2 * reach_nm:.3g} nm"
        )


def _polar_points(q_max_per_A: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Lengths and directions of q, both (DIRECTIONS, FREQUENCIES + 1)."""
    q = torch.linspace(0, q_max_per_A, FREQUENCIES + 1, dtype=torch.float64, device=device)
    direction = torch.arange(DIRECTIONS, dtype=torch.float64, device=device) * (2 * pi / DIRECTIONS)
    return q.expand(DIRECTIONS, -1), direction[:, None].expand(-1, len(q))


def _largest_reach(distribution: ImagingDistribution, angle: Tensor) -> Tensor:
    """Largest |Σ C α^n| [Å] that the distribution can draw, at every scattering angle α [rad].

    The round aberrations are taken at the ends of their ranges, where their sum is largest. Every other one adds
    its largest size: it reaches α^n C in one direction, and less in the others.
    """
    parameters = distribution.parameters()
    ends = {"C10": [nm_to_A(-end) for end in support(distribution.defocus_nm)]}
    ends["C30"] = [mm_to_A(end) for end in support(distribution.Cs_mm)]
    ends["C50"] = [nm_to_A(end) for end in support(distribution.C50_nm)]
    slopes = torch.stack([angle ** ABERRATIONS[POSITION[symbol]].order for symbol in ends])
    corners = torch.tensor(list(product(*ends.values())), dtype=torch.float64)
    reach = (corners @ slopes).abs().amax(0)
    for symbol, order, symmetry, _ in ABERRATIONS:
        if symmetry > 0:
            largest_nm = max(abs(end) for end in support(parameters[f"{symbol}_nm"]))
            reach = reach + nm_to_A(largest_nm) * angle**order
    return reach
