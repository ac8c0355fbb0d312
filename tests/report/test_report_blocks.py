"""A series in blocks: tiles instead of an empty matrix, panels of a block's own tests."""

import numpy as np
import pandas as pd

from passband.report.axis import DomainAxis
from passband.report.plots_performance import plot_matrix
from passband.report.plots_shift import plot_gap_profile
from passband.shift.matrix import is_in_blocks
from passband.shift.rank import Levels

NAMES = [f"domain {k}" for k in range(6)]
AXIS = DomainAxis({name: float(place) for place, name in enumerate(NAMES)}, None)
BLOCKS = ((0, 3), (1, 4), (2, 5))
PAIRS = [(NAMES[i], NAMES[j]) for block in BLOCKS for i in block for j in block]


def table() -> pd.DataFrame:
    values = np.linspace(0.2, 0.9, len(PAIRS))
    columns = dict.fromkeys(("median", "lower_quartile", "upper_quartile", "minimum", "maximum"), values)
    pairs = pd.DataFrame(PAIRS, columns=["train_id", "test_id"])
    return pairs.assign(**columns, low=np.nan, high=np.nan)


def test_each_block_is_a_tile_with_its_cells_and_its_first_training_domain() -> None:
    figure = plot_matrix({"dice": table(), "pixel_error": table()}, AXIS)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts if "domain" in text.get_text()] == NAMES[:3]
    canvas = axes.collections[0].get_array()
    cells = [canvas[2:4, left : left + 2] for left in (0, 3, 6)]
    np.testing.assert_allclose(np.concatenate([cell.ravel() for cell in cells]), table()["median"])
    assert np.ma.count(canvas) == len(PAIRS)  # type: ignore[no-untyped-call]


def test_two_blocks_are_blocks_and_a_few_are_warned_of() -> None:
    two = table()[lambda rows: ~rows["train_id"].isin([NAMES[2], NAMES[5]])]
    assert is_in_blocks(two)
    assert not is_in_blocks(two[lambda rows: rows["train_id"] == NAMES[0]])
    assert "only 2 blocks" in Levels(6, 6, 2, 9, n_blocks=2).note()
    assert Levels(6, 6, 2, 9).note() == Levels(60, 60, 2, 9, n_blocks=10).note() == ""


def test_a_matrix_with_a_missing_pair_stays_a_matrix() -> None:
    rows = [(train, test) for train in NAMES[:3] for test in NAMES[:3]]
    whole = pd.DataFrame(rows[:-1], columns=["train_id", "test_id"]).assign(median=0.5)
    whole.loc[0, "median"] = 0.6
    figure = plot_matrix({"dice": whole, "pixel_error": whole}, AXIS)
    assert figure.axes[0].collections[0].get_array().shape == (3, 3)


def test_panels_of_a_series_in_blocks_show_the_tests_of_the_block() -> None:
    figure = plot_gap_profile(table(), "dice", AXIS)
    medians = [axes.lines[1].get_xdata() for axes in figure.axes[:6]]
    assert all(list(places) == [0.0, 1.0] for places in medians)
