"""One table in one sealed Parquet file: there in full or not at all, verified when read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from passband.errors import UserError
from passband.storage.atomic import explained_io, write_bytes
from passband.storage.damage import DamagedArtefact
from passband.storage.seals import HOLE, is_intact, sealed


def save_table(path: Path, frame: pd.DataFrame) -> None:
    """Replace one table, atomically, without its index. Raises UserError when the disk does not take it."""
    write_arrow(path, pa.Table.from_pandas(frame, preserve_index=False))


def load_table(path: Path) -> pd.DataFrame:
    """Read one table, verified. Raises UserError when missing, DamagedArtefact when not as it was written."""
    return frame_of(read_arrow(path))


def write_arrow(
    path: Path, table: pa.Table, told: Mapping[str, str] | None = None, compact: bool = False
) -> None:
    """Seal and write a table. told: text that stands in the file's metadata beside pandas' own.

    compact: whether the bytes of floating numbers are sorted by their place, which makes them a third smaller.
    """
    table = _plain(table)
    own = {name.encode(): text.encode() for name, text in (told or {}).items()}
    metadata = {**(table.schema.metadata or {}), **own, b"seal": HOLE.encode()}
    sink = pa.BufferOutputStream()
    floats = [each.name for each in table.schema if pa.types.is_floating(each.type)] if compact else []
    pq.write_table(
        table.replace_schema_metadata(metadata),
        sink,
        compression="zstd",
        use_dictionary=[name for name in table.column_names if name not in floats] if floats else True,
        use_byte_stream_split=floats,
    )
    write_bytes(path, sealed(sink.getvalue().to_pybytes()))


def read_arrow(path: Path, columns: Sequence[str] | None = None, as_codes: Sequence[str] = ()) -> pa.Table:
    """A table, or some of its columns; all bytes are verified.

    as_codes: columns of text to read as dictionaries. Raises as `load_table`.
    """
    data = _verified_bytes(path)
    try:
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=list(as_codes))
        return file.read(columns=None if columns is None else list(columns), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedArtefact(path, f"it is no Parquet file ({error})") from None


def told_in(path: Path, name: str) -> str:
    """A text from the metadata, read without the rows and not verified. Raises DamagedArtefact without it."""
    with explained_io("reading", path), path.open("rb") as file:
        try:
            metadata = pq.read_schema(file).metadata or {}
            return str(metadata[name.encode()].decode())
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise DamagedArtefact(path, f"its metadata cannot be read ({error})") from None


def is_intact_table(path: Path) -> bool:
    """Whether a table is there and every byte as it was written."""
    try:
        _verified_bytes(path)
    except UserError:
        return False
    return True


def frame_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow table for pandas, by the types of its columns alone."""
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas()
    return frame


def _plain(table: pa.Table) -> pa.Table:
    """Categories as text: their codes may not hold the categories of several tables that are joined later."""
    for place, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, column.name, table[column.name].cast(column.type.value_type))
    return table


def _verified_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"there is no table {path}; run the command that makes it")
    if path.is_symlink():
        raise DamagedArtefact(path, "it is a link")
    with explained_io("reading", path):
        data = path.read_bytes()
    if not is_intact(data):
        raise DamagedArtefact(path, "its checksum does not match")
    return data
