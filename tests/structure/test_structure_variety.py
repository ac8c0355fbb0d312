"""Whatever a record allows: particles can be drawn, alike for the same seed, with no two atoms in one place."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, unit_cell
from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import ParticleDistribution, SceneDistribution
from passband.structure.scene import draw_scene

LEAST_OF_BOND = 0.84
"""Bonds shrink by 2.4 % in an icosahedron, by alloying with a smaller crystal; a parallel shell keeps 0.85 of one."""
FACETS = [{"hkl": (1, 1, 1), "energy_J_per_m2": 1.0}, {"hkl": (1, 0, 0), "energy_J_per_m2": 1.1}]


@st.composite
def distributions(draw: st.DrawFn) -> SceneDistribution:
    crystal = draw(st.sampled_from(["Au", "Pt", "Si"]))
    shape = draw(
        st.sampled_from(["sphere", "wulff", *(["decahedron", "icosahedron"] if crystal != "Si" else [])])
    )
    defects: dict[str, Any] = draw(
        st.sampled_from([{}, {"stacking_faults": (1, 1)}, {"twins": (1, 2)}, {"hexagonal_share": 0.4}])
        if shape in ("sphere", "wulff")
        else st.just({})
    )
    guest = {"Au": "Pd", "Pt": "Pd", "Si": "C"}[crystal]
    interface = (
        draw(st.sampled_from(["coherent", "parallel"])) if shape == "wulff" and not defects else "coherent"
    )
    second: dict[str, Any] = {}
    if crystal != "Si":
        shell = {"crystal": guest, "thickness_nm": (0.2, 0.4), "interface": interface}
        second = draw(
            st.sampled_from([{}, {"alloy": {"crystal": guest, "share": (0.2, 0.8)}}, {"shell": shell}])
        )
    smooth = second.get("shell", {}).get("interface") == "parallel"
    lying: dict[str, Any] = draw(
        st.sampled_from(
            [{}, {"zone_axes": ((1, 1, 0), (1, 1, 2)), "tilt_deg": 3.0}, {"resting": {"hkl": (1, 1, 1)}}]
        )
        if shape in ("sphere", "wulff")
        else st.sampled_from([{}, {"zone_axes": ((1, 1, 0),)}])
    )
    return SceneDistribution.model_validate(
        {
            "field_nm": 7.0,
            "crystal": crystal,
            "support": None,
            "particles": {
                "shape": shape,
                "diameter_nm": (2.2, 2.6),
                "count": (1, 2),
                "separation_nm": 0.3,
                "stacking_faults": (0, 0),
                "facets": tuple(FACETS) if shape in ("wulff", "decahedron") else (),
                "rounding": draw(st.sampled_from([0.0, 0.5])),
                "missing_surface": draw(
                    st.sampled_from([(0.0, 0.0)] if smooth else [(0.0, 0.0), (0.1, 0.3)])
                ),
                **defects,
                **second,
                **lying,
            },
        }
    )


@settings(max_examples=60, deadline=None)
@given(distributions(), st.integers(0, 2**31))
def test_all_kinds_can_be_drawn_alike_and_without_atoms_in_one_place(
    spread: SceneDistribution, seed: int
) -> None:
    atoms, again = draw_scene(spread, seed), draw_scene(spread, seed)
    assert atoms.positions_A.tobytes() == again.positions_A.tobytes()
    assert atoms.numbers.tobytes() == again.numbers.tobytes()
    crystals = [str(spread.crystal)]
    for second in (spread.particles.alloy, spread.particles.shell):
        crystals += [str(second.crystal)] if second else []
    bond_A = min(nearest_neighbour_A(unit_cell(CRYSTALS[name])) for name in crystals)
    tree = cKDTree(atoms.positions_A, boxsize=[70.0, 70.0, 1000.0])
    assert np.asarray(tree.query(atoms.positions_A, k=2)[0])[:, 1].min() > LEAST_OF_BOND * bond_A
    # the smallest, 2.2 nm, less 30 % of a surface of at most two thirds of all atoms, and all cuts of one layer
    per_atom_A3 = abs(np.linalg.det(unit_cell(CRYSTALS[crystals[0]]).vectors_A)) / len(
        unit_cell(CRYSTALS[crystals[0]]).numbers
    )
    smallest = np.pi / 6 * 22.0**3 / per_atom_A3
    assert (np.bincount(atoms.particle) > 0.5 * smallest).all()


@pytest.mark.parametrize("shape", ["decahedron", "icosahedron"])
def test_multiply_twinned_particles_of_compounds_are_refused_before_drawing(shape: str) -> None:
    particles = ParticleDistribution.model_validate({"shape": shape, "stacking_faults": (0, 0)})
    with pytest.raises(UserError, match=rf"particles\.shape: a {shape} is made of fcc crystals"):
        draw_scene(SceneDistribution(particles=particles), 0)


def test_a_shell_that_leaves_no_core_is_refused() -> None:
    """An octahedron of 2 nm has its facets at 0.85 nm; a shell of 0.95 nm is still below the radius of 1 nm."""
    particles = {
        "shape": "wulff",
        "facets": (FACETS[0],),
        "diameter_nm": (2.0, 2.0),
        "stacking_faults": (0, 0),
        "shell": {"crystal": "Pd", "thickness_nm": (0.95, 0.95)},
    }
    scene = SceneDistribution(crystal="Au", particles=ParticleDistribution.model_validate(particles))
    with pytest.raises(UserError, match=r"particles\.shell\.thickness_nm: must stay below 0\.85 nm"):
        draw_scene(scene, 0)
