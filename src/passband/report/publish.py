"""From a run folder to its page: read the tables, join scores and measures, write the report."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from passband.records import content_id, parse_record
from passband.report.data import COLUMNS, Cost, Examples, ReportData, empty_table
from passband.report.sample import Scored, read_scores
from passband.report.write import write_report
from passband.seeds import seed_for
from passband.shift.crossed import Resampling
from passband.shift.rank import Levels, rank_correlations
from passband.storage.arrays import load_arrays
from passband.storage.documents import load_json, load_sealed_json, load_yaml
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import load_table, part_keys, read_parts
from passband.storage.weights import load_card
from passband.study.accuracy import warnings_of
from passband.study.plan import NetworkPlan, network_plans
from passband.study.study import MAIN, Study

MEASURES = (
    *("sigma", "sigma_signed", "coverage"),
    *("abs_delta_defocus_nm", "abs_delta_abs_defocus_nm", "power_spectrum_distance"),
)
"""The columns of the table of measures that are held against the loss, ours first, then the plain baselines."""
METRICS = ("pixel_error", "dice")
MOST_HISTORIES = 200


def publish(root: Path) -> Path:
    """Write RUN/report from what is stored; returns the path of the page. Raises UserError when there is no run.

    Each further series of the study has a page of its own, RUN/report/SERIES/index.html.
    """
    folder = RunFolder.existing(root)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    for name in study.series:
        others = {study.name: "../index.html"} | {
            each: f"../{each}/index.html" for each in study.series if each != name
        }
        write_report(replace(report_data(study, folder, name), others=others), folder.report / name)
    others = {name: f"{name}/index.html" for name in study.series}
    return write_report(replace(report_data(study, folder), others=others), folder.report)


def report_data(whole: Study, folder: RunFolder, series: str = MAIN) -> ReportData:
    """Everything on the page of one series of a study, from the tables of the run folder."""
    study = whole.only(series)
    domains = load_table(folder.conditions)
    there = set(part_keys(folder.scores))
    plans = [plan for plan in network_plans(study) if plan.part_id in there]
    every = plans if not whole.series else [each for each in network_plans(whole) if each.part_id in there]
    images = sum(study.set_of(name).test for name in study.all_series()[0].tests_of(study.train_on[0]))
    scored = read_scores(folder, plans, [plan.part_id for plan in every], images)
    networks = read_parts(
        folder.networks_table, ("train_id", "learning_rate", "seed"), [plan.network_id for plan in plans]
    )
    information = (
        load_table(folder.information) if folder.information.exists() else empty_table("information")
    )
    information = information[
        information["train_id"].isin(study.train_on) & information["test_id"].isin(study.test_on)
    ].reset_index(drop=True)
    bootstrap = Resampling(seed=seed_for(study.seed, "bootstrap"))
    return ReportData(
        title=study.name if series == MAIN else f"{study.name}: {series}",
        question=study.question,
        study_yaml=folder.study.read_text(encoding="utf-8"),
        mask_preset=study.mask.preset,
        planned_networks=study.n_networks,
        scores=scored.scores,
        means=scored.means,
        domains=domains[domains["domain_id"].isin(study.test_on)].reset_index(drop=True),
        networks=networks if plans else empty_table("networks"),
        information=information,
        history=_history(folder, plans),
        correlations=_correlations(scored, information, bootstrap) if plans else empty_table("correlations"),
        deviations=_deviations(study),
        failures=_failures(folder),
        cost=_cost(study, folder, networks),
        examples=_examples(folder, study),
        coherence=_coherence(folder, study.test_on),
        prediction=_prediction(folder, series, len(plans)),
        predictions=_predictions(folder, series),
        measures={"weight": study.measures.weight, "q_max": f"{study.measures.q_max_per_A:g} 1/Å"},
        provenance=_provenance(
            whole, folder, {**_told_of(scored), "networks": networks, "information": information}
        ),
        interval_level=bootstrap.level,
    )


def _told_of(scored: Scored) -> dict[str, pd.DataFrame]:
    """The table of scores whose checksum the page tells, by its name."""
    return {"scores": scored.scores} if scored.means is None else {"means of scores": scored.means}


def _correlations(scored: Scored, information: pd.DataFrame, bootstrap: Resampling) -> pd.DataFrame:
    """Rank correlations of every measure with the loss, for both metrics; always of all networks."""
    names = [name for name in MEASURES if name in information]
    if not names:
        return empty_table("correlations")
    scores = scored.scores if scored.means is None else scored.means
    tables = [rank_correlations(scores, metric, information, names, bootstrap) for metric in METRICS]
    table = pd.concat(tables, ignore_index=True)
    if scored.means is None:
        return table
    counts = {name: int(table[name].iloc[0]) for name in Levels.__dataclass_fields__}
    counts["n_structures"] = int(scored.scores["structure_id"].nunique())
    return table.assign(**counts, note=Levels(**counts).note())


def _deviations(study: Study) -> pd.DataFrame:
    """What the study declares, and where its simulation is outside the range that is known to be accurate."""
    rows = [each.model_dump() for each in study.deviations]
    for warning in warnings_of(study):
        row = {
            "what": "Accuracy",
            "published": "not stated",
            "here": warning,
            "why": "see passband simulate --check",
        }
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS["deviations"])


def _history(folder: RunFolder, plans: list[NetworkPlan]) -> pd.DataFrame:
    """Training histories from the cards, evenly thinned out when there are many."""
    step = max(1, len(plans) // MOST_HISTORIES)
    rows = [
        {"network_id": plan.network_id, "train_id": plan.domain, **row}
        for plan in plans[::step]
        for row in load_card(folder.network(plan.network_id))["outcome"]["history"]
    ]
    return pd.DataFrame(rows) if rows else empty_table("history")


def _failures(folder: RunFolder) -> pd.DataFrame:
    with Ledger(folder.ledger) as ledger:
        rows = [{"task": f"{each.stage} {each.key}", "reason": each.reason} for each in ledger.failures()]
    return pd.DataFrame(rows, columns=COLUMNS["failures"])


def _cost(study: Study, folder: RunFolder, networks: pd.DataFrame) -> Cost:
    with Ledger(folder.ledger) as ledger:
        summary = ledger.summary()
    stages = [{"stage": name, "seconds": each.seconds, "tasks": each.done} for name, each in summary.items()]
    starts = _starts(folder)
    training_s = sum(start["wall_seconds"].get("networks", 0.0) for start in starts)
    steps = int(networks["steps"].sum()) if len(networks) else 0
    machine = (
        {}
        if not starts
        else {
            "Wall clock of all starts": f"{sum(sum(start['wall_seconds'].values()) for start in starts):.0f} s",
            "Workers, one thread each": str(starts[-1]["workers"]),
            "Processor": f"{starts[-1]['processor']}, {starts[-1]['cores']} cores",
        }
    )
    return Cost(
        stages=pd.DataFrame(stages, columns=COLUMNS["stages"]),
        networks_per_hour=3600 * len(networks) / training_s if training_s else 0.0,
        images_seen=steps * study.training.batches.size,
        machine=machine,
    )


def _coherence(folder: RunFolder, names: Collection[str]) -> pd.DataFrame | None:
    if not folder.coherence.exists():
        return None
    table = load_table(folder.coherence)
    own = table[table["domain_id"].isin(names)]
    return None if own.empty else own


def _prediction(folder: RunFolder, series: str, networks: int) -> Mapping[str, Any] | None:
    """What may be said of prediction in a series, where it was asked; networks: how many there are by now."""
    if not folder.analysis.exists():
        return None
    told: Mapping[str, Any] = load_sealed_json(folder.analysis)
    of_series: Mapping[str, Any] = told.get("series", {MAIN: told})
    found = of_series.get(series)
    if found is None or found["networks"] == networks:
        return found
    older = f"this was said when {found['networks']:,} networks were there; `passband run` says it of {networks:,}"
    return {**found, "notes": [*found.get("notes", ()), older]}


def _predictions(folder: RunFolder, series: str) -> pd.DataFrame | None:
    if not folder.predictions.exists():
        return None
    table = load_table(folder.predictions)
    return table[table["series"] == series]


def _examples(folder: RunFolder, study: Study) -> Examples | None:
    """The examples, where they are of this series."""
    if not folder.examples.exists():
        return None
    stored = load_arrays(folder.examples)
    told = stored.attributes
    if told["train_id"] not in study.train_on or not set(told["domain_ids"]) <= set(study.test_on):
        return None
    return Examples(
        domain_ids=tuple(told["domain_ids"]),
        sampling_A=told["sampling_A"],
        structure_id=told["structure_id"],
        network_id=told["network_id"],
        train_id=told["train_id"],
        **stored.arrays,
    )


def _starts(folder: RunFolder) -> list[dict[str, Any]]:
    return list(load_json(folder.provenance)["starts"]) if folder.provenance.exists() else []


def _provenance(
    study: Study, folder: RunFolder, tables: Mapping[str, pd.DataFrame]
) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {
        "Study": {"content id": content_id(study), "seed": str(study.seed)},
        "Tables (SHA-256 of the sorted rows)": {name: table_digest(table) for name, table in tables.items()},
    }
    for last in _starts(folder)[-1:]:
        sections["Software"] = {
            "passband": f"{last['passband']} ({last['source']})",
            "python": last["python"],
        }
        sections["Software"] |= last["packages"]
        sections["Machine"] = {name: str(last[name]) for name in ("system", "processor", "cores", "workers")}
    return sections


def table_digest(table: pd.DataFrame) -> str:
    """SHA-256 of the values of a table, rows and columns sorted; equal tables have equal digests.

    Columns of seconds are left out: they are never the same twice.
    """
    names = sorted(str(name) for name in table if not str(name).endswith("seconds"))
    lines = sorted(table[names].to_csv(index=False, header=False, float_format="%.17g").splitlines())
    return sha256("\n".join([",".join(names), *lines]).encode()).hexdigest()
