"""From a file to files, with a network as a study stores it."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from micrograph_samples import REAL_FILES, counts, write_png, write_tiff
from PIL import Image

from passband.errors import UserError
from passband.imaging.distribution import ImagingDistribution
from passband.micrograph import outputs
from passband.micrograph.network import stored_segmenter
from passband.micrograph.report import SegmentationReport
from passband.micrograph.segment_file import SegmentOptions, segment_file
from passband.networks.spec import NetworkSpec
from passband.networks.unet import build_network
from passband.storage.weights import save_network
from passband.training.card import NetworkCard
from passband.training.spec import COMPACT_TRAINING

OWN_NM = 0.04


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network with the card of a trained one."""
    card = NetworkCard(
        network=NetworkSpec(input_sampling_A=10 * OWN_NM, widths=(8, 8), blocks=(1, 1)),
        training=COMPACT_TRAINING,
        imaging=ImagingDistribution(defocus_nm=-10),
        training_waves=("a",),
        validation_waves=("b",),
        mask_preset="clean",
        mask_blur_A=1.6,
        data_seed=0,
        seed=0,
    )
    path = tmp_path_factory.mktemp("run") / "networks" / card.network_id
    state = build_network(card.network, seed=0).state_dict()
    save_network(path, state, {"card": card.model_dump(mode="json")})
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """160 x 200 px of 0.05 nm."""
    return write_tiff(tmp_path / "image.tif", counts((160, 200)))


