"""One driver per run folder: a lock that the kernel releases when its holder dies, however it dies."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passband.errors import UserError
from passband.storage.atomic import explained_io


@contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Hold the lock on this file (made when missing) during the block.

    what: the thing that is locked, for the message. Raises UserError when another process holds the lock, or
    another place in this process. The file stays: removing it would let two processes lock two files of one
    name.
    """
    with explained_io("locking", path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        _take(descriptor, path, what)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether another process, or another place in this one, holds the lock on this file now."""
    with explained_io("looking at", path):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False


def _take(descriptor: int, path: Path, what: str) -> None:
    try:
        with explained_io("locking", path):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except UserError as error:
        if not isinstance(error.__cause__, BlockingIOError):
            raise
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "process unknown"
        raise UserError(
            f"{what} is in use by another run ({holder}); "
            "wait until it ends or stop it, then run the same command again"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
