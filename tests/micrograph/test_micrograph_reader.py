import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from micrograph_samples import (
    PIXEL_NM,
    counts,
    write_berkeley,
    write_dm,
    write_mrc,
    write_png,
    write_ser,
    write_tiff,
    write_velox,
)

from passband.errors import UserError
from passband.micrograph.reader import FORMATS, load_micrograph

Writer = Callable[[Path, Any], Path]
SINGLE: dict[str, Writer] = {
    "int16.mrc": lambda path, image: write_mrc(path, image.astype(np.int16)),
    "float32.mrc": lambda path, image: write_mrc(path, image.astype(np.float32)),
    "big-endian.mrc": lambda path, image: write_mrc(path, image.astype(np.float32), order=">"),
    "half.mrc": lambda path, image: write_mrc(path, image.astype(np.float16)),
    "series_1.ser": lambda path, image: write_ser(path, image[None].astype(np.float32)),
    "image.dm3": lambda path, image: write_dm(path, image.astype(np.float32)),
    "velox.emd": write_velox,
    "berkeley.emd": write_berkeley,
    "imagej.tif": write_tiff,
    "CAPITAL.TIF": write_tiff,
}
STACKS: dict[str, Writer] = {
    "stack.mrc": lambda path, image: write_mrc(path, image.astype(np.float32)),
    "series_1.ser": lambda path, image: write_ser(path, image.astype(np.float32)),
    "velox.emd": write_velox,
    "berkeley.emd": write_berkeley,
    "stack.tif": write_tiff,
}


@pytest.mark.parametrize("name", SINGLE)
def test_every_format_gives_back_the_pixels_and_their_size(name: str, tmp_path: Path) -> None:
    image = counts()
    micrograph = load_micrograph(SINGLE[name](tmp_path / name, image))
    assert np.array_equal(micrograph.image, image)
    assert micrograph.pixel_size_nm == pytest.approx((PIXEL_NM, PIXEL_NM), rel=1e-6)
    assert micrograph.frame is None
    assert micrograph.notes == ()


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_asks_for_a_frame_and_gives_that_one(name: str, tmp_path: Path) -> None:
    stack = counts((3, 40, 50))
    path = STACKS[name](tmp_path / name, stack)
    with pytest.raises(UserError, match="stack of 3 images of 40 x 50 px: choose one with --frame, 0 to 2"):
        load_micrograph(path)
    with pytest.raises(UserError, match="no frame 3: its frames are 0 to 2"):
        load_micrograph(path, frame=3)
    assert np.array_equal(load_micrograph(path, frame=1).image, stack[1])


def test_several_images_in_a_file_are_told_by_their_titles(tmp_path: Path) -> None:
    first, second = counts((40, 50), seed=1), counts((40, 50), seed=2)
    path = write_berkeley(tmp_path / "two.emd", first)
    with h5py.File(path, "a") as file:
        file.copy("data/sample", "data/second")
        file["data/second/data"][...] = second
    with pytest.raises(UserError, match=r"a file of 2 images \(sample, second\).*--frame, 0 to 1"):
        load_micrograph(path)
    assert np.array_equal(load_micrograph(path, frame=1).image, second)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_png_gives_its_grey_values_and_asks_for_the_pixel_size(bits: int, tmp_path: Path) -> None:
    image = counts(mean=100).astype(f"u{bits // 8}") * (1 if bits == 8 else 256)
    path = write_png(tmp_path / "image.png", image)
    with pytest.raises(
        UserError, match="does not say how large its pixels are; give it with --pixel-size-nm"
    ):
        load_micrograph(path)
    micrograph = load_micrograph(path, pixel_size_nm=0.03)
    assert np.array_equal(micrograph.image, image)
    assert (micrograph.pixel_size_nm, micrograph.pixel_size_origin) == ((0.03, 0.03), "--pixel-size-nm")


