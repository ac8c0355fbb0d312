"""One scene and its trials: what is simulated, and how a trial becomes a wave that can be compared."""

from dataclasses import dataclass, replace
from time import process_time
from typing import Final

import numpy as np
from torch import Tensor

from passband.accuracy.particle import in_wider_field, largest_particle
from passband.accuracy.trials import Situation, Trial
from passband.imaging.condition import ImagingCondition
from passband.imaging.focus import refer_to_minimum_contrast
from passband.imaging.image import intensity
from passband.imaging.recording import IDEAL, Recording
from passband.scattering.field import field_grid
from passband.scattering.simulate import scene_waves
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms
from passband.wave import ExitWave, SceneWaves

TIMED_AGAIN_S: Final = 5.0
"""The first calculation of a process pays for loading and memory too; a shorter one is timed a second time."""


@dataclass(frozen=True, eq=False)
class Specimen:
    """Atoms, how they are simulated, the seed of the frozen phonons, and how their one image is formed and recorded."""

    atoms: Atoms
    spec: SimulationSpec
    seed: int
    condition: ImagingCondition
    recording: Recording = IDEAL

    def image(self, wave: ExitWave) -> Tensor:
        """The image (ny, nx) of a wave, without shot noise."""
        return intensity(wave, self.condition, self.recording)


@dataclass(frozen=True, eq=False)
class Own:
    """What the user's settings give: both waves, referred to the minimum of contrast, the image, and CPU seconds."""

    waves: SceneWaves
    image: Tensor
    seconds: float


def simulated(specimen: Specimen) -> Own:
    """The user's own waves and image. Raises UserError as `scene_waves` and `intensity` do."""
    waves, seconds = _timed(specimen.atoms, specimen.spec, specimen.seed)
    if seconds < TIMED_AGAIN_S:
        waves, seconds = _timed(specimen.atoms, specimen.spec, specimen.seed)
    waves = refer_to_minimum_contrast(waves)
    return Own(waves, specimen.image(waves.full), seconds)


def _timed(atoms: Atoms, spec: SimulationSpec, seed: int) -> tuple[SceneWaves, float]:
    """Waves and the CPU seconds that they took."""
    started = process_time()
    waves = scene_waves(atoms, spec, seed)
    return waves, process_time() - started


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
        if self.alone is not None:
            depth_A = atoms.cell_A[2]
            share = min(1.0, float(np.ptp(self.alone.positions_A[:, 2])) / depth_A) if depth_A else 1.0
        grid = field_grid(atoms.cell_A, spec.sampling_A, "sampling_A")
        return Situation(spec, grid, self.own.waves.full.grid, self.one.seconds, share)

    def result(self, trial: Trial) -> Result:
        """Carry a trial out."""
        atoms = self.specimen.atoms
        if trial.topic == "field_nm":
            assert self.alone is not None
            atoms = in_wider_field(self.alone, trial.times_wider)
        waves, seconds = _timed(atoms, trial.spec, self.specimen.seed)
        offset_A = waves.full.focus_offset_A + self.added_C10_A
        return Result(trial, replace(waves.full, focus_offset_A=offset_A), seconds)
