"""Run folders of studies that never ran: made-up scores and tables, laid down as a run lays them down."""

from pathlib import Path

import numpy as np
import pandas as pd
from study_samples import tiny_study

from passband.execution.progress import Silent
from passband.imaging.distribution import ImagingDistribution, normal
from passband.information.registry import MEASURES
from passband.shift.pair_table import KEYS
from passband.shift.standard import CLOSED_FORM
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import save_part, save_table
from passband.study.domains import domain_table
from passband.study.load import study_yaml
from passband.study.measures import setting_table
from passband.study.plan import network_plans, series_of
from passband.study.prediction_plan import measures_id
from passband.study.study import Domain, Study

METRICS = ("dice", "iou", "pixel_error", "cross_entropy", "f1")


def wide_study(
    name: str = "wide", first_nm: int = -10, starts: int = 2, seed: int = 3, domains: int = 10
) -> Study:
    """So many domains of defocus, each for training and for tests."""
    named = {
        f"{mean:+d} nm": Domain(
            structures="CdSe",
            imaging=ImagingDistribution(defocus_nm=normal(mean, 1.0), dose_e_per_A2=400.0),
        )
        for mean in range(first_nm, first_nm + 2 * domains, 2)
    }
    changed = {
        "name": name,
        "domains": named,
        "train_on": tuple(named),
        "test_on": tuple(named),
        "random_starts": starts,
        "seed": seed,
    }
    return tiny_study().model_copy(update=changed)


def made_up_run(root: Path, study: Study, networks: int | None = None) -> RunFolder:
    """A run folder of a study of which so many networks are there (None: all): Dice falls with |Δdefocus|."""
    folder = RunFolder.create(root)
    folder.study.write_text(study_yaml(study), encoding="utf-8")
    save_table(folder.conditions, domain_table(study))
    plans = network_plans(study)[:networks]
    for plan in plans:
        stream = np.random.default_rng(int(plan.network_id[:8], 16))
        place = {name: float(name.split()[0]) for name in study.test_on}
        rows = [
            {"test_id": test, "structure_id": f"s{k}"}
            | dict.fromkeys(
                METRICS, 0.95 - 0.02 * abs(place[test] - place[plan.domain]) + stream.normal(0, 0.01)
            )
            for test in series_of(study, plan.member.series).tests_of(plan.domain)
            for k in range(2)
        ]
        about = {"network_id": plan.network_id, "train_id": plan.domain, "seed": plan.card.seed}
        save_part(folder.scores, plan.part_id, pd.DataFrame(rows).assign(**about))
        line = about | {"series": plan.member.series, "learning_rate": plan.member.learning_rate}
        save_part(folder.networks_table, plan.network_id, pd.DataFrame([line]))
    if len(plans) == study.n_networks:
        save_table(folder.measures, made_up_measures(study))
    with Ledger(folder.ledger) as ledger:
        for plan in plans:
            ledger.record_done(plan.part_id, "networks", 1.0, {})
        if folder.measures.exists():
            ledger.record_done(measures_id(study), "measures", 1.0, {})
    return folder


def made_up_measures(study: Study) -> pd.DataFrame:
    """Measures that know the distance in defocus, each with noise of its own."""
    stream = np.random.default_rng(study.seed)
    table = setting_table(study, study.pairs)
    signs = {name: -MEASURES[name].larger or 1 for name in CLOSED_FORM}
    told = {
        name: sign * (table["abs_delta_defocus_nm"] + stream.normal(0, 3.0, len(table)))
        for name, sign in signs.items()
    }
    return table.assign(**told)[[*KEYS, *CLOSED_FORM, *table.columns.drop(KEYS)]]


class Listener(Silent):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.total, self.done, self.ended = 0, [], False

    def begin(self, total: int, already: int, failed: int) -> None:
        self.total = total

    def advance(self, done: int, failed: int) -> None:
        self.done.append(done)

    def end(self) -> None:
        self.ended = True
