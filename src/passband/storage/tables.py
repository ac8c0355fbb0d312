"""Tables as Parquet: one sealed file, or a folder of immutable sealed parts, one part per key.

A part is named by the key of what made it, so what is made twice has its rows once. Parts are joined into
packs when they are many (`packs`), which changes no row. A folder of parts is a table for any reader of Parquet
data sets, such as ``pandas.read_parquet(folder)``.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from passband.errors import UserError
from passband.storage.identifiers import checked_id
from passband.storage.packs import PREFIX, SUFFIX, packed, read_packed, small_parts
from passband.storage.sealed_table import frame_of, is_intact_table, load_table, read_arrow, save_table

__all__ = ["has_part", "load_table", "part_keys", "read_parts", "save_part", "save_table"]


def save_part(folder: Path, key: str, frame: pd.DataFrame) -> None:
    """Add the rows of one key to a table; an intact part of this key stays as it is.

    Raises UserError for an unsafe key or when the disk does not take the part.
    """
    path = _part(folder, key)
    if not is_intact_table(path):
        save_table(path, frame)


def has_part(folder: Path, key: str) -> bool:
    """Whether the part of this key is there and intact, on its own or in a pack."""
    if is_intact_table(_part(folder, key)):
        return True
    place = packed(folder).get(key)
    return place is not None and is_intact_table(place.pack)


def part_keys(folder: Path) -> list[str]:
    """Keys of the parts that are there, intact or not, on their own or in packs; sorted."""
    return sorted({path.stem for path in small_parts(folder)}.union(packed(folder)))


def read_parts(folder: Path, sort_by: Sequence[str], keys: Collection[str] | None = None) -> pd.DataFrame:
    """All rows of a table, sorted by the columns ``sort_by``: the same whatever the order of the parts.

    keys: the parts to read; None for all. An empty table has the columns ``sort_by`` only. Raises UserError
    when a part is missing, DamagedArtefact (with its path) when one is not as it was written.
    """
    places = packed(folder)
    wanted = part_keys(folder) if keys is None else sorted(set(keys))
    small = [read_arrow(_part(folder, key)) for key in wanted if key not in places]
    parts = small + read_packed({key: places[key] for key in wanted if key in places})
    if not parts:
        return pd.DataFrame(columns=list(sort_by))
    plain = [part.replace_schema_metadata(None) for part in parts]
    frame = frame_of(
        pa.concat_tables(plain, promote_options="default")
    )  # a column may be younger than a part
    return frame.sort_values(list(sort_by), kind="stable", ignore_index=True)


def _part(folder: Path, key: str) -> Path:
    if key.startswith(PREFIX):
        raise UserError(
            f"'{key}' cannot be the id of a part of a table: '{PREFIX}' begins the names of packs"
        )
    return folder / f"{checked_id(key, 'part of a table')}{SUFFIX}"
