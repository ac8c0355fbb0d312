"""Ids of what prediction needs, each covering all that its table is made of, and which series are large enough."""

from collections.abc import Collection
from typing import Final

from passband.information.registry import MEASURES
from passband.records import content_id
from passband.shift.conformal import fewest_conditions
from passband.shift.crossed import Resampling
from passband.study.bands import BAND_SCENES
from passband.study.evidence import AGREEMENT_IMAGES, FEATURE_IMAGES, MOST_IMAGES, NAMES
from passband.study.plan import NetworkPlan, image_seed, scenes
from passband.study.simulated import SIMULATED_PER_SCENE, SIMULATED_SCENES
from passband.study.study import FullSeries, Study

VERSIONS: Final = {"measures": 2, "bands": 2, "evidence": 4, "analysis": 14}
"""Count changes of code that change a table: what was made before is then made again."""
FEWEST_DOMAINS: Final = fewest_conditions(Resampling(seed=0).level)
"""Training domains, and test domains, of a series below which nothing is said of new ones."""


def contested(study: Study) -> tuple[FullSeries, ...]:
    """The series with enough domains to say something of new ones; only these get what is dear."""
    return tuple(
        each for each in study.all_series() if min(len(each.train_on), len(each.test_on)) >= FEWEST_DOMAINS
    )


def contested_pairs(study: Study) -> tuple[tuple[str, str], ...]:
    """Pairs of the series that are large enough, each once."""
    return tuple(dict.fromkeys(pair for each in contested(study) for pair in each.pairs))


def measures_id(study: Study) -> str:
    """Of the table of measures: covers their formulas too, so a new measure is a new table."""
    formulas = {name: each.formula for name, each in MEASURES.items()}
    covered = {
        "measures": [VERSIONS["measures"], formulas, study.measures.scenes, study.measures.q_max_per_A],
        "pairs": study.pairs,
        "domains": _domains(study),
    }
    if len({each.structures for each in study.domains.values()}) > 1:
        covered["settings"] = "of structures too"
    return content_id(covered)


def bands_id(study: Study) -> str:
    """Of the table of the classifier without a network."""
    return content_id(
        {
            "bands": [VERSIONS["bands"], BAND_SCENES, image_seed(study)],
            "pairs": contested_pairs(study),
            "domains": _domains(study),
        }
    )


def evidence_id(study: Study, series: FullSeries, train: str, finished: Collection[NetworkPlan]) -> str:
    """Of the part of a training domain: covers the finished networks of the domain, of which two are asked, and what
    simulated images are made of."""
    parts = sorted(
        plan.part_id for plan in finished if plan.member.series == series.name and plan.domain == train
    )
    return content_id(
        {
            "evidence": [VERSIONS["evidence"], NAMES, MOST_IMAGES, AGREEMENT_IMAGES, FEATURE_IMAGES],
            "simulated": _simulated(study, series.tests_of(train)),
            "parts": parts,
            "train": train,
        }
    )


def evidence_ids(study: Study, finished: Collection[NetworkPlan]) -> frozenset[str]:
    """Of all parts of evidence that the finished networks give rise to."""
    trained = {(plan.member.series, plan.domain) for plan in finished}
    return frozenset(
        evidence_id(study, series, train, finished)
        for series in contested(study)
        for train in series.train_on
        if (series.name, train) in trained
    )


def analysis_id(study: Study, finished: Collection[NetworkPlan], made: Collection[str]) -> str:
    """Of what is said of prediction. made: ids of all tables that are there, of evidence part by part, so that it is
    said again once one is there that had failed."""
    return content_id(
        {
            "analysis": VERSIONS["analysis"],
            "parts": sorted(plan.part_id for plan in finished),
            "tables": sorted(made),
        }
    )


def _simulated(study: Study, tests: tuple[str, ...]) -> list[object]:
    """What simulated images of the tests are made of, beside imaging and masks, which the parts cover."""
    sets = sorted({study.domains[name].structures for name in tests})
    shown = {name: scenes(study, name, "validation")[:SIMULATED_SCENES] for name in sets}
    ids = {name: [scene.scene_id for scene in each] for name, each in shown.items()}
    return [SIMULATED_PER_SCENE, image_seed(study), ids]


def _domains(study: Study) -> dict[str, object]:
    """Imaging, masks and training scenes: what simulated images are made of."""
    structures = {
        name: [scene.scene_id for scene in scenes(study, name, "training")] for name in study.structures
    }
    return {
        "imaging": {name: each.imaging for name, each in study.domains.items()},
        "structures": {name: each.structures for name, each in study.domains.items()},
        "scenes": structures,
        "mask": study.mask,
    }
