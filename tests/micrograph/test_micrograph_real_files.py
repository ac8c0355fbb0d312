"""Files that instruments and other people's programs wrote, each with what must come of it."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from micrograph_samples import REAL_FILES

from passband.errors import UserError
from passband.micrograph.reader import load_micrograph

pytestmark = pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the real files are not here")

READ = {  # file: shape, pixel size (y, x) [nm], what the notes must say
    "ncempy/Acquisition_18.emd": ((1024, 1024), (0.012246525, 0.012246525), ""),
    "ncempy/Camera Ceta Imaging Micro.emd": (
        (512, 512),
        (3.138837, 3.138837),
        "too coarse for lattice contrast",
    ),
    "ncempy/dmTest_float32_nonSquare_diffPixelSize.dm3": (
        (64, 128),
        (0.2, 1.0),
        "not square: .* 2 A and 1 nm",
    ),
    "ncempy/dmTest_float32_nonSquare_diffPixelSize.dm4": (
        (64, 128),
        (0.2, 1.0),
        "not square: .* 2 A and 1 nm",
    ),
    "rosettasciio/64x64_TEM_images_acquire.emi": ((64, 64), (6.281834, 6.281834), "too coarse"),
    "rosettasciio/64x64_TEM_images_acquire_1.ser": ((64, 64), (6.281834, 6.281834), "too coarse"),
}
REFUSED = {  # file: what the one sentence must say
    "ncempy/dmTest_3D_int16_64,65,66.dm3": "a stack of 66 images of 65 x 64 px: choose one with --frame, 0 to 65",
    "ncempy/08_carbon.dm3": "is a spectrum",
    "ncempy/temp.mrc": "a stack of 3 images of 128 x 128 px: choose one with --frame, 0 to 2",
    "ncempy/01_Si110_5images.emi": "01_Si110_5images_1.ser is missing",
    "rosettasciio/test_diffraction_pattern.dm3": "a diffraction pattern: its pixels are in 1/nm",
    "rosettasciio/test_stackbuilder_imagestack.dm3": "a stack of 3 images of 2 x 16 px, too small",
    "rosettasciio/test_fft_packed_complex8.dm4": "complex values, a Fourier transform",
    "rosettasciio/fei_example_tem_stack.emd": "a stack of 2 images .*: choose one with --frame, 0 to 1",
}
FRAMES = {  # file: frame, shape, pixel size (y, x) [nm]
    "ncempy/temp.mrc": (2, (128, 128), (0.2, 0.2)),
    "ncempy/dmTest_3D_int16_64,65,66.dm3": (65, (65, 64), (3.0, 0.002)),
}


@pytest.fixture(scope="module", autouse=True)
def rosettasciio_imported() -> None:
    """Its import takes longer than a file may."""
    pytest.importorskip("rsciio.digitalmicrograph")


@pytest.mark.parametrize("name", READ)
def test_a_micrograph_is_read_with_its_pixel_size(name: str) -> None:
    shape, pixel_size_nm, told = READ[name]
    micrograph = load_micrograph(REAL_FILES / name)
    assert micrograph.image.shape == shape
    assert micrograph.image.dtype == np.float32
    assert micrograph.pixel_size_nm == pytest.approx(pixel_size_nm, rel=1e-6)
    assert micrograph.pixel_size_origin.startswith("the file")
    assert micrograph.source == Path(name).name
    notes = "; ".join(micrograph.notes)
    assert re.search(told, notes) if told else notes == ""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_single_micrograph_is_refused_within_a_second_and_told_why(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(UserError, match=REFUSED[name]):
        load_micrograph(REAL_FILES / name)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_of_a_stack_is_read(name: str) -> None:
    frame, shape, pixel_size_nm = FRAMES[name]
    micrograph = load_micrograph(REAL_FILES / name, frame=frame)
    assert (micrograph.image.shape, micrograph.frame) == (shape, frame)
    assert micrograph.pixel_size_nm == pytest.approx(pixel_size_nm, rel=1e-6)


def test_the_frame_of_a_stack_is_the_one_that_rosettasciio_reads() -> None:
    from rsciio.digitalmicrograph import file_reader

    path = REAL_FILES / "ncempy/dmTest_3D_int16_64,65,66.dm3"
    assert np.array_equal(load_micrograph(path, frame=7).image, file_reader(str(path))[0]["data"][7])


def test_the_mode_of_the_microscope_in_an_emi_makes_its_ser_a_diffraction_pattern(tmp_path: Path) -> None:
    for name in ("64x64_TEM_images_acquire.emi", "64x64_TEM_images_acquire_1.ser"):
        (tmp_path / name).write_bytes((REAL_FILES / "rosettasciio" / name).read_bytes())
    emi = tmp_path / "64x64_TEM_images_acquire.emi"
    told = emi.read_bytes()
    mode = told[told.index(b"<Label>Mode</Label>") :].split(b"</Value>")[0].split(b"<Value>")[1]
    emi.write_bytes(told.replace(mode, b"TEM uP SA Zoom Diffraction"))
    with pytest.raises(UserError, match="diffraction pattern"):
        load_micrograph(tmp_path / "64x64_TEM_images_acquire_1.ser")
