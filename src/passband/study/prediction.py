"""From results to what may be said of prediction, as plain data: both contests of every series, and their limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

import numpy as np
import pandas as pd

from passband.errors import UserError
from passband.execution.progress import Silent, Watcher
from passband.execution.workers import usable_cores
from passband.information.registry import MEASURES
from passband.seeds import seed_for
from passband.shift.analysis import Analysis, AnalysisOptions, Memory
from passband.shift.contests import CONTESTS, ContestName, as_judged, judged, judged_frozen, predictors_in
from passband.shift.crossed import Resampling
from passband.shift.limits import Limits, limits
from passband.shift.pair_table import KEYS
from passband.shift.reference import Reference
from passband.shift.standard import BAND_CLASSIFIER
from passband.study.plan import scenes
from passband.study.prediction_plan import contested
from passband.study.results import Results
from passband.study.study import MAIN, SPLITS, FullSeries, Study
from passband.study.taught import is_known, taught_by, unknown, with_settings


@dataclass(frozen=True)
class Verdict:
    """What may be said of prediction in one series.

    analyses: by contest, of those that were not refused; refusals: why, by contest; limits: see `shift.limits`, None
    where no pair is known; pairs: the table that all of it is made from.
    """

    series: str
    networks: int
    analyses: Mapping[ContestName, Analysis]
    refusals: Mapping[ContestName, str]
    limits: Limits
    pairs: pd.DataFrame
    frozen: bool = False
    notes: tuple[str, ...] = field(default=())


def verdicts(
    results: Results, fitted_on: Sequence[Results] = (), watcher: Watcher | None = None
) -> list[Verdict]:
    """A verdict for every series of a study of which networks are there.

    fitted_on: other studies, on which models are fitted and frozen; the own series of each is taken; watcher: told how
    many predictors are through. Raises UserError where no network is there at all, or where one of these is the same
    study, is named twice, or has its measures on another band or pixels.
    """
    check_reference(results.study, fitted_on, results.is_current)
    there = set(results.dice["network_id"].map(results.series))
    every = [series for series in results.study.all_series() if series.name in there]
    if not every:
        raise UserError(f"{results.place}: no network of the study is there")
    tally = _Tally(watcher or Silent())
    options = AnalysisOptions(
        Resampling(seed=seed_for(results.study.seed, "prediction")),
        threads=usable_cores(),
        heard=tally.one,
    )
    taught = taught_by(fitted_on) if fitted_on else None
    reference = Reference(taught.pairs, options) if taught else None
    known = [results.pairs(series) for series in every]
    settings = taught.settings if taught else None
    tables = [with_settings(results.study, pairs, settings) for pairs in known]
    notes = [_notes(results, *each, fitted_on) for each in zip(every, known, strict=True)]
    tally.begin(
        [predictors_in(name, table, frozen=taught is not None) for table in tables for name in CONTESTS]
    )
    try:
        return [
            _verdict(results, *each, reference, options, tally)
            for each in zip(every, tables, notes, strict=True)
        ]
    finally:
        tally.watcher.end()


@dataclass
class _Tally:
    """Counts predictors for a watcher; what a contest does not need, or was refused, is through when it ends."""

    watcher: Watcher
    expected: list[int] = field(default_factory=list)
    heard: int = 0

    def begin(self, expected: list[int]) -> None:
        """expected: of the contests to come, in their order."""
        self.expected = expected
        self.watcher.begin(sum(expected), 0, 0)

    def one(self) -> None:
        self.heard += 1
        self.watcher.advance(1, 0)

    def contest_over(self) -> None:
        self.watcher.advance(max(0, self.expected.pop(0) - self.heard), 0)
        self.heard = 0


def check_reference(study: Study, fitted_on: Sequence[Results], is_current: bool = True) -> None:
    """Raises UserError where one of the studies to fit on is this one, is named twice, or has its measures on another
    band or pixels, or from another version of passband. is_current: whether those of this study are of the present one.
    """
    for place, reference in enumerate(fitted_on):
        if reference.study == study:
            raise UserError(f"--fitted-on {reference.place}: that is the study itself; name another one")
        if reference.study.name in {each.study.name for each in fitted_on[:place]}:
            raise UserError(f"--fitted-on {reference.place}: '{reference.study.name}' is named twice")
        if reference.is_current != is_current:
            old = (
                f"`passband remeasure {reference.place} --root RUN`" if is_current else "`passband remeasure`"
            )
            raise UserError(
                f"--fitted-on {reference.place}: its measures and those of '{study.name}' are from different versions "
                f"of passband; {old} makes the older ones anew"
            )
        if differing := _differing_scale(study, reference.study):
            raise UserError(
                f"--fitted-on {reference.place}: its measures are on another scale ({differing}); name a study that "
                "agrees"
            )


def _differing_scale(study: Study, reference: Study) -> str:
    """On which band or pixels the measures of two studies differ, in words; empty where they agree."""
    scales = [(each.measures.q_max_per_A, each.network.input_sampling_A) for each in (study, reference)]
    if scales[0] == scales[1]:
        return ""
    return " against ".join(f"up to {q:g} 1/Å, pixels of {pixel:g} Å" for q, pixel in scales)


def _verdict(
    results: Results,
    series: FullSeries,
    pairs: pd.DataFrame,
    notes: list[str],
    reference: Reference | None,
    options: AnalysisOptions,
    tally: _Tally,
) -> Verdict:
    analyses: dict[ContestName, Analysis] = {}
    refusals: dict[ContestName, str] = {}
    memory: Memory = {}
    for name in CONTESTS:
        try:
            _check_whole(series)
            analyses[name] = (
                judged(name, pairs, options, memory)
                if reference is None
                else judged_frozen(name, pairs, reference, memory)
            )
        except UserError as error:
            refusals[name] = str(error)
        tally.contest_over()
    measures = [name for name in MEASURES if name in pairs]
    if unmeasured := int(pairs[measures].isna().all(axis=1).sum()):
        notes.append(
            f"{unmeasured:,} of {len(pairs):,} pairs have no measures, since a domain has no training structures; the "
            "mean stands for them"
        )
    found = _limits(series, results.means(series.name), pairs, measures, options.resampling.seed)
    networks = int(pairs.drop_duplicates("train_id")["n_networks"].sum())
    return Verdict(
        series.name, networks, analyses, refusals, found, pairs, reference is not None, tuple(notes)
    )


def _check_whole(series: FullSeries) -> None:
    """Raises UserError for a series in blocks: what is known of tables of pairs holds for whole ones."""
    if series.blocks > 1:
        raise UserError(
            f"networks are tested in {series.blocks} blocks of domains, not on all: such a study teaches models, which "
            "`passband analyse OTHER --fitted-on THIS` judges on another one"
        )


def _limits(
    series: FullSeries, means: pd.DataFrame, pairs: pd.DataFrame, measures: list[str], seed: int
) -> Limits:
    try:
        _check_whole(series)
    except UserError as error:
        return Limits(None, None, {}, (str(error),))
    if (means["train_id"] == means["test_id"]).all():
        return Limits(None, None, {}, ("every network is tested at home only",))
    return limits(means, pairs, measures, seed)


def _notes(
    results: Results, series: FullSeries, pairs: pd.DataFrame, fitted_on: Sequence[Results]
) -> list[str]:
    """What is to be noted of a series, with its pairs, and of what models are fitted on."""
    study, found = results.study, list(results.notes)
    found += [f"{each.study.name}: {note}" for each in fitted_on for note in each.notes]
    for each in fitted_on:
        found += _known_domains(study, series, each.study)
        found += _known_structures(study, series, each.study)
        found += _other_masks(study, each.study)
    return found + (
        _left_out(pairs, [each.own_pairs for each in fitted_on]) if series in contested(study) else []
    )


def _known_domains(study: Study, series: FullSeries, reference: Study) -> list[str]:
    """A note where domains of a study are in its reference too, so that they are not new."""
    there = {each.imaging for each in reference.domains.values()}
    names = {*series.train_on, *series.test_on}
    same = sum(study.domains[name].imaging in there for name in names)
    return (
        [f"{same} of {len(names)} domains are in the reference study too: they are not new"] if same else []
    )


def _known_structures(study: Study, series: FullSeries, reference: Study) -> list[str]:
    """A note where networks of the reference were trained or tested on structures of a study's tests."""
    used = {reference.domains[name].structures for name in reference.test_domains}
    there = {scene.scene_id for name in used for split in SPLITS for scene in scenes(reference, name, split)}
    shown = dict.fromkeys(study.domains[name].structures for name in series.test_on)
    ids = {scene.scene_id for name in shown for scene in scenes(study, name, "test")}
    same = len(ids & there)
    return (
        [f"{same} of {len(ids)} test structures are in the reference study too: they are not new"]
        if same
        else []
    )


