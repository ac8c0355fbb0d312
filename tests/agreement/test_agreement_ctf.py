"""abTEM as the independent code for the transfer of the wave, all fourteen aberrations with their azimuths.

Its conventions against ours: the same Krivanek coefficients and azimuths, the same exp(-iχ); its ``focal_spread`` is
a 1/e half width, √2 of our standard deviation; its ``angular_spread`` is our 1/e half width, in mrad.
"""

from math import pi, sqrt

import abtem
import numpy as np
import pytest
import torch
from abtem.transfer import CTF

from passband.electron import wavelength_A
from passband.imaging.aberrations import ABERRATIONS, Aberration
from passband.imaging.condition import ImagingCondition
from passband.imaging.transfer import wave_transfer

ANGLES = np.linspace(-pi, pi, 25)[:, None]
LENGTHS = np.linspace(0.0, 1.25, 26)[None]


def abtem_transfer(condition: ImagingCondition) -> np.ndarray:
    coefficients = {a.symbol: float(condition.coefficients_A[i]) for i, a in enumerate(ABERRATIONS)}
    azimuths = {
        f"phi{a.symbol[1:]}": float(condition.azimuths_rad[i])
        for i, a in enumerate(ABERRATIONS)
        if a.symmetry > 0
    }
    with abtem.config.set({"precision": "float64"}):
        ctf = CTF(
            energy=condition.energy_eV,
            semiangle_cutoff=np.inf,
            aberration_coefficients=coefficients | azimuths,
            focal_spread=sqrt(2) * float(condition.focal_spread_A),
            angular_spread=1e3 * float(condition.convergence_rad),
        )
        alpha = wavelength_A(condition.energy_eV) * LENGTHS + 0 * ANGLES
        return np.asarray(ctf._evaluate_from_angular_grid(alpha, ANGLES + 0 * LENGTHS))


def random_conditions(energy_eV: float, n: int, seed: int) -> ImagingCondition:
    """n sets of all fourteen aberrations with both envelopes.

    Up to 20 rad of phase from each aberration at 1.25 1/Å: 2π/λ C α^(n+1)/(n+1) = 20.
    """
    numbers = np.random.default_rng(seed)
    wavelength = wavelength_A(energy_eV)
    largest = [
        20 * wavelength / (2 * pi) * (a.order + 1) / (1.25 * wavelength) ** (a.order + 1) for a in ABERRATIONS
    ]
    return ImagingCondition(
        energy_eV,
        torch.from_numpy(numbers.uniform(-1, 1, (n, 14)) * largest),
        torch.from_numpy(numbers.uniform(-pi, pi, (n, 14))),
        torch.from_numpy(numbers.uniform(0, 40, n)),
        torch.from_numpy(numbers.uniform(0, 5e-4, n)),
        torch.full((n,), torch.inf, dtype=torch.float64),
    )


@pytest.mark.parametrize("energy_kV", [60, 80, 120, 200, 300])
def test_the_transfer_of_the_wave_is_that_of_abtem_in_a_thousand_random_sets(energy_kV: int) -> None:
    # 200 sets at each of five energies; editions of CODATA differ by 5e-9 in λ, 1e-7 of each aberration's 20 rad
    conditions = random_conditions(1e3 * energy_kV, 200, energy_kV)
    qy, qx = (torch.from_numpy(LENGTHS * turn(ANGLES)) for turn in (np.sin, np.cos))
    double, single = (
        wave_transfer(conditions, qy, qx, dtype) for dtype in (torch.complex128, torch.complex64)
    )
    for number in range(200):
        theirs = abtem_transfer(conditions[number])
        assert np.abs(double[number].numpy() - theirs).max() < 1e-6
        assert np.abs(single[number].numpy() - theirs).max() < 1e-6


@pytest.mark.parametrize("aberration", ABERRATIONS, ids=lambda a: a.symbol)
def test_each_aberration_alone_is_that_of_abtem(aberration: Aberration) -> None:
    wavelength = wavelength_A(300e3)
    size = 30 * wavelength / (2 * pi) * (aberration.order + 1) / (1.25 * wavelength) ** (aberration.order + 1)
    here = torch.tensor([float(a == aberration) for a in ABERRATIONS], dtype=torch.float64)
    none = torch.tensor(0.0, dtype=torch.float64)
    condition = ImagingCondition(300e3, size * here, 0.7 * here, none, none, none + torch.inf)
    qy, qx = (torch.from_numpy(LENGTHS * turn(ANGLES)) for turn in (np.sin, np.cos))
    ours = wave_transfer(condition, qy, qx, dtype=torch.complex128).numpy()
    assert np.abs(ours - abtem_transfer(condition)).max() < 3e-7  # 30 rad x 5e-9, see above
