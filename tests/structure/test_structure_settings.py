"""Plain numbers of what scenes are drawn from."""

import pytest

from passband.structure.distribution import (
    AmorphousCarbon,
    Graphene,
    ParticleDistribution,
    SceneDistribution,
    SiliconNitride,
)
from passband.structure.settings import structure_settings


def test_sizes_numbers_lattice_and_support_are_told_in_nanometres() -> None:
    scenes = SceneDistribution(
        crystal="MgO",
        particles=ParticleDistribution(diameter_nm=(3, 5), count=(1, 4)),
        support=AmorphousCarbon(thickness_nm=(2, 8)),
    )
    assert structure_settings(scenes) == pytest.approx(
        {
            "diameter_nm": 4,
            "diameter_range_nm": 2,
            "particle_count": 2.5,
            "atomic_number": (12 + 8) / 2,
            "atoms_per_nm3": 8 / 0.421**3,
            "neighbour_nm": 0.421 / 2,
            "support_nm": 5,
            "support_range_nm": 6,
            "support_atomic_number": 6,
            "particles_first": 1,
        }
    )


def test_vacuum_other_supports_and_the_order_are_told_apart() -> None:
    supports = (None, SiliconNitride(), Graphene(layers=(1, 3)), AmorphousCarbon())
    found = [structure_settings(SceneDistribution(support=each, first="support")) for each in supports]
    assert [each["support_atomic_number"] for each in found] == [0, 10, 6, 6]
    assert [each["support_nm"] for each in found] == pytest.approx([0, 7.5, 0.335, 5])
    assert {each["particles_first"] for each in found} == {0}


@pytest.mark.parametrize(
    ("lattice", "atoms_per_nm3", "neighbour_nm"), [("C", 176.2, 0.1545), ("CdSe", 35.6, 0.263)]
)
def test_a_lattice_has_its_density_and_its_bond(
    lattice: str, atoms_per_nm3: float, neighbour_nm: float
) -> None:
    found = structure_settings(SceneDistribution(crystal=lattice))
    assert found["atoms_per_nm3"] == pytest.approx(atoms_per_nm3, rel=0.01)
    assert found["neighbour_nm"] == pytest.approx(neighbour_nm, rel=0.01)