def _other_masks(study: Study, reference: Study) -> list[str]:
    """A note where Dice means something else in the reference."""
    own, other = study.mask, reference.mask
    return (
        [
            f"masks are '{own.preset}', blurred by {own.blur_A:g} Å, and '{other.preset}', {other.blur_A:g} Å, in the "
            "reference study: Dice is not the same in both"
        ]
        if own != other
        else []
    )


def _left_out(own: pd.DataFrame, taught: Sequence[pd.DataFrame]) -> list[str]:
    """A note where textures take no part, or baselines that one of the studies knows, since another one lacks them."""
    tables = (own, *taught)
    lost = [
        name
        for name in unknown(tables)
        if name in BAND_CLASSIFIER or any(is_known(each, name) for each in tables)
    ]
    where = " in all of the studies" if taught else ""
    return [f"not known{where}, so in no model: {', '.join(lost)}"] if lost else []


def as_data(found: list[Verdict]) -> dict[str, Any]:
    """Verdicts as one object for JSON: at the top the study's own series, or the first of which networks are there,
    named by "of_series"; all under "series" if there are others."""
    every = {each.series: series_data(each) for each in found}
    first = found[0].series
    return every[first] | ({} if list(every) == [MAIN] else {"of_series": first, "series": every})


def series_data(verdict: Verdict) -> dict[str, Any]:
    """One verdict as plain data: the contest `physics` at the top, the other under "unlabelled", both under "frozen"
    where models come from another study."""
    contests = {name: _contest_data(verdict, name) for name in CONTESTS}
    told: dict[str, Any] = {
        "networks": verdict.networks,
        **contests["physics"],
        "unlabelled": contests["unlabelled"],
    }
    if verdict.frozen:
        told = {"networks": verdict.networks, "frozen": told}
    whole = told | {"limits": _limits_data(verdict.limits), "notes": list(verdict.notes)}
    return {name: _plain(value) for name, value in whole.items()}


