"""What the images of a domain look like on average: power spectra inside and outside the particles.

A domain is a specimen under an imaging distribution. In the contrast of its images, with S and C of the
particles (p) and of everything else (s) in a scene, see `object_spectrum`,

    P_p(q) = MTF² {2 S_p <|t|²> + 2 Re[C_p <t(q) t(-q)>]} / f       inside a particle; f the covered fraction
    P_s(q) = the same of the support, with f = 1
    N(q)   = NTF² <1/dose> / DQE(0)                                 shot noise

so the spectrum is P0 = P_s + N outside and P1 = P0 + P_p inside. Networks see every image brought to
variance 1: V = ∫ (P0 + f P_p) d²q + what noise there is beyond the band, in the corners of the pixels' square of
frequencies, scene by scene; the standardised spectra are p0 = P0/V, p1 = P1/V. All in Å², over the whole band,
spatial frequencies in every direction.

Limits: linear imaging; the support adds to the particle independently. One mean spectrum stands for all
conditions of the distribution, which is exact for narrow ones; a broad one is better split into modes.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from passband.imaging.detector import mtf as mtf_of
from passband.imaging.detector import ntf as ntf_of
from passband.imaging.distribution import ImagingDistribution
from passband.information.band import PolarGrid
from passband.information.object_spectrum import ObjectSpectrum
from passband.information.rings import Rings, joined, rings
from passband.information.specimen import Specimen
from passband.information.wave_moments import WaveMoments, wave_modes, wave_moments

Floats = NDArray[np.float64]

FAINTEST: Final = 1e-3
"""Least noise, over the mean power of the band: fainter texture than -30 dB is taken for unseen."""


UNSEEN: Final = 1e-12
"""Power that is passed, over that of the object, below which it is rounding."""
SQUARE: Final = 64
"""Frequencies along a side of the pixels' square at which noise is summed."""


@dataclass(frozen=True)
class DetectorCurves:
    """MTF in [0, 1] and noise NTF²/DQE(0) at the nodes of a grid, each (n_phi, n_q) or what broadcasts to it.

    noise_per_A2: the integral of the latter over all frequencies that the pixels of the images have [1/Å²].
    """

    mtf: Floats
    noise: Floats
    noise_per_A2: float


def detector_curves(distribution: ImagingDistribution, grid: PolarGrid, pixel_A: float) -> DetectorCurves:
    """The curves of a distribution's detector, an ideal one if it names none, for images with pixels of a size [Å]."""
    detector = distribution.detector
    if detector is None:
        return DetectorCurves(np.ones(()), np.ones(()), 1 / pixel_A**2)
    q, phi = torch.from_numpy(grid.q_per_A)[None, :], torch.from_numpy(grid.phi_rad)[:, None]
    mtf, ntf = (curve(detector, q * phi.sin(), q * phi.cos(), pixel_A).numpy() for curve in (mtf_of, ntf_of))
    side = (torch.arange(SQUARE, dtype=torch.float64) + 0.5) / SQUARE * 0.5 / pixel_A
    square = ntf_of(detector, side[:, None], side[None, :], pixel_A).square().mean().item() / pixel_A**2
    return DetectorCurves(mtf, ntf**2 / detector.DQE0, square / detector.DQE0)


@dataclass(frozen=True, eq=False)
class DomainSpectra:
    """Expected spectra of a domain [Å²]; arrays of scenes are (n_scenes, n_phi, n_q), others (n_phi, n_q).

    particle: P_p; support: P_s; noise: N, above 0; noise_beyond: the variance by noise outside the band;
    particle_power: S_p over the field, mean over scenes;
    modes: the conditions of a broad distribution one by one, with weights that sum to 1; empty if it is taken as
    one.
    """

    specimen: Specimen
    transfer: WaveMoments
    particle: Floats
    support: Floats
    noise: Floats
    noise_beyond: float
    particle_power: Floats
    modes: tuple[tuple[float, "DomainSpectra"], ...] = ()

    @property
    def grid(self) -> PolarGrid:
        """The nodes of integrals."""
        return self.transfer.grid

    @cached_property
    def plane(self) -> Floats:
        """Weights of an integral d²q over the band [1/Å²], (n_phi, n_q)."""
        return 2 * np.pi * self.grid.q_per_A * self.grid.element()

    @cached_property
    def covered_fraction(self) -> Floats:
        """Area of the particles over that of the field, (n_scenes,)."""
        return np.array([scene.covered_fraction for scene in self.specimen.scenes])

    @cached_property
    def outside(self) -> Floats:
        """P0 beside the particles, above 0, by scene."""
        return self.support + self.noise

    @cached_property
    def variance(self) -> Floats:
        """V, the variance of the contrast over whole images, (n_scenes,)."""
        whole = self.outside + self.covered_fraction[:, None, None] * self.particle
        return np.asarray((whole * self.plane).sum(axis=(1, 2)) + self.noise_beyond, dtype=np.float64)

    @cached_property
    def standard_outside(self) -> Floats:
        """p0: of standardised images, beside the particles, by scene."""
        return self.outside / self.variance[:, None, None]

    @cached_property
    def standard_inside(self) -> Floats:
        """p1: of standardised images, inside the particles, by scene."""
        return (self.outside + self.particle) / self.variance[:, None, None]

    @cached_property
    def standard_field(self) -> Floats:
        """The spectrum of whole standardised images, mean over scenes; it integrates to 1 less what lies outside
        the band."""
        f = self.covered_fraction[:, None, None]
        return np.asarray(
            ((1 - f) * self.standard_outside + f * self.standard_inside).mean(0), dtype=np.float64
        )

    @cached_property
    def outside_rings(self) -> Rings:
        """The background on rings, scene by scene, and condition by condition where there are modes."""
        if self.modes:
            return joined([(weight, mode.outside_rings) for weight, mode in self.modes])
        return rings(self.standard_outside, self.plane, self.grid.q_per_A, self.specimen.patch_A)

    @cached_property
    def inside_rings(self) -> Rings:
        """What lies inside the particles, likewise."""
        if self.modes:
            return joined([(weight, mode.inside_rings) for weight, mode in self.modes])
        return rings(self.standard_inside, self.plane, self.grid.q_per_A, self.specimen.patch_A)


