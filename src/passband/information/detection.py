"""What a segmenter of texture can know, and what is left of it elsewhere.

Inside and outside a particle a standardised image is taken for a Gaussian random field with the spectra p1
and p0 (see `expected`). By Neyman and Pearson the best that can be done with a patch of area A is to
threshold its log likelihood ratio (Whittle's form; both are per area, ∫ over texture, q > 1/patch):

    λ = ½ ∫ [|z(q)|²/A · w(q) - ln(p1/p0)] d²q,        w = 1/p0 - 1/p1.

So w is the *filter* that training in a domain amounts to, ½ ∫ ln(p1/p0) its offset and ln[(1-f)/f]/A its
threshold, from spectra averaged over the scenes of training. It is then applied to a scene of the test domain
with the spectra p0', p1'. There λ has, for k = 0, 1,

    mean m_k = ½ ∫ [p_k' w - ln(p1/p0)] d²q,           variance v_k = ∫ p_k'² w² d²q / (2A),

and with normal tails the area under the ROC curve, the rates of both errors and the expected Dice of the
scene follow; they are averaged over scenes. All are directed: the filter is of one domain, the spectra are of
the other. Where a domain is split into modes, training has learned the filter of every mode, and uses in a
test image that of the mode whose images look most alike (least relative entropy of the standardised spectra).

References: P. Whittle, Ark. Mat. 2, 423 (1953); H. L. Van Trees, Detection, Estimation, and Modulation Theory,
part I (1968), secs. 2.2 and 2.7.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from passband.information.expected import DomainSpectra
from passband.information.signals import spectrum_divergence

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TextureFilter:
    """What training in a domain amounts to: weight w [1/Å²] (n_phi, n_q), offset and threshold [1/Å²]."""

    weight: Floats
    offset: float
    threshold: float


@dataclass(frozen=True)
class Response:
    """Means [1/Å²] and standard deviations [1/Å²] of λ inside and outside particles, by scene (n_scenes,)."""

    mean_outside: Floats
    mean_inside: Floats
    deviation_outside: Floats
    deviation_inside: Floats


def patch_area_A2(domain: DomainSpectra) -> float:
    """Area of the patch that decides on a pixel [Å²]."""
    return pi / 4 * domain.specimen.patch_A**2


def learned_filter(train: DomainSpectra) -> TextureFilter:
    """The likelihood ratio of a training domain, taken as one mode."""
    outside, inside = train.standard_outside.mean(0), train.standard_inside.mean(0)
    fraction = float(train.covered_fraction.mean())
    return TextureFilter(
        weight=1 / outside - 1 / inside,
        offset=0.5 * float(_integral(np.log(inside / outside), train)),
        threshold=log((1 - fraction) / fraction) / patch_area_A2(train),
    )


def response(learned: TextureFilter, test: DomainSpectra) -> Response:
    """How a filter answers in the scenes of a test domain, taken as one mode."""
    outside, inside = test.standard_outside, test.standard_inside
    area_A2 = patch_area_A2(test)
    return Response(
        mean_outside=0.5 * _integral(outside * learned.weight, test) - learned.offset,
        mean_inside=0.5 * _integral(inside * learned.weight, test) - learned.offset,
        deviation_outside=np.sqrt(_integral((outside * learned.weight) ** 2, test) / (2 * area_A2)),
        deviation_inside=np.sqrt(_integral((inside * learned.weight) ** 2, test) / (2 * area_A2)),
    )


def separability_nats_per_A2(domain: DomainSpectra) -> float:
    """Bhattacharyya's distance of particle and support texture per area, 0 or more; a domain by itself.

    d = ½ ∫ ln[(p0 + p1) / (2 sqrt(p0 p1))] d²q, mean over scenes. With equal priors the best segmenter of patches
    of area A errs at least in exp(-2 A d)/4 and at most in exp(-A d)/2 of them (T. Kailath, IEEE Trans. Commun.
    Technol. 15, 52 (1967)).
    """
    outside, inside = domain.standard_outside, domain.standard_inside
    ratio = np.log((outside + inside) / 2) - 0.5 * (np.log(outside) + np.log(inside))
    return float(0.5 * _integral(ratio, domain).mean())


def detectability(train: DomainSpectra, test: DomainSpectra) -> float:
    """d' of particle against support with the filter of train on test: mean of (m1 - m0) / sqrt((v0 + v1)/2)."""
    return _over_modes(train, test, lambda found, *_: float(np.mean(np.sqrt(2) * _distance(found))))


