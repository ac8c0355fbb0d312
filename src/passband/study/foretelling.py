"""What networks of a run will reach under imaging conditions that nobody has recorded yet: Dice with an interval.

The conditions to come join the study as further domains; their measures, and what textures tell, are made from the
waves of the run as for any pair; models that were fitted on other studies say the rest. No image is needed.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from passband.errors import UserError
from passband.execution.progress import Silent, Watcher
from passband.execution.workers import usable_cores
from passband.imaging.distribution import ImagingDistribution
from passband.information.registry import MEASURES
from passband.records import canonical_json, parse_record
from passband.seeds import seed_for
from passband.shift.analysis import AnalysisOptions
from passband.shift.contests import foretold
from passband.shift.crossed import Resampling
from passband.shift.pair_table import KEYS
from passband.shift.reference import Reference
from passband.storage.documents import load_yaml
from passband.storage.results_folder import is_results_folder
from passband.storage.run_folder import RunFolder
from passband.storage.summary import read_summary
from passband.study.bands import band_table
from passband.study.load import check_study
from passband.study.measures import measured_pairs
from passband.study.pictures import waves_of
from passband.study.plan import network_plans
from passband.study.prediction import check_reference
from passband.study.prediction_tasks import simulated_textures
from passband.study.results import SUMMARY, dice_table, finished_plans, open_results, rounded
from passband.study.study import MAIN, Domain, Study
from passband.study.taught import taught_by, with_settings


def foretell(
    root: Path,
    targets: Mapping[str, ImagingDistribution],
    fitted_on: Sequence[Path],
    structures: str | None = None,
    watcher: Watcher | None = None,
) -> pd.DataFrame:
    """Dice of the networks of a run, trained in each of its own domains, under each target: see `contests.foretold`.

    targets: by names that no domain of the study has. fitted_on: run or results folders of studies on which models are
    fitted. structures: which of the study's sets of structures the targets show; by default those that the networks
    were trained on. watcher: told how many steps are through. Raises UserError for a folder without waves or networks,
    targets that do not fit the study's structures and energy, and studies on another scale.
    """
    if is_results_folder(root):
        raise UserError(f"{root}: published results hold no waves; name the run folder that they come from")
    folder = RunFolder.existing(root)
    whole = parse_record(Study, load_yaml(folder.study), str(folder.study))
    study = whole.only(MAIN)
    home = _dice_at_home(folder, study)
    grown, pairs = _with_targets(study, tuple(home), targets, structures)
    references = [open_results(each) for each in fitted_on]
    check_reference(whole, references)
    taught, told = taught_by(references), watcher or Silent()
    options = AnalysisOptions(Resampling(seed=seed_for(study.seed, "prediction")), threads=usable_cores())
    reference = Reference(taught.pairs, options, heard=lambda: told.advance(1, 0))
    told.begin(len(pairs) + len(reference.folds) + 1, 0, 0)
    try:
        known = _known(folder, grown, pairs).assign(home_dice=[home[train] for train, _ in pairs])
        told.advance(len(pairs), 0)
        return foretold(with_settings(grown, known, taught.settings), reference)
    finally:
        told.end()


def _dice_at_home(folder: RunFolder, study: Study) -> dict[str, float]:
    """Mean Dice of the finished networks of each training domain in that domain, by its name."""
    plans = finished_plans(folder, network_plans(study))
    if not plans:
        raise UserError(f"{folder.root}: no network of the study is there; `passband run` trains them")
    dice = dice_table(read_summary(folder, SUMMARY, [plan.part_id for plan in plans]))
    own = dice[dice["train_id"] == dice["test_id"]].groupby("train_id")["value"].mean()
    return {name: float(own[name]) for name in study.train_on if name in own}


def _with_targets(
    study: Study, trained: Sequence[str], targets: Mapping[str, ImagingDistribution], structures: str | None
) -> tuple[Study, list[tuple[str, str]]]:
    """The study with the targets among its domains, and the pairs of training domain and target."""
    if structures is not None and structures not in study.structures:
        raise UserError(f"--structures {structures}: the study has {', '.join(study.structures)}")
    domains, pairs = dict(study.domains), []
    for target, imaging in targets.items():
        if imaging.energy_kV != study.simulation.energy_kV:
            raise UserError(
                f"{target}: energy_kV is {imaging.energy_kV:g}, but the waves of the run are simulated at "
                f"{study.simulation.energy_kV:g} kV"
            )
        for train in trained:
            shown = structures or study.domains[train].structures
            name = target if structures or len(study.structures) == 1 else f"{target}, {shown}"
            if name in study.domains:
                raise UserError(f"{name}: a domain of the study has this name; give the file another one")
            domains[name] = Domain(structures=shown, imaging=imaging)
            pairs.append((train, name))
    grown = study.model_copy(update={"domains": domains})
    check_study(grown, "the run with these targets")
    return grown, pairs


def _known(folder: RunFolder, study: Study, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Measures and textures of pairs, in their order."""
    root, study_json = str(folder.root), canonical_json(study)
    measured = measured_pairs(study, pairs, lambda name: waves_of(root, study, name, "training"))
    textures = band_table(pairs, partial(simulated_textures, root, study_json))
    unknown = measured.loc[measured[list(MEASURES)].isna().all(axis=1), "train_id"]
    if len(unknown):
        raise UserError(
            f"{folder.root}: nothing is known of pairs of '{unknown.iloc[0]}', since the structures of one of both "
            "domains have no training scenes; give them some, or name others with --structures"
        )
    order = pd.DataFrame(list(pairs), columns=KEYS)
    return order.merge(rounded(measured), on=KEYS).merge(rounded(textures), on=KEYS)
