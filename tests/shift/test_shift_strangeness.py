"""Whether a pair is like those that a model was fitted on."""

import numpy as np
import pandas as pd
import pytest

from passband.shift.predictors import by_kernel
from passband.shift.strangeness import strangeness

PREDICTOR = by_kernel("both", ("a", "b", "same"))


def pairs(n: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    stream = np.random.default_rng(seed)
    table = pd.DataFrame(stream.normal(shift, 1, (n, 2)), columns=["a", "b"])
    names = {role: [f"{role} {k}" for k in range(n)] for role in ("train_id", "test_id")}
    return table.assign(**names, home_dice=0.9, same=3.0)


def test_pairs_like_the_known_ones_are_spread_over_all_shares_and_far_ones_are_at_the_end() -> None:
    known = pairs(1500, 0)
    alike = strangeness(pairs(1500, 1), known, PREDICTOR)
    assert np.quantile(alike, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)
    assert strangeness(pairs(50, 2, shift=40.0), known, PREDICTOR).min() == 1
    assert strangeness(known, known, PREDICTOR).max() == 0


@pytest.mark.parametrize("other_way", [False, True])
def test_relatives_of_a_known_pair_do_not_make_the_others_look_near(other_way: bool) -> None:
    """Every known pair has a twin of the same training domain, or of the same two domains the other way round; a new
    pair has none, and is as far as others are."""
    known = pairs(600, 0)
    twins = known.assign(test_id=known["test_id"] + " again")
    if other_way:
        twins = known.assign(train_id=known["test_id"], test_id=known["train_id"])
    found = strangeness(pairs(600, 1), pd.concat([known, twins], ignore_index=True), PREDICTOR)
    assert np.median(found) == pytest.approx(0.5, abs=0.07)


def test_what_is_missing_counts_as_the_mean() -> None:
    known = pairs(200, 0)
    lost = pairs(1, 1).assign(a=np.nan, b=known["b"].mean())
    middle = pairs(1, 1).assign(a=known["a"].mean(), b=known["b"].mean())
    assert strangeness(lost, known, PREDICTOR) == pytest.approx(strangeness(middle, known, PREDICTOR))
