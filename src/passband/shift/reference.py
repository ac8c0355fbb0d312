"""What models are fitted on where they are judged elsewhere: pairs of other studies, and each model, fitted once.

One reference serves all contests and all series of the studies that are judged by it.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from passband.errors import UserError
from passband.shift.conformal import conformal_half_width
from passband.shift.leave_out import as_matrix, folds, in_both_roles, predictions
from passband.shift.pair_table import of_network_asked
from passband.shift.predictors import Predict, Predictor
from passband.shift.scoring import AnalysisOptions


@dataclass(frozen=True, eq=False)
class Reference:
    """A table of pairs, home included, and what was fitted to all of it. options: of folds and intervals."""

    pairs: pd.DataFrame
    options: AnalysisOptions = field(default_factory=AnalysisOptions)
    _models: dict[Predictor, Predict] = field(default_factory=dict, init=False)
    _half_widths: dict[Predictor, float | UserError] = field(default_factory=dict, init=False)

    @cached_property
    def asked(self) -> "Reference":
        """The same of the networks that were shown images (`of_network_asked`)."""
        pairs = of_network_asked(self.pairs)
        return self if pairs is self.pairs else Reference(pairs, self.options)

    def model(self, predictor: Predictor) -> Predict:
        """A predictor fitted to all pairs. Raises KeyError for a column that is not there."""
        if predictor not in self._models:
            dice = self.pairs["dice_mean"].to_numpy(np.float64)
            self._models[predictor] = predictor.fitted(predictor.features(self.pairs), dice)
        return self._models[predictor]

    def half_width(self, predictor: Predictor) -> float:
        """Half width of the interval around what its model foretells of new domains: from pairs with both domains left
        out. Raises UserError for too few domains."""
        if predictor not in self._half_widths:
            self._half_widths[predictor] = self._calibrated(predictor)
        found = self._half_widths[predictor]
        if isinstance(found, UserError):
            raise found
        return found

    def _calibrated(self, predictor: Predictor) -> float | UserError:
        how = self.options.resampling
        try:
            parts = folds(self.pairs, "both", self.options.folds_of(self.pairs), how.seed)
            found = predictions(self.pairs, predictor, parts, self.options.threads)
            left_out = found - self.pairs["dice_mean"].to_numpy(np.float64)
            return conformal_half_width(as_matrix(self.pairs, left_out), how.level, in_both_roles(self.pairs))
        except UserError as error:
            return error
