"""Waves, weights, tables and arrays come back as they were stored, for us and for other readers of the formats."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from pandas.testing import assert_frame_equal
from safetensors.torch import load_file
from storage_samples import ARRAYS, SAMPLES, rows, scene, weights

from passband.errors import UserError
from passband.storage.arrays import NamedArrays, are_intact, load_arrays, save_arrays
from passband.storage.run_folder import RunFolder
from passband.storage.tables import has_part, load_table, part_keys, read_parts, save_part, save_table
from passband.storage.waves import load_waves, save_waves
from passband.storage.weights import has_network, load_card, load_network, save_network


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


def test_waves_come_back_bit_for_bit_with_their_planes(folder: RunFolder) -> None:
    save_waves(folder.scene("s1"), scene(), {"thickness_nm": 4.5})
    stored = load_waves(folder.scene("s1"))
    for before, after in (
        (scene().full, stored.waves.full),
        (scene().particles, stored.waves.particles),
    ):
        assert torch.equal(before.field, after.field)
        assert after.field.dtype == torch.complex64
        assert (before.grid, before.energy_eV, before.focus_offset_A) == (
            after.grid,
            after.energy_eV,
            after.focus_offset_A,
        )
    assert stored.attributes == {"thickness_nm": 4.5}


def test_any_zarr_reader_sees_the_scenes_with_units(folder: RunFolder) -> None:
    save_waves(folder.scene("s1"), scene(), {})
    save_waves(folder.scene("s2"), scene(1), {})
    group = zarr.open_group(str(folder.waves), mode="r")
    assert sorted(name for name, _ in group.groups()) == ["s1", "s2"]
    wave = group["s2/full"]
    assert np.array_equal(wave[...], scene(1).full.field.numpy())
    assert wave.attrs["sampling_A"] == 0.4
    assert wave.attrs["units"]["sampling_A"] == "Å"


def test_saving_again_replaces_a_scene(folder: RunFolder) -> None:
    save_waves(folder.scene("s1"), scene(0), {})
    save_waves(folder.scene("s1"), scene(1), {})
    assert torch.equal(load_waves(folder.scene("s1")).waves.full.field, scene(1).full.field)
    assert [path.name for path in folder.waves.iterdir() if path.name.startswith(".")] == []


def test_a_network_comes_back_with_its_card(folder: RunFolder) -> None:
    card = {"train_id": "defocus -10 nm", "spec": {"base": 16}}
    save_network(folder.network("n1"), weights(), card)
    stored = load_network(folder.network("n1"))
    assert stored.card == card
    assert {name: tensor.dtype for name, tensor in stored.state.items()} == {
        name: tensor.dtype for name, tensor in weights().items()
    }
    assert all(torch.equal(stored.state[name], tensor) for name, tensor in weights().items())
    assert torch.equal(load_file(folder.networks / "n1.safetensors")["kernel"], weights()["kernel"])
    assert has_network(folder.network("n1"))


@pytest.mark.parametrize("suffix", ["", ".safetensors", ".json"])
def test_a_network_is_found_by_any_of_its_names(folder: RunFolder, suffix: str) -> None:
    save_network(folder.network("n1"), weights(), {"a": 1})
    assert load_card(folder.networks / f"n1{suffix}")["a"] == 1


def test_a_network_without_its_card_is_not_there(folder: RunFolder) -> None:
    """The card is written last, so this is what a kill between the two leaves."""
    save_network(folder.network("n1"), weights(), {})
    (folder.networks / "n1.json").unlink()
    assert not has_network(folder.network("n1"))


def test_the_same_network_is_stored_in_the_same_bytes(folder: RunFolder) -> None:
    save_network(folder.network("n1"), weights(), {"a": 1})
    save_network(folder.network("n2"), dict(reversed(weights().items())), {"a": 1})
    assert (folder.networks / "n1.json").read_bytes() == (folder.networks / "n2.json").read_bytes()


def test_parts_in_any_order_are_one_table(folder: RunFolder, tmp_path: Path) -> None:
    for place, order in ((folder.scores, (0, 5, 10)), (tmp_path / "other", (10, 0, 5))):
        for start in order:
            save_part(place, f"t{99 - start}", rows(start))
    one, other = (read_parts(place, ["network_id"]) for place in (folder.scores, tmp_path / "other"))
    assert_frame_equal(one, other, check_exact=True)
    assert list(one["network_id"]) == sorted(one["network_id"])
    assert_frame_equal(
        pd.read_parquet(folder.scores).sort_values("network_id", ignore_index=True), one, check_exact=True
    )


def test_a_part_is_written_once(folder: RunFolder) -> None:
    save_part(folder.scores, "t1", rows(0))
    save_part(folder.scores, "t1", rows(5))
    assert_frame_equal(read_parts(folder.scores, ["network_id"]), rows(0), check_exact=True)
    assert part_keys(folder.scores) == ["t1"]


def test_only_the_parts_that_are_asked_for_are_read(folder: RunFolder) -> None:
    save_part(folder.scores, "t1", rows(0))
    save_part(folder.scores, "t2", rows(5))
    assert_frame_equal(read_parts(folder.scores, ["network_id"], keys=["t2"]), rows(5), check_exact=True)
    assert has_part(folder.scores, "t1")
    assert not has_part(folder.scores, "t3")
    with pytest.raises(UserError, match="no table"):
        read_parts(folder.scores, ["network_id"], keys=["t3"])


def test_an_empty_table_has_its_key_columns(folder: RunFolder) -> None:
    assert list(read_parts(folder.scores, ["network_id", "seed"]).columns) == ["network_id", "seed"]


def test_a_table_keeps_values_missing_values_and_types(folder: RunFolder) -> None:
    frame = pd.DataFrame(
        {"name": ["a", None], "x": [np.nan, 1e-300], "n": np.array([1, 2**40]), "yes": [True, False]}
    )
    save_table(folder.conditions, frame)
    assert_frame_equal(load_table(folder.conditions), frame.astype({"name": "str"}), check_exact=True)


def test_arrays_come_back_with_their_attributes(folder: RunFolder) -> None:
    save_arrays(folder.examples, ARRAYS)
    stored = load_arrays(folder.examples)
    assert stored.attributes == ARRAYS.attributes
    assert stored.array_attributes["image"] == ARRAYS.array_attributes["image"]
    for name, array in ARRAYS.arrays.items():
        assert np.array_equal(stored.arrays[name], array)
        assert stored.arrays[name].dtype == array.dtype
    assert are_intact(folder.examples)


@pytest.mark.parametrize("array", [np.array([{}, 1], dtype=object), np.array(["a"])])
def test_arrays_of_anything_but_numbers_are_not_stored(folder: RunFolder, array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not numbers"):
        save_arrays(folder.examples, NamedArrays({"a": array}))
    assert not folder.examples.exists()


def test_a_folder_without_parts_is_an_empty_table(folder: RunFolder) -> None:
    assert read_parts(folder.scores, ("network_id",)).empty


@pytest.mark.parametrize("kind", sorted(set(SAMPLES) - {"part"}))
def test_what_is_missing_is_named(folder: RunFolder, kind: str) -> None:
    with pytest.raises(UserError, match=r"there (is|are) no"):
        SAMPLES[kind].load(folder)
