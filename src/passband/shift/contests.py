"""Two contests, told apart by what is known of the test domain; the rules are fixed here, before any study.

`physics`: no image of the test domain. Ours are the measures, the settings of both domains, and what a linear
classifier of textures, without a network, finds in images simulated under either; they have to beat
distances of the settings, plain measures of transfer, and trees and the same smooth model on the settings alone.

`unlabelled`: images of the test domain without masks. Ours is the network's confidence and how much more it labels,
corrected by all of the former; it has to beat confidence, its change, agreement of networks, distances of features and
of power spectra, trees on settings and confidence, and our own models of confidence, the labelled part and the settings
without any measure: so what is compared is what measures add (docs/decisions/0029). What is foretold is the Dice of the
network that was shown the images; in `physics` it is the mean of the networks of a domain (docs/decisions/0032).

In both, every predictor also sees the Dice at home. The figure that decides is the mean absolute error of
Dice for pairs whose domains were both left out, or, with models fitted on another study and frozen, of all pairs.

Direct simulation, the Dice of the network itself on images simulated under the imaging of the test domain, takes part
as ours, never as the primary one: without images by itself and with textures, with images beside confidence. In a
simulated study it is the test itself on other structures, so it says what a model of the imaging can come to at most;
it is no discovery.
"""

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from passband.errors import UserError
from passband.shift.analysis import (
    SCHEMES,
    Analysis,
    AnalysisOptions,
    Memory,
    analyse,
    analyse_frozen,
)
from passband.shift.conformal import fewest_conditions
from passband.shift.evidence import BASELINES
from passband.shift.pair_table import ASKED, KEYS, of_network_asked
from passband.shift.predictors import (
    Predictor,
    by_kernel,
    by_kernel_in_turn,
    by_measures,
    by_parameters,
    by_signed_trees,
)
from passband.shift.reference import Reference
from passband.shift.standard import (
    CONFIDENCE,
    LABELLED,
    TEXTURES,
    physics_columns,
    setting_columns,
    standard_baselines,
    standard_ours,
)
from passband.shift.strangeness import strangeness

ContestName = Literal["physics", "unlabelled"]

CONTESTS: Final[tuple[ContestName, ...]] = ("physics", "unlabelled")
UNLABELLED: Final = tuple(name for name, each in BASELINES.items() if set(each.needs) - {"parameters"})
"""Columns that need images of the test domain."""
SIMULATED: Final = "simulated_dice"
"""Column of the Dice of networks on images simulated under the imaging of the test domain."""
FEWEST_JUDGED: Final = 3
"""Training domains, and test domains, on which models of another study are judged at least."""
DIRECT_SIMULATION: Final = "direct simulation"
"""The predictor on that column."""
CORRECTED_SIMULATION: Final = "direct simulation and textures"
CONFIDENT_SIMULATION: Final = "direct simulation and confidence"
APART: Final = (DIRECT_SIMULATION, CORRECTED_SIMULATION, CONFIDENT_SIMULATION)
"""Predictors that know what direct simulation came to."""


@dataclass(frozen=True)
class Contest:
    """Who takes part: ours, the first of which is the primary one, and the baselines beside the median."""

    ours: tuple[Predictor, ...]
    baselines: tuple[Predictor, ...]


def contest(name: ContestName, pairs: pd.DataFrame) -> Contest:
    """The predictors of a contest, as far as the columns of a pair table allow.

    Raises UserError where the network's confidence is not in the table and the contest needs it.
    """
    return _physics(pairs) if name == "physics" else _unlabelled(pairs)


def judged(
    name: ContestName, pairs: pd.DataFrame, options: AnalysisOptions, memory: Memory | None = None
) -> Analysis:
    """A contest within one study, by leaving out. memory: of another contest on these pairs.

    Raises UserError for too few conditions or missing columns.
    """
    _check_size(pairs, options)
    taking_part = contest(name, pairs)
    table = as_judged(name, pairs)
    known = memory if table is pairs else None
    return analyse(table, taking_part.ours, taking_part.baselines, options, known)


def judged_frozen(
    name: ContestName,
    pairs: pd.DataFrame,
    reference: Reference,
    memory: Memory | None = None,
) -> Analysis:
    """A contest between models that were fitted on all pairs of a reference, judged on the pairs of another study.

    memory: of another contest on these pairs. Raises UserError for too few conditions in either, or for columns or
    evidence missing in one of them.
    """
    common = _in_both(pairs, reference.pairs)
    _check_size(common, reference.options)
    found = [pairs[f"{role}_id"].nunique() for role in ("train", "test")]
    if min(found) < FEWEST_JUDGED:
        raise UserError(
            f"{found[0]} training and {found[1]} test domains are too few to judge models of another study on; "
            f"{FEWEST_JUDGED} of each are needed"
        )
    if name == "unlabelled":
        _check_confidence(pairs)
        _check_confidence(reference.pairs, " of the study that models are fitted on")
    taking_part = contest(name, common)
    table, taught = (pairs, reference) if name == "physics" else (as_judged(name, pairs), reference.asked)
    known = memory if table is pairs and taught is reference else None
    return analyse_frozen(table, taught, taking_part.ours, taking_part.baselines, known)


