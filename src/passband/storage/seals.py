"""Seals: a file carries the SHA-256 of itself, so that one flipped byte is found without a second file.

A file is written with a hole, the mark followed by 64 zeros, somewhere in its own metadata (a JSON value, a
Parquet key). The digest of all its bytes, hole included, then replaces the zeros. To verify, put the zeros
back and compare. The file stays valid in its own format. A folder is sealed by one of its files, with the
digest of the others appended.
"""

import hashlib
from pathlib import Path
from typing import Final

HOLE: Final = "passband-seal:" + 64 * "0"
"""Put this text exactly once into what is to be sealed."""
_MARK: Final = b"passband-seal:"


def sealed(data: bytes, rest: str = "") -> bytes:
    """The same bytes with the hole filled by the digest of data and rest.

    rest: the digest of other files that the seal covers too. Raises ValueError unless there is exactly one
    hole.
    """
    hole = HOLE.encode()
    if data.count(_MARK) != 1 or data.count(hole) != 1:
        raise ValueError("what is sealed must contain the hole exactly once and no other seal")
    return data.replace(hole, _MARK + _digest(data, rest))


def is_intact(data: bytes, rest: str = "") -> bool:
    """Whether these bytes, with the rest, are the ones that were sealed."""
    if data.count(_MARK) != 1:
        return False
    start = data.find(_MARK)
    end = start + len(HOLE)
    view = memoryview(data)  # no copies: a file may be large
    digest = hashlib.sha256(view[:start])
    for piece in (HOLE.encode(), view[end:], rest.encode()):
        digest.update(piece)
    return data[start + len(_MARK) : end] == digest.hexdigest().encode()


def folder_digest(folder: Path, without: str) -> str:
    """SHA-256 over the names and contents of all files below a folder but one; links are refused.

    without: the name of the file, directly in the folder, that carries the seal. Raises ValueError for a
    link or a special file, since what it leads to is not part of the folder.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"{name} is a link or no plain file")
        if path.is_file() and name != without:
            digest.update(f"{len(name.encode())} {name} {sha256_of(path.read_bytes())}\n".encode())
    return digest.hexdigest()


def sha256_of(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _digest(data: bytes, rest: str) -> bytes:
    return sha256_of(data + rest.encode()).encode()
