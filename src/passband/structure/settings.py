"""What scenes are drawn from as plain numbers: what a predictor without physics is given of particles and support."""

import numpy as np
from ase.data import atomic_numbers

from passband.structure.cell import nearest_neighbour_A, unit_cell
from passband.structure.crystals import crystal_of
from passband.structure.distribution import AmorphousCarbon, Graphene, SceneDistribution, SiliconNitride
from passband.units import A_to_nm

SUPPORT_NUMBERS = {
    AmorphousCarbon: float(atomic_numbers["C"]),
    Graphene: float(atomic_numbers["C"]),
    SiliconNitride: (3 * atomic_numbers["Si"] + 4 * atomic_numbers["N"]) / 7,
}
"""Mean atomic number of a support by its kind."""


def structure_settings(scenes: SceneDistribution) -> dict[str, float]:
    """Sizes, numbers, lattice and support of a distribution of scenes, by names with their units.

    A lattice is told by its mean atomic number, its atoms in a nm³ and the distance of nearest neighbours; shapes,
    defects, shells and orientations are not told.
    """
    cell = unit_cell(crystal_of(scenes.crystal))
    volume_nm3 = abs(float(np.linalg.det(cell.vectors_A))) * A_to_nm(1.0) ** 3
    lo_nm, hi_nm = scenes.particles.diameter_nm
    thin_nm, thick_nm = (0.0, 0.0) if scenes.support is None else scenes.support.thickness_nm
    return {
        "diameter_nm": (lo_nm + hi_nm) / 2,
        "diameter_range_nm": hi_nm - lo_nm,
        "particle_count": sum(scenes.particles.count) / 2,
        "atomic_number": float(cell.numbers.mean()),
        "atoms_per_nm3": len(cell.numbers) / volume_nm3,
        "neighbour_nm": A_to_nm(nearest_neighbour_A(cell)),
        "support_nm": (thin_nm + thick_nm) / 2,
        "support_range_nm": thick_nm - thin_nm,
        "support_atomic_number": 0.0 if scenes.support is None else SUPPORT_NUMBERS[type(scenes.support)],
        "particles_first": float(scenes.first == "particles"),
    }
