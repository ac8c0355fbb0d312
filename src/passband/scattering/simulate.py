"""Exit waves of a scene: all atoms, and the particles alone in vacuum.

Both waves go through one lattice of planes (``beam``), and each is brought to the height of its last atom while it is
cropped to the stored band; the focus offset of the full wave leads back to that of the particles.

Frozen phonons displace every atom in x and y by a normal deviate of variance B/(8π²) and leave the Debye-Waller factor
out of the form factors; along the beam such displacements do not count. Both waves of a configuration have the same.
R. F. Loane, P. Xu, J. Silcox, Acta Cryst. A47 (1991) 267.
"""

from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.grid import Grid
from passband.scattering.beam import Beam, beams
from passband.scattering.blocks import (
    LIBRARY,
    BlockSpec,
    can_be_kept,
    film_transmissions,
    in_block_frame,
    in_scene_frame,
)
from passband.scattering.calculation import STANDARD, Calculation, Numerics
from passband.scattering.field import field_grid
from passband.scattering.memory import CPU, Machine, keep_freed_arrays
from passband.scattering.multislice import PlaneTransmissions, plane_transmissions
from passband.scattering.potential import Layers
from passband.scattering.slicing import Lattice
from passband.scattering.spec import SimulationSpec
from passband.seeds import random_stream
from passband.structure.atoms import Atoms, Role
from passband.structure.support import BlockPlacement, block_atoms, placed_atoms
from passband.units import kV_to_eV
from passband.wave import ExitWave, SceneWaves

_SAME_PLACE_A = 1e-6
_FIELDS_PER_CONFIGURATION = 12
"""Complex fields that one configuration needs at once, at most: waves, spectra, transmissions, densities."""


def scene_waves(
    atoms: Atoms, spec: SimulationSpec, seed: int, machine: Machine = CPU, numerics: Numerics = STANDARD
) -> SceneWaves:
    """Both waves of a scene, complex64 (c, ny, nx) on the stored grid; c is 1 or the number of frozen phonons.

    The particles' wave has focus_offset_A = 0; the full one has the z of the last particle atom minus its own.
    seed: names the displacements of the frozen phonons; nothing else is random.
    machine: the device, and the memory that may be used. Where the support is a block of a library, its transmissions
        are kept for the scenes to come.
    Raises UserError where the field is not an even whole number of pixels, or an element has no form factor.
    """
    keep_freed_arrays()
    grid = field_grid(atoms.cell_A, spec.sampling_A, "sampling_A")
    stored = field_grid(atoms.cell_A, spec.stored_sampling_A, "stored_sampling_A")
    calculation = Calculation(grid, kV_to_eV(spec.energy_kV), machine.device, numerics)
    scene = _Scene(atoms, spec, calculation, _block_spec(atoms, spec, calculation, machine), machine)
    places_A = _configurations(atoms, spec, seed)
    at_once = _configurations_at_once(calculation, machine)
    both = [
        scene.waves(batch, stored) for batch in np.split(places_A, range(at_once, len(places_A), at_once))
    ]
    full, particles = (torch.cat(waves) for waves in zip(*both, strict=True))
    has_particles = bool(np.any(atoms.roles == Role.PARTICLE))
    offset_A = _last_A(atoms, Role.PARTICLE) - _last_A(atoms) if has_particles else 0.0
    return SceneWaves(
        full=ExitWave(full, stored, calculation.energy_eV, offset_A),
        particles=ExitWave(particles, stored, calculation.energy_eV),
    )


@dataclass(frozen=True, eq=False)
class _Scene:
    """A scene and how to simulate it. block: what is kept of its support; None where it is computed from its atoms."""

    atoms: Atoms
    spec: SimulationSpec
    calculation: Calculation
    block: BlockSpec | None
    machine: Machine

    def waves(self, places_A: NDArray[np.float64], stored: Grid) -> tuple[Tensor, Tensor]:
        """The full wave and that of the particles, (c, ny, nx) on the stored grid, each at its last atom.

        places_A: (c, n, 2), x and y of all atoms [Å].
        """
        lattice, placement = lattice_of(self.atoms, self.spec.slice_thickness_A), self.atoms.block
        if self.block is None or placement is None:
            support = self._transmissions(Role.SUPPORT, places_A, lattice)
        else:
            whole = LIBRARY.block(self.block, self.machine.memory_budget_bytes)
            support = film_transmissions(placement, whole, self.calculation)
            places_A = in_block_frame(places_A, placement)
        particles = self._transmissions(Role.PARTICLE, places_A, lattice)
        full, alone = beams(particles, support, lattice, self.calculation)
        return (
            self._stored(full, _last_A(self.atoms), len(places_A), stored),
            self._stored(alone, _last_A(self.atoms, Role.PARTICLE), len(places_A), stored),
        )

    def _transmissions(
        self, role: Role, places_A: NDArray[np.float64], lattice: Lattice
    ) -> PlaneTransmissions:
        chosen = self.atoms.roles == role
        if not chosen.any():
            return iter(())
        numbers = self.atoms.numbers[chosen]
        slices = self.calculation.numerics.slicing(self.atoms.positions_A[chosen, 2], lattice)
        layers = Layers(places_A[:, chosen], numbers, _thermal_A2(numbers, self.spec), slices)
        return plane_transmissions(layers, self.calculation)

    def _stored(self, beam: Beam, exit_A: float, configurations: int, stored: Grid) -> Tensor:
        if beam.field is None:
            vacuum = torch.ones(configurations, *stored.shape, dtype=torch.complex64)
            return vacuum.to(self.calculation.device)
        if self.block is not None and self.atoms.block is not None:
            beam = Beam(in_scene_frame(beam.field, self.atoms.block), beam.z_A)
        return beam.stored(exit_A, stored, self.calculation)


