"""Waves in the files of others: what is written comes back, opens elsewhere, and is there in full or not at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rsciio.hspy import file_reader as read_hspy
from rsciio.zspy import file_reader as read_zspy

from passband.errors import UserError
from passband.exchange.square_pixels import on_square_pixels
from passband.exchange.waves import load_wave, save_wave
from passband.grid import Grid
from passband.storage.damage import DamagedArtefact
from passband.wave import ExitWave

FORMATS = [".zarr", ".hspy", ".zspy"]


def some_wave(configurations: int = 2) -> ExitWave:
    generator = torch.Generator().manual_seed(1)
    phase = 0.3 * torch.randn(configurations, 12, 20, generator=generator)
    return ExitWave(torch.polar(torch.ones_like(phase), phase), Grid((12, 20), 0.4), 200e3, -12.5)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("configurations", [1, 3])
def test_a_wave_comes_back_bit_for_bit(suffix: str, configurations: int, tmp_path: Path) -> None:
    wave, path = some_wave(configurations), tmp_path / f"wave{suffix}"
    save_wave(path, wave, {"scene": "3f", "seeds": [1, 2]})
    back = load_wave(path)
    assert torch.equal(back.field, wave.field)
    assert (back.grid, back.energy_eV, back.focus_offset_A) == (wave.grid, wave.energy_eV, -12.5)
    assert load_wave(path, focus_offset_A=2.5).focus_offset_A == -10.0


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_second_wave_takes_the_place_of_the_first(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"wave{suffix}"
    save_wave(path, some_wave(3), {})
    save_wave(path, some_wave(1), {})
    assert load_wave(path).field.shape[0] == 1
    assert [entry.name for entry in tmp_path.iterdir() if not entry.name.startswith("zarr")] == [path.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_half_written_is_left_when_writing_fails(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"wave{suffix}"
    save_wave(path, some_wave(1), {})

    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("passband.storage.atomic._synchronise_tree", full_disk)
    with pytest.raises(UserError, match="no space left"):
        save_wave(path, some_wave(2), {})
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert load_wave(path).field.shape[0] == 1


@pytest.mark.parametrize(("suffix", "reader"), [(".hspy", read_hspy), (".zspy", read_zspy)])
def test_hyperspys_own_reader_finds_calibrated_axes_and_metadata(
    suffix: str, reader: Any, tmp_path: Path
) -> None:
    wave, path = some_wave(), tmp_path / f"gold{suffix}"
    save_wave(path, wave, {"scene": "3f"})
    (read,) = reader(str(path))
    assert np.array_equal(read["data"], wave.field.numpy())
    axes = [
        (axis["name"], axis["size"], axis["scale"], axis["units"], axis["navigate"]) for axis in read["axes"]
    ]
    assert axes == [
        ("configuration", 2, 1.0, "", True),
        ("y", 12, pytest.approx(0.04), "nm", False),
        ("x", 20, pytest.approx(0.04), "nm", False),
    ]
    assert read["metadata"]["Acquisition_instrument"]["TEM"]["beam_energy"] == 200.0
    assert read["metadata"]["General"]["title"] == "gold"
    assert json.loads(read["original_metadata"]["passband"]["told"]) == {"scene": "3f"}


@pytest.mark.parametrize("name", ["wave.npy", "wave", "wave.pt"])
def test_other_suffixes_are_refused_with_the_ones_that_are_known(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.zarr, \.hspy, \.zspy"):
        save_wave(tmp_path / name, some_wave(), {})
    with pytest.raises(UserError, match=r"\.zarr, \.hspy, \.zspy"):
        load_wave(tmp_path / name)


def test_what_is_told_must_be_plain_and_finite(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_wave(tmp_path / "wave.zarr", some_wave(), {"defocus": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_flipped_byte_of_the_field_is_found(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"wave{suffix}"
    save_wave(path, some_wave(), {})
    if suffix == ".hspy":
        file, start = path, path.read_bytes().find(some_wave().field.numpy().tobytes())
    else:
        file = next(each for each in path.rglob("*") if each.is_file() and each.name != "zarr.json")
        start = file.stat().st_size // 2
    data = bytearray(file.read_bytes())
    data[start + 5] ^= 16
    file.write_bytes(data)
    with pytest.raises((DamagedArtefact, UserError), match="damaged"):
        load_wave(path)


def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(UserError, match=r"pip install 'passband\[micrograph\]'"):
        save_wave(tmp_path / "wave.hspy", some_wave(), {})
    assert not list(tmp_path.iterdir())


def test_oblong_pixels_are_made_square_without_touching_the_band() -> None:
    # 0.3 x 0.2 Å (y, x) on 20 x 30 pixels is a square field of 6 Å: 30 x 30 pixels of 0.2 Å, and the same wave on them
    y, x = torch.arange(20)[:, None] * 0.3, torch.arange(30) * 0.2
    field = torch.exp(2j * torch.pi * (2 * y / 6 - 3 * x / 6))[None].to(torch.complex64)
    square, grid = on_square_pixels(field, (0.3, 0.2), "wave")
    assert grid == Grid((30, 30), pytest.approx(0.2))
    assert torch.allclose(
        square[0, :, 0], torch.exp(2j * torch.pi * 2 * torch.arange(30) / 30).to(torch.complex64), atol=1e-5
    )
    with pytest.raises(UserError, match="cannot be made square"):
        on_square_pixels(torch.ones(1, 4, 4), (0.3, 0.2123), "wave")
