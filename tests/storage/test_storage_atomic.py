"""A write is there in full or not at all: when the disk is full, when it fails, and when the writer is killed."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from storage_samples import SAMPLES, scene

from passband.errors import UserError
from passband.storage.atomic import replacing, sweep_partial, write_bytes
from passband.storage.run_folder import RunFolder
from passband.storage.waves import load_waves, save_waves

WRITER = """
import sys
from pathlib import Path
from passband.storage.atomic import write_bytes
print("begin", flush=True)
while True:
    for letter in b"abcdefgh":
        write_bytes(Path(sys.argv[1]), bytes([letter]) * 300_000)
"""


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "no space left while writing"), (errno.EIO, "Input/output error while")],
)
def test_a_disk_that_fails_is_told_and_nothing_half_written_stays(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, kind: str, call: str, number: int, told: str
) -> None:
    sample = SAMPLES[kind]
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(number))
        with pytest.raises(UserError, match=f"{told} .*run the same command again"):
            sample.save(folder)
    left = [
        path
        for path in folder.root.rglob("*")
        if path.is_file() and path.name not in {".passband", "zarr.json"}
    ]
    assert left == []
    assert sample.files(folder) == []
    sample.save(folder)
    sample.load(folder)


def test_the_old_file_stays_when_the_new_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(errno.ENOSPC))
        with pytest.raises(UserError, match="no space left"):
            write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_quota_on_the_file_size_is_told(tmp_path: Path) -> None:
    """A real refusal by the kernel: files of this process may have 100,000 bytes."""
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from passband.storage.atomic import write_bytes; from passband.errors import UserError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: write_bytes(Path(sys.argv[1]), bytes(200_000))\n"
        "except UserError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"File too large while writing {tmp_path / 'a'}")
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_no_partial_file(tmp_path: Path) -> None:
    def interrupted() -> None:
        with replacing(tmp_path / "a") as partial:
            partial.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_never_sees_a_mixture_even_when_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"x" * 300_000)
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            for _ in range(60):
                data = path.read_bytes()
                assert len(data) == 300_000
                assert len(set(data)) == 1
            writer.send_signal(signal.SIGKILL)
        data = path.read_bytes()
        assert len(data) == 300_000
        assert len(set(data)) == 1
        sweep_partial(tmp_path)
        assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_scene_leave_one_whole_scene(folder: RunFolder) -> None:
    """Dask may run a task twice; here four threads write the same scene, ten times each."""
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(10):
                save_waves(folder.scene("s1"), scene(), {})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert torch.equal(load_waves(folder.scene("s1")).waves.full.field, scene().full.field)
    assert [path.name for path in folder.waves.iterdir() if path.name.startswith(".")] == []