def test_a_png_with_colours_is_read_only_where_they_are_grey(tmp_path: Path) -> None:
    image = counts().astype(np.uint8)
    grey = np.repeat(image[..., None], 4, axis=2)
    assert np.array_equal(load_micrograph(write_png(tmp_path / "grey.png", grey), 0.03).image, image)
    grey[3, 4, 1] += 1
    with pytest.raises(UserError, match="colour image: export the grey values"):
        load_micrograph(write_png(tmp_path / "colour.png", grey), 0.03)


def test_a_pixel_size_that_the_user_gives_overrules_the_file_and_says_so(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "image.tif", counts())
    overruled = load_micrograph(path, pixel_size_nm=0.03)
    assert overruled.pixel_size_nm == (0.03, 0.03)
    assert overruled.notes == ("the file says 0.05 nm per pixel; 0.03 nm is used instead, as you asked",)
    assert load_micrograph(path, pixel_size_nm=PIXEL_NM).notes == ()


OME_SIZE = {
    "axes": "YX",
    "PhysicalSizeX": 0.5,
    "PhysicalSizeXUnit": "Å",
    "PhysicalSizeY": 0.5,
    "PhysicalSizeYUnit": "Å",
}
TIFF_SIZES: dict[str, tuple[dict[str, Any], float | None]] = {
    "ImageJ, micrometres": (
        {"imagej": True, "resolution": (2e4, 2e4), "metadata": {"unit": "\\u00B5m"}},
        0.05,  # 20,000 pixels per µm
    ),
    "OME": ({"ome": True, "metadata": OME_SIZE}, 0.05),
    "DigitalMicrograph": (
        {
            "extratags": [
                (65003, "s", 0, "nm", True),
                (65004, "s", 0, "nm", True),
                (65009, "d", 1, 0.05, True),
                (65010, "d", 1, 0.05, True),
            ]
        },
        0.05,
    ),
    "per centimetre": ({"resolution": (2e8, 2e8), "resolutionunit": "CENTIMETER"}, 0.05),  # 2e8 pixels per cm
    "a printer's 72 dpi": ({"resolution": (72, 72), "resolutionunit": "INCH"}, None),
    "none": ({}, None),
}


@pytest.mark.parametrize("writer", TIFF_SIZES)
def test_a_tiff_has_the_pixel_size_of_the_program_that_wrote_it(writer: str, tmp_path: Path) -> None:
    options, expected_nm = TIFF_SIZES[writer]
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, counts(), **options)
    if expected_nm is None:
        with pytest.raises(UserError, match="--pixel-size-nm"):
            load_micrograph(path)
    else:
        assert load_micrograph(path).pixel_size_nm == pytest.approx((expected_nm, expected_nm), rel=1e-6)


@pytest.mark.parametrize(
    "options", [{"compression": "zlib"}, {"tile": (32, 32)}, {"byteorder": ">"}, {"bigtiff": True}]
)
def test_every_layout_of_a_tiff_gives_the_same_pixels(options: dict[str, Any], tmp_path: Path) -> None:
    image = counts((3, 70, 90))
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, image, photometric="minisblack", **options)
    assert np.array_equal(load_micrograph(path, 0.05, frame=2).image, image[2])


def test_pixels_that_are_not_square_are_told_and_kept_apart(tmp_path: Path) -> None:
    path = write_dm(tmp_path / "image.dm3", counts().astype(np.float32), units=("Å", "nm"))
    micrograph = load_micrograph(path)
    assert micrograph.pixel_size_nm == pytest.approx((PIXEL_NM / 10, PIXEL_NM), rel=1e-6)
    assert "not square: 0.005 nm (y) x 0.05 nm (x), stored as 0.05 Å and 0.05 nm" in micrograph.notes[0]


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        ("1/nm", "diffraction pattern"),
        ("eV", "is a spectrum"),
        ("s", "gives its pixels as 0.05 s, which is no length; give it with --pixel-size-nm"),
        ("", "does not say how large its pixels are; give it with --pixel-size-nm"),
        ("m", "a pixel of 0.05 m is not between 0.0001 and 10000 nm"),
    ],
)
def test_an_axis_that_is_no_plausible_length_is_refused(unit: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=reason):
        load_micrograph(write_berkeley(tmp_path / "image.emd", counts(), unit=unit))


