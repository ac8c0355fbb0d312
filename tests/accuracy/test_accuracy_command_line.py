"""`passband simulate` as users meet it."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
import tifffile
import torch
from accuracy_samples import grain
from PIL import Image

from command_line import call
from passband.imaging.draw import mean_condition
from passband.imaging.image import intensity
from passband.imaging.recording import recording
from passband.storage.waves import load_waves
from passband.structure.exchange import to_ase
from passband.study.load import load_imaging

IMAGING = "defocus_nm: 5\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A grain of gold, and imaging conditions."""
    atoms, imaging = tmp_path / "gold.xyz", tmp_path / "imaging.yaml"
    ase.io.write(atoms, to_ase(grain(side=3)))
    imaging.write_text(IMAGING, encoding="utf-8")
    return str(atoms), str(imaging)


def test_waves_image_and_their_record_are_written(
    files: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    atoms, imaging = files
    out = tmp_path / "out"
    asked = (atoms, "--imaging", imaging, "--out", str(out), "--frozen-phonons", "2", "--seed", "7")
    assert call(monkeypatch, "simulate", *asked) == 0
    assert "2 frozen phonons" in capsys.readouterr().out
    stored = load_waves(out / "waves.zarr" / "scene")
    assert stored.waves.full.field.shape == (2, 64, 64)
    image = tifffile.imread(out / "image.tif")
    assert (image.shape, image.dtype) == ((64, 64), np.float32)
    assert float(image.mean()) == pytest.approx(1.0, abs=0.05), "vacuum is 1"
    with Image.open(out / "image.png") as picture:
        assert picture.size == (768, 768)
    record = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert (record["simulation"]["frozen_phonons"], record["seed"]) == (2, 7)
    for name, digest in record["sha256"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    assert {path.name for path in out.iterdir()} == {
        "waves.zarr",
        "image.tif",
        "image.png",
        "simulation.json",
    }


@pytest.mark.parametrize("how", ["coherence: explicit", "detector: {mtf: {form: gaussian, half_at: 0.3}}"])
def test_the_image_is_recorded_as_the_imaging_says(
    files: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    atoms, imaging = files
    Path(imaging).write_text(f"{IMAGING}focal_spread_nm: 3\n{how}\n", encoding="utf-8")
    assert call(monkeypatch, "simulate", atoms, "--imaging", imaging, "--out", str(tmp_path / "out")) == 0
    wave = load_waves(tmp_path / "out" / "waves.zarr" / "scene").waves.full
    own = load_imaging(Path(imaging))
    condition, image = mean_condition(own), torch.from_numpy(tifffile.imread(tmp_path / "out" / "image.tif"))
    torch.testing.assert_close(image, intensity(wave, condition, recording(own)), rtol=0, atol=1e-5)
    assert float((image - intensity(wave, condition)).abs().max()) > 1e-3


def test_the_check_writes_a_page_that_needs_nothing_else(
    files: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    atoms, imaging = files
    out = tmp_path / "out"
    asked = (atoms, "--imaging", imaging, "--out", str(out), "--check", "--budget", "20")
    assert call(monkeypatch, "simulate", *asked) == 0
    told = capsys.readouterr().out
    # 0.4 Å stored pixels end at 1.25 1/Å, where a focal spread of 1 nm lets through 63 % and gold scatters far beyond
    assert "Not converged to 1 % of the contrast: stored pixel 0.4 Å" in " ".join(told.split())
    assert "Pixel size: 0.2 Å costs" in told
    page = (out / "check.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "http" not in page.replace('http-equiv="Content', "")
    assert "data:image/svg+xml;base64," in page
    found = json.loads((out / "check.json").read_text(encoding="utf-8"))
    assert {axis["key"] for axis in found["axes"]} >= {"sampling_A", "slice_thickness_A", "frozen_phonons"}
    axes = {axis["key"]: axis["probes"] for axis in found["axes"]}
    assert next(probe["image_error"] for probe in axes["stored_sampling_A"] if probe["is_own"]) > 0.01
    assert found["verdict"] in page.replace("&#39;", "'")


def test_an_earlier_simulation_is_replaced_and_nothing_else(
    files: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    atoms, imaging = files
    out = tmp_path / "out"
    asked = (atoms, "--imaging", imaging, "--out", str(out))
    assert call(monkeypatch, "simulate", *asked) == 0
    first = (out / "image.tif").read_bytes()
    assert call(monkeypatch, "simulate", *asked) == 0
    assert (out / "image.tif").read_bytes() == first
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    capsys.readouterr()
    assert call(monkeypatch, "simulate", *asked) == 2
    assert "something else" in capsys.readouterr().err
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dmeo", "--out", "x"), "did you mean 'demo'"),
        (("nowhere.xyz", "--out", "x", "--imaging", "IMAGING"), "nowhere.xyz"),
        (("ATOMS", "--out", "x"), "need --imaging"),
        (("ATOMS", "--out", "x", "--imaging", "nowhere.yaml"), "nowhere.yaml"),
        (("ATOMS", "--out", "x", "--imaging", "IMAGING", "--energy-kV", "200"), "give both the same"),
        (("ATOMS", "--out", "x", "--imaging", "IMAGING", "--sampling-A", "0.3"), "stored_sampling_A"),
        (("ATOMS", "--out", "x", "--imaging", "IMAGING", "--sampling-A", "0.17"), "would be"),
        (("ATOMS", "--out", "x", "--imaging", "IMAGING", "--slice-thickness-A", "-1"), "slice_thickness_A"),
        (("ATOMS", "--out", "x", "--imaging", "IMAGING", "--wave-format", "dm4"), "abtem, hspy, zspy"),
        (("ATOMS", "--out", "x", "--imaging", "FAR"), "lands"),
        (("demo", "--out", "x", "--index", "99"), "16 test scenes"),
        (("demo", "--out", "x", "--structures", "gold"), "it has CdSe"),
        (("demo", "--out", "x", "--seed", "0"), "leave out --field-nm"),
        (("demo", "--out", "x", "--support", "C"), "leave out --field-nm"),
        (("ATOMS", "--out", "x", "--imaging", "IMAGING", "--index", "0"), "leave out --structures"),
        (("IMAGING", "--out", "x"), "unknown key 'defocus_nm' at this place"),
        (("ATOMS", "--out", "FOLDER", "--imaging", "IMAGING"), "something else"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...],
    words: str,
    files: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "far.yaml").write_text("defocus_nm: 500\n", encoding="utf-8")
    named = {"ATOMS": files[0], "IMAGING": files[1], "FAR": "far.yaml", "FOLDER": str(tmp_path)}
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert call(monkeypatch, "simulate", *(named.get(each, each) for each in arguments)) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("passband: ")
    assert words in told
    assert "Traceback" not in told
    assert sorted(tmp_path.rglob("*")) == before, "nothing half written"


def test_a_library_that_is_missing_is_told_before_anything_is_computed(
    files: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it computes")

    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.setattr("passband.study.simulate.simulated", never)
    asked = (files[0], "--imaging", files[1], "--out", str(tmp_path / "out"), "--wave-format")
    assert call(monkeypatch, "simulate", *asked, "hspy") == 2
    assert "pip install 'passband[micrograph]'" in capsys.readouterr().err
    with pytest.raises(AssertionError, match="it computes"):
        call(monkeypatch, "simulate", *asked, "zspy")
    assert not (tmp_path / "out").exists()


def test_an_interruption_leaves_nothing_behind(files: tuple[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from passband.cli import main; main()", "simulate", files[0]]
    arguments = ["--imaging", files[1], "--out", str(tmp_path / "out"), "--check", "--budget", "600"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert child.stderr.readline().startswith("check: "), "it is at work"
        child.send_signal(signal.SIGINT)
        told = child.stderr.read()
    assert child.returncode == 130, told
    assert told.strip().endswith("passband: stopped; nothing was written")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gold.xyz", "imaging.yaml"]
