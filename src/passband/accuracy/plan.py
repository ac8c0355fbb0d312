"""Which values are probed: as many, and as fine, as the time that is granted allows.

Each choice has a share of the time and takes the longest of its lists that fits; what a choice leaves goes to the
next. The finest value of a choice is what its others are compared with.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from passband.accuracy.result import NAMES
from passband.accuracy.trials import THINNEST_SLICE_A, Situation, Topic, Trial, offers_of

SHARES: Final[dict[Topic, float]] = {
    "sampling_A": 0.30,
    "slice_thickness_A": 0.20,
    "frozen_phonons": 0.20,
    "field_nm": 0.15,
    "together": 0.15,
}
_IMPOSSIBLE: Final[dict[str, str]] = {
    "sampling_A": "not probed, the field cannot be divided into finer pixels of ours",
    "slice_thickness_A": f"not probed, no slice is thinner than {THINNEST_SLICE_A:g} Å",
    "field_nm": "not probed, no particle stands free of its own periodic copies",
    "together": "not probed, there are no finer pixels or slices",
}


@dataclass(frozen=True)
class Plan:
    """The trials of each topic, and one sentence for each topic that was left out."""

    trials: tuple[Trial, ...]
    left_out: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """CPU seconds of all trials, roughly."""
        return sum(trial.seconds for trial in self.trials)


def plan(situation: Situation, budget_s: float) -> Plan:
    """The trials that fit into so many CPU seconds."""
    chosen: list[Trial] = []
    left_out: list[str] = []
    left_s, left_shares = budget_s, 1.0
    for topic, possible in offers_of(situation).items():
        share_s = left_s * SHARES[topic] / left_shares
        taken = next((trials for trials in possible if _seconds(trials) <= share_s), ())
        if not taken:
            name = "pixels and slices together" if topic == "together" else NAMES[topic]
            left_out.append(f"{name}: {_why(topic, possible)}")
        chosen += taken
        left_s, left_shares = left_s - _seconds(taken), left_shares - SHARES[topic]
    return Plan(tuple(chosen), tuple(left_out))


def _why(topic: Topic, possible: Sequence[tuple[Trial, ...]]) -> str:
    """Why a topic has no trials; the share of a budget of cost over share is at least the cost."""
    if not possible:
        return _IMPOSSIBLE[topic]
    needed_s = _seconds(possible[-1]) / SHARES[topic]
    return f"not probed, it takes too long for the time granted; a budget of {ceil(needed_s)} s would do"


def _seconds(trials: Iterable[Trial]) -> float:
    return sum(trial.seconds for trial in trials)
