"""How new the background of a test domain is to a network, by what the network had to tell apart in training.

One way in which networks err elsewhere is to take the support for particles: they have learned how the background
looks, and what does not look like it is called a particle. (The other way, to find nothing, is not seen here.) So
what counts is how far the background of the test lies from that of training, in units of what the
background of training itself varies by, and of the distance that the particles keep from it. With a =
the amplitudes of rings (see `rings`), their mean μ and covariance C over scenes, conditions and patches of the
training background, and ν, D the same of a texture that is shown,

    n² = [(ν - μ)ᵀ C⁻¹ (ν - μ) + tr C⁻¹ D] / RINGS,

the mean square Mahalanobis distance per ring: 1 for the background of training itself.

    background novelty   n of the test background                 directed, above 0
    particle novelty     n of the test particles                  directed, above 0
    distinctness         n of the training particles              of train, above 0
    relative novelty     background novelty / distinctness        directed, above 0; above about 1 the support
                                                                  is as foreign as the particles were

Beside them stand plain differences of the mean levels on the rings, in nepers (`shift`), and how much the particles
add to the support there (`contrast`). P. C. Mahalanobis, Proc. Natl. Inst. Sci. India 2, 49 (1936).
"""

import numpy as np
from numpy.typing import NDArray

from passband.information.expected import DomainSpectra
from passband.information.rings import Rings

Floats = NDArray[np.float64]


def background_novelty(train: DomainSpectra, test: DomainSpectra) -> float:
    """Rms standard deviations per ring by which the test background leaves that of training; 1 for itself."""
    return _distance(train.outside_rings, test.outside_rings)


def particle_novelty(train: DomainSpectra, test: DomainSpectra) -> float:
    """Rms standard deviations per ring by which the test particles leave the background of training."""
    return _distance(train.outside_rings, test.inside_rings)


def distinctness(train: DomainSpectra) -> float:
    """Rms standard deviations per ring by which the particles of training leave their background."""
    return _distance(train.outside_rings, train.inside_rings)


def relative_novelty(train: DomainSpectra, test: DomainSpectra) -> float:
    """Background novelty over the distinctness of training, above 0."""
    return background_novelty(train, test) / distinctness(train)


def outside_shift(train: DomainSpectra, test: DomainSpectra) -> Floats:
    """Log of the background's power in test over that in train, ring by ring (RINGS,) [nepers]."""
    return test.outside_rings.level - train.outside_rings.level


def inside_shift(train: DomainSpectra, test: DomainSpectra) -> Floats:
    """Log of the power inside particles in test over that in train, ring by ring (RINGS,) [nepers]."""
    return test.inside_rings.level - train.inside_rings.level


def contrast(domain: DomainSpectra) -> Floats:
    """Log of the power inside particles over that outside, ring by ring (RINGS,) [nepers]."""
    return domain.inside_rings.level - domain.outside_rings.level


def outside_distance(train: DomainSpectra, test: DomainSpectra) -> float:
    """Rms over the rings of the background's shift [nepers], symmetric."""
    return float(np.sqrt(np.mean(outside_shift(train, test) ** 2)))


def inside_distance(train: DomainSpectra, test: DomainSpectra) -> float:
    """Rms over the rings of the particles' shift [nepers], symmetric."""
    return float(np.sqrt(np.mean(inside_shift(train, test) ** 2)))


def brightest_ring(train: DomainSpectra, test: DomainSpectra) -> float:
    """Largest rise of the background on a ring [nepers], of any sign; directed."""
    return float(outside_shift(train, test).max())


def contrast_alignment(train: DomainSpectra, test: DomainSpectra) -> float:
    """Cosine in [-1, 1] of the contrasts over the rings: do particles stand out where they did in training?"""
    a, b = contrast(train), contrast(test)
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 0 else 0.0


def _distance(known: Rings, shown: Rings) -> float:
    inverse = np.linalg.inv(known.covariance)
    away = shown.amplitude - known.amplitude
    square = away @ inverse @ away + np.trace(inverse @ shown.covariance)
    return float(np.sqrt(square / len(away)))
