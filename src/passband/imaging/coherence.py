"""Partial coherence without the envelopes: intensities averaged over focus and over tilts of the illumination.

    I(r) = ∫ dz N(z; 0, σ_f²) ∫ d²k N(k; 0, β²/2λ²) |F⁻¹[ψ(q) exp(-iχ(q + k; C10 + z))]|²

by Gauss-Hermite nodes. This holds for strong objects too, where the envelopes of ``envelopes`` damp the wave as
if each part of it interfered with the unscattered beam only; for weak objects and small angles both agree. What a
tilt does inside a thick specimen is left out: the exit wave of a tilted beam is taken to be the tilted exit wave.
K. Ishizuka, Ultramicroscopy 5 (1980) 55.
"""

from dataclasses import replace
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.electron import wavelength_A
from passband.imaging.condition import ImagingCondition
from passband.imaging.image import (
    WaveSpectrum,
    centred_axes,
    check_energy,
    image_of_spectrum,
    intensity_spectrum,
    spectrum,
)
from passband.imaging.transfer import wave_transfer
from passband.wave import ExitWave


def intensity_explicit(
    wave: ExitWave, condition: ImagingCondition, focus_nodes: int = 9, tilt_nodes: int = 5
) -> Tensor:
    """Images float32 (*batch_shape, ny, nx) as ``image.intensity``, by explicit averaging over focus and tilt.

    Each costs focus_nodes x tilt_nodes² images (no tilts where the convergence is 0). The nodes have to resolve
    π λ σ_f q², which 9 do up to 2 rad. Raises UserError when wave and condition differ in energy.
    """
    waves = spectrum(wave)
    check_energy(waves, condition)
    focused = condition.to(waves.values.device).refocused(waves.focus_offset_A)
    flat = focused.flattened()
    spectra = [_mean_spectrum(waves, flat[i], focus_nodes, tilt_nodes) for i in range(len(flat.C10_A))]
    images = image_of_spectrum(torch.stack(spectra), waves.grid.shape)
    return images.reshape(*focused.batch_shape, *waves.grid.shape)


def _mean_spectrum(
    waves: WaveSpectrum, condition: ImagingCondition, focus_nodes: int, tilt_nodes: int
) -> Tensor:
    """Half spectrum of the image at one condition."""
    foci, focus_weights = _normal_rule(focus_nodes, float(condition.focal_spread_A))
    deviation = float(condition.convergence_rad) / sqrt(2) / wavelength_A(condition.energy_eV)
    tilts, tilt_weights = _normal_rule(tilt_nodes, deviation)
    none = torch.zeros_like(condition.focal_spread_A)
    steady = replace(condition, focal_spread_A=none, convergence_rad=none)
    through_focus = steady.refocused(torch.from_numpy(foci).to(none.device))
    weights = torch.from_numpy(focus_weights).to(none.device, torch.float32)[:, None, None]
    qy, qx = centred_axes(waves)
    total = torch.zeros((), device=none.device)
    for ky, weight_y in zip(tilts, tilt_weights, strict=True):
        for kx, weight_x in zip(tilts, tilt_weights, strict=True):
            one = intensity_spectrum(waves.values[None], wave_transfer(through_focus, qy + ky, qx + kx))
            total = total + float(weight_y * weight_x) * (weights * one).sum(0)
    return total


def _normal_rule(nodes: int, deviation: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Hermite nodes and weights of a normal distribution around 0; one node if it has no width."""
    if deviation == 0:
        return np.zeros(1), np.ones(1)
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return deviation * points, weights / weights.sum()
