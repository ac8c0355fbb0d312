"""What the page reads of the scores: every row, or of a very large series means of all and the rows of a sample.

Means per network and test domain stand in the summary, for all networks. Intervals over test structures need images;
in a large series they come from a sample of networks, as many of each training domain, drawn with a fixed seed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from passband.report.data import COLUMNS, empty_table
from passband.seeds import random_stream
from passband.storage.packs import Slice, packed
from passband.storage.run_folder import RunFolder
from passband.storage.sealed_table import frame_of, read_arrow
from passband.storage.summary import read_summary
from passband.storage.tables import read_parts
from passband.study.plan import NetworkPlan

MOST_ROWS: Final = 1_000_000
"""Rows of scores of a series up to which all of them are read."""
SAMPLE_ROWS: Final = 250_000
"""Rows that a sample has at most, as far as `FEWEST_SAMPLED` allows."""
FEWEST_SAMPLED: Final = 4
"""Networks of each training domain that are sampled at least."""
AVERAGED: Final = ("dice", "pixel_error", "mask_fraction")
SORTED_BY: Final = ("train_id", "network_id", "test_id", "structure_id")


@dataclass(frozen=True)
class Scored:
    """scores: a row per image, of all networks or of a sample; means: see `ReportData`, None where scores has all."""

    scores: pd.DataFrame
    means: pd.DataFrame | None = None


def read_scores(
    folder: RunFolder,
    plans: Sequence[NetworkPlan],
    every_part: Collection[str],
    images: int,
    most_rows: int = MOST_ROWS,
) -> Scored:
    """The scores of the networks of a series.

    every_part: the parts of all series; images: that one network is tested on. Raises as `storage.tables.read_parts`.
    """
    if not plans:
        return Scored(empty_table("scores"))
    if len(plans) * images <= most_rows:
        return Scored(read_parts(folder.scores, SORTED_BY, [plan.part_id for plan in plans]))
    chosen = sampled(plans, SAMPLE_ROWS // images)
    return Scored(_rows(folder.scores, [plan.part_id for plan in chosen]), _means(folder, plans, every_part))


def sampled(plans: Sequence[NetworkPlan], networks: int) -> list[NetworkPlan]:
    """About so many networks, as many of each training domain, `FEWEST_SAMPLED` at least where there are as many.

    Which ones follows from their ids alone, not from the order of the plans.
    """
    by_domain: dict[str, list[NetworkPlan]] = {}
    for plan in sorted(plans, key=lambda each: each.network_id):
        by_domain.setdefault(plan.domain, []).append(plan)
    each = max(FEWEST_SAMPLED, networks // len(by_domain))
    drawn = []
    for domain, own in by_domain.items():
        order = random_stream(0, "report", "networks", domain).permutation(len(own))
        drawn += [own[place] for place in sorted(order[:each].tolist())]
    return drawn


def _means(folder: RunFolder, plans: Sequence[NetworkPlan], every_part: Collection[str]) -> pd.DataFrame:
    columns = ("network_id", "train_id", "test_id", "n_images", *(f"{name}_mean" for name in AVERAGED))
    summary = read_summary(folder, columns, every_part)
    own = summary[summary["network_id"].isin([plan.network_id for plan in plans])]
    named = own.rename(columns={f"{name}_mean": name for name in AVERAGED})
    ids = dict.fromkeys(("network_id", "train_id", "test_id"), "str")
    plain = named.astype(ids).assign(structure_id="all")
    return plain.sort_values(list(SORTED_BY), kind="stable", ignore_index=True)


def _rows(folder: Path, keys: Sequence[str]) -> pd.DataFrame:
    """As `read_parts`, of the columns that a report needs, with one pack in memory at a time."""
    places = packed(folder)
    tables = [read_arrow(folder / f"{key}.parquet", COLUMNS["scores"]) for key in keys if key not in places]
    by_pack: dict[Path, list[Slice]] = {}
    for key in keys:
        if key in places:
            by_pack.setdefault(places[key].pack, []).append(places[key])
    tables += [_of_pack(pack, slices) for pack, slices in sorted(by_pack.items())]
    rows = frame_of(pa.concat_tables([table.replace_schema_metadata(None) for table in tables]))
    return rows.sort_values(list(SORTED_BY), kind="stable", ignore_index=True)


def _of_pack(pack: Path, slices: Sequence[Slice]) -> pa.Table:
    """Copies of some rows, so that the rest of the pack can go."""
    whole = read_arrow(pack, COLUMNS["scores"])
    places = [row for each in slices for row in range(each.start, each.start + each.rows)]
    return whole.take(pa.array(places))
