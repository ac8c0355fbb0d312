"""One scene and its trials: what is simulated, and how a trial becomes a wave that can be compared."""

from dataclasses import dataclass, replace
from time import process_time

import numpy as np
from torch import Tensor

from passband.accuracy.particle import in_wider_field, largest_particle
from passband.accuracy.trials import Situation, Trial
from passband.imaging.condition import ImagingCondition
from passband.imaging.focus import refer_to_minimum_contrast
from passband.imaging.image import intensity
from passband.scattering.field import field_grid
from passband.scattering.simulate import scene_waves
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms
from passband.wave import ExitWave, SceneWaves


@dataclass(frozen=True, eq=False)
class Specimen:
    """Atoms, how they are simulated, the seed of the frozen phonons, and the one imaging condition of the images."""

    atoms: Atoms
    spec: SimulationSpec
    seed: int
    condition: ImagingCondition


@dataclass(frozen=True, eq=False)
class Own:
    """What the user's settings give: both waves, referred to the minimum of contrast, the image, and CPU seconds."""

    waves: SceneWaves
    image: Tensor
    seconds: float


def simulated(specimen: Specimen) -> Own:
    """The user's own waves and image. Raises UserError as `scene_waves` and `intensity` do."""
    started = process_time()
    waves = scene_waves(specimen.atoms, specimen.spec, specimen.seed)
    seconds = process_time() - started
    waves = refer_to_minimum_contrast(waves)
    return Own(waves, intensity(waves.full, specimen.condition), seconds)


@dataclass(frozen=True, eq=False)
class Result:
    """The wave of a trial, referred to the same plane as the user's, and its CPU seconds."""

    trial: Trial
    wave: ExitWave
    seconds: float


@dataclass(frozen=True, eq=False)
class Run:
    """A specimen, and what the user's own settings gave for it."""

    specimen: Specimen
    own: Own

    @property
    def one(self) -> Result:
        """The first configuration of the user's own wave, as a result."""
        full = self.own.waves.full
        seconds = self.own.seconds / len(full.field)
        trial = Trial("together", self.specimen.spec, seconds)
        return Result(trial, replace(full, field=full.field[:1]), seconds)

    @property
    def alone(self) -> Atoms | None:
        """The largest particle, where one stands free."""
        return largest_particle(self.specimen.atoms)

    @property
    def added_C10_A(self) -> float:
        """From the exit plane of the particles to the zero of defocus."""
        return self.own.waves.particles.focus_offset_A

    def situation(self) -> Situation:
        """What a plan needs to know."""
        atoms, spec = self.specimen.atoms, self.specimen.spec
        share = None
        if self.alone is not None and atoms.cell_A[2] > 0:
            share = min(1.0, float(np.ptp(self.alone.positions_A[:, 2])) / atoms.cell_A[2])
        grid = field_grid(atoms.cell_A, spec.sampling_A, "sampling_A")
        return Situation(spec, grid, self.own.waves.full.grid, self.one.seconds, share)

    def result(self, trial: Trial) -> Result:
        """Carry a trial out."""
        atoms = self.specimen.atoms
        if trial.topic == "field_nm":
            assert self.alone is not None
            atoms = in_wider_field(self.alone, trial.times_wider)
        started = process_time()
        wave = scene_waves(atoms, trial.spec, self.specimen.seed).full
        seconds = process_time() - started
        offset_A = wave.focus_offset_A + self.added_C10_A
        return Result(trial, replace(wave, focus_offset_A=offset_A), seconds)

    def image(self, wave: ExitWave) -> Tensor:
        """The image (ny, nx) of a wave at the user's condition."""
        return intensity(wave, self.specimen.condition)