def _block_spec(
    atoms: Atoms, spec: SimulationSpec, calculation: Calculation, machine: Machine
) -> BlockSpec | None:
    """What can be kept of the support, if anything."""
    if atoms.block is None or spec.frozen_phonons:
        return None
    thermal_A2 = _thermal_A2(block_atoms(atoms.block.block).numbers, spec)
    block = BlockSpec(
        atoms.block.block, spec.slice_thickness_A, tuple(sorted(thermal_A2.items())), calculation
    )
    usable = can_be_kept(block, machine.memory_budget_bytes) and _is_of_its_block(atoms, atoms.block)
    return block if usable else None


def _is_of_its_block(atoms: Atoms, placement: BlockPlacement) -> bool:
    """Whether the support is what was cut from the block: an Atoms may have been given other places since."""
    chosen, placed = atoms.roles == Role.SUPPORT, placed_atoms(placement)
    return (
        atoms.cell_A[:2] == (placement.block.field_A, placement.block.field_A)
        and np.array_equal(atoms.numbers[chosen], placed.numbers)
        and np.abs(atoms.positions_A[chosen] - placed.places_A).max(initial=0.0) <= _SAME_PLACE_A
    )


def lattice_of(atoms: Atoms, gap_A: float) -> Lattice:
    """The planes of a scene, gap_A apart [Å].

    One stands at the surface of a block, else at the first particle atom, else at the first atom.
    """
    if atoms.block is not None:
        return Lattice(atoms.block.surface_z_A, gap_A)
    is_particle = atoms.roles == Role.PARTICLE
    z_A = atoms.positions_A[is_particle if is_particle.any() else slice(None), 2]
    return Lattice(float(z_A.min(initial=np.inf)), gap_A)


def _thermal_A2(numbers: NDArray[np.int64], spec: SimulationSpec) -> dict[int, float]:
    """B [Å²] by atomic number: 0 where frozen phonons displace the atoms instead."""
    rests = spec.frozen_phonons == 0
    return {z: spec.thermal_factor_A2(z) if rests else 0.0 for z in np.unique(numbers).tolist()}


def _last_A(atoms: Atoms, role: Role | None = None) -> float:
    """z of the last atom of a role, or of all [Å]; 0 where there is none."""
    chosen = slice(None) if role is None else atoms.roles == role
    return float(atoms.positions_A[chosen, 2].max(initial=0.0))


def _configurations_at_once(calculation: Calculation, machine: Machine) -> int:
    """A batch keeps a GPU busy, and leaves the cache of a CPU."""
    if machine.device == "cpu":
        return 1
    ny, nx = calculation.grid.shape
    return max(1, machine.memory_budget_bytes // (8 * ny * nx * _FIELDS_PER_CONFIGURATION))


def _configurations(atoms: Atoms, spec: SimulationSpec, seed: int) -> NDArray[np.float64]:
    """x and y of all atoms in every configuration, (c, n, 2) [Å]."""
    places_A = atoms.positions_A[None, :, :2]
    if spec.frozen_phonons == 0:
        return places_A
    numbers, element = np.unique(atoms.numbers, return_inverse=True)
    spread_A = np.sqrt([spec.thermal_factor_A2(number) / (8 * pi**2) for number in numbers.tolist()])[element]
    deviates = [
        random_stream(seed, "frozen phonons", index).standard_normal((len(atoms), 2))
        for index in range(spec.frozen_phonons)
    ]
    return np.asarray(places_A + spread_A[:, None] * np.stack(deviates))
