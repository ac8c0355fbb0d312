"""Textures on rings of spatial frequency: levels, and how much they vary, inside and outside the particles.

A network looks at a patch, in which the energy of a ring is a random number. Its mean over the ring is the mean
standardised spectrum; it varies from scene to scene, over the conditions of a domain, and within an image because
a patch of area A holds few independent waves: for a Gaussian field the relative variance is 2 ∫p² d²q / [A (∫p d²q)²],
since q and -q are one wave.
The *amplitude* of a ring is the square root of its mean power, which is what rectified filters pass on.
"""

from dataclasses import dataclass
from math import pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RINGS: Final = 6
"""Rings from the lowest frequency of texture to the end of the band."""


@dataclass(frozen=True, eq=False)
class Rings:
    """Mean power [Å²] of a texture on rings in n cases (scenes times conditions), (n, RINGS).

    variation: (n, RINGS) relative variance of the energy of one patch; weights: (n,) of the cases, which sum to 1.
    """

    power: Floats
    variation: Floats
    weights: Floats

    @property
    def level(self) -> Floats:
        """Logarithm of the mean power, (RINGS,) [nepers]."""
        return np.asarray(np.log(self.weights @ self.power), dtype=np.float64)

    @property
    def amplitude(self) -> Floats:
        """Mean amplitude [Å], (RINGS,)."""
        return np.asarray(self.weights @ np.sqrt(self.power), dtype=np.float64)

    @property
    def covariance(self) -> Floats:
        """Covariance of the amplitudes of patches [Å²], (RINGS, RINGS): between cases, and within images."""
        amplitudes = np.sqrt(self.power)
        away = amplitudes - self.amplitude
        within = self.weights @ (self.power * self.variation / 4)
        return np.asarray(away.T @ (away * self.weights[:, None]) + np.diag(within), dtype=np.float64)


def rings(spectra: Floats, plane: Floats, q_per_A: Floats, patch_A: float) -> Rings:
    """Rings of spectra (n, n_phi, n_q) [Å²] with weights of the plane (n_phi, n_q) [1/Å²]; cases weigh the same.

    patch_A: diameter of the patch [Å]; texture is q > 1/patch. A ring fades linearly into its neighbours, so that no
    integral depends on where the nodes of the grid fall.
    """
    knots = np.linspace(1 / patch_A, q_per_A[-1], RINGS + 2)
    inside = np.maximum(0, 1 - np.abs(q_per_A - knots[1:-1, None]) / (knots[1] - knots[0]))
    area = np.einsum("pq,kq->k", plane, inside)
    energy = np.einsum("npq,pq,kq->nk", spectra, plane, inside, optimize=True)
    squares = np.einsum("npq,pq,kq->nk", spectra**2, plane, inside**2, optimize=True)
    return Rings(
        power=energy / area,
        variation=2 * squares / energy**2 / (pi / 4 * patch_A**2),
        weights=np.full(len(spectra), 1 / len(spectra)),
    )


def joined(parts: list[tuple[float, Rings]]) -> Rings:
    """The cases of several conditions, with the weights of these."""
    return Rings(
        np.concatenate([each.power for _, each in parts]),
        np.concatenate([each.variation for _, each in parts]),
        np.concatenate([weight * each.weights for weight, each in parts]),
    )