def predictors_in(name: ContestName, pairs: pd.DataFrame, frozen: bool = False) -> int:
    """How often a predictor is heard of in a contest on these pairs, at most; 0 where it is refused."""
    try:
        taking_part = contest(name, pairs)
    except UserError:
        return 0
    easier = 0 if frozen else len(SCHEMES) - 1
    return len(taking_part.ours) + len(taking_part.baselines) + 1 + easier


def as_judged(name: ContestName, pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with the Dice that a contest foretells in `dice_mean`; the very same table where that is the mean."""
    return pairs if name == "physics" else of_network_asked(pairs)


def foretold(pairs: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """What the primary predictor of `physics`, fitted on all pairs of a reference, foretells of pairs of which
    nothing but the Dice at home is known: columns train_id, test_id, home_dice, foretold, half_width, strangeness.

    half_width: see `Reference.half_width`; strangeness: see there. Raises UserError for too few domains in the
    reference.
    """
    common = _in_both(pairs, reference.pairs)
    _check_size(common, reference.options)
    predictor = contest("physics", common).ours[0]
    return pairs[[*KEYS, "home_dice"]].assign(
        foretold=reference.model(predictor)(predictor.features(pairs)),
        half_width=reference.half_width(predictor),
        strangeness=strangeness(pairs, reference.pairs, predictor),
    )


def _in_both(pairs: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """The reference with those of its columns that are in the pairs too, for all of them where these are simulated."""
    return reference[
        [name for name in reference if name in pairs and (name != SIMULATED or _is_whole(name, pairs))]
    ]


def _physics(pairs: pd.DataFrame) -> Contest:
    known = pairs.drop(columns=[column for column in UNLABELLED if column in pairs])
    ours = standard_ours(known)
    if _is_whole(SIMULATED, pairs):
        corrected = (SIMULATED, *(name for name in TEXTURES if name in known))
        ours += [by_kernel(CORRECTED_SIMULATION, corrected), by_kernel(DIRECT_SIMULATION, (SIMULATED,))]
    return Contest(tuple(ours), tuple(standard_baselines(known)))


def _unlabelled(pairs: pd.DataFrame) -> Contest:
    _check_confidence(pairs)
    ours = standard_ours(pairs)
    with_images = [each for each in ours if set(each.columns) & set(UNLABELLED)]
    settings = setting_columns(pairs)
    singles = [
        by_measures(name, {name: BASELINES[name].larger})
        for name in UNLABELLED
        if name != LABELLED and name in pairs and pairs[name].notna().any()
    ]
    confident = {name: BASELINES[name].larger for name in CONFIDENCE}
    known = [
        by_parameters("parameters", settings),
        by_signed_trees("parameters and confidence", dict.fromkeys(settings, 0) | confident),
        by_kernel("parameters and confidence (smooth)", (*settings, *confident)),
    ]
    simulating = (
        [by_kernel_in_turn(CONFIDENT_SIMULATION, (*CONFIDENCE, LABELLED, SIMULATED), physics_columns(pairs))]
        if _is_whole(SIMULATED, pairs)
        else []
    )
    return Contest(
        (
            *with_images,
            by_kernel(LABELLED, (LABELLED,)),
            *(each for each in ours if each not in with_images),
            *simulating,
        ),
        (
            *singles,
            by_signed_trees("confidence", confident),
            *_without_measures(settings),
            *(known if settings else []),
        ),
    )


def _without_measures(settings: list[str]) -> list[Predictor]:
    """Our own models of what a network says of itself, of how much more it labels, and of the settings."""
    said = {
        "confidence (smooth)": CONFIDENCE,
        "confidence and labelled part (smooth)": (*CONFIDENCE, LABELLED),
    }
    found = [by_kernel(name, columns) for name, columns in said.items()]
    if settings:
        found += [by_kernel_in_turn(f"{name}, then settings", each, settings) for name, each in said.items()]
    return found


def _check_confidence(pairs: pd.DataFrame, whose: str = "") -> None:
    """Raises UserError where what the network says of itself is not known of every pair. whose: of which, in words."""
    if not {*CONFIDENCE, LABELLED} <= set(pairs.columns):
        raise UserError(
            f"there is no table of what networks{whose} say of unlabelled images; with at least nine training and nine "
            "test domains `passband run` makes it"
        )
    said = [*CONFIDENCE, LABELLED, *(name for name in ASKED.values() if name in pairs)]
    lost = pairs[pairs[said].isna().any(axis=1)]
    if len(lost):
        raise UserError(
            f"for {len(lost):,} of {len(pairs):,} pairs{whose}, such as '{lost['train_id'].iloc[0]}' and "
            f"'{lost['test_id'].iloc[0]}', what a network says of unlabelled images, or its Dice there, is missing; "
            "`passband run` makes both after the networks, and `--so-far` of those that are there"
        )


def _is_whole(column: str, pairs: pd.DataFrame) -> bool:
    """Whether a column is there and known for every pair."""
    return column in pairs and bool(pairs[column].notna().all())


def _check_size(pairs: pd.DataFrame, options: AnalysisOptions) -> None:
    fewest = fewest_conditions(options.resampling.level)
    found = {role: int(pairs[f"{role}_id"].nunique()) for role in ("train", "test")}
    if min(found.values()) < fewest:
        raise UserError(
            f"{found['train']} training and {found['test']} test domains are too few to say how well anything is "
            f"foretold for new ones; {fewest} of each are needed"
        )
