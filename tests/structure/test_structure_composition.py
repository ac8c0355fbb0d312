"""Alloys and core-shell particles: compositions, cells, interfaces, and refusals."""

from math import pi

import numpy as np
import pytest
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, unit_cell
from passband.structure.composition import check_composition
from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import Alloy, ParticleDistribution, Shell
from passband.structure.particle import Particle, draw_particle
from passband.structure.shape import sphere

AU, PD, CU, CD, SE, ZN, S = 79, 46, 29, 48, 34, 30, 16


def drawn(crystal: str, seed: int = 0, diameter_A: float = 40.0, **parts: object) -> Particle:
    particles = ParticleDistribution.model_validate({"stacking_faults": (0, 0), **parts})
    return draw_particle(CRYSTALS[crystal], particles, sphere(diameter_A), seed)


def alloy(crystal: str, low: float, high: float) -> Alloy:
    return Alloy(crystal=crystal, share=(low, high))


def shell(crystal: str, nm: float, interface: str = "coherent") -> Shell:
    return Shell.model_validate({"crystal": crystal, "thickness_nm": (nm, nm), "interface": interface})


def test_the_share_of_an_alloy_is_that_of_its_atoms() -> None:
    """About 2,000 sites: a standard error of 0.01 at 0.3; within 4 of them."""
    particle = drawn("Au", alloy=alloy("Pd", 0.3, 0.3))
    assert (particle.numbers == PD).mean() == pytest.approx(0.3, abs=0.04)


def test_each_particle_has_a_share_of_its_own_within_the_range() -> None:
    shares = [(drawn("Au", seed, alloy=alloy("Pd", 0.1, 0.6)).numbers == PD).mean() for seed in range(12)]
    assert min(shares) > 0.06
    assert max(shares) < 0.64
    assert np.ptp(shares) > 0.2


def test_an_alloy_has_the_lattice_of_vegard() -> None:
    """4.08 and 3.89 Å, half and half: 3.985 Å; neighbours at a / sqrt(2)."""
    particle = drawn("Au", alloy=alloy("Pd", 0.5, 0.5))
    nearest_A = np.asarray(cKDTree(particle.positions_A).query(particle.positions_A, k=2)[0])[:, 1]
    assert np.median(nearest_A) == pytest.approx(3.985 / np.sqrt(2))


def test_in_a_compound_each_element_is_replaced_by_its_own_partner() -> None:
    """CdSe with a quarter of ZnS: Cd and Zn together are half of all atoms, Zn a quarter of them, and so for Se, S."""
    numbers = drawn("CdSe", alloy=alloy("ZnS", 0.25, 0.25)).numbers
    cations = np.isin(numbers, (CD, ZN))
    assert cations.mean() == pytest.approx(0.5, abs=0.02)
    assert (numbers[cations] == ZN).mean() == pytest.approx(0.25, abs=0.05)
    assert (numbers[~cations] == S).mean() == pytest.approx(0.25, abs=0.05)


def test_elements_are_mixed_at_random_without_order_or_clusters() -> None:
    """Bonds between unlike atoms of a half-half alloy: half of about 12,000, within 4 standard errors of 0.0046."""
    particle = drawn("Au", alloy=alloy("Pd", 0.5, 0.5))
    pairs = cKDTree(particle.positions_A).query_pairs(3.1, output_type="ndarray")
    share = (particle.numbers == PD).mean()
    unlike = particle.numbers[pairs[:, 0]] != particle.numbers[pairs[:, 1]]
    assert unlike.mean() == pytest.approx(2 * share * (1 - share), abs=0.02)


def test_a_coherent_shell_is_the_core_crystal_with_other_atoms_outside() -> None:
    particle, plain = drawn("Au", shell=shell("Pd", 0.6)), drawn("Au")
    assert particle.positions_A == pytest.approx(plain.positions_A)
    distances_A = np.linalg.norm(particle.positions_A, axis=1)
    assert ((particle.numbers == AU) == (distances_A <= 14.0 + 1e-6)).all()
    assert (particle.numbers == AU).sum() == pytest.approx(4 / 3 * pi * 14.0**3 / (4.08**3 / 4), rel=0.03)


def test_a_parallel_shell_keeps_its_own_lattice_and_its_distance() -> None:
    particle = drawn("Au", shell=shell("Cu", 0.8, "parallel"))
    core_A, outside_A = (particle.positions_A[particle.numbers == z] for z in (AU, CU))
    bond_A = nearest_neighbour_A(unit_cell(CRYSTALS["Cu"]))
    assert np.median(np.asarray(cKDTree(outside_A).query(outside_A, k=2)[0])[:, 1]) == pytest.approx(bond_A)
    assert np.asarray(cKDTree(core_A).query(outside_A)[0]).min() >= 0.85 * bond_A - 1e-9
    volume_A3 = 4 / 3 * pi * (20.0**3 - 12.0**3)
    # an interface of 4 pi 12² Å² loses less than one layer of copper, 2.1 Å
    assert 0.85 < len(outside_A) / (volume_A3 / (3.6157**3 / 4)) < 1.0


def test_streams_are_independent_of_each_other() -> None:
    """Another composition or surface leaves the crystal where it is."""
    plain = drawn("Au", seed=5).positions_A
    assert drawn("Au", seed=5, shell=shell("Pd", 0.3)).positions_A == pytest.approx(plain)
    rough = drawn("Au", seed=5, missing_surface=(0.2, 0.2)).positions_A
    assert np.asarray(cKDTree(plain).query(rough)[0]).max() == 0.0


@pytest.mark.parametrize(
    ("core", "parts", "sentence"),
    [
        ("Au", {"shell": shell("Cu", 0.5)}, r"shell\.crystal: the cells of Cu and Au differ by 11\.4 %, at most 8 %"),
        ("Au", {"shell": shell("Fe", 0.5)}, r"shell\.crystal: Fe has its atoms in other places .* interface: parallel"),
        ("Au", {"alloy": alloy("CdSe", 0, 1)}, r"particles\.alloy\.crystal: CdSe has its atoms in other places"),
    ],
)  # fmt: skip
def test_crystals_that_do_not_fit_are_refused(core: str, parts: dict[str, object], sentence: str) -> None:
    particles = ParticleDistribution.model_validate({"stacking_faults": (0, 0), **parts})
    with pytest.raises(UserError, match=sentence):
        check_composition(CRYSTALS[core], particles.shell, particles.alloy)
