"""The spectrum of an object beyond the weak-phase limit, with the plane that it stands in.

In linear imaging the contrast spectrum of an exit wave ψ with mean ψ0 is

    I(q) = t(q) u(q) + t*(-q) u*(-q),        u = F[ψ] ψ0*,

with t the transfer of the wave, so the power of the image needs two second moments of the object, not one:

    S(q) = <|u(q)|²> / area        its power [Å²],
    C(q) = <u(q) u(-q)> / area     its pseudo-power [Å²], complex, |C| <= S,

    P(q) = 2 S <|t|²> + 2 Re[C <t(q) t(-q)>].

A weak phase object at the plane of zero defocus has C = -S, and P = 4 S <|T|²>. An object with amplitude
(strong, thick, absorbing) has C above -S. A weak phase object at the depth d downstream has C = -S
exp(2πi λ d q²), which is C10 shifted by -d: it is in focus at an overfocus of d. So C says in which plane a
support stands, and how its thickness blurs that. Where the atoms move, u is its mean over the configurations,
as the image is. What is left out is the part of the image that is quadratic in the scattered wave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from passband.electron import wavelength_A
from passband.information.band import PolarGrid
from passband.information.spectra import RadialSpectrum
from passband.wave import ExitWave, SceneWaves

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class ObjectSpectrum:
    """Power and pseudo-power of an object on rings and sectors.

    q_per_A: (n,) increasing frequencies [1/Å]; power_A2: float64 (n_sectors, n), 0 or more; pseudo_A2:
    complex128 (n_sectors, n), of modulus at most the power. Sector k is centred on the azimuth (k + ½) π /
    n_sectors; the half plane repeats.
    """

    q_per_A: Floats
    power_A2: Floats
    pseudo_A2: Complexes

    def on(self, grid: PolarGrid) -> tuple[Floats, Complexes]:
        """S and C at the nodes of a grid, (n_phi, n_q): linear in q, of the nearest sector; 0 beyond the end.

        On a grid with a single azimuth the sectors are averaged.
        """
        n = len(self.power_A2)
        nearest = np.floor(grid.phi_rad / np.pi * n).astype(int) % n
        chosen = [slice(None)] if len(grid.phi_rad) == 1 else [slice(k, k + 1) for k in nearest]
        rows = [(self.power_A2[one].mean(0), self.pseudo_A2[one].mean(0)) for one in chosen]
        power, pseudo = (
            np.stack([np.interp(grid.q_per_A, self.q_per_A, row[k], right=0) for row in rows]) for k in (0, 1)
        )
        return np.asarray(power, dtype=np.float64), np.asarray(pseudo, dtype=np.complex128)


def weak_phase(
    spectrum: RadialSpectrum, energy_eV: float, depth_A: tuple[float, float] = (0.0, 0.0)
) -> ObjectSpectrum:
    """A weak phase object spread evenly between two depths [Å] below the plane of zero defocus."""
    near, far = depth_A
    turn = wavelength_A(energy_eV) * spectrum.q_per_A**2
    plane = np.exp(1j * np.pi * (near + far) * turn) * np.sinc((far - near) * turn)
    return ObjectSpectrum(spectrum.q_per_A, spectrum.power_A2[None], -(spectrum.power_A2 * plane)[None])


def particle_spectrum(waves: Sequence[ExitWave], sectors: int = 1) -> ObjectSpectrum:
    """S and C of the particles-only waves of some scenes, all on one grid: mean over scenes.

    sectors: 1 averages over azimuth; more keep the spots of single scenes. Raises ValueError for no waves or
    several grids.
    """
    return _on_rings(waves, [_scattered(wave) for wave in waves], sectors)


def scene_spectra(scenes: Sequence[SceneWaves], sectors: int = 1) -> tuple[ObjectSpectrum, ObjectSpectrum]:
    """S and C of the particles as they stand in their scenes, and of everything else in these, at one plane.

    The support turns and weakens the beam as a whole, by s = ψ0/ψp0 of the means of the full wave and of that of the
    particles, and with the beam what the particles scatter: in the image of the scene they are |s|² F[ψp] ψp0*. The
    support is the rest of the full wave, with what the particles scatter again of the support's wave. Raises ValueError
    as above.
    """
    full = [_scattered(scene.full) for scene in scenes]
    particles = [
        _scattered(scene.particles) * (_mean(scene.full) / _mean(scene.particles)).abs().square()
        for scene in scenes
    ]
    rest = [whole - part for whole, part in zip(full, particles, strict=True)]
    waves = [scene.full for scene in scenes]
    return _on_rings(waves, particles, sectors), _on_rings(waves, rest, sectors)


def _scattered(wave: ExitWave) -> torch.Tensor:
    """u (n_configurations, ny, nx) of a wave, in FFT order."""
    return _at_zero_defocus(wave) * _mean(wave).conj()


def _mean(wave: ExitWave) -> torch.Tensor:
    return wave.field.detach().to("cpu", torch.complex128).mean(dim=(-2, -1), keepdim=True)


def _at_zero_defocus(wave: ExitWave) -> torch.Tensor:
    """F[ψ] per pixel count, brought to the scene's plane of zero defocus."""
    qy, qx = wave.grid.frequencies_per_A()
    phase = np.pi * wavelength_A(wave.energy_eV) * wave.focus_offset_A * (qy**2 + qx**2)
    spectrum = torch.fft.fft2(wave.field.detach().to("cpu", torch.complex128), norm="forward")
    centred: torch.Tensor = spectrum * torch.from_numpy(np.exp(-1j * phase))
    return centred