@pytest.mark.parametrize("pixel_size_nm", [0.0, -0.02, float("nan"), float("inf"), 1e6])
def test_an_implausible_pixel_size_of_the_user_is_refused(pixel_size_nm: float, tmp_path: Path) -> None:
    path = write_png(tmp_path / "image.png", counts())
    with pytest.raises(UserError, match=r"--pixel-size-nm .* is not between"):
        load_micrograph(path, pixel_size_nm=pixel_size_nm)


def test_a_frame_of_a_file_with_one_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no frame 1: leave --frame out"):
        load_micrograph(write_tiff(tmp_path / "image.tif", counts()), frame=1)


def test_an_image_below_32_pixels_is_too_small(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is 31 x 64 px, too small"):
        load_micrograph(write_tiff(tmp_path / "image.tif", counts((31, 64))))
    assert load_micrograph(write_tiff(tmp_path / "image.tif", counts((32, 32)))).image.shape == (32, 32)


def test_an_image_without_any_contrast_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="every pixel has the value 7"):
        load_micrograph(write_tiff(tmp_path / "image.tif", np.full((40, 40), 7, np.uint16)))


def test_a_few_pixels_without_a_number_become_the_median_and_many_are_refused(tmp_path: Path) -> None:
    image = counts().astype(np.float32)
    image[3, 4:6] = np.nan, np.inf
    micrograph = load_micrograph(write_mrc(tmp_path / "few.mrc", image))
    assert micrograph.image[3, 4] == np.median(image[np.isfinite(image)])
    assert micrograph.notes == ("pixels without a number, set to the median: 2",)
    image[5] = np.nan
    with pytest.raises(UserError, match="66 of 3072 pixels are not numbers"):
        load_micrograph(write_mrc(tmp_path / "many.mrc", image))


def test_complex_values_are_refused_in_every_format_that_has_them(tmp_path: Path) -> None:
    image = counts().astype(np.complex64)
    velox = np.zeros(image.shape, [("realFloatHalfEven", "<f4"), ("imagFloatHalfEven", "<f4")])
    for path in (write_mrc(tmp_path / "fft.mrc", image), write_velox(tmp_path / "fft.emd", velox)):
        with pytest.raises(UserError, match="complex values, a Fourier transform"):
            load_micrograph(path)


def test_without_rosettasciio_the_user_is_told_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_dm(tmp_path / "image.dm3", counts().astype(np.float32))
    for name in [name for name in sys.modules if name.split(".")[0] == "rsciio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rsciio", None)
    with pytest.raises(
        UserError, match=r"\.dm3 files needs RosettaSciIO.*pip install 'passband\[micrograph\]'"
    ):
        load_micrograph(path)


def test_what_is_no_file_of_a_known_kind_is_refused(tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder.tif", tmp_path / "pipe.tif"
    folder.mkdir()
    os.mkfifo(pipe)
    (tmp_path / "notes.txt").write_text("hello")
    for path, reason in (
        (folder, "is not a file"),
        (pipe, "is not a file"),
        (tmp_path / "absent.tif", "is not there"),
        (tmp_path / "notes.txt", "none of the files that passband reads"),
    ):
        with pytest.raises(UserError, match=reason):
            load_micrograph(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_is_empty_or_of_another_kind_is_refused(suffix: str, tmp_path: Path) -> None:
    for content in (b"", b"\0" * 5000, b"passband " * 500):
        path = tmp_path / f"file_1{suffix}"
        path.write_bytes(content)
        with pytest.raises(UserError, match="file_1"):
            load_micrograph(path)
