"""What models are fitted on where they are judged elsewhere: pairs of other studies, and each model, fitted once.

One reference serves all contests and all series of the studies that are judged by it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from passband.shift.conformal import conformal_half_width
from passband.shift.leave_out import Fold, as_matrix, folds, in_both_roles, predictions
from passband.shift.pair_table import of_network_asked
from passband.shift.predictors import Predict, Predictor
from passband.shift.scoring import AnalysisOptions


@dataclass(frozen=True, eq=False)
class Reference:
    """A table of pairs, home included, and what was fitted to it. options: of folds and intervals; heard: called after
    each fit."""

    pairs: pd.DataFrame
    options: AnalysisOptions = field(default_factory=AnalysisOptions)
    heard: Callable[[], None] = lambda: None
    _models: dict[Predictor, Predict] = field(default_factory=dict, init=False)
    _half_widths: dict[Predictor, float] = field(default_factory=dict, init=False)

    @cached_property
    def asked(self) -> "Reference":
        """The same of the networks that were shown images (`of_network_asked`)."""
        pairs = of_network_asked(self.pairs)
        return self if pairs is self.pairs else Reference(pairs, self.options, self.heard)

    @cached_property
    def folds(self) -> list[Fold]:
        """Of both domains left out. Raises UserError for too few domains."""
        return folds(self.pairs, "both", self.options.folds_of(self.pairs), self.options.resampling.seed)

    def model(self, predictor: Predictor) -> Predict:
        """A predictor fitted to all pairs. Raises KeyError for a column that is not there."""
        if predictor not in self._models:
            dice = self.pairs["dice_mean"].to_numpy(np.float64)
            self._models[predictor] = predictor.fitted(predictor.features(self.pairs), dice)
            self.heard()
        return self._models[predictor]

    def half_width(self, predictor: Predictor) -> float:
        """Half width of the interval around what its model foretells of new domains: from pairs with both domains left
        out. Raises UserError for too few domains."""
        if predictor not in self._half_widths:
            found = predictions(self.pairs, predictor, self.folds, self.options.threads, self.heard)
            residuals = as_matrix(self.pairs, found - self.pairs["dice_mean"].to_numpy(np.float64))
            level, same = self.options.resampling.level, in_both_roles(self.pairs)
            self._half_widths[predictor] = conformal_half_width(residuals, level, same)
        return self._half_widths[predictor]
