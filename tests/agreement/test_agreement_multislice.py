"""Our multislice against abTEM's, an independent program (in tests only).

In everything that abTEM approximates differently - bilinear deposition, slabs, a band limit with a taper - the same
approximation is put into ours by passing a function, so that what remains is the method itself.
"""

import warnings
from dataclasses import replace
from math import pi

import ase
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # abTEM's imports warn about packages of their own
    import abtem
    from abtem.multislice import FresnelPropagator
    from abtem.parametrizations import LobatoParametrization, PengParametrization

from passband.electron import POTENTIAL_PER_FORM_FACTOR_V_A2
from passband.grid import Grid
from passband.scattering.beam import beams
from passband.scattering.calculation import Calculation, Numerics
from passband.scattering.gridding import EXACT, Footprints, Gridding
from passband.scattering.multislice import plane_transmissions, propagated
from passband.scattering.potential import Layers
from passband.scattering.slicing import Lattice, Slices

ENERGY_EV = 300e3
FIELD_A = (12.8, 19.2)  # x, y
DEPTH_A = 12.0
SLAB_A = 2.0
GRID = Grid((96, 64), 0.2)


@pytest.fixture(autouse=True)
def quiet_abtem():
    with abtem.config.set({"diagnostics.progress_bar": False, "dask.lazy": False, "precision": "float64"}):
        yield


def random_atoms(seed: int, n: int = 120) -> ase.Atoms:
    """Four elements out of the 92 that occur in nature."""
    rng = np.random.default_rng(seed)
    positions = rng.random((n, 3)) * (*FIELD_A, DEPTH_A)
    numbers = rng.choice(rng.choice(np.arange(1, 93), 4, replace=False), n)
    return ase.Atoms(numbers=numbers, positions=positions, cell=(*FIELD_A, DEPTH_A))


def abtem_form_factor(parametrization):
    """abTEM's projected form factors, turned into ours [Å]."""

    def form_factor_A(number: int, q_per_A: NDArray[np.float64]) -> NDArray[np.float64]:
        factor = parametrization.projected_scattering_factor(ase.data.chemical_symbols[number])
        return factor(q_per_A**2) / POTENTIAL_PER_FORM_FACTOR_V_A2

    return form_factor_A


def bilinear(places_px: Tensor, shape: tuple[int, int]) -> Footprints:
    """Each atom shared by the four pixels around it."""
    below = places_px.floor()
    beyond = (places_px - below).to(torch.float32)
    pixels = below.long()[..., None] + torch.arange(2)
    shares = torch.stack([1 - beyond, beyond], -1)
    return Footprints(
        pixels[:, :, 0] % shape[0], pixels[:, :, 1] % shape[1], shares[:, :, 0], shares[:, :, 1]
    )


def abtem_response(grid: Grid) -> NDArray[np.float64]:
    """What abTEM divides by: sin(k)/k with k = |q| times the pixel, without the factor π."""
    qy, qx = grid.frequencies_per_A()
    return np.sinc(np.hypot(qy, qx) * grid.sampling_A / pi)


def abtem_aperture(grid: Grid) -> NDArray[np.float64]:
    """A disc of two thirds of the Nyquist frequency with a raised-cosine edge 0.01/pixel wide."""
    qy, qx = grid.frequencies_per_A()
    cutoff, taper = 0.6666666 / 2 / grid.sampling_A, 0.01 / grid.sampling_A
    inside = np.clip((cutoff - np.hypot(qy, qx)) / taper, 0, 1)
    return 0.5 * (1 - np.cos(pi * inside))


