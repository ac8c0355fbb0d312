"""What could be probed: for each choice its lists of trials, the longest and finest first.

The time of a trial is that of the user's own wave, times pixels, times slices: an upper bound, since part of it does
not grow so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from passband.accuracy.result import Key
from passband.grid import Grid
from passband.scattering.spec import GUARD_BAND, SimulationSpec

PIXELS: Final = ((3, 2, 1.5, 0.75), (2, 1.5, 0.75), (1.5, 0.75))
"""Pixels per side over the user's."""
SLICES: Final = ((8, 4, 2, 0.5), (4, 2, 0.5), (2, 0.5))
"""The user's slice thickness over that of a trial."""
PHONONS: Final = (16, 8, 4)
FIELDS: Final = ((2, 1.5), (2,), (1.5,))
TOGETHER: Final = ((2, 4), (2, 2), (1.5, 2))
"""Pixels per side, and slices, over the user's."""
STORED: Final = (2, 1.5)
MOST_PIXELS: Final = 3072
"""Pixels per side of the largest field that is tried: 1.9 GB of memory, measured on a scene of 10 nm."""
THINNEST_SLICE_A: Final = 0.1
COARSE_STORED_A: Final = 0.25
"""Where larger stored pixels cut the wave off, it rings all over the field: 1 % of the contrast of CdSe at 0.4 Å, which
is due to the stored pixel and would be taken for the work of periodic copies (0.01 %)."""

Topic = Key | Literal["together"]


@dataclass(frozen=True)
class Trial:
    """One simulation: of the scene, or (field_nm) of its largest particle in a field so many times as wide.

    seconds: CPU seconds that it will take at most, roughly.
    """

    topic: Topic
    spec: SimulationSpec
    seconds: float
    times_wider: float = 1.0


@dataclass(frozen=True)
class Situation:
    """What is planned for: settings, the pixels of simulation and storage, and what one configuration costs.

    seconds: CPU seconds of one configuration of the scene. particle_share: of which its largest particle takes that
        part; None where no particle stands free.
    """

    spec: SimulationSpec
    grid: Grid
    stored: Grid
    seconds: float
    particle_share: float | None

    @property
    def phonons_at_hand(self) -> int:
        """Configurations of the user's own wave; fewer than the shortest list asks for say nothing of their spread."""
        return self.spec.frozen_phonons if self.spec.frozen_phonons >= min(PHONONS) else 0


def offers_of(situation: Situation) -> dict[Topic, list[tuple[Trial, ...]]]:
    """The lists of each choice that the field and the settings allow; the first trial of a list is the finest."""
    offers: dict[Topic, list[tuple[Trial, ...]]] = {
        "sampling_A": [_pixel_trials(situation, ratios) for ratios in PIXELS],
        "slice_thickness_A": [_slice_trials(situation, ratios) for ratios in SLICES],
        "frozen_phonons": _phonon_offers(situation),
        "field_nm": [_field_trials(situation, ratios) for ratios in FIELDS],
        "together": [_together_trial(situation, *ratios) for ratios in TOGETHER],
    }
    return {topic: [trials for trials in offered if trials] for topic, offered in offers.items()}


def _single(spec: SimulationSpec) -> dict[str, object]:
    """One configuration of frozen phonons instead of several."""
    return spec.model_dump() | {"frozen_phonons": min(1, spec.frozen_phonons)}


def _spec(settings: dict[str, object]) -> SimulationSpec:
    return SimulationSpec.model_validate(settings)


def _pixel_trials(situation: Situation, ratios: Sequence[float]) -> tuple[Trial, ...]:
    """Without the finest of the ratios there is no such list."""
    fitting = [ratio for ratio in ratios if _fits(situation.grid, ratio)]
    if not fitting or fitting[0] != ratios[0]:
        return ()
    trials = []
    for ratio in fitting:
        sampling_A = situation.grid.sampling_A / ratio
        stored_A = (
            _finest_stored_A(situation, sampling_A) if ratio == fitting[0] else situation.stored.sampling_A
        )
        if stored_A < GUARD_BAND * sampling_A * (1 - 1e-9):
            continue
        changed = {"sampling_A": sampling_A, "stored_sampling_A": stored_A}
        trials.append(
            Trial("sampling_A", _spec(_single(situation.spec) | changed), situation.seconds * ratio**2)
        )
    return tuple(trials)