def imaged_domain(
    specimen: Specimen,
    distribution: ImagingDistribution,
    grid: PolarGrid,
    pixel_A: float = 0.4,
    modes: int = 1,
    seen_A: float | None = None,
) -> DomainSpectra:
    """A specimen under an imaging distribution, its detector included, in images with pixels of a size [Å].

    modes: more than one for a distribution that is too broad for one spectrum. seen_A: networks know pixels, not
    lengths: images of any magnification are seen as if their pixels had this size, and the grid is of these
    frequencies and lengths; None: the true ones.
    """
    magnified = 1.0 if seen_A is None else seen_A / pixel_A
    true_grid = PolarGrid(grid.q_per_A * magnified, grid.dq_per_A * magnified, grid.phi_rad)
    detector = detector_curves(distribution, true_grid, pixel_A)

    def spectra(transfer: WaveMoments) -> DomainSpectra:
        return _magnified(domain_spectra(specimen, transfer, detector), grid, magnified)

    whole = spectra(wave_moments(distribution, true_grid))
    if modes == 1:
        return whole
    parts = [(weight, spectra(transfer)) for weight, transfer in wave_modes(distribution, true_grid, modes)]
    return replace(whole, modes=tuple(parts))


def _magnified(domain: DomainSpectra, grid: PolarGrid, factor: float) -> DomainSpectra:
    """The same images with all lengths multiplied by a factor: densities over the plane keep their integrals."""
    transfer = domain.transfer
    return replace(
        domain,
        specimen=replace(domain.specimen, particle_diameter_A=domain.specimen.particle_diameter_A * factor),
        transfer=replace(
            transfer,
            grid=grid,
            delocalisation_A=transfer.delocalisation_A * factor,
            inverse_dose_A2=transfer.inverse_dose_A2 * factor**2,
        ),
        particle=domain.particle * factor**2,
        support=domain.support * factor**2,
        noise=domain.noise * factor**2,
        particle_power=domain.particle_power * factor**2,
    )


def domain_spectra(specimen: Specimen, transfer: WaveMoments, detector: DetectorCurves) -> DomainSpectra:
    """The expected spectra of a specimen under the imaging distribution whose moments are given, by a detector.

    Raises ValueError for no scenes or a covered fraction outside (0, 1).
    """
    scenes = specimen.scenes
    if not scenes or not all(0 < scene.covered_fraction < 1 for scene in scenes):
        raise ValueError("a specimen has at least one scene, and particles cover a part of each")
    shape = transfer.grid.shape
    support = [image_power(scene.support, transfer) if scene.support else np.zeros(shape) for scene in scenes]
    passed = np.stack([image_power(scene.particle, transfer) for scene in scenes]) * detector.mtf**2
    texture = np.stack(support) * detector.mtf**2
    noise = np.broadcast_to(detector.noise * transfer.inverse_dose_A2, shape)
    within = float((noise * 2 * np.pi * transfer.grid.q_per_A * transfer.grid.element()).sum())
    faintest = FAINTEST * _mean_over_plane((texture + passed).mean(0), transfer.grid)
    return DomainSpectra(
        specimen,
        transfer,
        passed / np.array([scene.covered_fraction for scene in scenes])[:, None, None],
        texture,
        np.maximum(noise, faintest if faintest > 0 else 1.0),
        max(detector.noise_per_A2 * transfer.inverse_dose_A2 - within, 0.0),
        np.mean([scene.particle.on(transfer.grid)[0] for scene in scenes], axis=0),
    )


def image_power(spectrum: ObjectSpectrum, transfer: WaveMoments) -> Floats:
    """Expected power of the contrast in linear imaging [Å²], (n_phi, n_q): 4 S <|T|²> for a weak phase object."""
    power, pseudo = spectrum.on(transfer.grid)
    passed = 2 * power * transfer.mean_square + 2 * (pseudo * transfer.mean_pair).real
    return np.where(passed > UNSEEN * power, passed, 0.0)


def _mean_over_plane(values: Floats, grid: PolarGrid) -> float:
    plane = grid.q_per_A * grid.element()
    return float((values * plane).sum() / plane.sum())
