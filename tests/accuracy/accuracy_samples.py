"""Small things to check: a grain of gold in vacuum, and the outcome of a study that is known by construction."""

import numpy as np

from passband.accuracy.result import Axis, Check, Probe
from passband.accuracy.run import Specimen
from passband.imaging.condition import symmetric_condition
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms, particle_atoms


def grain(number: int = 79, side: int = 4, field_A: float = 25.6) -> Atoms:
    """A cube of atoms 2.3 Å apart, 5° off the axes of the pixels and 7° off the beam, in the middle of the field."""
    steps = np.stack(np.meshgrid(*3 * [np.arange(side) * 2.3], indexing="ij"), axis=-1).reshape(-1, 3)
    y, x = np.deg2rad(7), np.deg2rad(5)
    tilt = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    turn = np.array([[np.cos(x), -np.sin(x), 0], [np.sin(x), np.cos(x), 0], [0, 0, 1]])
    places = steps @ (turn @ tilt).T
    places += [field_A / 2 - places[:, 0].mean(), field_A / 2 - places[:, 1].mean(), -places[:, 2].min()]
    numbers = np.full(len(places), number, dtype=np.int64)
    return particle_atoms(places, numbers, 0, (field_A, field_A, float(places[:, 2].max()) + 0.01))


def scattered_atoms(number: int, count: int, depth_A: float) -> Atoms:
    """Atoms of one element at random places in a field of 20.48 Å, from depth 0 to this one."""
    rng = np.random.default_rng(0)
    heights = np.append([0.0, depth_A], rng.random(count - 2) * depth_A)
    places = np.column_stack([rng.random((count, 2)) * 20.48, heights])
    return particle_atoms(places, np.full(count, number, dtype=np.int64), 0, (20.48, 20.48, depth_A))


def specimen(atoms: Atoms, **settings: float) -> Specimen:
    """Pixels of 0.2 Å, stored at 0.4 Å, and slices of 2 Å, where the settings say nothing else."""
    standard: dict[str, float] = {"sampling_A": 0.2, "stored_sampling_A": 0.4, "slice_thickness_A": 2.0}
    spec = SimulationSpec.model_validate(standard | settings)
    condition = symmetric_condition(1e3 * spec.energy_kV, -50.0, focal_spread_A=10.0)
    return Specimen(atoms, spec, 0, condition)


def known_check() -> Check:
    """0.2 Å costs 2 %, 0.133 Å 0.5 % at 2.5 times the time, 0.1 Å 0.1 % at 4 times."""
    probes = (
        Probe(0.2, 0.02, 0.01, 1.0, True),
        Probe(0.4 / 3, 0.005, 0.003, 2.5, False),
        Probe(0.1, 0.001, 0.0008, 4.0, False),
    )
    return Check((Axis("sampling_A", probes, "0.0667 Å"),), None, ("field: not probed",), 0.2, 1.0)
