"""Writing so that a file is there in full or not at all, whatever kills the process.

A temporary name in the same folder, written and synchronised to the disk, then one rename. Temporary names
are hidden and end in ``.partial``: whatever a killed process leaves behind is not read by anybody and can be
swept away.
Reference: rename(2) replaces atomically; T. S. Pillai et al., OSDI 2014, on why the file is synchronised
first.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from passband.errors import UserError

PARTIAL_SUFFIX: Final = ".partial"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_OCCUPIED: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST})


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file by these bytes, atomically and durably.

    Raises UserError when the disk does not take them.
    """
    with replacing(path) as partial, partial.open("xb") as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace the file by this text in UTF-8, atomically and durably.

    Raises UserError as `write_bytes` does.
    """
    write_bytes(path, text.encode())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path for a file or folder; when the block ends well, it takes the place of ``path``.

    After an error or an interruption nothing is left behind and ``path`` is as it was. A folder that already
    stands at ``path`` is removed. Raises UserError for errors of the disk.
    """
    partial = path.parent / f".{path.name}.{secrets.token_hex(6)}{PARTIAL_SUFFIX}"
    try:
        with explained_io("writing", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            _synchronise_tree(partial)
            _take_place(partial, path)
            _synchronise(path.parent)
    except BaseException:
        with suppress(OSError):
            _remove(partial)
        raise


@contextmanager
def explained_io(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a UserError of one sentence; doing: 'writing' or 'reading'."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UserError(
                f"no space left while {doing} {path}; free some and run the same command again"
            ) from error
        reason = error.strerror or str(error)
        raise UserError(f"{reason} while {doing} {path}; mend this and run the same command again") from error


def sweep_partial(folder: Path) -> int:
    """Remove what killed writers left directly in this folder; returns how many. Needs the lock."""
    left = list(folder.glob(f".*{PARTIAL_SUFFIX}")) if folder.is_dir() else []
    for partial in left:
        with suppress(OSError):
            _remove(partial)
    return len(left)


def _take_place(partial: Path, path: Path) -> None:
    """Rename; a folder in the way is moved out first, since rename(2) replaces only empty ones."""
    if _renamed(partial, path):
        return
    old = partial.with_name(f"{partial.name}.old{PARTIAL_SUFFIX}")
    with suppress(FileNotFoundError):
        os.replace(path, old)
    if not _renamed(partial, path):
        _remove(partial)  # another process has just put the same artefact there: one is enough
    shutil.rmtree(old, ignore_errors=True)


def _renamed(partial: Path, path: Path) -> bool:
    """Rename; False when a folder is in the way."""
    try:
        os.replace(partial, path)
    except OSError as error:
        if error.errno not in _OCCUPIED:
            raise
        return False
    return True


def _synchronise_tree(path: Path) -> None:
    if path.is_dir():
        for entry in path.iterdir():
            _synchronise_tree(entry)
    _synchronise(path)


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
