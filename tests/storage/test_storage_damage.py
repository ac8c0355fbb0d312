"""One flipped byte anywhere is found, set aside and made again; what others have made cannot run or unfold."""

import io
import json
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from storage_samples import SAMPLES, weights

from passband.errors import UserError
from passband.storage.damage import DamagedArtefact
from passband.storage.run_folder import RunFolder
from passband.storage.seals import HOLE, folder_digest, is_intact, sealed, sha256_of
from passband.storage.weights import load_network, save_network


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


def flip(path: Path, generator: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    path.write_bytes(data)


def flips_found(folder: RunFolder, kind: str, number: int) -> int:
    sample, generator, found = SAMPLES[kind], random.Random(kind), 0
    sample.save(folder)
    for _ in range(number):
        path = generator.choice(sample.files(folder))
        intact = path.read_bytes()
        flip(path, generator)
        try:
            sample.load(folder)
        except DamagedArtefact as error:
            found += error.path.name.split(".")[0] in str(path)
        path.write_bytes(intact)
    sample.load(folder)
    return found


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_flipped_bit_anywhere_is_found_and_the_artefact_named(folder: RunFolder, kind: str) -> None:
    """200 for each of five kinds of artefact: 1,000 of 1,000."""
    assert flips_found(folder, kind, 200) == 200


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_truncated_artefact_is_found(folder: RunFolder, kind: str) -> None:
    SAMPLES[kind].save(folder)
    for path in SAMPLES[kind].files(folder):
        data = path.read_bytes()
        for length in (0, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:length])
            with pytest.raises(DamagedArtefact):
                SAMPLES[kind].load(folder)
        path.write_bytes(data)


@pytest.mark.parametrize("kind", ["waves", "arrays"])
def test_a_missing_or_added_file_in_a_folder_of_arrays_is_found(folder: RunFolder, kind: str) -> None:
    SAMPLES[kind].save(folder)
    place = SAMPLES[kind].place(folder)
    (place / "added").write_text("x")
    with pytest.raises(DamagedArtefact):
        SAMPLES[kind].load(folder)
    (place / "added").unlink()
    for path in SAMPLES[kind].files(folder):
        data = path.read_bytes()
        path.unlink()
        with pytest.raises(DamagedArtefact):
            SAMPLES[kind].load(folder)
        path.write_bytes(data)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_what_is_damaged_is_set_aside_and_made_again(folder: RunFolder, kind: str) -> None:
    sample = SAMPLES[kind]
    sample.save(folder)
    for number in (1, 2):
        flip(sample.files(folder)[0], random.Random(0))
        with pytest.raises(DamagedArtefact) as caught:
            sample.load(folder)
        aside = folder.set_aside(caught.value.path)
        assert sample.files(folder) == []
        assert aside.exists()
        assert aside.is_relative_to(folder.damaged)
        assert aside.parent.name == str(number)
        sample.save(folder)
        sample.load(folder)


def test_a_part_that_is_damaged_is_written_again(folder: RunFolder) -> None:
    SAMPLES["part"].save(folder)
    flip(SAMPLES["part"].files(folder)[0], random.Random(0))
    SAMPLES["part"].save(folder)
    SAMPLES["part"].load(folder)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_link_in_place_of_a_file_is_refused(folder: RunFolder, kind: str, tmp_path: Path) -> None:
    SAMPLES[kind].save(folder)
    for path in SAMPLES[kind].files(folder):
        target = tmp_path / "elsewhere"
        target.write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(target)
        with pytest.raises(DamagedArtefact, match="link"):
            SAMPLES[kind].load(folder)
        path.unlink()
        target.rename(path)


def test_weights_of_another_network_are_not_taken(folder: RunFolder) -> None:
    for name, factor in (("n1", 1.0), ("n2", 2.0)):
        state = {"kernel": factor * weights()["kernel"]}
        save_network(folder.network(name), state, {"id": name})
    (folder.networks / "n2.safetensors").replace(folder.networks / "n1.safetensors")
    with pytest.raises(DamagedArtefact, match="not the one on its card"):
        load_network(folder.network("n1"))


