"""Packing changes no row of a table, whatever kills it half way; a summary says what the rows say."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from storage_samples import rows

from passband.errors import UserError
from passband.storage.damage import DamagedArtefact
from passband.storage.packs import packs, remove_packed, small_parts, write_pack
from passband.storage.run_folder import RunFolder
from passband.storage.summary import complete_summary, pack_scores, read_summary, summarised
from passband.storage.tables import has_part, part_keys, read_parts, save_part

SORTED = ("network_id", "test_id", "structure_id")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run with the scores of six networks, one part each."""
    folder = RunFolder.create(tmp_path / "run")
    for number in range(6):
        save_part(folder.scores, f"part{number}", scores(number))
    return folder


def scores(number: int, images: int = 4) -> pd.DataFrame:
    """Rows of one network on three domains; the size error of one image in two is missing, once of all."""
    generator = np.random.default_rng(number)
    n = 3 * images
    size_error = np.where(generator.random(n) < 0.5, np.nan, generator.normal(size=n))
    size_error[:images] = np.nan
    return pd.DataFrame(
        {
            "test_id": np.repeat(["a", "b", "c"], images),
            "structure_id": [f"s{k}" for k in range(images)] * 3,
            "dice": generator.random(n),
            "n_found": generator.integers(0, 5, n),
            "size_error_nm": size_error,
            "network_id": f"network{number}",
            "train_id": "ab"[number % 2],
            "seed": number,
        }
    )


def table(folder: RunFolder) -> pd.DataFrame:
    return read_parts(folder.scores, SORTED)


def summary(folder: RunFolder) -> pd.DataFrame:
    found = read_summary(folder)
    ids = {name: str for name in found if name.endswith("_id")}
    return found.astype(ids).sort_values(["network_id", "test_id"], ignore_index=True)


def test_packing_changes_no_row_and_no_key(folder: RunFolder) -> None:
    before, keys = table(folder), part_keys(folder.scores)
    pack_scores(folder, ["part1", "part4", "part2"])
    pack_scores(folder, ["part0", "part5"])
    assert (len(packs(folder.scores)), len(small_parts(folder.scores))) == (2, 1)
    assert_frame_equal(table(folder), before, check_exact=True)
    assert part_keys(folder.scores) == keys
    assert all(has_part(folder.scores, key) for key in keys)


@pytest.mark.parametrize("wanted", [["part1"], ["part0", "part4"], ["part1", "part2", "part4"], []])
def test_parts_are_read_out_of_packs_by_their_keys(folder: RunFolder, wanted: list[str]) -> None:
    pack_scores(folder, ["part1", "part4", "part2"])
    found = read_parts(folder.scores, SORTED, wanted)
    numbers = [int(key.removeprefix("part")) for key in wanted]
    assert sorted(found["network_id"].unique() if wanted else []) == [f"network{n}" for n in numbers]
    assert len(found) == 12 * len(wanted)


def test_a_kill_between_pack_and_clean_up_leaves_every_row_once(folder: RunFolder) -> None:
    before = table(folder)
    write_pack(folder.scores, ["part1", "part4"])  # and here the driver is killed
    assert_frame_equal(table(folder), before, check_exact=True)
    assert len(summary(folder)) == 18
    assert remove_packed(folder.scores) == 2
    assert_frame_equal(table(folder), before, check_exact=True)
    complete_summary(folder)
    assert [path.name for path in folder.summary.iterdir()] == [packs(folder.scores)[0].name]


def test_a_flipped_byte_in_a_pack_is_never_read(folder: RunFolder) -> None:
    pack_scores(folder, part_keys(folder.scores))
    (pack,) = packs(folder.scores)
    whole, generator = pack.read_bytes(), random.Random(0)
    for _ in range(60):
        data = bytearray(whole)
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        pack.write_bytes(data)
        with pytest.raises(DamagedArtefact) as found:
            table(folder)
        assert found.value.path == pack


