"""`passband export-results RUN --to RESULTS`: what a run has found, small enough to be committed; weights stay behind.

Additive: networks and evidence that stand there already are left out, the others become one more portion, and no file
is rewritten. A run need not be finished; tables that need all networks follow with a later export.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pandas as pd

from passband.errors import UserError
from passband.records import content_id, parse_record
from passband.storage.documents import load_json, load_yaml, write_json
from passband.storage.ledger import Ledger
from passband.storage.results_folder import PAIR_TABLES, PairTable, ResultsFolder, save_narrow
from passband.storage.run_folder import RunFolder
from passband.storage.seals import sha256_of
from passband.storage.summary import read_summary
from passband.storage.tables import load_table, part_keys, read_parts
from passband.study.load import study_yaml
from passband.study.plan import NetworkPlan, information_id, network_plans
from passband.study.prediction_plan import bands_id, evidence_ids, measures_id
from passband.study.provenance import surroundings
from passband.study.results import finished_plans
from passband.study.study import Study

METRICS: Final = ("dice", "pixel_error", "iou", "f1")
"""What is told of every network and test domain, as mean and median over images."""


def export_results(root: Path, to: Path) -> str:
    """Add what a run folder holds to a results folder, which is made if need be; returns a sentence.

    Raises UserError for no run, for a results folder of another study or with a table of pairs that was changed, and
    where there is nothing to export.
    """
    folder, results = RunFolder.existing(root), ResultsFolder(to)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    plans = finished_plans(folder, network_plans(study))
    if not plans:
        raise UserError(f"{root}: no network is finished, so there is nothing to export")
    results.begin(content_id(study))
    if not results.study.exists():
        results.study.write_text(study_yaml(study), encoding="utf-8")
        save_narrow(results.conditions, load_table(folder.conditions))
    known = set(results.networks()["network_id"])
    fresh = [plan for plan in plans if plan.network_id not in known]
    keys = (evidence_ids(study, plans) & set(part_keys(folder.evidence))) - results.evidence_keys()
    pairs = _pair_tables(folder, results, study)
    unrecorded = sorted(digest for path, digest in pairs.items() if digest not in results.recorded(path))
    content = [*sorted(plan.network_id for plan in fresh), *sorted(keys), *unrecorded]
    name = sha256_of(" ".join(content).encode())[:16]
    if content and not results.provenance(name).exists():
        sums = pairs | _portion(folder, results, name, fresh, keys)
        write_json(results.provenance(name), _told(folder, study, fresh, keys, sums, to))
    size = sum(path.stat().st_size for path in to.rglob("*") if path.is_file())
    return (
        f"{to}: {len(fresh):,} networks added, {len(known) + len(fresh):,} of {study.n_networks:,} are there; "
        f"{size / 1e6:.2f} MB"
    )


def export_measures(root: Path, to: Path) -> str:
    """Add the table of measures that a run folder holds to published results of its study; returns a sentence.

    Raises UserError as `export_results`, and where the table is not there.
    """
    folder, results = RunFolder.existing(root), ResultsFolder(to)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    results.begin(content_id(study))
    if not folder.measures.exists():
        raise UserError(f"{root}: there is no table of measures")
    kinds: tuple[PairTable, ...] = ("measures",)
    sums = _pair_tables(folder, results, study, kinds)
    (path,) = sums
    write_json(results.provenance(path.stem), _told(folder, study, [], (), sums, to))
    return f"{path}: the measures of {len(study.pairs):,} pairs"


def _portion(
    folder: RunFolder, results: ResultsFolder, name: str, fresh: list[NetworkPlan], keys: Collection[str]
) -> dict[Path, str]:
    """Write the files of a portion: of networks, and of the parts of evidence with these keys."""
    sums = {}
    if fresh:
        lines = read_parts(
            folder.networks_table,
            ("series", "train_id", "learning_rate", "seed"),
            [plan.network_id for plan in fresh],
        )
        tables = {"scores": _summary(folder, fresh), "networks": lines}
        for kind, table in tables.items():
            path = results.portion(kind, name)  # type: ignore[arg-type]
            sums[path] = save_narrow(path, table)
    if keys:
        path = results.portion("evidence", name)
        sums[path] = save_narrow(path, read_parts(folder.evidence, ("series", "train_id", "test_id"), keys))
    return sums


def _summary(folder: RunFolder, fresh: list[NetworkPlan]) -> pd.DataFrame:
    """A row per network and test domain, networks in a fixed order."""
    statistics = [f"{metric}_{statistic}" for metric in METRICS for statistic in ("mean", "median")]
    columns = ("network_id", "train_id", "test_id", "n_images", *statistics)
    table = read_summary(folder, columns, [plan.part_id for plan in fresh])
    ids = dict.fromkeys(("network_id", "train_id", "test_id"), str)
    narrow = table.astype(ids | {"n_images": "int32"})
    return narrow.sort_values(["train_id", "network_id", "test_id"], ignore_index=True)


def _pair_tables(
    folder: RunFolder, results: ResultsFolder, study: Study, kinds: Collection[PairTable] = PAIR_TABLES
) -> dict[Path, str]:
    """Write the tables of pairs that the run has made, named by their ids; SHA-256 by path, old files' too.

    Raises UserError where one that is there is not the file it was exported as.
    """
    results.check_pairs()
    ids: dict[PairTable, str] = {
        "measures": measures_id(study),
        "bands": bands_id(study),
        "information": information_id(study),
    }
    sums = {}
    with Ledger(folder.ledger) as ledger:
        done = ledger.done_keys("measures") | ledger.done_keys("information")
    for kind, key in ((kind, ids[kind]) for kind in kinds):
        table = getattr(folder, kind)
        if table.exists():  # one that an older version has made is named after its bytes
            name = key if key in done else sha256_of(table.read_bytes())[:16]
            path = results.pairs(kind, name)
            sums[path] = save_narrow(path, load_table(table))
    return sums


def _told(
    folder: RunFolder,
    study: Study,
    fresh: list[NetworkPlan],
    keys: Collection[str],
    sums: dict[Path, str],
    to: Path,
) -> dict[str, object]:
    """Where a portion comes from. keys: of the parts of evidence in it."""
    starts = load_json(folder.provenance)["starts"] if folder.provenance.exists() else []
    return {
        "study_id": content_id(study),
        "networks": len(fresh),
        "evidence": sorted(keys),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "exported_with": surroundings(),
        "starts": starts,
        "sha256": {path.relative_to(to).as_posix(): digest for path, digest in sorted(sums.items())},
    }