def _contest_data(verdict: Verdict, name: ContestName) -> dict[str, Any]:
    if name in verdict.refusals:
        nothing = dict.fromkeys(HEADLINE)
        return nothing | {"networks": verdict.networks, "refused": verdict.refusals[name]}
    analysis = verdict.analyses[name]
    return analysis.headline() | {
        "refused": None,
        "predictors": [
            {
                "name": each.predictor,
                "ours": each.predictor not in {one.baseline for one in analysis.comparisons},
                "mae": each.mae,
                "mae_interval": [each.mae_low, each.mae_high],
                "r2": each.r2,
                "spearman_within": each.spearman_within,
                "p_adjusted": _p_of(analysis, each.predictor),
                **_against_the_best(analysis, each.predictor),
            }
            for each in analysis.scores
            if each.scheme == analysis.scheme
        ],
    }


HEADLINE: Final = (
    "mae_both_out",
    "best_baseline",
    "best_baseline_mae",
    "mae_difference_interval",
    "spearman_within",
    "r2_both_out",
    "mae_of_constant",
)
"""Keys of a contest that stand there, empty, even where it was refused."""


def _p_of(analysis: Analysis, baseline: str) -> float | None:
    return next((each.p_adjusted for each in analysis.comparisons if each.baseline == baseline), None)


def _against_the_best(analysis: Analysis, predictor: str) -> dict[str, Any]:
    """Of one of ours: what the best baseline errs more, with its interval."""
    found = analysis.beside.get(predictor)
    if found is None:
        return {}
    return {"mae_difference": found.difference, "mae_difference_interval": [found.low, found.high]}


def _limits_data(found: Limits) -> dict[str, Any]:
    ceiling, asymmetry = found.ceiling, found.asymmetry
    return {
        "noise_ceiling": None if ceiling is None else {"mae": ceiling.mae, "spearman_within": ceiling.r},
        "asymmetry": None
        if asymmetry is None
        else {
            "share": asymmetry.share,
            "domains": asymmetry.domains,
            "best_measure": asymmetry.best,
            "explained": asymmetry.explained,
        },
        "mantel": {name: {"spearman": each.correlation, "p": each.p} for name, each in found.mantel.items()},
        "refusals": list(found.refusals),
    }


def prediction_table(found: list[Verdict]) -> pd.DataFrame:
    """A row per series, contest and pair: dice_mean, predicted (NaN at home), half_width (NaN if refused)."""
    rows = []
    for verdict in found:
        for name, analysis in verdict.analyses.items():
            width, _, _ = analysis.interval
            own = as_judged(name, verdict.pairs)[[*KEYS, "dice_mean", "home_dice"]]
            rows.append(
                own.assign(
                    series=verdict.series,
                    contest=name,
                    predicted=analysis.predicted,
                    half_width=np.nan if width is None else width,
                )
            )
    columns = [*KEYS, "dice_mean", "home_dice", "series", "contest", "predicted", "half_width"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def _plain(value: Any) -> Any:
    """Plain data without NaN, for JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
