"""What a convergence study finds: for each choice, what its values cost in accuracy and in time."""

from dataclasses import dataclass
from math import inf
from typing import Final, Literal

Key = Literal["sampling_A", "slice_thickness_A", "frozen_phonons", "field_nm", "stored_sampling_A"]

NAMES: Final[dict[Key, str]] = {
    "sampling_A": "pixel size",
    "slice_thickness_A": "slice thickness",
    "frozen_phonons": "frozen phonons",
    "field_nm": "field",
    "stored_sampling_A": "stored pixel",
}
"""The choices as they are spoken of; the keys are those of `SimulationSpec`, and field_nm."""
LIMIT: Final = 0.01
"""Image error that counts as converged: 1 % of the contrast."""


@dataclass(frozen=True)
class Probe:
    """One value of a choice.

    image_error, wave_error: as in `deviation`; None where only the image has one.
    seconds: CPU seconds of the exit wave (of all its configurations); None where it was not computed by itself.
    is_own: the value that the user has chosen.
    """

    value: float
    image_error: float
    wave_error: float | None
    seconds: float | None
    is_own: bool


@dataclass(frozen=True)
class Order:
    """error = factor · value^power, fitted over the values from lowest to highest; declared: what theory says."""

    power: float
    lowest: float
    highest: float
    declared: float


@dataclass(frozen=True)
class Axis:
    """One choice, its probes from the coarsest on, and what they were compared with, in words."""

    key: Key
    probes: tuple[Probe, ...]
    reference: str
    order: Order | None = None

    @property
    def own(self) -> Probe:
        """The probe of the user's own value."""
        return next(probe for probe in self.probes if probe.is_own)

    def cheapest_converged(self, limit: float = LIMIT) -> Probe | None:
        """The probe with an image error within the limit that costs the least time; None where there is none."""
        fine = [probe for probe in self.probes if probe.image_error <= limit]
        return min(fine, key=lambda probe: inf if probe.seconds is None else probe.seconds, default=None)


@dataclass(frozen=True)
class Together:
    """The user's settings against finer pixels and slices at once: the errors, and what they were compared with."""

    image_error: float
    wave_error: float
    reference: str


@dataclass(frozen=True)
class Check:
    """The outcome.

    axes: one for each choice that was probed. left_out: what was not probed and why, one sentence each.
    contrast: standard deviation of the user's image, vacuum 1. seconds: CPU seconds of the user's exit wave.
    """

    axes: tuple[Axis, ...]
    together: Together | None
    left_out: tuple[str, ...]
    contrast: float
    seconds: float

    @property
    def is_converged(self) -> bool:
        """Whether every choice that was probed is within the limit."""
        errors = [axis.own.image_error for axis in self.axes]
        return max(errors + ([self.together.image_error] if self.together else []), default=0.0) <= LIMIT