def _finest_stored_A(situation: Situation, sampling_A: float) -> float:
    """Stored pixels of the finest trial: as fine as it allows, to see what the user's cut off."""
    allowed = [
        situation.stored.sampling_A / ratio
        for ratio in STORED
        if _fits(situation.stored, ratio) and situation.stored.sampling_A / ratio >= GUARD_BAND * sampling_A
    ]
    return min(allowed, default=situation.stored.sampling_A)


def _slice_trials(situation: Situation, ratios: Sequence[float]) -> tuple[Trial, ...]:
    thickness_A = situation.spec.slice_thickness_A
    if thickness_A / ratios[0] < THINNEST_SLICE_A:
        return ()
    return tuple(
        Trial(
            "slice_thickness_A",
            _spec(_single(situation.spec) | {"slice_thickness_A": thickness_A / ratio}),
            situation.seconds * ratio,
        )
        for ratio in ratios
        if thickness_A / ratio <= 20
    )


def _phonon_offers(situation: Situation) -> list[tuple[Trial, ...]]:
    """Displaced configurations where the user has none, or too few; Debye-Waller factors where he has some."""
    rest: tuple[Trial, ...] = ()
    if situation.spec.frozen_phonons:
        rest = (Trial("frozen_phonons", _phonons(situation, 0), situation.seconds),)
    if situation.phonons_at_hand:
        return [rest]
    moving = [Trial("frozen_phonons", _phonons(situation, n), n * situation.seconds) for n in PHONONS]
    return [(*rest, trial) for trial in moving]


def _phonons(situation: Situation, configurations: int) -> SimulationSpec:
    return _spec(situation.spec.model_dump() | {"frozen_phonons": configurations})


def _field_trials(situation: Situation, ratios: Sequence[float]) -> tuple[Trial, ...]:
    """The widest first, the user's own last; twice as fine where the stored band ends while atoms still scatter."""
    if situation.particle_share is None:
        return ()
    finer = 2 if situation.stored.sampling_A > COARSE_STORED_A and _fits(situation.grid, 2) else 1
    grids = [_finer(grid, finer) for grid in (situation.grid, situation.stored)]
    if not all(_fits(grid, ratio, margins=True) for grid in grids for ratio in ratios):
        return ()
    sizes_A = {"sampling_A": grids[0].sampling_A, "stored_sampling_A": grids[1].sampling_A}
    spec = _spec(_single(situation.spec) | sizes_A)
    seconds = situation.seconds * situation.particle_share * finer**2
    return tuple(Trial("field_nm", spec, seconds * r**2, r) for r in (*ratios, 1.0))


def _finer(grid: Grid, times: int) -> Grid:
    ny, nx = grid.shape
    return Grid((ny * times, nx * times), grid.sampling_A / times)


def _together_trial(situation: Situation, pixels: float, slices: float) -> tuple[Trial, ...]:
    thickness_A = situation.spec.slice_thickness_A / slices
    if not _fits(situation.grid, pixels) or thickness_A < THINNEST_SLICE_A:
        return ()
    finer = {"sampling_A": situation.grid.sampling_A / pixels, "slice_thickness_A": thickness_A}
    seconds = situation.seconds * pixels**2 * slices
    return (Trial("together", _spec(_single(situation.spec) | finer), seconds),)


def _fits(grid: Grid, ratio: float, margins: bool = False) -> bool:
    """Whether so many times the pixels are an even whole number of each side, and (margins) leave whole ones around."""
    counts = [n * ratio for n in grid.shape]
    whole = all(count % 2 == 0 and count <= MOST_PIXELS for count in counts)
    return whole and (
        not margins or all((count - n) % 2 == 0 for count, n in zip(counts, grid.shape, strict=True))
    )
