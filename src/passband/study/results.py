"""What a study has found, from its tables alone: a run folder or a folder of published results, read alike.

Numbers are taken at the precision in which results are published (float32), so that both give the same figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from passband.errors import UserError
from passband.records import content_id, parse_record
from passband.shift.pair_table import ASKED, KEYS, pair_table
from passband.storage.documents import load_yaml
from passband.storage.ledger import Ledger
from passband.storage.results_folder import PairTable, ResultsFolder, is_results_folder
from passband.storage.run_folder import RunFolder
from passband.storage.summary import read_summary
from passband.storage.tables import load_table, part_keys, read_parts
from passband.study.plan import NetworkPlan, information_id, network_plans
from passband.study.prediction_plan import bands_id, contested, evidence_ids, measures_id
from passband.study.study import FullSeries, Study

SUMMARY = ("network_id", "train_id", "test_id", "dice_mean")
IMAGE_DISTANCE = "power_spectrum_distance"
"""The one column of the table `information` that says something of images."""


@dataclass(frozen=True)
class Results:
    """A study and what was found.

    dice: network_id, train_id, test_id, value: the mean over structures, of finished networks of any series; series:
    of every network by its id. Tables of pairs have train_id, test_id and their columns;
    None where they were not made; evidence has a series too. is_current: whether measures are those of this passband.
    """

    place: str
    study: Study
    dice: pd.DataFrame
    series: Mapping[str, str]
    measures: pd.DataFrame
    bands: pd.DataFrame | None = None
    information: pd.DataFrame | None = None
    evidence: pd.DataFrame | None = None
    is_current: bool = True
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def own_pairs(self) -> pd.DataFrame:
        """The table of pairs of the study's own series; see `pairs`."""
        return self.pairs(self.study.all_series()[0])

    def means(self, series: str) -> pd.DataFrame:
        """Dice of every network of a series in every test domain, as `matrix.network_means` gives it."""
        return self.dice[self.dice["network_id"].map(self.series) == series].reset_index(drop=True)

    def pairs(self, series: FullSeries) -> pd.DataFrame:
        """The table of pairs of a series with all that is known of them, rounded as published.

        Raises UserError where a pair lacks its measures, or no network of the series is there.
        """
        means = self.means(series.name)
        if means.empty:
            raise UserError(f"{self.place}: no network of the series '{series.name}' is there")
        own = means["train_id"].isin(series.train_on) & means["test_id"].isin(series.test_on)
        tables = [self.measures, *self._beside(series.name)]
        return pair_table(means[own], *(rounded(each) for each in tables))

    def _beside(self, series: str) -> list[pd.DataFrame]:
        """Further tables; pairs that are not in them, say of a small series, are NaN."""
        evidence = self.evidence
        if evidence is not None:
            evidence = evidence.loc[evidence["series"] == series]
            evidence = evidence.assign(**self._asked(evidence))
            evidence = evidence.drop(columns=[name for name in ABOUT if name in evidence])
            evidence = None if evidence.empty else evidence
        found = [each for each in (self.bands, evidence) if each is not None]
        if self.information is not None:
            found.append(self.information[[*KEYS, IMAGE_DISTANCE]])
        every = self.measures[KEYS]
        return [every.merge(each, on=KEYS, how="left") for each in found]

    def _asked(self, evidence: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
        """The columns `ASKED` of a table of evidence: Dice of the network asked, in the test domain and at home."""
        if "asked" not in evidence:
            return {}
        reached = self.dice.set_index(["network_id", "test_id"])["value"]
        where = (evidence["test_id"], evidence["train_id"])
        return {
            name: reached.reindex(pd.MultiIndex.from_arrays([evidence["asked"], domain])).to_numpy(np.float64)
            for name, domain in zip(ASKED.values(), where, strict=True)
        }


ABOUT = ("series", "asked", "asked_too", "of_networks")
"""Columns that say where evidence comes from."""


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """A table with its numbers at the precision of float32."""
    numbers = table.select_dtypes("float").columns
    return table.astype(dict.fromkeys(numbers, "float32")).astype(dict.fromkeys(numbers, "float64")).copy()


def open_results(root: Path) -> Results:
    """The results in a run folder, or in a folder of published results.

    Raises UserError for anything else, for tables that are missing, and for those of a run that has grown since.
    """
    if is_results_folder(root):
        return _published(ResultsFolder(root))
    folder = RunFolder.existing(root)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    planned = network_plans(study)
    _check_tables(folder, study, planned)
    return run_results(folder, study, planned)


def _check_tables(folder: RunFolder, study: Study, planned: Sequence[NetworkPlan]) -> None:
    """Raises UserError where no network is there, or the tables are not those of the networks that are."""
    plans = finished_plans(folder, planned)
    left = {plan.part_id for plan in planned} - {plan.part_id for plan in plans}
    with Ledger(folder.ledger) as ledger:
        failed = left & {each.key for each in ledger.failures("networks")}
        made = ledger.done_keys("measures") | ledger.done_keys("information")
        made |= {each.key for each in ledger.failures("evidence")}
    again = f"`passband run … --root {folder.root}{' --so-far' if left - failed else ''}`"
    if not plans:
        why = f"all {len(failed):,} networks failed" if failed else "no network is there"
        raise UserError(f"{folder.root}: {why}; `passband status` says more")
    if not folder.measures.exists():
        raise UserError(f"{folder.root} has no table of measures; {again} makes it, and trains nothing")
    wanted = {measures_id(study)}
    if folder.bands.exists() and contested(study):
        wanted.add(bands_id(study))
    if folder.information.exists():
        wanted.add(information_id(study))
    evidence = set(part_keys(folder.evidence))
    if evidence:  # or that of fewer networks would be left out without a word
        wanted |= evidence_ids(study, plans)
    if not wanted <= made | evidence:
        raise UserError(
            f"{folder.root}: the tables are of another version of the study or of passband, or of fewer networks; "
            f"{again} makes them again, and trains nothing"
        )


def _incomplete(there: int, planned: int) -> tuple[str, ...]:
    return (f"{there:,} of {planned:,} planned networks are there",) if there < planned else ()


def run_results(folder: RunFolder, study: Study, planned: Sequence[NetworkPlan]) -> Results:
    """What is there of a study in a run folder, finished or not. planned: its networks."""
    plans = finished_plans(folder, planned)
    there = evidence_ids(study, plans) & set(part_keys(folder.evidence))
    return Results(
        place=str(folder.root),
        study=study,
        dice=dice_table(read_summary(folder, SUMMARY, [plan.part_id for plan in plans])),
        series={plan.network_id: plan.member.series for plan in plans},
        measures=load_table(folder.measures),
        bands=load_table(folder.bands) if folder.bands.exists() and contested(study) else None,
        information=load_table(folder.information) if folder.information.exists() else None,
        evidence=read_parts(folder.evidence, ("series", *KEYS), there) if there else None,
        notes=_incomplete(len(plans), len(planned)),
    )


def published_networks(root: Path, study: Study) -> frozenset[str]:
    """Ids of the networks in a folder of published results. Raises UserError for other folders or another study."""
    folder = _results_folder(root)
    folder.check(content_id(study))
    return frozenset(folder.networks()["network_id"].astype(str))


def published_study(root: Path) -> Study:
    """The study of published results. Raises UserError for other folders, and for files that are not its own."""
    folder = _results_folder(root)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    folder.check(content_id(study))
    return study


def _results_folder(root: Path) -> ResultsFolder:
    if not is_results_folder(root):
        raise UserError(
            f"{root} holds no published results; `passband export-results RUN --to {root}` makes them"
        )
    return ResultsFolder(root)


def _published(folder: ResultsFolder) -> Results:
    study = published_study(folder.root)
    networks, evidence = folder.networks(), _largest(folder.evidence())
    measures = folder.table("measures", measures_id(study))
    if measures is None or networks.empty:
        lacking = "table of measures" if measures is None else "network"
        raise UserError(
            f"{folder.root} has no {lacking}; export a run that is finished, `passband export-results RUN --to "
            f"{folder.root}`"
        )
    notes = []
    keys: dict[PairTable, str] = {"measures": measures_id(study), "bands": bands_id(study)}
    for kind, key in keys.items():
        if not folder.pairs(kind, key).exists() and folder.table(kind, key) is not None:
            again = (
                f"; `passband remeasure {folder.root} --root RUN` makes it anew" if kind == "measures" else ""
            )
            notes.append(f"the table of {kind} was made by another version of passband{again}")
    notes.extend(_incomplete(len(networks), study.n_networks))
    if evidence is not None:
        notes.extend(_outgrown(evidence, networks))
    return Results(
        place=str(folder.root),
        study=study,
        dice=dice_table(folder.scores()),
        series=dict(zip(networks["network_id"], networks["series"], strict=True)),
        measures=measures,
        bands=folder.table("bands", bands_id(study)),
        information=folder.table("information", information_id(study)),
        evidence=evidence,
        is_current=folder.pairs("measures", measures_id(study)).exists(),
        notes=tuple(notes),
    )


def finished_plans(folder: RunFolder, planned: Sequence[NetworkPlan]) -> tuple[NetworkPlan, ...]:
    """Those of the planned networks whose scores and whose line are there."""
    scored, listed = set(part_keys(folder.scores)), set(part_keys(folder.networks_table))
    return tuple(plan for plan in planned if plan.part_id in scored and plan.network_id in listed)


def dice_table(summary: pd.DataFrame) -> pd.DataFrame:
    """The mean Dice of every network in every test domain, rounded as published and sorted."""
    ids = dict.fromkeys(("network_id", "train_id", "test_id"), str)
    table = rounded(summary[list(SUMMARY)].astype(ids)).rename(columns={"dice_mean": "value"})
    return table.sort_values(["train_id", "network_id", "test_id"], ignore_index=True)


def _largest(evidence: pd.DataFrame | None) -> pd.DataFrame | None:
    """Of several exports of one pair the one from most networks, of these the latest."""
    if evidence is None:
        return None
    ordered = evidence.sort_values("of_networks", kind="stable")
    return ordered.drop_duplicates(["series", *KEYS], keep="last").reset_index(drop=True)


def _outgrown(evidence: pd.DataFrame, networks: pd.DataFrame) -> tuple[str, ...]:
    """A note where evidence is of fewer networks than are there. networks: series and train_id of every network."""
    there = networks[networks["series"].isin(evidence["series"])].groupby(["series", "train_id"]).size()
    asked = evidence.groupby(["series", "train_id"])["of_networks"].min().reindex(there.index, fill_value=0)
    fewer = int((asked < there).sum())
    told = f"for {fewer:,} of {len(there):,} training domains what networks say of images is that of fewer networks "
    return (f"{told}than are there now",) if fewer else ()
