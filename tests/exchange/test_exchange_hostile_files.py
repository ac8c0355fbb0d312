"""Files that somebody made to do harm, or that something has broken: a sentence, at once, in little memory."""

import json
import os
import pickle
import shutil
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numcodecs
import numpy as np
import pytest
import torch

from passband.errors import UserError
from passband.exchange.atoms import AtomsOptions, load_atoms
from passband.exchange.waves import load_wave, save_wave
from passband.grid import Grid
from passband.storage.arrays import NamedArrays, save_arrays
from passband.wave import ExitWave

HARMED = "harmed-by-a-file"


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {HARMED}",))


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A wave as abTEM writes it, without our seal."""
    path = tmp_path / "wave.zarr"
    save_wave(path, ExitWave(torch.ones(2, 8, 8, dtype=torch.complex64), Grid((8, 8), 0.2), 3e5), {})
    edit(path / "zarr.json", lambda data: data["attributes"].pop("seal"))
    assert load_wave(path).field.shape == (2, 8, 8)
    return path


def chunk(path: Path) -> Path:
    return next(each for each in (path / "array0").rglob("*") if each.is_file() and each.name != "zarr.json")


def refused(path: Path, words: str) -> None:
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(UserError, match=words) as told:
        load_wave(path)
    assert time.process_time() - start < 1
    assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    tracemalloc.stop()
    assert "\n" not in str(told.value)
    assert not Path(HARMED).exists()


def array(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda path: edit(path / "array0" / "zarr.json", change)


def group(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda path: edit(path / "zarr.json", lambda data: change(data["attributes"]["metadata0"]))


def large(data: dict[str, Any], shape: list[int], chunk: list[int]) -> None:
    data["shape"] = shape
    data["chunk_grid"]["configuration"]["chunk_shape"] = chunk


def zstd_bomb(path: Path) -> None:
    packed = bytearray(numcodecs.zstd.compress(bytes(2 * 8 * 8 * 8), 0))
    packed[4:5] = bytes([0b11100000])  # the header now says: one segment, size in 8 bytes
    packed[5:7] = (10 * 2**30).to_bytes(8, "little")
    chunk(path).write_bytes(packed)


def link_out(name: str) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        outside = path.parent / "outside"
        target = path / name
        shutil.move(target, outside)
        target.symlink_to(outside)

    return harm


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (array(lambda d: large(d, [2, 2**40, 8], [1, 8, 8])), "too many|more than"),
        (array(lambda d: large(d, [2, 2**16, 2**16], [1, 2**16, 2**16])), "another size"),
        (array(lambda d: large(d, [2, 16, 8], [2, 8, 8])), "1 of 2 chunks"),
        (array(lambda d: large(d, [2, 8, 8], [2, 2**20, 2**20])), "do not belong together"),
        (array(lambda d: d.update(shape=[2, 8, True])), "damaged|belong|size"),
        (array(lambda d: large(d, [2, 8], [2, 8, 8])), "do not belong together"),
        (array(lambda d: large(d, [2, 8, -8], [2, 8, 8])), "do not belong together"),
        (array(lambda d: d.update(data_type="float64")), "not complex"),
        (array(lambda d: d.update(data_type="string")), "not complex"),
        (array(lambda d: d.update(codecs=[{"name": "numcodecs.pickle"}])), "packed by"),
        (array(lambda d: d.update(codecs=[{"name": "vlen-bytes"}])), "packed by"),
        (array(lambda d: d.update(codecs="bytes")), "damaged"),
        (array(lambda d: d.update(storage_transformers=[{"name": "harm"}])), "storage transformers"),
        (array(lambda d: d["chunk_key_encoding"].update(name="../../")), "packed by"),
        (array(lambda d: d.update(zarr_format=2)), "no metadata of a Zarr array"),
        (array(lambda d: d.pop("shape")), "damaged"),
        (group(lambda d: d.update(energy=float("nan"))), "energy"),
        (group(lambda d: d.update(energy="300 kV")), "energy"),
        (group(lambda d: d.update(type="Images")), "not waves"),
        (group(lambda d: d.update(axes={})), "damaged|reciprocal"),
        (group(lambda d: d["axes"]["axis_2"].update(sampling=0)), "sampling"),
        (group(lambda d: d["axes"].pop("axis_0")), "damaged"),
        (group(lambda d: d["axes"]["axis_0"].update(type="ScanAxis", label="x")), "series over x"),
        (group(lambda d: d.update(reciprocal_space=True)), "reciprocal"),
        (group(lambda d: d.update(base_tilt_x=3.0)), "tilted"),
        (group(lambda d: d.update(semiangle_cutoff=20.0)), "behind a lens"),
        (group(lambda d: d.update(normalization="mine")), "normalization"),
        (lambda path: (path / "zarr.json").write_bytes(pickle.dumps(Harm())), "damaged"),
        (lambda path: (path / "zarr.json").write_text("[" * 100_000, encoding="utf-8"), "damaged"),
        (lambda path: (path / "zarr.json").write_bytes(bytes(2**20 + 1)), "larger than"),
        (lambda path: (path / "zarr.json").unlink(), "no Zarr group"),
        (lambda path: shutil.rmtree(path / "array0"), r"there is no .*array0"),
        (lambda path: chunk(path).write_bytes(chunk(path).read_bytes()[:9]), "damaged"),
        (lambda path: chunk(path).write_bytes(pickle.dumps(Harm())), "damaged"),
        (
            lambda path: chunk(path).write_bytes(chunk(path).read_bytes() + bytes(2**20)),
            "larger than its array says",
        ),
        (zstd_bomb, "declares another size"),
        (link_out("array0"), "no Zarr array"),
        (link_out("array0/zarr.json"), "no Zarr array"),
        (link_out("array0/c"), "is a link"),
        (link_out("zarr.json"), "no Zarr group"),
    ],
)
def test_a_hostile_or_broken_zarr_is_refused(
    foreign: Path, harm: Callable[[Path], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(foreign.parent)
    harm(foreign)
    refused(foreign, words)


def unpacked(path: Path, shape: list[int]) -> None:
    """The array without packing, in one chunk of as many bytes as it has now."""

    def plain(data: dict[str, Any]) -> None:
        large(data, shape, shape)
        data["codecs"] = data["codecs"][:1]

    edit(path / "array0" / "zarr.json", plain)


@pytest.mark.parametrize(
    ("shape", "words"), [([3, 2**14, 2**14], "more than 4 GiB"), ([2, 2**13, 2**13], "1024 MiB, but holds")]
)
def test_an_array_far_larger_than_its_files_is_refused(foreign: Path, shape: list[int], words: str) -> None:
    unpacked(foreign, shape)
    refused(foreign, words)


def test_values_that_are_no_numbers_are_no_wave(foreign: Path) -> None:
    unpacked(foreign, [2, 8, 8])
    chunk(foreign).write_bytes(np.full((2, 8, 8), np.nan, np.complex64).tobytes())
    refused(foreign, "no numbers")


def test_a_seal_protects_our_own_and_admits_nothing_else(tmp_path: Path) -> None:
    save_arrays(
        tmp_path / "other.zarr", NamedArrays({"array0": np.ones((4, 4), np.complex64)}, {"metadata0": {}})
    )
    refused(tmp_path / "other.zarr", "damaged")
    save_arrays(tmp_path / "numbers.zarr", NamedArrays({"x": np.ones(3)}))
    refused(tmp_path / "numbers.zarr", "no wave of abTEM")


@pytest.fixture
def hspy(tmp_path: Path) -> Path:
    path = tmp_path / "wave.hspy"
    save_wave(path, ExitWave(torch.ones(1, 8, 8, dtype=torch.complex64), Grid((8, 8), 0.2), 3e5), {})
    return path


def replaced(make: Callable[[Any, Path], None]) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file["Experiments/wave/data"]
            make(file["Experiments/wave"], path.parent)

    return harm


def external_link(node: Any, folder: Path) -> None:
    save_wave(
        folder / "other.hspy",
        ExitWave(torch.ones(1, 8, 8, dtype=torch.complex64), Grid((8, 8), 0.2), 3e5),
        {},
    )
    node["data"] = h5py.ExternalLink(str(folder / "other.hspy"), "Experiments/wave/data")


def external_storage(node: Any, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(512))
    node.create_dataset("data", (1, 8, 8), "c8", external=[(str(folder / "secret"), 0, 512)])


def virtual(node: Any, folder: Path) -> None:
    layout = h5py.VirtualLayout((1, 8, 8), "c8")
    layout[0] = h5py.VirtualSource(str(folder / "secret.h5"), "data", (8, 8))
    node.create_virtual_dataset("data", layout)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (replaced(external_link), "no exit wave"),
        (replaced(external_storage), "no exit wave"),
        (replaced(virtual), "no exit wave"),
        (replaced(lambda node, _: node.create_dataset("data", data=b"text")), "no exit wave"),
        (replaced(lambda node, _: node.create_group("data")), "no exit wave"),
        (
            replaced(lambda node, _: node.create_dataset("data", (9, 9, 9), "c8", chunks=(1, 8, 8))),
            "no exit wave",
        ),
        (replaced(lambda node, _: node.create_dataset("data", (9, 2**15, 2**15), "c8")), "more than it has"),
        (replaced(lambda node, _: node.create_dataset("data", data=np.zeros((1, 8, 8), "c8"))), "checksum"),
        (lambda path: path.write_bytes(path.read_bytes()[:700]), "damaged"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500)), "damaged"),
        (lambda path: path.write_bytes(pickle.dumps(Harm())), "damaged"),
        (lambda path: path.unlink(), "there is no file"),
    ],
)
def test_a_hostile_or_broken_hspy_is_refused(hspy: Path, harm: Callable[[Path], None], words: str) -> None:
    harm(hspy)
    refused(hspy, words)


@pytest.mark.parametrize("seed", range(200))
def test_any_broken_byte_gives_a_wave_or_a_sentence(seed: int, foreign: Path) -> None:
    generator = np.random.default_rng(seed)
    files = sorted(each for each in foreign.rglob("*") if each.is_file())
    file = files[seed % len(files)]
    data = bytearray(file.read_bytes())
    for place in generator.integers(0, len(data), 3):
        data[place] = generator.integers(0, 256)
    file.write_bytes(data)
    try:
        field = load_wave(foreign).field
    except UserError:
        return
    assert bool(torch.isfinite(torch.view_as_real(field)).all())


@pytest.mark.parametrize("name", ["a.xyz", "a.cif", "a.vasp", "a.pdb", "a.xsf"])
def test_a_pickle_by_the_name_of_a_structure_runs_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for data in (pickle.dumps(Harm()), b"cos\nsystem\n(S'touch " + HARMED.encode() + b"'\ntR.", b"\0" * 100):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError):
            load_atoms(tmp_path / name, AtomsOptions(field_nm=4.0))
    assert not (tmp_path / HARMED).exists()
