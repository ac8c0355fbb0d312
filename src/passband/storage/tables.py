"""Tables as Parquet: one sealed file, or a folder of immutable sealed parts, one part per task.

A part is named by the key of the task that made it, so a task that runs twice writes its rows once. A folder
of parts is a table for any reader of Parquet data sets, such as ``pandas.read_parquet(folder)``.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from passband.errors import UserError
from passband.storage.atomic import explained_io, write_bytes
from passband.storage.damage import DamagedArtefact
from passband.storage.identifiers import checked_id
from passband.storage.seals import HOLE, is_intact, sealed

_SUFFIX: Final = ".parquet"


def save_table(path: Path, frame: pd.DataFrame) -> None:
    """Replace one table, atomically, without its index. Raises UserError when the disk does not take it."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"seal": HOLE.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sealed(sink.getvalue().to_pybytes()))


def load_table(path: Path) -> pd.DataFrame:
    """Read one table, verified. Raises UserError when missing, DamagedArtefact when not as it was written."""
    return _frame(_verified(path))


def save_part(folder: Path, key: str, frame: pd.DataFrame) -> None:
    """Add the rows of one task to a table; an intact part of this key stays as it is.

    key: the task's key. Raises UserError for an unsafe key or when the disk does not take the part.
    """
    if not has_part(folder, key):
        save_table(_part(folder, key), frame)


def has_part(folder: Path, key: str) -> bool:
    """Whether the part of this key is there and intact."""
    path = _part(folder, key)
    try:
        _verified(path)
    except UserError:
        return False
    return True


def part_keys(folder: Path) -> list[str]:
    """Keys of the parts that are there, intact or not, sorted."""
    return sorted(path.stem for path in folder.glob(f"[!.]*{_SUFFIX}")) if folder.is_dir() else []


def read_parts(folder: Path, sort_by: Sequence[str], keys: Collection[str] | None = None) -> pd.DataFrame:
    """All rows of a table, sorted by the columns ``sort_by``: the same whatever the order of the parts.

    keys: the parts to read; None for all. An empty table has the columns ``sort_by`` only. Raises UserError
    when a part is missing, DamagedArtefact (with its path) when one is not as it was written.
    """
    wanted = part_keys(folder) if keys is None else sorted(set(keys))
    parts = [_verified(_part(folder, key)) for key in wanted]
    if not parts:
        return pd.DataFrame(columns=list(sort_by))
    frame = _frame(pa.concat_tables([part.replace_schema_metadata(None) for part in parts]))
    return frame.sort_values(list(sort_by), kind="stable", ignore_index=True)


def _part(folder: Path, key: str) -> Path:
    return folder / f"{checked_id(key, 'part of a table')}{_SUFFIX}"


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas()
    return frame


def _verified(path: Path) -> pa.Table:
    if not path.is_file():
        raise UserError(f"there is no table {path}; run the command that makes it")
    if path.is_symlink():
        raise DamagedArtefact(path, "it is a link")
    with explained_io("reading", path):
        data = path.read_bytes()
    if not is_intact(data):
        raise DamagedArtefact(path, "its checksum does not match")
    try:
        return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedArtefact(path, f"it is no Parquet file ({error})") from None
