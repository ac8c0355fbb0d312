"""What a training domain can teach by itself, before any test: three properties, and a mean over a population.

    breadth               1 - ∫ |<T>|² w / ∫ <|T|²> w          in [0, 1]: how much its transfer varies
    bandwidth             (∫ a² w)² / (∫ w ∫ a⁴ w)             in [0, 1]: how evenly the band is passed
    support visibility    ∫ P_p P_s/(P_s + N) / ∫ P_p          in [0, 1]: is there texture to learn to reject?

with w = q S_p, the specimen's own power over the plane. A domain in which the support is out of sight, in
focus or under the noise, teaches nothing about rejecting it; the support stands in a plane of its own (see
`object_spectrum`), so this depends on the sign of the defocus. The fourth, robustness over a population, is
the mean of `detection.expected_dice` over given reference domains: a population fixed beforehand, not the
test domains of a study.
"""

from collections.abc import Sequence

import numpy as np

from passband.information.detection import expected_dice
from passband.information.expected import DomainSpectra


def breadth(domain: DomainSpectra) -> float:
    """Share of the transferred power that varies within the domain, in [0, 1]; 0 for a single condition."""
    w = domain.particle_power * domain.plane
    power = float((domain.transfer.phase_power * w).sum())
    steady = float((np.abs(domain.transfer.mean_transfer) ** 2 * w).sum())
    return float(np.clip(1 - steady / power, 0, 1)) if power > 0 else 0.0


def bandwidth(domain: DomainSpectra) -> float:
    """Share of the specimen's band that is passed evenly, in [0, 1]; 1 where <|T|²> is constant, above 0."""
    w = domain.particle_power * domain.plane
    power = domain.transfer.phase_power
    flat = float(w.sum() * (power**2 * w).sum())
    return min(1.0, float((power * w).sum()) ** 2 / flat) if flat > 0 else 0.0


def support_visibility(domain: DomainSpectra) -> float:
    """How far the support stands above the noise where the particles show, in [0, 1]."""
    shown = domain.particle * domain.plane
    total = float(shown.sum())
    return float((shown * domain.support / domain.outside).sum()) / total if total > 0 else 0.0


def population_robustness(train: DomainSpectra, references: Sequence[DomainSpectra]) -> float:
    """Mean expected Dice in [0, 1] of the filter of train over reference domains. Raises ValueError for none."""
    if not references:
        raise ValueError("robustness over a population needs at least one reference domain")
    return float(np.mean([expected_dice(train, each) for each in references]))
