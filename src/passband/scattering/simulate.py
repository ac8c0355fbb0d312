"""Exit waves of a scene: all atoms, and the particles alone in vacuum.

Where the beam meets every particle before the support, the particles' wave is the wave between the two: it costs
nothing. Otherwise the particles are run through a second time, alone. Each wave stands in the plane of its last atom;
the focus offset of the full wave leads back to that of the particles.

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

from passband.fourier import resample
from passband.scattering.calculation import STANDARD, Calculation, Numerics
from passband.scattering.field import field_grid
from passband.scattering.multislice import passage
from passband.scattering.potential import Layers
from passband.scattering.spec import SimulationSpec
from passband.seeds import random_stream
from passband.structure.atoms import Atoms, Role
from passband.units import kV_to_eV
from passband.wave import ExitWave, SceneWaves


def scene_waves(
    atoms: Atoms, spec: SimulationSpec, seed: int, device: str = "cpu", numerics: Numerics = STANDARD
) -> SceneWaves:
    """Both waves of a scene, complex64 (c, ny, nx) on the stored grid; c is 1 or the number of frozen phonons.

    The particles' wave has focus_offset_A = 0; the full one has the z of the last particle atom minus its own.
    seed: names the displacements of the frozen phonons; nothing else is random. device: a torch device by name.
    Raises UserError where the field is not an even whole number of pixels, or an element has no form factor.
    """
    grid = field_grid(atoms.cell_A, spec.sampling_A, "sampling_A")
    stored = field_grid(atoms.cell_A, spec.stored_sampling_A, "stored_sampling_A")
    calculation = Calculation(grid, kV_to_eV(spec.energy_kV), device, numerics)
    places_A = _configurations(atoms, spec, seed)
    at_once = (
        1 if device == "cpu" else len(places_A)
    )  # a batch keeps a GPU busy, and leaves the cache of a CPU
    particles: list[Tensor] = []
    full: list[Tensor] = []
    offset_A = 0.0
    for batch in np.split(places_A, range(at_once, len(places_A), at_once)):
        fronts = _Scene(atoms, batch, spec, calculation).fronts()
        particles.append(resample(fronts.particles.field, stored.shape))
        full.append(resample(fronts.full.field, stored.shape))
        offset_A = fronts.offset_A
    return SceneWaves(
        full=ExitWave(torch.cat(full), stored, calculation.energy_eV, offset_A),
        particles=ExitWave(torch.cat(particles), stored, calculation.energy_eV),
    )


@dataclass(frozen=True, eq=False)
class _Front:
    """A wave (c, ny, nx) and the z [Å] where it stands; None: a plane wave, the same everywhere."""

    field: Tensor
    z_A: float | None


@dataclass(frozen=True, eq=False)
class _Fronts:
    particles: _Front
    full: _Front

    @property
    def offset_A(self) -> float:
        """The C10 [Å] that brings the full wave to the plane of the particles' one."""
        if self.particles.z_A is None or self.full.z_A is None:
            return 0.0
        return self.particles.z_A - self.full.z_A


@dataclass(frozen=True, eq=False)
class _Scene:
    """A scene in c configurations, places_A (c, n, 2), and how to simulate it."""

    atoms: Atoms
    places_A: NDArray[np.float64]
    spec: SimulationSpec
    calculation: Calculation

    def fronts(self) -> _Fronts:
        is_particle = self.atoms.roles == Role.PARTICLE
        z_A = self.atoms.positions_A[:, 2]
        shape = (len(self.places_A), *self.calculation.grid.shape)
        vacuum = _Front(torch.ones(shape, dtype=torch.complex64, device=self.calculation.device), None)
        particles = self._behind(vacuum, is_particle)
        if z_A[is_particle].max(initial=-np.inf) <= z_A[~is_particle].min(initial=np.inf):
            return _Fronts(particles, self._behind(particles, ~is_particle))
        return _Fronts(particles, self._behind(vacuum, np.ones_like(is_particle)))

    def _behind(self, front: _Front, chosen: NDArray[np.bool_]) -> _Front:
        """The front after the chosen atoms."""
        if not chosen.any():
            return front
        slices = self.calculation.numerics.slicing(
            self.atoms.positions_A[chosen, 2], self.spec.slice_thickness_A
        )
        numbers = self.atoms.numbers[chosen]
        rests = self.spec.frozen_phonons == 0
        thermal_A2 = {
            z: self.spec.thermal_factor_A2(z) if rests else 0.0 for z in np.unique(numbers).tolist()
        }
        layers = Layers(self.places_A[:, chosen], numbers, thermal_A2, slices)
        start_A = float(slices.planes_A[0]) if front.z_A is None else front.z_A
        return _Front(passage(front.field, start_A, layers, self.calculation), slices.exit_A)


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
