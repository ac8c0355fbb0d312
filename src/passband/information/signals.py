"""Measures on expected spectra: imaging, structure, dose and detector on one scale.

Where σ and coverage (see `measures`) weigh two transfers with one specimen, these compare what each domain
shows of its own specimen, so a shift of structure counts as one of imaging does. P is the power of the
particles in the image, p the spectrum of whole standardised images, b(q) = ½ log2[1 + P/(P_s + N)] the bits
per Å² and frequency that the image tells of the particles, against the support's texture and the noise.
Integrals are d²q over the band.

    signal overlap    ∫ sqrt(P P') / sqrt(∫ P ∫ P')            in [0, 1], symmetric; σ weighted with S and S'
    signal coverage   ∫ min(a, a') / ∫ a',  a² = P/∫P          in [0, 1], directed
    bits coverage     ∫ min(b, b') / ∫ b'                      in [0, 1], directed
    log distance      sqrt of the mean of [ln(p'/p)]²          0 or more, symmetric
    divergence        mean of ½ [p'/p - 1 - ln(p'/p)]          0 or more, directed, nats per mode
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from passband.information.expected import DomainSpectra

Floats = NDArray[np.float64]


def signal_overlap(train: DomainSpectra, test: DomainSpectra) -> float:
    """Overlap of what the two show of their particles, in [0, 1]; 1 for proportional spectra."""
    a, b = train.particle.mean(0), test.particle.mean(0)
    scale = _total(a, train) * _total(b, train)
    return min(1.0, _total(np.sqrt(a * b), train) / float(np.sqrt(scale))) if scale > 0 else 0.0


def signal_coverage(train: DomainSpectra, test: DomainSpectra) -> float:
    """How much of what test shows of its particles is shown in train as well, in [0, 1]; 0 where nothing is."""
    a, b = (each.particle.mean(0) for each in (train, test))
    own, other = _total(a, train), _total(b, test)
    if not (own > 0 and other > 0):
        return 0.0
    return _covered(np.sqrt(a / own), np.sqrt(b / other), test)


def bits_per_A2(domain: DomainSpectra) -> float:
    """Information of an image on its particles, against support and noise [bits/Å²], 0 or more."""
    return _total(_bits(domain), domain)


def bits_gained_per_A2(train: DomainSpectra, test: DomainSpectra) -> float:
    """Bits per Å² of test less those of train; its sign turns when they are exchanged."""
    return bits_per_A2(test) - bits_per_A2(train)


def bits_coverage(train: DomainSpectra, test: DomainSpectra) -> float:
    """How many of the bits of test lie where train has bits too, in [0, 1]."""
    return _covered(_bits(train), _bits(test), test)


def log_spectrum_distance(train: DomainSpectra, test: DomainSpectra) -> float:
    """Root mean square of the log ratio of the expected spectra of standardised images [nepers], symmetric."""
    ratio = np.log(test.standard_field / train.standard_field)
    return float(np.sqrt(_total(ratio**2, test) / float(test.plane.sum())))


def spectrum_divergence(train: DomainSpectra, test: DomainSpectra) -> float:
    """Relative entropy of whole standardised images [nats per mode], 0 or more; directed (Itakura and Saito)."""
    ratio = test.standard_field / train.standard_field
    return _total(0.5 * (ratio - 1 - np.log(ratio)), test) / float(test.plane.sum())


def noise_share(domain: DomainSpectra) -> float:
    """Share of shot noise in the variance of the image, in [0, 1]."""
    return (_total(domain.noise, domain) + domain.noise_beyond) / float(domain.variance.mean())


def noise_gained(train: DomainSpectra, test: DomainSpectra) -> float:
    """Share of noise in test less that in train, in [-1, 1]; its sign turns when they are exchanged."""
    return noise_share(test) - noise_share(train)


def _bits(domain: DomainSpectra) -> Floats:
    return np.asarray(0.5 * np.log1p(domain.particle / domain.outside).mean(0) / log(2), dtype=np.float64)


def _covered(seen: Floats, shown: Floats, domain: DomainSpectra) -> float:
    total = _total(shown, domain)
    return min(1.0, _total(np.minimum(seen, shown), domain) / total) if total > 0 else 0.0


def _total(values: Floats, domain: DomainSpectra) -> float:
    return float((values * domain.plane).sum())
