"""A specimen whose spectra are known, and domains of it: rings of a crystal on a texture some nm below."""

import numpy as np

from passband.imaging.distribution import ImagingDistribution, normal
from passband.information.band import Band
from passband.information.expected import DomainSpectra, imaged_domain
from passband.information.object_spectrum import weak_phase
from passband.information.specimen import SceneSpectra, Specimen
from passband.information.spectra import RadialSpectrum
from passband.information.wave_moments import shared_grid

ENERGY_eV = 300e3
Q = np.linspace(0, 1.4, 281)


def ring(at_per_A: float, height_A2: float, width_per_A: float = 0.02) -> np.ndarray:
    return height_A2 * np.exp(-(((Q - at_per_A) / width_per_A) ** 2))


PARTICLE_A2 = ring(0, 0.05, 0.1) + ring(0.28, 0.015) + ring(0.45, 0.01)
SUPPORT_A2 = ring(0.3, 0.01, 0.3)


def specimen(shift_per_A: float = 0.0, depth_A: tuple[float, float] = (20.0, 70.0)) -> Specimen:
    """One scene, with its crystal's rings moved outwards."""
    power = np.interp(Q - shift_per_A, Q, PARTICLE_A2)
    scene = SceneSpectra(
        weak_phase(RadialSpectrum(Q, power), ENERGY_eV),
        weak_phase(RadialSpectrum(Q, SUPPORT_A2), ENERGY_eV, depth_A),
        covered_fraction=0.2,
    )
    return Specimen((scene,), particle_diameter_A=40.0)


def imaging(defocus_nm: float, std_nm: float = 1.5, dose: float = 400.0) -> ImagingDistribution:
    return ImagingDistribution(defocus_nm=normal(defocus_nm, std_nm), dose_e_per_A2=dose)


def domain(
    distribution: ImagingDistribution, of: Specimen | None = None, modes: int = 1, n_q: int = 192
) -> DomainSpectra:
    grid = shared_grid([distribution], Band(), intervals=n_q)
    return imaged_domain(of or specimen(), distribution, grid, modes=modes)