def test_a_seal_covers_every_byte_before_it_and_after_it() -> None:
    data = sealed(f'{{"a": 1, "seal": "{HOLE}", "b": 2}}'.encode(), rest="others")
    assert is_intact(data, rest="others")
    assert not is_intact(data, rest="other")
    for index in range(len(data)):
        for bit in range(8):
            broken = bytearray(data)
            broken[index] ^= 1 << bit
            assert not is_intact(bytes(broken), rest="others")


@pytest.mark.parametrize("text", ["no hole", HOLE + HOLE, HOLE + HOLE.replace("0", "1")])
def test_exactly_one_hole_is_sealed(text: str) -> None:
    with pytest.raises(ValueError, match="exactly once"):
        sealed(text.encode())


def reseal(place: Path, changes: dict[str, object]) -> None:
    """What a forger does: change the metadata of an array and seal the folder again."""
    array = place / "image" / "zarr.json"
    array.write_text(json.dumps(json.loads(array.read_text()) | changes))
    group = place / "zarr.json"
    metadata = json.loads(group.read_text())
    metadata["attributes"]["seal"] = HOLE
    group.write_bytes(sealed(json.dumps(metadata).encode(), folder_digest(place, without="zarr.json")))


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [2**40, 2**20]},
        {"codecs": [{"name": "bytes"}, {"name": "numcodecs.pickle", "configuration": {}}]},
        {"data_type": "object"},
        {"data_type": "string"},
        {"data_type": {"name": "numpy.void", "configuration": {}}},
        {"node_type": "group"},
        {"shape": "all"},
        {"codecs": None},
    ],
)
def test_a_forged_store_of_arrays_is_refused_before_zarr_sees_it(
    folder: RunFolder, changes: dict[str, object]
) -> None:
    SAMPLES["arrays"].save(folder)
    reseal(folder.examples, changes)
    with pytest.raises(DamagedArtefact, match="cannot be read"):
        SAMPLES["arrays"].load(folder)


class Payload:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.trace,))


def hostile_bytes(trace: Path) -> list[bytes]:
    """A pickle, a torch file, an object array, and a zip that holds one, each running code when loaded carelessly."""
    saved, torched, zipped = io.BytesIO(), io.BytesIO(), io.BytesIO()
    array = np.array([Payload(trace)], dtype=object)
    np.save(saved, array, allow_pickle=True)
    np.savez(zipped, array)
    torch.save(Payload(trace), torched)
    return [pickle.dumps(Payload(trace)), torched.getvalue(), saved.getvalue(), zipped.getvalue()]


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_pickles_in_place_of_any_file_run_nothing(folder: RunFolder, kind: str, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    SAMPLES[kind].save(folder)
    for path in SAMPLES[kind].files(folder):
        intact = path.read_bytes()
        for hostile in hostile_bytes(trace):
            for data in (hostile, sealed(hostile + HOLE.encode()), intact + hostile):
                path.write_bytes(data)
                with pytest.raises(UserError):
                    SAMPLES[kind].load(folder)
        path.write_bytes(intact)
    assert not trace.exists()


def test_a_pickle_with_a_true_card_runs_nothing(folder: RunFolder, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    save_network(folder.network("n1"), weights(), {})
    for hostile in hostile_bytes(trace):
        (folder.networks / "n1.safetensors").write_bytes(hostile)
        card = {"weights_sha256": sha256_of(hostile), "seal": HOLE}
        (folder.networks / "n1.json").write_bytes(sealed(json.dumps(card).encode()))
        with pytest.raises(DamagedArtefact, match="holds no weights"):
            load_network(folder.network("n1"))
    assert not trace.exists()
