"""The run folder: no path leaves it, nobody else's folder is touched, one driver at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.storage.identifiers import LONGEST, checked_id
from passband.storage.run_folder import RunFolder

HOLDER = """
import sys
from pathlib import Path
from passband.storage.run_folder import RunFolder
with RunFolder.create(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""

TRAVERSALS = [
    "..",
    ".",
    "",
    "/etc/passwd",
    "../../x",
    "a/b",
    "a\\b",
    "a\n",
    "a\0b",
    "~",
    "a b",
    "%2e%2e",
    "..%2f",
    "a" * (LONGEST + 1),
    "é",
    ".hidden",
    "file:///x",
    "C:",
    "s1.zarr",
    "x*",
]


@pytest.mark.parametrize("identifier", TRAVERSALS)
def test_an_id_that_could_leave_its_folder_is_refused(tmp_path: Path, identifier: str) -> None:
    folder = RunFolder(tmp_path)
    for place in (folder.scene, folder.network):
        with pytest.raises(UserError, match=r"cannot be the id of a (scene|network)"):
            place(identifier)


@given(st.text(max_size=40))
def test_an_accepted_id_is_one_plain_file_name(identifier: str) -> None:
    try:
        accepted = checked_id(identifier, "scene")
    except UserError:
        return
    assert Path("/root", accepted).parent == Path("/root")
    assert os.path.normpath(f"/root/{accepted}") == f"/root/{accepted}"
    assert accepted.isascii()
    assert accepted


def test_every_path_lies_inside_the_root(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    names = [name for name, value in vars(RunFolder).items() if isinstance(value, property)]
    paths = [getattr(folder, name) for name in names]
    assert len(paths) >= 12
    assert len(set(paths)) == len(paths)
    assert all(path.parent == tmp_path for path in paths)


def test_a_new_and_an_empty_folder_become_run_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "deep/er", "empty"):
        assert RunFolder.create(tmp_path / name) == RunFolder.existing(tmp_path / name)
        assert RunFolder.create(tmp_path / name).root == tmp_path / name


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("my own")
    with pytest.raises(UserError, match="no run folder and not empty"):
        RunFolder.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]
    with pytest.raises(UserError, match="is a file"):
        RunFolder.create(tmp_path / "study.yaml")
    with pytest.raises(UserError, match="is no run folder"):
        RunFolder.existing(tmp_path / "nothing")


def test_a_killed_start_can_be_repeated(tmp_path: Path) -> None:
    """A kill while the first file is written leaves a hidden partial file only."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".passband.0123.partial").write_text("passb")
    RunFolder.create(tmp_path / "run")


def test_another_format_and_links_are_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (folder.root / "waves.zarr").symlink_to(tmp_path)
    with pytest.raises(UserError, match="is a link"):
        RunFolder.existing(folder.root)
    (folder.root / "waves.zarr").unlink()
    (folder.root / ".passband").write_text("passband run folder, format 2\n")
    with pytest.raises(UserError, match="another format"):
        RunFolder.create(folder.root)


def test_nothing_outside_is_set_aside(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (tmp_path / "precious").write_text("x")
    for path in (tmp_path / "precious", folder.root / ".." / "precious"):
        with pytest.raises(ValueError, match=r"precious|leaves"):
            folder.set_aside(path)
    assert (tmp_path / "precious").exists()


def test_the_lock_sweeps_what_killed_writers_left(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    for place in (folder.root, folder.waves, folder.networks, folder.scores):
        place.mkdir(exist_ok=True)
        (place / ".a.0123.partial").write_text("half")
        (place / ".b.0123.partial").mkdir()
        (place / ".b.0123.partial" / "c").write_text("half")
        (place / "whole").write_text("whole")
    with folder.lock():
        assert list(folder.root.rglob("*.partial")) == []
        assert len(list(folder.root.rglob("whole"))) == 4


def assert_locked(folder: RunFolder, by: int) -> None:
    told = rf"run folder .* is in use by another run \(process {by} on .*wait until"
    with pytest.raises(UserError, match=told), folder.lock():
        raise AssertionError("the lock was given twice")


def test_a_second_driver_in_the_same_process_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    with folder.lock():
        assert_locked(folder, by=os.getpid())
    with folder.lock():
        pass


def test_a_second_driver_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        folder = RunFolder.existing(tmp_path / "run")
        assert_locked(folder, by=first.pid)
        first.send_signal(signal.SIGKILL)
    with folder.lock():
        pass