def area_under_roc(train: DomainSpectra, test: DomainSpectra) -> float:
    """Share of (inside, outside) patches of a test image that the filter of train puts in order, in [0, 1]."""
    return _over_modes(train, test, lambda found, *_: float(np.mean(ndtr(_distance(found)))))


def expected_dice(train: DomainSpectra, test: DomainSpectra) -> float:
    """Dice in [0, 1] of patches of test labelled with filter and threshold of train: 2 TP/(2 TP + FP + FN)."""
    return _over_modes(train, test, _dice)


def texture_mismatch(train: DomainSpectra, test: DomainSpectra) -> float:
    """Nats per Å² by which the two mean textures of test surprise a model of those of train, 0 or more.

    The mean over the field of the relative entropy, ½ ∫ [p'/p - 1 - ln(p'/p)] d²q, of each texture: 0 for equal
    ones only, and directed: what is strong in test and weak in train costs most. Of the modes of train the one
    counts that is surprised least.
    """
    known = [mode for _, mode in train.modes] or [train]
    return sum(
        weight * min(_surprise(mode, shown) for mode in known)
        for weight, shown in test.modes or ((1.0, test),)
    )


def polarity(train: DomainSpectra, test: DomainSpectra) -> float:
    """Cosine in [-1, 1] of the mean transfers, weighted by what stands out in train: -1 if contrast is reversed.

    ∫ Re<T><T'>* g d²q / sqrt(∫ |<T>|² g d²q ∫ |<T'>|² g d²q), g = S_p/P0 of train: the response in test of the
    linear matched filter of train, over its largest possible. 0 where one transfers nothing on average.
    """
    a, b = train.transfer.mean_transfer, test.transfer.mean_transfer
    g = train.particle_power / train.outside.mean(0) * train.plane
    both, own, other = (float(((x * y.conj()).real * g).sum()) for x, y in ((a, b), (a, a), (b, b)))
    scale = float(np.sqrt(own * other))
    return float(np.clip(both / scale, -1, 1)) if scale > 0 else 0.0


def _surprise(train: DomainSpectra, test: DomainSpectra) -> float:
    fraction = float(test.covered_fraction.mean())
    parts = (
        (1 - fraction, test.standard_outside.mean(0) / train.standard_outside.mean(0)),
        (fraction, test.standard_inside.mean(0) / train.standard_inside.mean(0)),
    )
    return sum(share * float(0.5 * _integral(ratio - 1 - np.log(ratio), test)) for share, ratio in parts)


def _dice(found: Response, learned: TextureFilter, test: DomainSpectra) -> float:
    hit = ndtr(_over(found.mean_inside - learned.threshold, found.deviation_inside))
    false = ndtr(_over(found.mean_outside - learned.threshold, found.deviation_outside))
    covered = test.covered_fraction
    return float(np.mean(2 * covered * hit / (covered * hit + (1 - covered) * false + covered)))


def _over_modes(
    train: DomainSpectra,
    test: DomainSpectra,
    kind: Callable[[Response, TextureFilter, DomainSpectra], float],
) -> float:
    """Mean over the modes of test, each met with the filter of the mode of train that looks most like it."""
    total = 0.0
    for weight, shown in test.modes or ((1.0, test),):
        known = min(
            (mode for _, mode in train.modes),
            key=lambda mode: spectrum_divergence(mode, shown),
            default=train,
        )
        learned = learned_filter(known)
        total += weight * kind(response(learned, shown), learned, shown)
    return total


def _distance(found: Response) -> Floats:
    """(m1 - m0) / sqrt(v0 + v1) by scene."""
    spread = np.hypot(found.deviation_outside, found.deviation_inside)
    return _over(found.mean_inside - found.mean_outside, spread)


def _integral(values: Floats, domain: DomainSpectra) -> Floats:
    """∫ d²q over the frequencies of texture, of the last two axes."""
    texture = domain.plane * (domain.grid.q_per_A > 1 / domain.specimen.patch_A)
    return np.asarray((values * texture).sum(axis=(-2, -1)), dtype=np.float64)


def _over(part: Floats, spread: Floats) -> Floats:
    """part / spread; where nothing varies, a difference is certain and none at all says nothing."""
    certain = np.sign(part) * 1e6
    return np.asarray(np.divide(part, spread, out=certain, where=spread > 0), dtype=np.float64)