def test_every_output_is_there_and_they_agree(network: Path, image: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    report = segment_file(
        image,
        network,
        SegmentOptions(save_probability=True),
        tmp_path / "out",
        lambda *step: told.append(step),
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        path.name for path in report.files
    )
    mask = tifffile.imread(tmp_path / "out" / "image.mask.tif")
    assert (mask.shape, mask.dtype) == ((160, 200), np.uint8)
    assert set(np.unique(mask)) <= {0, 255}
    for name, shape in (("mask", (160, 200)), ("overlay", (614, 768, 3))):
        with Image.open(tmp_path / "out" / f"image.{name}.png") as picture:
            pixels = np.asarray(picture)
        assert pixels.shape == shape
        assert name != "mask" or np.array_equal(mask, pixels)
    assert np.array_equal(tifffile.imread(tmp_path / "out" / "image.probability.tif") > 0.5, mask > 0)
    assert len(pd.read_csv(tmp_path / "out" / "image.particles.csv")) == report.particles
    assert told == [(1, 1)]


def test_the_mask_carries_the_pixel_size_of_the_image(network: Path, image: Path, tmp_path: Path) -> None:
    segment_file(image, network, SegmentOptions(), tmp_path / "out")
    with tifffile.TiffFile(tmp_path / "out" / "image.mask.tif") as file:
        assert (file.imagej_metadata or {})["unit"] == "nm"
        numerator, denominator = file.pages[0].tags["XResolution"].value
    assert denominator / numerator == pytest.approx(0.05, rel=1e-6)


def test_the_record_says_what_was_done_to_which_file(network: Path, image: Path, tmp_path: Path) -> None:
    report = segment_file(image, network, SegmentOptions(), tmp_path / "out")
    record = json.loads((tmp_path / "out" / "image.segmentation.json").read_text())
    assert record["input"]["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert record["network"] == {"id": network.name, "pixel_size_nm": pytest.approx(OWN_NM)}
    assert record["pixel_size_nm"] == {"y": pytest.approx(0.05), "x": pytest.approx(0.05)}
    assert record["pixel_size_from"] == "the file (in nm)"
    assert record["resampling"] == "resampled from 160 x 200 to 200 x 250 px"
    assert record["files"] == [path.name for path in report.files]


def test_the_report_prints_the_pixel_size_and_where_it_comes_from(
    network: Path, image: Path, tmp_path: Path
) -> None:
    lines = segment_file(image, network, SegmentOptions(), tmp_path / "out").lines()
    assert lines[0] == "image.tif: pixel size 0.05 nm, from the file (in nm)"
    assert lines[1] == (
        f"network {network.name}: pixel size 0.04 nm; resampled from 160 x 200 to 200 x 250 px"
    )
    assert any(line.startswith("note: the pixels are coarser than the network's") for line in lines)


@pytest.mark.parametrize(
    ("particles", "diameters_nm", "told"),
    [
        (0, (), "no particles found"),
        (2, (), "particles found: 2, of which 0 lie wholly in the image"),
        (2, (4.0,), "particles found: 2, of which 1 lie wholly in the image; its diameter is 4.00 nm"),
        (  # the standard deviation of two values is their difference over the root of 2
            2,
            (4.0, 5.0),
            "particles found: 2, of which 2 lie wholly in the image; mean diameter 4.50 nm, standard deviation 0.71 nm",
        ),
    ],
)
def test_the_report_counts_all_particles_and_measures_the_whole_ones(
    particles: int, diameters_nm: tuple[float, ...], told: str
) -> None:
    sizes = (0.05, 0.05)
    report = SegmentationReport("a", sizes, "b", "c", 0.04, "d", particles, diameters_nm, (), ())
    assert report.lines()[2] == told


def test_the_same_command_gives_the_same_bytes(network: Path, image: Path, tmp_path: Path) -> None:
    first = segment_file(image, network, SegmentOptions(), tmp_path / "out")
    content = {path: path.read_bytes() for path in first.files}
    segment_file(image, network, SegmentOptions(), tmp_path / "out")
    assert content == {path: path.read_bytes() for path in first.files}


@pytest.mark.parametrize("suffix", ["", ".json", ".safetensors"])
def test_a_network_may_be_named_by_either_of_its_files(network: Path, suffix: str) -> None:
    segmenter = stored_segmenter(network.with_name(network.name + suffix))
    assert (segmenter.network_id, segmenter.pixel_size_nm) == (network.name, pytest.approx(OWN_NM))
    assert (segmenter.field_px, segmenter.multiple_px) == (256, 8)


def test_a_network_of_a_domain_with_pixels_of_its_own_expects_these(network: Path, tmp_path: Path) -> None:
    card = json.loads(network.with_suffix(".json").read_text())["card"]
    card["imaging"]["pixel_nm"] = 0.032
    state = build_network(NetworkCard.model_validate_json(json.dumps(card)).network, seed=0).state_dict()
    save_network(tmp_path / "other", state, {"card": card})
    segmenter = stored_segmenter(tmp_path / "other")
    assert (segmenter.pixel_size_nm, segmenter.field_px) == (0.032, 320)


def test_a_device_that_is_not_there_is_one_sentence(network: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be used: .*CUDA"):
        stored_segmenter(network, device="cuda:99")


def test_frames_of_one_stack_do_not_overwrite_each_other(network: Path, tmp_path: Path) -> None:
    stack = write_tiff(tmp_path / "stack.tif", counts((2, 64, 64)))
    for frame in (0, 1):
        report = segment_file(stack, network, SegmentOptions(frame=frame), tmp_path / "out")
        assert report.files[1].name == f"stack.frame{frame}.mask.tif"
    assert len(list((tmp_path / "out").iterdir())) == 2 * len(report.files)


BAD = {
    "no pixel size": (SegmentOptions(), "png", "--pixel-size-nm"),
    "too coarse": (SegmentOptions(pixel_size_nm=0.1), "tif", "0.1 nm, outside 0.5 to 2 times the 0.04 nm"),
    "resampling off": (
        SegmentOptions(resampling=False),
        "tif",
        "0.05 nm, .* 0.04 nm, and resampling is switched off",
    ),
    "no such frame": (SegmentOptions(frame=3), "tif", "no frame 3"),
}


@pytest.mark.parametrize("case", BAD)
def test_nothing_is_written_where_anything_is_wrong(case: str, network: Path, tmp_path: Path) -> None:
    options, suffix, reason = BAD[case]
    write = {"png": write_png, "tif": write_tiff}[suffix]
    path = write(tmp_path / f"image.{suffix}", counts((64, 64)))
    with pytest.raises(UserError, match=reason):
        segment_file(path, network, options, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_or_damaged_network_is_one_sentence(network: Path, image: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no network file"):
        segment_file(image, tmp_path / "absent", SegmentOptions(), tmp_path / "out")
    for suffix in (".json", ".safetensors"):
        copy = tmp_path / "copy"
        for each in (".json", ".safetensors"):
            copy.with_suffix(each).write_bytes(network.with_suffix(each).read_bytes())
        data = bytearray(copy.with_suffix(suffix).read_bytes())
        data[len(data) // 2] ^= 1
        copy.with_suffix(suffix).write_bytes(data)
        with pytest.raises(UserError, match="is damaged"):
            segment_file(image, copy, SegmentOptions(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_what_the_card_says_are_refused(network: Path, tmp_path: Path) -> None:
    card = NetworkCard.model_validate_json(
        json.dumps(json.loads(network.with_suffix(".json").read_text())["card"])
    )
    other = build_network(NetworkSpec(widths=(4, 4), blocks=(1, 1)), seed=0).state_dict()
    save_network(tmp_path / "other", other, {"card": card.model_dump(mode="json")})
    with pytest.raises(UserError, match="other cannot be used"):
        stored_segmenter(tmp_path / "other")
    save_network(tmp_path / "bare", other, {"name": "of another program"})
    with pytest.raises(UserError, match="without the key 'card'"):
        stored_segmenter(tmp_path / "bare")


def test_an_input_is_never_replaced(network: Path, tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "image.mask.tif", counts((64, 64)))
    original = path.read_bytes()
    link = tmp_path / "image.tif"
    os.link(path, link)  # the input under another name, whose mask would be the file itself
    with pytest.raises(UserError, match="choose another folder with --out"):
        segment_file(link, network, SegmentOptions(), tmp_path)
    assert path.read_bytes() == original
    link.unlink()
    link.symlink_to(path)
    with pytest.raises(UserError, match="is an input and would be replaced"):
        segment_file(link, network, SegmentOptions(), tmp_path)


def test_a_file_that_is_no_earlier_result_of_the_same_image_is_never_replaced(
    network: Path, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    precious = tmp_path / "out" / "image.overlay.png"
    precious.write_text("precious")
    with pytest.raises(
        UserError, match=r"image\.overlay\.png is no result of image\.tif; choose another folder"
    ):
        segment_file(image, network, SegmentOptions(), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["image.overlay.png"]
    (tmp_path / "elsewhere").mkdir()
    other = write_tiff(tmp_path / "elsewhere" / "image.tif", counts((64, 64)))
    segment_file(image, network, SegmentOptions(), tmp_path / "own")
    with pytest.raises(UserError, match="is no result of"):
        segment_file(other, network, SegmentOptions(), tmp_path / "own")


@pytest.mark.parametrize("written", [0, 1, 3, 5])
def test_an_interrupted_writing_is_completed_by_the_same_command(
    written: int, network: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after any number of files, what is there is whole, and the same command goes on."""
    options = SegmentOptions(save_probability=True)
    whole = segment_file(image, network, options, tmp_path / "whole").files
    write, left = outputs.write_bytes, [written]

    def interrupted(path: Path, data: bytes) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        write(path, data)

    out = tmp_path / "out"
    monkeypatch.setattr(outputs, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        segment_file(image, network, options, out)
    assert len(list(out.iterdir()) if out.exists() else []) == written
    monkeypatch.undo()
    segment_file(image, network, options, out)
    assert all(path.read_bytes() == (out / path.name).read_bytes() for path in whole)


def test_a_probability_that_is_no_longer_asked_for_does_not_stay_beside_a_new_mask(
    network: Path, image: Path, tmp_path: Path
) -> None:
    segment_file(image, network, SegmentOptions(save_probability=True), tmp_path / "out")
    segment_file(image, network, SegmentOptions(), tmp_path / "out")
    assert not (tmp_path / "out" / "image.probability.tif").exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    network: Path, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"nothing can be written to .*; choose another folder with --out"):
        segment_file(image, network, SegmentOptions(), tmp_path / "file" / "out")


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the real files are not here")
def test_a_real_micrograph_goes_through_the_whole_chain(network: Path, tmp_path: Path) -> None:
    """Acquisition_18.emd has pixels of 0.01225 nm, 0.31 of the network's: given as 0.02 nm it is just in reach."""
    path = REAL_FILES / "ncempy" / "Acquisition_18.emd"
    with pytest.raises(UserError, match=r"0\.01225 nm, outside 0\.5 to 2 times the 0\.04 nm"):
        segment_file(path, network, SegmentOptions(), tmp_path / "out")
    report = segment_file(path, network, SegmentOptions(pixel_size_nm=0.02), tmp_path / "out")
    assert report.resampling == "resampled from 1024 x 1024 to 512 x 512 px"
    assert "the file says 0.01225 nm per pixel; 0.02 nm is used instead, as you asked" in report.notes