def _on_rings(waves: Sequence[ExitWave], spectra: list[torch.Tensor], sectors: int) -> ObjectSpectrum:
    if not waves or any(wave.grid != waves[0].grid for wave in waves):
        raise ValueError("an object's spectrum needs at least one wave, and all of them on one grid")
    grid = waves[0].grid
    area_A2 = grid.extent_A[0] * grid.extent_A[1]
    spectra = [u.mean(0) for u in spectra]  # an image is the mean of those of its configurations
    opposite = [torch.roll(u.flip(-2, -1), (1, 1), (-2, -1)) for u in spectra]
    power = np.mean([(u.abs() ** 2).numpy() for u in spectra], axis=0) * area_A2
    pseudo = np.mean([(u * v).numpy() for u, v in zip(spectra, opposite, strict=True)], axis=0) * area_A2
    qy, qx = grid.frequencies_per_A()
    q, phi = np.hypot(qy, qx), np.arctan2(qy + 0 * qx, qx + 0 * qy) % np.pi
    ring = np.rint(q * min(grid.extent_A)).astype(np.int64)
    inside = (ring > 0) & (q <= grid.nyquist_per_A)
    sector = np.minimum((phi / np.pi * sectors).astype(np.int64), sectors - 1)
    rings = int(ring[inside].max())
    place = sector[inside] * rings + ring[inside] - 1
    count = np.bincount(place, minlength=sectors * rings)
    return ObjectSpectrum(
        q_per_A=np.bincount(ring[inside], q[inside])[1:] / np.bincount(ring[inside])[1:],
        power_A2=_sector_means(power[inside], place, count, rings).real,
        pseudo_A2=_sector_means(pseudo[inside], place, count, rings),
    )


def _sector_means(
    values: NDArray[np.complex128], place: NDArray[np.int64], count: NDArray[np.int64], rings: int
) -> Complexes:
    """Means over sectors of rings (n_sectors, rings); an empty sector takes the mean of its ring."""
    sums = np.bincount(place, values.real, len(count)) + 1j * np.bincount(place, values.imag, len(count))
    sums, number = sums.reshape(-1, rings), count.reshape(-1, rings)
    whole = sums.sum(0) / number.sum(0)
    return np.where(number > 0, sums / np.maximum(number, 1), whole)
