"""The single door to stored waves: what an option cannot mean for a file is refused, never ignored."""

import sys
from pathlib import Path

import pytest
import torch

from passband.cli import main
from passband.errors import UserError
from passband.exchange.wave_file import export_wave, stored_wave
from passband.exchange.waves import save_wave
from passband.grid import Grid
from passband.storage.waves import save_waves
from passband.wave import ExitWave, SceneWaves


def vacuum(pixels: int = 100, sampling_A: float = 0.4) -> ExitWave:
    field = torch.ones(1, pixels, pixels + 20, dtype=torch.complex64)
    return ExitWave(field, Grid((pixels, pixels + 20), sampling_A), 300e3)


@pytest.fixture(params=[".zarr", ".hspy", ".zspy"])
def single(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"wave{request.param}"
    save_wave(path, vacuum(), {})
    return path


@pytest.mark.parametrize("offset_A", [float("nan"), float("inf"), float("-inf")])
def test_a_focus_offset_is_a_finite_number(offset_A: float, single: Path) -> None:
    with pytest.raises(UserError, match=r"--focus-offset-A .*must be a finite number of Å"):
        stored_wave(single, focus_offset_A=offset_A)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_focus_offset_keeps_the_stored_band_within_half_the_field(single: Path, sign: int) -> None:
    # λ q |C10| = 20 Å, half the shorter side of 100 x 0.4 Å, at 0.01968749 Å and 1.25 1/Å: 812.7 Å
    assert stored_wave(single, focus_offset_A=sign * 812.0).focus_offset_A == sign * 812.0
    with pytest.raises(UserError, match="half the field of 4 nm; at most 813 Å"):
        stored_wave(single, focus_offset_A=sign * 814.0)


def test_fine_pixels_do_not_forbid_an_offset_that_coarse_ones_take(tmp_path: Path) -> None:
    save_wave(tmp_path / "fine.zarr", vacuum(400, 0.1), {})
    assert stored_wave(tmp_path / "fine.zarr", focus_offset_A=812.0).focus_offset_A == 812.0
    save_wave(tmp_path / "coarse.zarr", vacuum(50, 0.8), {})  # half the band, so twice as far
    assert stored_wave(tmp_path / "coarse.zarr", focus_offset_A=1624.0).focus_offset_A == 1624.0


def test_a_part_is_for_scenes(single: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds one wave; --part is for scenes of passband"):
        stored_wave(single, "particles")
    with pytest.raises(UserError, match="holds one wave"):
        export_wave(single, "particles", tmp_path / "out.zarr")
    assert not (tmp_path / "out.zarr").exists()
    save_waves(tmp_path / "scene", SceneWaves(vacuum(), vacuum(60)), {})
    assert stored_wave(tmp_path / "scene", "particles").grid.shape == (60, 80)


@pytest.mark.parametrize("name", ["gone.zarr", "gone.zspy", "gone.hspy"])
@pytest.mark.parametrize("part", ["full", "particles"])
def test_a_wave_that_is_not_there_is_said_to_be_missing(name: str, part: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"there is no .*{name}"):
        stored_wave(tmp_path / name, "full" if part == "full" else "particles")


@pytest.mark.parametrize(("option", "value"), [("--focus-offset-A", "nan"), ("--part", "particles")])
def test_the_command_refuses_in_one_sentence_and_writes_nothing(
    option: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    save_wave(Path("wave.zarr"), vacuum(), {})
    Path("c.yaml").write_text("defocus_nm: -5\n", encoding="utf-8")
    command = ["passband", "image", "wave.zarr", "--imaging", "c.yaml", "--out", "im.tif", option, value]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    told = capsys.readouterr().err.strip()
    assert option in told
    assert len(told.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.yaml", "wave.zarr"]
