"""What the tables beside the scores cost: measures, bands, evidence, analysis, in CPU seconds of one core.

    measures:  scenes of domains x SPECTRA_S + pairs x PAIR_S
    bands:     images formed, each with its amplitudes, + training domains x FIT_S + pairs x FIND_S
    evidence:  per pair two forward passes over test images, one over simulated ones, and STATISTICS_S for each test
               image; test and simulated images are formed once by every worker
    analysis:  per fold of a series FOLD_S, and SQUARE_S times the square of the pairs that smooth models are fitted to

Images are counted at the rates that `estimate` measures here. What is written in capitals was measured once, on a core
shared with other work, for images of 256 x 256 pixels; larger images take
longer in proportion to their pixels. Bands, evidence and analysis are asked for in series with enough domains only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from passband.shift.leave_out import enough_folds, folds
from passband.shift.pair_table import KEYS
from passband.shift.predictors import pairs_fitted
from passband.study.bands import BAND_SCENES
from passband.study.evidence import AGREEMENT_IMAGES, MOST_IMAGES
from passband.study.prediction_plan import contested, contested_pairs
from passband.study.simulated import SIMULATED_PER_SCENE, SIMULATED_SCENES
from passband.study.study import FullSeries, Study

SPECTRA_S: Final = 0.008
"""The spectra of a scene in a domain [s]."""
PAIR_S: Final = 0.001
"""All measures of a pair [s]."""
AMPLITUDES_S: Final = 0.03
"""Local band amplitudes of an image of 256 x 256 pixels [s]."""
FIT_S: Final = 0.03
"""Fitting the classifier of a training domain [s]."""
FIND_S: Final = 0.0003
"""What a classifier finds in a test domain [s]."""
STATISTICS_S: Final = 0.0026
"""Distances of features and spectra of a pair, per test image of 256 x 256 pixels [s]."""
FEATURES: Final = 1.4
"""Time of a forward pass with features over that of one without."""
FOLD_S: Final = 0.13
"""All predictors of a fold, both contests, if their pairs are few [s]."""
SQUARE_S: Final = 7e-7
"""What that grows by with the square of the pairs that a smooth model is fitted to [s]."""


@dataclass(frozen=True)
class ImageRates:
    """Seconds of one core per image: predicting it, forming it as a test; and its pixels over 256 x 256."""

    predict_s: float
    form_s: float
    times_larger: float


@dataclass(frozen=True)
class TableCost:
    """CPU seconds of one core. measures, bands and analysis are a task each; evidence is spread over the workers."""

    measures_s: float
    bands_s: float
    evidence_s: float
    analysis_s: float

    @property
    def alone_s(self) -> float:
        """What one worker does while others may have nothing to do [s]."""
        return self.measures_s + self.bands_s + self.analysis_s

    @property
    def seconds(self) -> float:
        """All of it [s]."""
        return self.alone_s + self.evidence_s


def table_cost(study: Study, rates: Mapping[str, ImageRates], workers: int) -> TableCost:
    """The cost of a study's tables. rates: by series."""
    pairs = contested_pairs(study)
    names = {name for pair in study.pairs for name in pair}
    scenes = sum(min(study.measures.scenes, study.set_of(name).training) for name in names)
    asked = contested(study)
    return TableCost(
        measures_s=scenes * SPECTRA_S + len(study.pairs) * PAIR_S,
        bands_s=_bands_s(pairs, rates[asked[0].name]) if asked else 0.0,
        evidence_s=sum(_evidence_s(study, series, rates[series.name], workers) for series in asked),
        analysis_s=sum(map(_analysis_s, asked)),
    )


def _analysis_s(series: FullSeries) -> float:
    pairs = pd.DataFrame(series.pairs, columns=KEYS)
    most = pairs_fitted(len(series.train_on))
    parts = folds(pairs, "both", enough_folds(len(pairs)), 0)
    return sum(FOLD_S + SQUARE_S * min(int(part.fit.sum()), most) ** 2 for part in parts)


def _bands_s(pairs: tuple[tuple[str, str], ...], rates: ImageRates) -> float:
    trains, tests = (len({pair[place] for pair in pairs}) for place in (0, 1))
    images = (trains + tests) * BAND_SCENES
    return images * (rates.form_s + AMPLITUDES_S * rates.times_larger) + trains * FIT_S + len(pairs) * FIND_S


def _evidence_s(study: Study, series: FullSeries, rates: ImageRates, workers: int) -> float:
    sets = [study.set_of(name) for name in series.test_on]
    tested = [each.test for each in sets]
    simulated = sum(min(SIMULATED_SCENES, each.validation) * SIMULATED_PER_SCENE for each in sets)
    with_features = sum(min(MOST_IMAGES, count) + min(AGREEMENT_IMAGES, count) for count in tested)
    per_domain = (FEATURES * with_features + simulated) * rates.predict_s
    per_domain += sum(min(MOST_IMAGES, count) for count in tested) * STATISTICS_S * rates.times_larger
    formed = min(workers, len(series.train_on)) * (sum(tested) + simulated)
    return len(series.train_on) * per_domain / series.blocks + formed * rates.form_s
