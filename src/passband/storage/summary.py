"""Scores per network and test domain, so that questions to a large study need not read every image's row.

A *summary* has one row per (network, test domain): ``n_images``, and of every measured number its ``_mean``,
``_median`` and quartiles ``_q25``, ``_q75`` over the images. What is missing (NaN) is left out. The median of
a summary's medians over networks is not the median of all rows: say which one it is.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from passband.storage.packs import held_by, packs, remove_packed, small_parts, write_pack
from passband.storage.run_folder import RunFolder
from passband.storage.sealed_table import frame_of, load_table, read_arrow, save_table

KEYS: Final = ("network_id", "train_id", "test_id", "seed")
"""What a row of a summary is about."""
STATISTICS: Final = ("mean", "median", "q25", "q75")
_QUANTILES: Final = {"median": 0.5, "q25": 0.25, "q75": 0.75}


def summarised(scores: pd.DataFrame) -> pd.DataFrame:
    """The summary of rows of scores, in the order in which (network, test domain) first occur."""
    keys = [name for name in KEYS if name in scores]
    values = [
        name
        for name, kind in scores.dtypes.items()
        if name not in keys and pd.api.types.is_numeric_dtype(kind)
    ]
    groups = scores.groupby(keys, sort=False, observed=True).ngroup().to_numpy()
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    columns: dict[str, NDArray[np.generic]] = {"n_images": sizes.astype(np.int64)}
    for name in values:
        columns |= _statistics(str(name), scores[name].to_numpy(np.float64)[order], starts, sizes)
    return pd.concat([scores[keys].iloc[order[starts]].reset_index(drop=True), pd.DataFrame(columns)], axis=1)


def pack_scores(folder: RunFolder, keys: Collection[str]) -> None:
    """Join parts of the scores into a pack with its summary, then remove them. Needs the lock.

    Raises UserError when the disk does not take it, DamagedArtefact (with its path) for a damaged part.
    """
    write_pack(folder.scores, keys)
    complete_summary(folder)
    remove_packed(folder.scores)


def complete_summary(folder: RunFolder) -> None:
    """Store the summaries that packs of scores lack. Raises UserError when the disk does not take them."""
    for pack in packs(folder.scores):
        if not (folder.summary / pack.name).exists():
            save_table(folder.summary / pack.name, summarised(load_table(pack)))


def read_summary(
    folder: RunFolder, columns: Sequence[str] | None = None, keys: Collection[str] | None = None
) -> pd.DataFrame:
    """The summary of all scores of a run; the rows stand in no particular order, ids are categories.

    columns: such as ("train_id", "test_id", "dice_median"); None for all. keys: the parts of the scores that
    count (`NetworkPlan.part_id`); None for all. Raises DamagedArtefact (with its path) for a damaged table.
    """
    wanted = None if keys is None else set(keys)
    held = {pack: held_by(pack) for pack in packs(folder.scores)}
    tables = [
        _of_pack(folder, pack, columns, wanted)
        for pack, slices in held.items()
        if wanted is None or not wanted.isdisjoint(slices)
    ]
    packed_keys = {key for slices in held.values() for key in slices}
    small = [path for path in small_parts(folder.scores) if path.stem not in packed_keys]
    parts = [read_arrow(path) for path in small if wanted is None or path.stem in wanted]
    if parts:
        tables.append(
            _picked(summarised(frame_of(pa.concat_tables(parts, promote_options="default"))), columns)
        )
    if not tables:
        return pd.DataFrame(columns=list(columns or (*KEYS, "n_images")))
    joined: pd.DataFrame = (
        pa.concat_tables(tables, promote_options="default").unify_dictionaries().to_pandas()
    )
    return joined


def _of_pack(
    folder: RunFolder, pack: Path, columns: Sequence[str] | None, wanted: set[str] | None
) -> pa.Table:
    """The summary that was stored beside a pack; made anew where it is missing, or where parts of it count."""
    stored = folder.summary / pack.name
    held = held_by(pack)
    if wanted is not None and not wanted.issuperset(held):
        slices = [place for key, place in held.items() if key in wanted]
        rows = read_arrow(pack)
        picked = pa.concat_tables([rows.slice(place.start, place.rows) for place in slices])
        return _picked(summarised(frame_of(picked)), columns)
    if not stored.exists():
        return _picked(summarised(load_table(pack)), columns)
    return _coded(read_arrow(stored, columns, as_codes=[name for name in KEYS if name.endswith("_id")]))


def _picked(frame: pd.DataFrame, columns: Sequence[str] | None) -> pa.Table:
    picked = frame if columns is None else frame[list(columns)]
    ids = {name: "category" for name in picked if str(name).endswith("_id")}
    return _coded(pa.Table.from_pandas(picked.astype(ids), preserve_index=False))


def _coded(table: pa.Table) -> pa.Table:
    """The same table, its dictionaries of one type, so that it can be joined to others."""
    table = table.replace_schema_metadata(None).combine_chunks()
    for place, name in enumerate(table.column_names):
        for chunk in table[name].chunks if pa.types.is_dictionary(table[name].type) else ():
            codes, texts = chunk.indices.cast(pa.int32()), chunk.dictionary.cast(pa.string())
            table = table.set_column(place, name, pa.DictionaryArray.from_arrays(codes, texts))
    return table


def _statistics(
    name: str, values: NDArray[np.float64], starts: NDArray[np.intp], sizes: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Statistics of consecutive groups; groups of one size are taken together, which is most of them."""
    found = {f"{name}_{statistic}": np.full(len(starts), np.nan) for statistic in STATISTICS}
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        block = np.sort(values[starts[rows, None] + np.arange(size)], axis=1)  # NaN comes last
        known = ~np.isnan(block)
        counts = known.sum(axis=1)
        some = counts > 0
        sums = np.where(known, block, 0.0).sum(axis=1)
        found[f"{name}_mean"][rows[some]] = sums[some] / counts[some]
        for statistic, level in _QUANTILES.items():
            found[f"{name}_{statistic}"][rows[some]] = _quantile(block[some], counts[some], level)
    return found


def _quantile(block: NDArray[np.float64], counts: NDArray[np.intp], level: float) -> NDArray[np.float64]:
    """Quantile of the first ``counts`` values of sorted rows, linear between neighbours (numpy's default)."""
    place = level * (counts - 1)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, counts - 1)
    index = np.arange(len(block))
    lower, upper = block[index, below], block[index, above]
    quantile: NDArray[np.float64] = lower + (place - below) * (upper - lower)
    return quantile
