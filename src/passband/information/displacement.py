"""Where detail lands: the delocalisation of a domain against that of another.

The lens moves detail of frequency q by ∇χ/2π. Of a phase object, q and -q move in opposite directions, so an
image shows two copies, at +δ and -δ: only the length δ = |∇χ|/2π = |λ C10 q + C30 λ³ q³| can be told. A
segmenter learns where the edge of a particle is from where its fringes end, so what counts is the difference
of lengths. With F the distribution of δ(q) over a domain, and w the power that both show (of the particles,
d²q weighted),

    mismatch   = <∫ |F⁻¹ - F'⁻¹| dp>_w         Wasserstein's distance [Å], symmetric
    uncovered  = <mean over test of the distance of δ' from the range of δ in train>_w'   [Å], directed
    growth     = <mean δ' - mean δ>_w          [Å], antisymmetric: does the test blur the edges more?

The range leaves out the lowest and the highest level of probability (`wave_moments.LEVELS`). The first is
zero for equal distributions; the second also where train is broader than test. A disc of diameter d
that is displaced by s overlaps itself by the share (2/π) [arccos x - x sqrt(1 - x²)], x = s/d, which is the
Dice that is left: displacement saturates at the size of the particles.

With astigmatism δ depends on the azimuth, and so do the means; that its direction turns away from q is not
seen. Delocalisation: W. M. J. Coene, A. J. E. M. Jansen, Scanning Microsc. Suppl. 6 (1992) 379.
"""

import numpy as np
from numpy.typing import NDArray

from passband.information.expected import DomainSpectra

Floats = NDArray[np.float64]


def mismatch_A(train: DomainSpectra, test: DomainSpectra) -> float:
    """Mean distance of the two distributions of delocalisation [Å], 0 or more, symmetric."""
    return _mean(np.abs(_delta(train) - _delta(test)).mean(0), _shown(train) + _shown(test))


def growth_A(train: DomainSpectra, test: DomainSpectra) -> float:
    """By how much detail lands farther off in test than in train [Å]; its sign turns when they are exchanged."""
    return _mean((_delta(test) - _delta(train)).mean(0), _shown(train) + _shown(test))


def uncovered_A(train: DomainSpectra, test: DomainSpectra) -> float:
    """How far the delocalisation of test lies outside the range of train [Å], 0 or more, directed."""
    known, shown = _delta(train), _delta(test)
    beyond = np.maximum(shown - known[-2], 0) + np.maximum(known[1] - shown, 0)
    return _mean(beyond.mean(0), _shown(test))


def displaced_dice(train: DomainSpectra, test: DomainSpectra) -> float:
    """Dice in [0, 1] of a disc of the test's particle diameter with itself, displaced by the mismatch."""
    return disc_overlap(mismatch_A(train, test), test.specimen.particle_diameter_A)


def disc_overlap(displacement_A: float, diameter_A: float) -> float:
    """Share of a disc that it has in common with itself displaced; 1 at rest, 0 from the diameter on."""
    x = min(abs(displacement_A) / diameter_A, 1.0)
    return float(2 / np.pi * (np.arccos(x) - x * np.sqrt(1 - x**2)))


def _delta(domain: DomainSpectra) -> Floats:
    return domain.transfer.delocalisation_A


def _shown(domain: DomainSpectra) -> Floats:
    """Share of the particles' power in the image at every node, (n_phi, n_q); sums to 1, or 0 where none is shown."""
    power = domain.particle.mean(0) * domain.plane
    total = power.sum()
    return np.asarray(power / total if total > 0 else power, dtype=np.float64)


def _mean(values: Floats, weights: Floats) -> float:
    total = weights.sum()
    return float((values * weights).sum() / total) if total > 0 else 0.0
