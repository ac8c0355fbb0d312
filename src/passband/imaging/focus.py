"""The zero of defocus: the plane in which the particles, alone in vacuum, show the least contrast.

Searched once per structure, without aberrations and with the default focal spread, so that the plane belongs
to the structure and not to an imaging condition. Contrast is the variance of the intensity. The published method
searches in steps of 1 Å, then of 0.1 Å; its range is not stated. Ours is ±150 Å around the plane that the wave
refers to, the exit plane just behind the particles: their minimum lies inside them, and most self-images of a
crystal lattice (d = 2 Å at 300 kV: every d²/λ = 203 Å) stay outside. Those of finer lattices along a zone axis do
not (a diamond: every 60 Å): their valleys are equal within a few per cent, and which of them is the lowest says little.

A first pass in steps of 5 Å finds the valleys: a focal spread σ_f damps what varies with f periods per Å of focus by
exp[-(π σ_f f)²], which at 10 Å leaves nothing that such steps could miss. Only the two lowest valleys are then
searched in steps of 1 Å and 0.1 Å, which gives the plane of the full search at a quarter of its cost.
"""

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from passband.errors import UserError
from passband.imaging.condition import ImagingCondition, symmetric_condition
from passband.imaging.image import WaveSpectrum, form_intensity, spectrum
from passband.wave import ExitWave, SceneWaves

SEARCH_RANGE_A: Final = 150.0
"""How far the search goes on both sides of the plane that the wave refers to [Å]."""
SMALLEST_CONTRAST: Final = 1e-12
"""A variance below this is the rounding of an empty field."""
AT_ONCE: Final = 16
"""Images that are held in memory together."""
FIRST_STEP_A: Final = 5.0
"""Step of the pass that finds the valleys [Å]."""
LOWER: Final = 0.1
"""An end of the search that is lower than the lowest valley by this part of what contrast varies by tells of a minimum
outside."""


def minimum_contrast_C10_A(particles: ExitWave, focal_spread_A: float = 10.0) -> float:
    """The C10 [Å], in steps of 0.1 Å, at which the particles show the least contrast.

    It counts from the plane that the wave refers to, so adding it to the wave's focus_offset_A brings the wave to
    the zero of defocus. Without particles, 0.
    Raises UserError where the contrast at an end of the search lies clearly below all valleys: the particles are too
    thick.
    """
    waves = spectrum(particles)
    first = torch.arange(
        -SEARCH_RANGE_A, SEARCH_RANGE_A + FIRST_STEP_A / 2, FIRST_STEP_A, dtype=torch.float64
    )
    coarse = _through_focus(waves, first, focal_spread_A)
    if float(coarse.max()) < SMALLEST_CONTRAST:
        return 0.0
    valleys = first[_lowest_valleys(coarse)]
    near = valleys[:, None] + torch.arange(-FIRST_STEP_A, FIRST_STEP_A + 0.5, 1.0)
    whole = _minimum(waves, near.flatten(), focal_spread_A)
    tenths = torch.arange(-10, 11, dtype=torch.float64) / 10
    return round(_minimum(waves, whole + tenths, focal_spread_A), 1)


def refer_to_minimum_contrast(waves: SceneWaves) -> SceneWaves:
    """Both waves of a scene, referred to the zero of defocus: the least contrast of the particles in vacuum."""
    added = minimum_contrast_C10_A(waves.particles)
    full = replace(waves.full, focus_offset_A=waves.full.focus_offset_A + added)
    return SceneWaves(full, replace(waves.particles, focus_offset_A=waves.particles.focus_offset_A + added))


def contrast(waves: WaveSpectrum, conditions: ImagingCondition) -> Tensor:
    """Variance of the intensity, float64 (n,), of one wave under conditions (n,).

    Raises UserError when wave and conditions are at different energies.
    """
    parts = [
        form_intensity(waves, conditions[start : start + AT_ONCE])
        for start in range(0, len(conditions.C10_A), AT_ONCE)
    ]
    return torch.cat([part.to(torch.float64).var((-2, -1), correction=0) for part in parts])


def _through_focus(waves: WaveSpectrum, C10_A: Tensor, focal_spread_A: float) -> Tensor:
    return contrast(waves, symmetric_condition(waves.energy_eV, C10_A, focal_spread_A=focal_spread_A)).cpu()


def _minimum(waves: WaveSpectrum, C10_A: Tensor, focal_spread_A: float) -> float:
    return float(C10_A[_through_focus(waves, C10_A, focal_spread_A).argmin()])


def _lowest_valleys(contrasts: Tensor) -> Tensor:
    """Places of the two lowest values that have no lower neighbour; an end that is the lowest of all is left out.

    Raises UserError where such an end lies clearly below all valleys inside, and is no self-image.
    """
    walls = torch.nn.functional.pad(contrasts, (1, 1), value=torch.inf)
    places = torch.nonzero((contrasts <= walls[:-2]) & (contrasts <= walls[2:])).flatten()
    places = places[contrasts[places].argsort()]
    last = len(contrasts) - 1
    if 0 < int(places[0]) < last:
        return places[:2]
    inside = places[(places > 0) & (places < last)]
    varies_by = contrasts.max() - contrasts.min()
    if not len(inside) or contrasts[inside[0]] - contrasts[places[0]] > LOWER * varies_by:
        raise UserError(
            f"the particles have no plane of least contrast within {SEARCH_RANGE_A / 10:g} nm of their exit plane, "
            "from which defocus could be counted; particles have to be thinner, below about 25 nm"
        )
    return inside[:2]
