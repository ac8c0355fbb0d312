"""Packs: many small parts of a table joined into one large immutable file, since thousands of files are slow.

A pack holds the rows of its parts one part after the other; its metadata says which key has how many rows.
It is written whole before its parts are removed, and a part that a pack holds is not read. So a kill at any
moment leaves every row in the table exactly once.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from passband.storage.damage import DamagedArtefact
from passband.storage.sealed_table import read_arrow, told_in, write_arrow
from passband.storage.seals import sha256_of

SUFFIX: Final = ".parquet"
PREFIX: Final = "pack-"
_HOLDS: Final = "holds"


@dataclass(frozen=True)
class Slice:
    """Where the rows of a part stand: in which pack, from which row, how many."""

    pack: Path
    start: int
    rows: int


def write_pack(folder: Path, keys: Collection[str]) -> Path:
    """Join the small parts of these keys; they stay until `remove_packed`. Returns the pack.

    Raises UserError when one is missing or the disk does not take the pack, DamagedArtefact (with its path)
    when one is not as it was written.
    """
    return save_pack(folder, {key: read_arrow(folder / f"{key}{SUFFIX}") for key in set(keys)})


def save_pack(folder: Path, parts: Mapping[str, pa.Table]) -> Path:
    """Store the rows of several parts as one pack, by key. Raises UserError when the disk does not take it."""
    ordered = sorted(parts)
    tables = [parts[key].replace_schema_metadata(None) for key in ordered]
    holds = [[key, table.num_rows] for key, table in zip(ordered, tables, strict=True)]
    path = folder / f"{PREFIX}{sha256_of(' '.join(ordered).encode())[:16]}{SUFFIX}"
    write_arrow(path, pa.concat_tables(tables, promote_options="default"), {_HOLDS: json.dumps(holds)})
    read_arrow(path)  # before anybody removes the parts
    return path


def packs(folder: Path) -> list[Path]:
    """The packs of a table, by name."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}")) if folder.is_dir() else []


def small_parts(folder: Path) -> list[Path]:
    """The parts of a table that stand in files of their own, by name."""
    found = folder.glob(f"[!.]*{SUFFIX}") if folder.is_dir() else ()
    return sorted(path for path in found if not path.name.startswith(PREFIX))


def held_by(pack: Path) -> dict[str, Slice]:
    """The parts in a pack, by key; from its metadata, which is verified when rows are read.

    Raises DamagedArtefact for what is no pack.
    """
    try:
        holds = [(str(key), int(rows)) for key, rows in json.loads(told_in(pack, _HOLDS))]
    except (ValueError, TypeError) as error:
        raise DamagedArtefact(pack, f"it does not say which parts it holds ({error})") from None
    slices, start = {}, 0
    for key, rows in holds:
        slices[key] = Slice(pack, start, rows)
        start += rows
    return slices


def packed(folder: Path) -> dict[str, Slice]:
    """The parts in all packs of a table, by key. Raises DamagedArtefact as `held_by`."""
    return {key: place for pack in packs(folder) for key, place in held_by(pack).items()}


def read_packed(places: Mapping[str, Slice]) -> list[pa.Table]:
    """The rows of these parts, pack by pack, verified. Raises DamagedArtefact (with the path of the pack)."""
    by_pack: dict[Path, list[Slice]] = {}
    for place in places.values():
        by_pack.setdefault(place.pack, []).append(place)
    tables = []
    for pack, wanted in sorted(by_pack.items()):
        table = read_arrow(pack).replace_schema_metadata(None)
        if sum(place.rows for place in wanted) == table.num_rows:
            tables.append(table)
        else:
            tables += [table.slice(place.start, place.rows) for place in wanted]
    return tables


def remove_packed(folder: Path) -> int:
    """Remove the small parts that a pack holds; returns how many. Needs the lock of the run folder."""
    held = packed(folder)
    left = [path for path in small_parts(folder) if path.stem in held]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
