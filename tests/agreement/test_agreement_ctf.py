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
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.electron import wavelength_A
from passband.imaging.aberrations import ABERRATIONS, Aberration
from passband.imaging.condition import ImagingCondition
from passband.imaging.transfer import wave_transfer

ANGLES = np.linspace(-pi, pi, 37)[:, None]
LENGTHS = np.linspace(0.0, 1.25, 40)[None]


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


@settings(max_examples=60)
@given(
    st.sampled_from([60e3, 80e3, 100e3, 120e3, 200e3, 300e3]),
    st.lists(st.floats(-1, 1), min_size=14, max_size=14),
    st.lists(st.floats(-pi, pi), min_size=14, max_size=14),
    st.floats(0, 40),
    st.floats(0, 5e-4),
)
def test_the_transfer_of_the_wave_is_that_of_abtem(
    energy_eV: float, sizes: list[float], azimuths: list[float], spread_A: float, convergence_rad: float
) -> None:
    # up to 8 rad of each aberration at 1.25 1/Å: 2π/λ C α^(n+1)/(n+1) = 8; editions of CODATA differ by 5e-9 in λ,
    # which is 6e-7 at 14 x 8 rad
    wavelength = wavelength_A(energy_eV)
    largest = [
        20 * wavelength / (2 * pi) * (a.order + 1) / (1.25 * wavelength) ** (a.order + 1) for a in ABERRATIONS
    ]
    condition = ImagingCondition(
        energy_eV,
        torch.tensor(sizes, dtype=torch.float64) * torch.tensor(largest, dtype=torch.float64),
        torch.tensor(azimuths, dtype=torch.float64),
        torch.tensor(spread_A, dtype=torch.float64),
        torch.tensor(convergence_rad, dtype=torch.float64),
        torch.tensor(torch.inf, dtype=torch.float64),
    )
    qy, qx = (torch.from_numpy(LENGTHS * turn(ANGLES)) for turn in (np.sin, np.cos))
    theirs = abtem_transfer(condition)
    assert np.abs(wave_transfer(condition, qy, qx, dtype=torch.complex128).numpy() - theirs).max() < 1e-6
    assert np.abs(wave_transfer(condition, qy, qx).numpy() - theirs).max() < 1e-6


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
