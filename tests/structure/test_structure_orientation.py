"""Orientations: zone axes along the beam, tilts within their cone, facets on the support."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passband.structure.atoms import Atoms, Role
from passband.structure.cell import unit_cell
from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import ParticleDistribution, SceneDistribution
from passband.structure.orientation import draw_rotation
from passband.structure.scene import draw_scene

seeds = st.integers(0, 2**31)


def particles(**how: object) -> ParticleDistribution:
    known = {"stacking_faults": (0, 0), "count": (1, 1), "diameter_nm": (3.0, 3.0)}
    return ParticleDistribution.model_validate({**known, **how})


def scene(crystal: str, seed: int, first: str = "particles", **how: object) -> Atoms:
    data = {"field_nm": 5.0, "crystal": crystal, "support": None, "first": first}
    return draw_scene(SceneDistribution.model_validate({**data, "particles": particles(**how)}), seed).only(
        Role.PARTICLE
    )


def structure_factor(atoms: Atoms, waves_per_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """|sum exp(2 pi i q · r)| / n for each q (m, 3)."""
    phases = np.exp(2j * np.pi * atoms.positions_A @ waves_per_A.T)
    return np.abs(phases.mean(axis=0))


def strongest_in_plane(atoms: Atoms, length_per_A: float) -> float:
    """The largest structure factor among the spatial frequencies of this length at right angles to the beam."""
    angles = np.linspace(0, np.pi, 720, endpoint=False)
    waves = length_per_A * np.column_stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)])
    return float(structure_factor(atoms, waves).max())


@pytest.mark.parametrize(
    ("uvw", "in_zone", "out_of_zone"), [((1, 1, 0), 3, 40), ((1, 0, 0), 4, 3), ((1, 1, 1), 8, 4)]
)
def test_a_zone_axis_shows_the_reflections_of_its_zone(
    uvw: tuple[int, int, int], in_zone: int, out_of_zone: int
) -> None:
    """By h² + k² + l²: [110] shows {111} (3) and not {620} (40), [100] shows {200} (4) and not {111}, [111] shows
    {220} (8) and not {200}. A reflection of the zone has a structure factor near 1, others near 0."""
    for seed in range(3):
        atoms = scene("Au", seed, zone_axes=(uvw,))
        assert strongest_in_plane(atoms, np.sqrt(in_zone) / 4.08) > 0.95
        assert strongest_in_plane(atoms, np.sqrt(out_of_zone) / 4.08) < 0.3


def test_random_orientations_seldom_show_a_zone() -> None:
    shown = [strongest_in_plane(scene("Au", seed), np.sqrt(3) / 4.08) > 0.95 for seed in range(8)]
    assert sum(shown) <= 2


@settings(max_examples=30)
@given(seeds, st.floats(0.0, 30.0), st.sampled_from([(1, 1, 0), (0, 0, 1), (2, 1, 0)]))
def test_the_zone_axis_stands_within_its_tilt_of_the_beam(
    seed: int, tilt_deg: float, uvw: tuple[int, int, int]
) -> None:
    for name in ("Au", "CdSe"):
        cell = unit_cell(CRYSTALS[name])
        how = particles(zone_axes=(uvw,), tilt_deg=tilt_deg)
        rotation = draw_rotation(cell, how, 1.0, np.random.default_rng(seed))
        axis = rotation @ (np.array(uvw) @ cell.vectors_A)
        assert axis[2] / np.linalg.norm(axis) >= np.cos(np.deg2rad(tilt_deg)) - 1e-9
        assert rotation @ rotation.T == pytest.approx(np.eye(3))
        assert np.linalg.det(rotation) == pytest.approx(1)


def test_tilts_are_uniform_over_the_cone() -> None:
    """cos(tilt) is uniform between cos(20°) and 1: 400 draws, mean within 4 standard errors of the middle."""
    cell, how = unit_cell(CRYSTALS["Au"]), particles(zone_axes=((1, 1, 1),), tilt_deg=20.0)
    rng = np.random.default_rng(0)
    axis = np.full(3, 1 / np.sqrt(3))
    cosines = np.array([(draw_rotation(cell, how, 1.0, rng) @ axis)[2] for _ in range(400)])
    lowest = np.cos(np.deg2rad(20.0))
    assert cosines.mean() == pytest.approx((1 + lowest) / 2, abs=4 * (1 - lowest) / np.sqrt(12 * 400))
    assert cosines.min() < lowest + 0.05 * (1 - lowest)


def test_several_axes_are_drawn_alike() -> None:
    """200 draws of two axes: each within 5 standard deviations (7.1) of 100."""
    cell, how = unit_cell(CRYSTALS["Au"]), particles(zone_axes=((1, 0, 0), (1, 1, 1)))
    rng = np.random.default_rng(0)
    along_100 = sum(draw_rotation(cell, how, 1.0, rng)[2, 0] > 0.99 for _ in range(200))
    assert abs(along_100 - 100) < 5 * 7.1


@pytest.mark.parametrize("first", ["particles", "support"])
@pytest.mark.parametrize("hkl", [(1, 1, 1), (1, 0, 0)])
def test_a_cut_particle_lies_on_its_facet(first: str, hkl: tuple[int, int, int]) -> None:
    """The last layer towards the support holds many atoms, all in one plane, and the particle is flat: of a sphere
    cut at 0.3 R, the height is 1.3 of 2.17 R."""
    for seed in range(3):
        atoms = scene("Au", seed, first=first, resting={"hkl": hkl, "cut": 0.3})
        z_A = atoms.positions_A[:, 2]
        towards = z_A.max() - z_A if first == "particles" else z_A - z_A.min()
        assert (towards < 1e-6).sum() > 20
        assert towards.max() < 0.75 * np.ptp(atoms.positions_A[:, 0])
        layers_A = np.unique(np.round(towards, 3))
        spacing_A = 4.08 / np.sqrt(3) if hkl == (1, 1, 1) else 4.08 / 2
        assert np.diff(layers_A) == pytest.approx(spacing_A, abs=2e-3)