def test_a_flipped_byte_in_a_stored_summary_is_never_read(folder: RunFolder) -> None:
    pack_scores(folder, part_keys(folder.scores))
    (stored,) = folder.summary.iterdir()
    data = bytearray(stored.read_bytes())
    data[len(data) // 2] ^= 1
    stored.write_bytes(data)
    with pytest.raises(DamagedArtefact, match="checksum"):
        read_summary(folder)


def test_more_categories_than_a_code_can_count_are_packed(tmp_path: Path) -> None:
    """A frame of categories has codes of 8 bits; 200 of them have more values together."""
    folder = RunFolder.create(tmp_path / "run")
    for number in range(200):
        save_part(folder.scores, f"p{number}", scores(number, 1).astype({"network_id": "category"}))
    before = table(folder)
    pack_scores(folder, part_keys(folder.scores))
    assert_frame_equal(table(folder), before, check_exact=True)
    assert before["network_id"].nunique() == 200


def test_a_column_may_be_younger_than_a_part(folder: RunFolder) -> None:
    save_part(folder.scores, "part9", scores(9).assign(iou=0.5))
    assert table(folder)["iou"].notna().sum() == 12
    pack_scores(folder, ["part9", "part1"])
    assert table(folder)["iou"].notna().sum() == 12
    assert summary(folder)["iou_mean"].notna().sum() == 3


def test_a_part_cannot_be_named_like_a_pack(folder: RunFolder) -> None:
    with pytest.raises(UserError, match="begins the names of packs"):
        save_part(folder.scores, "pack-1", rows())


def test_a_summary_says_what_the_rows_say(folder: RunFolder) -> None:
    """pandas, group by group, is the reference."""
    found = summary(folder).set_index(["network_id", "test_id"])
    groups = table(folder).groupby(["network_id", "test_id"])
    assert found["n_images"].eq(groups.size()).all()
    for name in ("dice", "n_found", "size_error_nm"):
        values = groups[name]
        expected = {
            "mean": values.mean(),
            "median": values.median(),
            "q25": values.quantile(0.25),
            "q75": values.quantile(0.75),
        }
        for statistic, column in expected.items():
            np.testing.assert_allclose(found[f"{name}_{statistic}"], column, rtol=1e-14, equal_nan=True)
    assert found["size_error_nm_median"].loc[(slice(None), "a")].isna().all()


def test_a_summary_does_not_depend_on_how_the_parts_are_packed(folder: RunFolder) -> None:
    loose = summary(folder)
    pack_scores(folder, ["part1", "part4", "part2"])
    assert_frame_equal(summary(folder), loose, check_exact=True)
    next(folder.summary.iterdir()).unlink()
    assert_frame_equal(summary(folder), loose, check_exact=True)
    pack_scores(folder, ["part0", "part3", "part5"])
    assert_frame_equal(summary(folder), loose, check_exact=True)


def test_a_summary_of_some_parts_and_some_columns(folder: RunFolder) -> None:
    pack_scores(folder, ["part1", "part4", "part2"])
    pack_scores(folder, ["part3", "part5"])
    found = read_summary(folder, ("train_id", "dice_mean"), ["part0", "part1"])
    assert list(found.columns) == ["train_id", "dice_mean"]
    assert sorted(found["train_id"]) == ["a"] * 3 + ["b"] * 3


def test_a_run_without_scores_has_an_empty_summary(tmp_path: Path) -> None:
    assert read_summary(RunFolder.create(tmp_path / "run"), ("train_id", "dice_mean")).empty


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_groups_of_any_size_in_any_order_are_summed_up(sizes: list[int], shuffled: random.Random) -> None:
    rows = [
        (f"t{group}", float(shuffled.randint(0, 9))) for group, size in enumerate(sizes) for _ in range(size)
    ]
    shuffled.shuffle(rows)
    frame = pd.DataFrame(rows, columns=["test_id", "dice"])
    found = summarised(frame).set_index("test_id")
    for name, own in frame.groupby("test_id")["dice"]:
        assert found.loc[name, "n_images"] == len(own)
        assert found.loc[name, "dice_median"] == own.median()
        assert found.loc[name, "dice_mean"] == pytest.approx(own.mean())
