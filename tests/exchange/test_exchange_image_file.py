"""`passband image`: the file holds the image that the physics gives, and a mistake leaves nothing behind."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from command_line import call
from passband.electron import wavelength_A
from passband.exchange.wave_file import stored_wave
from passband.exchange.waves import load_wave, save_wave
from passband.grid import Grid
from passband.imaging.coherence import source_points
from passband.imaging.condition import symmetric_condition
from passband.imaging.draw import draw_conditions, mean_condition
from passband.imaging.image import intensity
from passband.imaging.transfer import frequency_axes
from passband.storage.waves import save_waves
from passband.study.load import load_imaging
from passband.wave import ExitWave, SceneWaves

IMAGING = "defocus_nm: {normal: {mean: -5, std: 1.5}}\ndose_e_per_A2: 400\nfocal_spread_nm: 2\n"


def some_wave(seed: int = 1) -> ExitWave:
    phase = 0.1 * torch.randn(1, 128, 160, generator=torch.Generator().manual_seed(seed))
    return ExitWave(torch.polar(torch.ones_like(phase), phase), Grid((128, 160), 0.4), 300e3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(IMAGING, encoding="utf-8")
    save_wave(Path("wave.zarr"), some_wave(), {})
    return tmp_path


def tiff(name: str) -> np.ndarray:
    return np.asarray(tifffile.imread(name))


def test_the_tiff_is_the_image_of_the_mean_condition_with_its_pixel_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert call(monkeypatch, "image", "wave.zarr", "--imaging", "c.yaml", "--out", "im.tif") == 0
    expected = intensity(some_wave(), symmetric_condition(300e3, 50.0, focal_spread_A=20.0))
    assert tiff("im.tif").dtype == np.float32
    assert np.array_equal(tiff("im.tif"), expected.numpy())
    with tifffile.TiffFile("im.tif") as file:
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert file.imagej_metadata["unit"] == "nm"
    assert denominator / numerator == pytest.approx(0.04)
    with Image.open("im.png") as picture:
        assert picture.size[0] / picture.size[1] == pytest.approx(160 / 128, rel=0.01)
    record = json.loads(Path("im.json").read_text(encoding="utf-8"))
    assert record["condition"]["defocus_nm"] == pytest.approx(-5.0)
    assert record["sha256"]["im.tif"] == hashlib.sha256(Path("im.tif").read_bytes()).hexdigest()


def test_the_image_has_the_pixels_that_the_imaging_names(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("c.yaml").write_text(IMAGING + "pixel_nm: 0.064\n", encoding="utf-8")
    assert (
        call(monkeypatch, "image", "wave.zarr", "--imaging", "c.yaml", "--out", "im.tif", "--seed", "3") == 0
    )
    assert tiff("im.tif").shape == (80, 100)
    # 163.84 electrons per pixel of 0.64 Å at 400 e/Å²: counts are whole numbers of them
    electrons = tiff("im.tif") * 400 * 0.64**2
    assert np.abs(electrons - np.rint(electrons)).max() < 1e-3
    with tifffile.TiffFile("im.tif") as file:
        numerator, denominator = file.pages[0].tags["XResolution"].value
    assert denominator / numerator == pytest.approx(0.064)
    assert json.loads(Path("im.json").read_text(encoding="utf-8"))["sampling_A"] == pytest.approx(0.64)


def test_pixels_that_do_not_divide_the_field_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.yaml").write_text(IMAGING + "pixel_nm: 0.05\n", encoding="utf-8")
    assert call(monkeypatch, "image", "wave.zarr", "--imaging", "c.yaml", "--out", "im.tif") == 2
    told = capsys.readouterr().err.replace("\n", " ")
    assert "c.yaml: pixel_nm" in told
    assert "the nearest that fit are" in told
    assert not Path("im.tif").exists()


def test_a_seed_draws_one_condition_and_its_noise_and_draws_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, *more in (("a",), ("b",), ("quiet", "--no-noise"), ("other", "--seed", "4")):
        assert (
            call(
                monkeypatch,
                "image",
                "wave.zarr",
                "--imaging",
                "c.yaml",
                "--out",
                f"{name}.tif",
                "--seed",
                "3",
                *more,
            )
            == 0
        )
    assert np.array_equal(tiff("a.tif"), tiff("b.tif"))
    assert not np.array_equal(tiff("a.tif"), tiff("other.tif"))
    drawn = draw_conditions(load_imaging(Path("c.yaml")), 1, 3)[0]
    clean = intensity(some_wave(), drawn).numpy()
    assert np.array_equal(tiff("quiet.tif"), clean)
    # 400 e/Å² on 0.16 Å² are 64 electrons per pixel, in whole numbers, with the variance of their mean
    electrons = tiff("a.tif") * 64
    assert np.abs(electrons - np.round(electrons)).max() < 1e-3
    assert np.var(electrons - 64 * clean) == pytest.approx(64 * clean.mean(), rel=0.05)


def test_the_focus_of_a_foreign_wave_is_added_to_that_of_the_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("d.yaml").write_text("defocus_nm: -7\nfocal_spread_nm: 2\n", encoding="utf-8")
    Path("e.yaml").write_text("defocus_nm: -5\nfocal_spread_nm: 2\n", encoding="utf-8")
    # a C10 of 20 Å more is 2 nm of overfocus more
    asked = ("wave.zarr", "--imaging", "e.yaml", "--out", "e.tif", "--focus-offset-A", "20")
    assert call(monkeypatch, "image", *asked) == 0
    assert call(monkeypatch, "image", "wave.zarr", "--imaging", "d.yaml", "--out", "d.tif") == 0
    assert np.abs(tiff("e.tif") - tiff("d.tif")).max() < 1e-5


def test_the_focus_is_found_where_a_phase_object_stood(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # a phase object has the least contrast in its own plane; moved 60 Å downstream by exp(-iπλΔz q²), C10 = -60 Å
    # brings it back
    grid = Grid((128, 128), 0.4)
    r = (torch.arange(128, dtype=torch.float64) - 64) * grid.sampling_A
    phase = 0.5 * torch.exp(-(r[:, None] ** 2 + r**2) / 8)
    spectrum = torch.fft.fft2(torch.polar(torch.ones_like(phase), phase))
    qy, qx = frequency_axes(grid)
    moved = torch.fft.ifft2(spectrum * torch.exp(-1j * torch.pi * wavelength_A(300e3) * 60 * (qy**2 + qx**2)))
    save_wave(Path("moved.zarr"), ExitWave(moved[None].to(torch.complex64), grid, 300e3), {})
    assert (
        call(
            monkeypatch,
            "image",
            "moved.zarr",
            "--imaging",
            "c.yaml",
            "--out",
            "im.tif",
            "--find-focus",
        )
        == 0
    )
    record = json.loads(Path("im.json").read_text(encoding="utf-8"))
    assert record["focus_offset_A"] == pytest.approx(-60, abs=1)
    assert "Å before the plane of the stored wave" in capsys.readouterr().out


def test_scenes_of_a_run_and_of_a_simulation_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    waves = SceneWaves(full=some_wave(2), particles=some_wave(3))
    save_waves(Path("run/waves.zarr/abc"), waves, {})
    for path in ("run/waves.zarr/abc", "run/waves.zarr", "run"):
        assert torch.equal(stored_wave(Path(path)).field, waves.full.field)
        particles = stored_wave(Path(path), "particles")
        assert torch.equal(particles.field, waves.particles.field)
    save_waves(Path("run/waves.zarr/def"), waves, {})
    assert call(monkeypatch, "image", "run", "--imaging", "c.yaml", "--out", "im.tif") == 2
    assert call(monkeypatch, "image", "run/waves.zarr/def", "--imaging", "c.yaml", "--out", "im.tif") == 0


def test_a_stored_wave_is_written_for_other_programs_but_never_over_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = replace(some_wave(2), focus_offset_A=-12.5)
    save_waves(Path("run/waves.zarr/abc"), SceneWaves(full=scene, particles=some_wave(3)), {})
    for out in ("abtem.zarr", "hyperspy.hspy", "hyperspy.zspy"):
        for code in (0, 2):
            assert call(monkeypatch, "wave", "run/waves.zarr/abc", "--out", out) == code
        assert "C10 = -defocus -12.5 Å" in capsys.readouterr().out
        assert torch.equal(load_wave(Path(out)).field, scene.field)


def test_the_record_names_every_setting_that_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    varied = IMAGING + "C12_nm: {uniform: [1, 2]}\nphi12_deg: 30\nvibration_nm: 0.03\ndetector: {DQE0: 0.5}\n"
    Path("v.yaml").write_text(varied, encoding="utf-8")
    assert (
        call(
            monkeypatch,
            "image",
            "wave.zarr",
            "--imaging",
            "v.yaml",
            "--out",
            "im.tif",
            "--seed",
            "2",
        )
        == 0
    )
    told = json.loads(Path("im.json").read_text(encoding="utf-8"))["condition"]
    drawn = draw_conditions(load_imaging(Path("v.yaml")), 1, 2)[0]
    assert told["C12_nm"] == pytest.approx(float(drawn.coefficient_A("C12")) / 10)
    assert 1 < told["C12_nm"] < 2
    assert told["phi12_deg"] == pytest.approx(30)
    assert told["vibration_nm"] == pytest.approx(0.03)
    # half of 400 e/Å² on 0.16 Å²: 32 electrons per pixel
    electrons = tiff("im.tif") * 32
    assert np.abs(electrons - np.round(electrons)).max() < 1e-3


def test_the_record_and_the_terminal_say_how_the_image_was_averaged_and_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lens = "coherence: explicit\nCs_mm: 0.05\nconvergence_mrad: 0.5\n"
    detector = "detector: {mtf: {form: gaussian, half_at: 0.4}, DQE0: 0.5}\n"
    Path("e.yaml").write_text(IMAGING + lens + detector, encoding="utf-8")
    assert call(monkeypatch, "image", "wave.zarr", "--imaging", "e.yaml", "--out", "im.tif") == 0
    told, record = capsys.readouterr().out, json.loads(Path("im.json").read_text(encoding="utf-8"))
    points = source_points(mean_condition(load_imaging(Path("e.yaml"))), some_wave().grid, 256)
    assert record["source"] == {"points": 256, "is_sequence": True, "error": pytest.approx(points.error)}
    assert "explicit: 256 points (a sequence)" in told
    assert f"error of interference up to {points.error:.2g} (worst two waves)" in told
    assert record["detector"] == "MTF gaussian, half at 0.4 of Nyquist, DQE(0) 0.5"
    assert f"detector: {record['detector']}" in told
    assert call(monkeypatch, "image", "wave.zarr", "--imaging", "c.yaml", "--out", "im.tif") == 0
    plain = capsys.readouterr().out
    assert "explicit" not in plain
    assert "detector" not in plain


def test_an_earlier_image_is_replaced_and_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("wave.zarr", "--imaging", "c.yaml", "--out", "im.tif")
    assert call(monkeypatch, "image", *arguments) == 0
    assert call(monkeypatch, "image", *arguments, "--seed", "1") == 0
    Path("im.json").write_text("{}", encoding="utf-8")
    assert call(monkeypatch, "image", *arguments) == 2
    assert Path("im.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.zarr", "--imaging", "c.yaml", "--out", "im.tif"), "nowhere.zarr; give the folder"),
        (("nowhere.txt", "--imaging", "c.yaml", "--out", "im.tif"), "has to end in"),
        (("wave.zarr", "--imaging", "nowhere.yaml", "--out", "im.tif"), "nowhere.yaml"),
        (("wave.zarr", "--imaging", "typo.yaml", "--out", "im.tif"), "did you mean 'defocus_nm'"),
        (("wave.zarr", "--imaging", "far.yaml", "--out", "im.tif"), "beyond half of the 5.12 nm field"),
        (
            ("wave.zarr", "--imaging", "kV.yaml", "--out", "im.tif"),
            "300 kV but the imaging condition is at 200 kV",
        ),
        (("wave.zarr", "--imaging", "c.yaml", "--out", "im.png"), "must end in .tif"),
        (("wave.zarr", "--imaging", "c.yaml", "--out", "taken.tif"), "choose another name"),
        (
            ("run/waves.zarr/abc", "--imaging", "c.yaml", "--out", "im.tif", "--focus-offset-A", "5"),
            "says where",
        ),
        (("wave.zarr", "--imaging", "c.yaml", "--out", "c.yaml/im.tif"), "c.yaml"),
    ],
)
def test_a_mistake_is_one_sentence_exit_code_2_and_no_file(
    arguments: tuple[str, ...],
    words: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_waves(Path("run/waves.zarr/abc"), SceneWaves(some_wave(), some_wave()), {})
    Path("typo.yaml").write_text("defokus_nm: -5\n", encoding="utf-8")
    Path("far.yaml").write_text("defocus_nm: -200\n", encoding="utf-8")
    Path("kV.yaml").write_text("defocus_nm: -5\nenergy_kV: 200\n", encoding="utf-8")
    Path("taken.tif").write_bytes(b"mine")
    before = sorted(folder.rglob("*"))
    assert call(monkeypatch, "image", *arguments) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before
