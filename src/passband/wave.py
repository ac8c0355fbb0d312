"""The exit wave: what the specimen does to the electron, before the microscope sees it."""

from dataclasses import dataclass

from torch import Tensor

from passband.grid import Grid


@dataclass(frozen=True)
class ExitWave:
    """A complex field on a grid, at one energy, with the plane it belongs to.

    field: complex64 (n_configurations, ny, nx); vacuum is 1. Configurations are the frozen phonons (one without
        them); an image is the mean of their intensities.
    focus_offset_A: the C10 [Å] that brings this field to the scene's plane of zero defocus. The C10 of an imaging
        condition is added to it.
    """

    field: Tensor
    grid: Grid
    energy_eV: float
    focus_offset_A: float = 0.0


@dataclass(frozen=True)
class SceneWaves:
    """The two waves of one scene: all atoms, and the particles alone in vacuum.

    Each field stands at its own exit plane (that of the scene, that of the particles); both offsets lead to the same
    plane, the minimum contrast of the particles in vacuum.
    """

    full: ExitWave
    particles: ExitWave
