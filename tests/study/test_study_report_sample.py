"""What a report reads of a run with very many networks: the summary of all of them, the rows of some."""

import pandas as pd
import pyarrow.parquet as pq
import pytest
from prediction_samples import made_up_run, wide_study

from passband.report import sample
from passband.report.data import COLUMNS
from passband.report.sample import Scored, read_scores, sampled
from passband.storage.run_folder import RunFolder
from passband.storage.summary import pack_scores
from passband.storage.tables import save_part
from passband.study.plan import network_plans

STUDY = wide_study(starts=6)
IMAGES = 10 * 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose scores stand partly in a pack, partly in parts of their own."""
    made = made_up_run(tmp_path_factory.mktemp("runs") / "many", STUDY)
    for plan in network_plans(STUDY):
        path = made.scores / f"{plan.part_id}.parquet"
        table = pd.read_parquet(path).assign(mask_fraction=0.2)
        path.unlink()
        save_part(made.scores, plan.part_id, table)
    with made.lock():
        pack_scores(made, [plan.part_id for plan in network_plans(STUDY)[:40]])
    return made


def read(folder: RunFolder, most_rows: int) -> Scored:
    plans = network_plans(STUDY)
    return read_scores(folder, plans, [plan.part_id for plan in plans], IMAGES, most_rows)


def test_up_to_a_size_every_row_is_read(folder: RunFolder) -> None:
    found = read(folder, most_rows=60 * IMAGES)
    assert found.means is None
    assert len(found.scores) == 60 * IMAGES


def test_beyond_it_means_are_of_all_networks_and_rows_of_some_of_every_domain(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 50 * IMAGES)
    whole, found = read(folder, 60 * IMAGES).scores, read(folder, 60 * IMAGES - 1)
    assert found.means is not None
    keys = ["train_id", "network_id", "test_id"]
    expected = whole.groupby(keys)[["dice", "pixel_error", "mask_fraction"]].mean()
    told = found.means.set_index(keys)[expected.columns.tolist()]
    pd.testing.assert_frame_equal(told, expected, rtol=1e-12, check_index_type=False)
    assert (found.means["n_images"] == 2).all()
    assert found.scores.groupby("train_id")["network_id"].nunique().tolist() == [5] * 10
    own = whole[whole["network_id"].isin(found.scores["network_id"].unique())]
    expected_rows = own[list(COLUMNS["scores"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.scores[list(COLUMNS["scores"])], expected_rows)
    pd.testing.assert_frame_equal(read(folder, 0).scores, found.scores)


def test_the_sample_depends_on_the_networks_and_not_on_their_order() -> None:
    plans = network_plans(STUDY)
    some = sampled(plans, 30)
    assert {plan.network_id for plan in sampled(plans[::-1], 30)} == {plan.network_id for plan in some}
    assert len(some) == 40  # four of each of ten domains at least
    assert len(sampled(plans, 10**6)) == len(plans)


def test_only_the_rows_that_are_asked_for_stay_in_memory(folder: RunFolder) -> None:
    (pack,) = folder.scores.glob("pack-*")
    place = next(iter(sample.packed(folder.scores).values()))
    rows = sample._of_pack(pack, [place])
    assert rows.num_rows == place.rows
    assert rows.get_total_buffer_size() < pq.read_table(pack).get_total_buffer_size() / 10
