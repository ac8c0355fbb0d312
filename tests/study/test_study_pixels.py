"""A study whose domains have pixels of different sizes: images, masks, scores and measures belong to their domain's."""

from pathlib import Path

import numpy as np
import pytest
from study_samples import tiny_study

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.records import canonical_json
from passband.storage.arrays import load_arrays
from passband.storage.run_folder import RunFolder
from passband.storage.tables import load_table, read_parts
from passband.study.load import check_study
from passband.study.pictures import test_images as images_of
from passband.study.pictures import training_pools
from passband.study.pixels import images_grid
from passband.study.run import run_study
from passband.study.specimens import Request, prepare
from passband.study.study import Study

PIXELS = {"-8 nm": 80, "+4 nm": 160, "+8 nm": 128}
"""Pixels along the field of 5.12 nm: 0.64, 0.32 and 0.4 Å."""


def with_pixels(study: Study) -> Study:
    written = {"-8 nm": 0.064, "+4 nm": 0.032}
    domains = {
        name: domain.model_copy(
            update={"imaging": domain.imaging.model_copy(update={"pixel_nm": written.get(name)})}
        )
        for name, domain in study.domains.items()
    }
    return study.model_copy(update={"name": "pixels", "domains": domains})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs") / "pixels"
    run_study(with_pixels(tiny_study()), root, ExecutorSpec(name="inline"))
    return root


def test_images_and_masks_have_the_pixels_of_their_domain(finished: Path) -> None:
    study = with_pixels(tiny_study())
    for name, count in PIXELS.items():
        assert images_grid(study, name).shape == (count, count)
        assert images_grid(study, name).extent_A == pytest.approx((51.2, 51.2))
        batch = images_of(str(finished), canonical_json(study), name)
        assert batch.images.shape == (2, 1, count, count)
        assert batch.masks.shape == (2, count, count)
        pool, _ = training_pools(str(finished), canonical_json(study), name, study.training)
        assert pool.images.shape == (3, count, count)
        assert pool.masks.shape[1:] == (count, count)


def test_masks_cover_the_same_share_of_the_field_at_all_pixels(finished: Path) -> None:
    scores = read_parts(RunFolder(finished).scores, ("network_id", "test_id", "structure_id"))
    assert len(scores) == 4 * 3 * 2
    shares = scores.groupby(["structure_id", "test_id"])["mask_fraction"].first().unstack().to_numpy()
    assert np.ptp(shares, axis=1) / shares.mean(axis=1) == pytest.approx(np.zeros(2), abs=0.01)
    assert scores.groupby("structure_id")["n_true"].nunique().eq(1).all()


def test_tables_know_the_pixels_and_measures_use_the_band_of_the_largest(finished: Path) -> None:
    conditions = load_table(RunFolder(finished).conditions).set_index("domain_id")
    assert conditions["pixel_nm"].to_dict() == pytest.approx({"-8 nm": 0.064, "+4 nm": 0.032, "+8 nm": 0.04})
    measures = load_table(RunFolder(finished).information)
    distances = measures.set_index(["train_id", "test_id"])["power_spectrum_distance"]
    assert distances["-8 nm", "-8 nm"] == 0
    assert np.isfinite(distances).all()
    assert distances["-8 nm", "+8 nm"] > 0


def test_examples_show_one_field_at_the_pixels_of_the_waves(finished: Path) -> None:
    shown = load_arrays(RunFolder(finished).examples)
    assert shown.arrays["images"].shape == (3, 128, 128)
    assert shown.arrays["probabilities"].shape == (3, 128, 128)
    assert set(np.unique(shown.arrays["mask"])) == {0.0, 1.0}
    assert 0 <= shown.arrays["probabilities"].min() <= shown.arrays["probabilities"].max() <= 1


def test_pixels_are_checked_for_the_networks_of_their_domain() -> None:
    study = with_pixels(tiny_study())
    check_study(study, "mine")
    assert study.network.multiple == 4
    odd = study.domains["-8 nm"].imaging.model_copy(update={"pixel_nm": 5.12 / 130})
    domains = study.domains | {"-8 nm": study.domains["-8 nm"].model_copy(update={"imaging": odd})}
    with pytest.raises(UserError, match=r"^mine: domains\.-8 nm\.imaging\.pixel_nm: .*multiple of 4 pixels"):
        check_study(study.model_copy(update={"domains": domains}), "mine")


def test_a_simulated_scene_is_imaged_at_the_pixels_that_the_imaging_names(tmp_path: Path) -> None:
    path = tmp_path / "imaging.yaml"
    path.write_text("defocus_nm: 5\npixel_nm: 0.064\n", encoding="utf-8")
    prepared = prepare(Request("demo", imaging=path))
    assert prepared.specimen.recording.pixel_A == pytest.approx(0.64)
    assert "pixels of 0.64 Å" in prepared.words()["Image"]
    path.write_text("defocus_nm: 5\npixel_nm: 0.055\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"imaging\.yaml: pixel_nm: the field of 10\.24 nm"):
        prepare(Request("demo", imaging=path))
