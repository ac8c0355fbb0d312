"""What a report is made of: tables and a few arrays, nothing that has to be looked up elsewhere.

A table may be empty (a study in which nothing finished still deserves a page), but it always has its columns;
``empty_table`` gives one. Columns that are not listed here are carried along and ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64] | NDArray[np.float32]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "scores": ("network_id", "train_id", "test_id", "structure_id", "dice", "pixel_error", "mask_fraction"),
    "domains": ("domain_id", "structures", "defocus_nm"),
    "networks": ("network_id", "train_id", "learning_rate", "best_step"),
    "information": ("train_id", "test_id", "epsilon_train", "epsilon_test", "sigma"),
    "history": ("network_id", "step"),
    "correlations": ("measure", "metric", "scope", "statistic", "value", "low", "high", "note"),
    "deviations": ("what", "published", "here", "why"),
    "failures": ("task", "reason"),
    "stages": ("stage", "seconds", "tasks"),
}
"""The columns that each table must have. Units are in the names; Dice and pixel error are fractions."""


def empty_table(name: str) -> pd.DataFrame:
    """A table of ``COLUMNS`` without rows; raises KeyError for an unknown name."""
    return pd.DataFrame(columns=list(COLUMNS[name]))


@dataclass(frozen=True)
class Examples:
    """One unseen structure at k conditions, with what one network made of it.

    domain_ids: the k conditions, in any order.
    images (k, ny, nx): recorded intensities, any scale.
    probabilities (k, ny, nx): the network's, in [0, 1].
    mask (ny, nx): the ground truth, 0 or 1, one for all conditions.
    sampling_A: pixel size [Å].
    q_per_A (n,): spatial frequency [1/Å], rising from 0.
    transfer (k, n): T(q), real.  envelope (k, n): E_t E_s, in (0, 1].
    structure_id, network_id, train_id: what is shown, what predicted, and what it was trained on.
    """

    domain_ids: tuple[str, ...]
    images: Floats
    mask: Floats
    probabilities: Floats
    sampling_A: float
    q_per_A: Floats
    transfer: Floats
    envelope: Floats
    structure_id: str
    network_id: str
    train_id: str

    def __post_init__(self) -> None:
        k, shape = len(self.domain_ids), self.mask.shape
        if self.images.shape != (k, *shape) or self.probabilities.shape != (k, *shape):
            raise ValueError(f"examples: images and probabilities must have the shape {(k, *shape)}")
        if self.transfer.shape != (k, len(self.q_per_A)) or self.envelope.shape != self.transfer.shape:
            raise ValueError(f"examples: transfer and envelope must have the shape {(k, len(self.q_per_A))}")

    def only(self, columns: list[int]) -> "Examples":
        """The same structure at some of the conditions, in the given order."""
        return replace(
            self,
            domain_ids=tuple(self.domain_ids[i] for i in columns),
            images=self.images[columns],
            probabilities=self.probabilities[columns],
            transfer=self.transfer[columns],
            envelope=self.envelope[columns],
        )


@dataclass(frozen=True)
class Cost:
    """What the study took.

    stages: one row per stage; ``seconds`` are summed over its ``tasks``.
    networks_per_hour: finished networks per hour of wall clock, NaN where unknown.
    images_seen: training images shown to all networks together.
    machine: anything worth saying about the machine and the run, as label → text.
    """

    stages: pd.DataFrame
    networks_per_hour: float
    images_seen: int
    machine: Mapping[str, str]


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. Tables as in ``COLUMNS``; ids are the study's own names of domains.

    scores: a row per network, test domain and image; of a very large series those of a sample of networks.
    means: where scores is a sample, the means of every network in every test domain, in the columns of scores (one
        structure_id for all), and n_images; else None.
    domains: besides the listed columns the mean of any other setting, the unit in its name.
    information: a row per pair of domains, with any of the columns of ``measures.MEASURES``.
    correlations: what ``shift.rank.rank_correlations`` gives for "pixel_error" and for "dice", one below the
        other.
    history: ``step`` and any of validation_dice, validation_pixel_error, training_loss, per network.
    planned_networks: how many the study wants.  mask_preset: the name of the mask's preset.
    coherence: a row per domain and structure, as ``study.coherence.coherence_table`` gives it; None for no figure.
    prediction, predictions: what may be said of prediction, as ``study.prediction.series_data`` and
        ``study.prediction.prediction_table`` give it for this series; None where it was not asked.
    measures: how ε and σ were taken, as label → text (weight, q_max).
    provenance: section → (name → value): versions, seeds, content ids, checksums.
    others: pages of the other series of the study, name → link.
    interval_level: of every interval handed in and made here.
    """

    title: str
    question: str
    study_yaml: str
    mask_preset: str
    planned_networks: int
    scores: pd.DataFrame
    domains: pd.DataFrame
    networks: pd.DataFrame
    information: pd.DataFrame
    history: pd.DataFrame
    correlations: pd.DataFrame
    deviations: pd.DataFrame
    failures: pd.DataFrame
    cost: Cost
    means: pd.DataFrame | None = None
    examples: Examples | None = None
    coherence: pd.DataFrame | None = None
    prediction: Mapping[str, Any] | None = None
    predictions: pd.DataFrame | None = None
    measures: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    interval_level: float = 0.90

    @property
    def every(self) -> pd.DataFrame:
        """A table like scores with the means of every network in every test domain."""
        return self.scores if self.means is None else self.means

    def __post_init__(self) -> None:
        for name, columns in COLUMNS.items():
            table = self.cost.stages if name == "stages" else getattr(self, name)
            missing = [column for column in columns if column not in table]
            if missing:
                raise ValueError(f"the report's table '{name}' lacks the columns {missing}")
        if not 0 < self.interval_level < 1:
            raise ValueError(f"interval_level must lie between 0 and 1, not {self.interval_level}")