def slabs(z_A: NDArray[np.float64], lattice: Lattice) -> Slices:
    """Each atom on the entrance plane of the slab that holds it."""
    return Slices(lattice, (z_A // lattice.gap_A).astype(np.int64), np.ones((len(z_A), 1)))


def our_wave(atoms: ase.Atoms, numerics: Numerics, energy_eV: float = ENERGY_EV) -> NDArray[np.complex64]:
    """Exit wave (y, x) of ASE atoms, without Debye-Waller factors."""
    calculation = Calculation(GRID, energy_eV, "cpu", numerics)
    lattice = Lattice(0.0, SLAB_A)
    layers = Layers(
        places_A=atoms.positions[None, :, :2],
        numbers=atoms.numbers.astype(np.int64),
        thermal_A2=dict.fromkeys(atoms.numbers.tolist(), 0.0),
        slices=numerics.slicing(atoms.positions[:, 2], lattice),
    )
    beam, _ = beams(plane_transmissions(layers, calculation), iter(()), lattice, calculation)
    return beam.stored(DEPTH_A, GRID, calculation)[0].numpy()


def abtem_wave(atoms: ase.Atoms, parametrization, energy_eV: float = ENERGY_EV) -> NDArray[np.complex128]:
    potential = abtem.Potential(
        atoms,
        gpts=GRID.shape[::-1],
        slice_thickness=SLAB_A,
        parametrization=parametrization,
        projection="infinite",
    )
    wave = abtem.PlaneWave(energy=energy_eV).multislice(potential, lazy=False)
    return np.asarray(wave.array).T


def relative_difference(a: NDArray, b: NDArray) -> float:
    """Against the scattered part of b, which is smaller than b."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b - b.mean()))


def as_abtem(parametrization) -> Numerics:
    """Every approximation of abTEM in place of ours."""
    return Numerics(
        form_factor=abtem_form_factor(parametrization),
        gridding=Gridding(bilinear, abtem_response),
        slicing=slabs,
        propagator_aperture=abtem_aperture,
        transmission_aperture=abtem_aperture,
    )


@pytest.mark.parametrize("parametrization", [LobatoParametrization(), PengParametrization()])
@settings(max_examples=6)
@given(seed=st.integers(0, 2**32 - 1), energy_kV=st.floats(60, 300))
def test_with_the_same_approximations_the_exit_wave_is_that_of_abtem_to_1e_5(
    parametrization, seed, energy_kV
):
    """Random elements at random places: abTEM in double precision, ours in single."""
    atoms = random_atoms(seed)
    theirs = abtem_wave(atoms, parametrization, energy_kV * 1e3)
    assert relative_difference(our_wave(atoms, as_abtem(parametrization), energy_kV * 1e3), theirs) < 1e-5


def test_bilinear_deposition_is_what_separates_abtem_from_exact_positions():
    parametrization = LobatoParametrization()
    atoms = random_atoms(2)
    exact = replace(as_abtem(parametrization), gridding=EXACT)
    assert relative_difference(our_wave(atoms, exact), abtem_wave(atoms, parametrization)) > 0.02


@pytest.mark.parametrize("distance_A", [37.0, -120.0])
def test_propagation_is_abtems_propagation_and_its_c10(distance_A):
    """The sign on which every offset rests: forward by Δz is C10 = +Δz, a defocus of -Δz."""
    rng = np.random.default_rng(3)
    spectrum = np.fft.fft2(rng.normal(size=GRID.shape) + 1j * rng.normal(size=GRID.shape))
    qy, qx = GRID.frequencies_per_A()
    wave = np.fft.ifft2(spectrum * (np.hypot(qy, qx) < 1.2))
    theirs = abtem.Waves(wave.T.copy(), energy=ENERGY_EV, sampling=GRID.sampling_A)
    ours = propagated(torch.from_numpy(wave), Calculation(GRID, ENERGY_EV), distance_A).numpy()
    for other in (
        FresnelPropagator().propagate(theirs, distance_A),
        theirs.apply_ctf(abtem.CTF(C10=distance_A)),
        theirs.apply_ctf(abtem.CTF(defocus=-distance_A)),
    ):
        assert np.linalg.norm(ours - np.asarray(other.array).T) < 1e-5 * np.linalg.norm(wave)
