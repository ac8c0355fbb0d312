"""Studies that foretelling rests on: those that measures are chosen and models fitted on, and those that judge them.

Whatever judges has a seed of its own, so that its domains, structures and support are in no other study.
"""

from collections.abc import Mapping
from typing import Final

from passband.structure.crystals import PUBLISHED_SERIES
from passband.study.catalogue.compact import compact_study, with_one_rate
from passband.study.catalogue.deviations import images_deviation
from passband.study.catalogue.families import imaging_family, particle_family
from passband.study.study import StructureSet, Study

FEW_TESTS, WIDE_TESTS = 12, 24
"""Test scenes where domains are many."""
MANY_TRAINING, MANY_VALIDATION, MANY_TESTS = 72, 16, 64
MANY_SCENES: Final = {"training": MANY_TRAINING, "validation": MANY_VALIDATION}
"""Scenes of studies whose Dice and whose specimens have to be well known."""
WIDE_SEED, JUDGE_SEED = 3, 4
"""Of domains, structures and support of the study that models are fitted on, and of the one that judges; those of all
others have 0. (1 and 2 have judged once each.)"""
PARTICLES_SEED, PARTICLES_JUDGE_SEED = 6, 5
"""The same of studies in which particles differ too."""
DRAWS_SEED, RETRIAL_SEED = 7, 8
"""The same of the study with several draws of structures, and of the one that judges what it adds."""
APPEAL_SEED, REVIEW_SEED = 9, 10
"""The same of those that judge models of both."""
DRAWS: Final = 8
"""Sets of structures in the former, each drawn anew from one distribution."""
KIND_SCENES: Final = {"training": 48, "validation": 12}
"""Scenes of a kind of particles, where there are many kinds."""
NEW_LATTICES: Final = ("MgO", "CdSe", "PbS", "Fe3O4", "CeO2", "Cu", "W", "Si")
"""Of kinds that are judged on: four lattices that models were fitted on, and four that they never saw."""


def imaging() -> Study:
    """128 networks, one on each of 128 random imaging domains, tested on all: the study on which measures are chosen.

    What foretells performance is learned from domains: a second network of a domain, or more test structures, would
    tell less than another domain does (docs/decisions/0024).
    """
    question = "Which measure foretells performance when several settings of the microscope change at once?"
    many = with_one_rate(compact_study("imaging", question, imaging_family(128, 0)), starts=1)
    sets = {name: each.model_copy(update={"test": FEW_TESTS}) for name, each in many.structures.items()}
    return many.model_copy(update={"structures": sets})


def imaging_wide() -> Study:
    """480 networks, one on each of 480 random imaging domains, each tested on ten: models are fitted on this study.

    Pairs of the same domains tell much alike: a thousand pairs of 128 domains teach what all 16,384 do, so ten tests of
    a network leave time for more domains (docs/decisions/0025).
    """
    question = "What do many imaging domains teach about performance where several settings change at once?"
    family = imaging_family(480, 0, seed=WIDE_SEED)
    wide = with_one_rate(compact_study("imaging-wide", question, family), starts=1)
    return _well_known(wide, WIDE_SEED, MANY_SCENES | {"test": WIDE_TESTS}, images=2).model_copy(
        update={"blocks": 48}
    )


def imaging_draws() -> Study:
    """480 networks, one on each of 480 random imaging domains, as `imaging-wide`, but in eight draws of the structures.

    In `imaging-wide` all networks know the same scenes and are tested on the same, so the level of Dice that it teaches
    is that of its scenes (docs/decisions/0028). Here six blocks share a draw.
    """
    question = "What do many imaging domains teach about performance if the structures are drawn anew, too?"
    family = imaging_family(480, 0, seed=DRAWS_SEED)
    one = with_one_rate(compact_study("imaging-draws", question, family), starts=1)
    known = _well_known(one, DRAWS_SEED, MANY_SCENES | {"test": WIDE_TESTS}, images=2)
    ((name, structures),) = known.structures.items()
    names = [f"{name}, draw {draw}" for draw in range(DRAWS)]
    domains = {
        domain: each.model_copy(update={"structures": names[number * DRAWS // len(known.domains)]})
        for number, (domain, each) in enumerate(known.domains.items())
    }
    sets = {drawn: structures.model_copy(update={"draw": draw}) for draw, drawn in enumerate(names)}
    return known.model_copy(update={"structures": sets, "domains": domains, "blocks": 48})


def imaging_judge() -> Study:
    """72 networks on 24 random imaging domains, each tested on these and 48 more: what was chosen is judged here.

    Domains, structures and support have seeds of their own, so nothing of them is in `imaging` or `imaging-wide`.
    """
    question = "Does what foretells performance in the study 'imaging-wide' do so where everything is new?"
    return _judge("imaging-judge", question, JUDGE_SEED)


def imaging_retrial() -> Study:
    """72 networks as in `imaging-judge`, everything drawn anew: models of `imaging-wide` and `imaging-draws` together
    are judged here."""
    question = "Do models of 'imaging-wide' and 'imaging-draws' foretell performance where everything is new?"
    return _judge("imaging-retrial", question, RETRIAL_SEED)


def imaging_appeal() -> Study:
    """72 networks as in `imaging-retrial`, everything drawn anew once more: the sixth judgement."""
    question = (
        "Do models of 'imaging-wide' and all of 'imaging-draws' foretell performance where everything is new?"
    )
    return _judge("imaging-appeal", question, APPEAL_SEED)


def imaging_review() -> Study:
    """72 networks as in `imaging-appeal`, everything drawn anew once more: the seventh judgement, in which the network
    that is shown unlabelled images is the one that is foretold."""
    question = "Is what models foretell, and are its intervals, right where everything is new once more?"
    return _judge("imaging-review", question, REVIEW_SEED)


def particles_wide() -> Study:
    """480 networks, one on each of 480 domains of random imaging and particles, each tested on ten.

    Models fitted on `imaging-wide` alone fail where particles differ (docs/findings.md); this is what they lack.
    """
    question = "What do many domains teach where particles, support and imaging change at once?"
    family = particle_family(480, 0, PARTICLES_SEED, PUBLISHED_SERIES, kinds=18)
    wide = with_one_rate(compact_study("particles-wide", question, family), starts=1)
    return _of_kinds(wide, PARTICLES_SEED, tests=16).model_copy(update={"blocks": 48})


def particles_judge() -> Study:
    """72 networks on 24 domains of random imaging and particles, tested on these and 48 more; and as many on domains
    of the same imaging with one kind of particles, as in `imaging-judge`.

    Domains, particles, structures and support are in no other study; half of the lattices neither.
    """
    question = "Does what many domains teach hold for new particles, new lattices and new imaging?"
    family = particle_family(24, 48, PARTICLES_JUDGE_SEED, NEW_LATTICES, kinds=8)
    judge = with_one_rate(compact_study("particles-judge", question, family), starts=3)
    same = imaging_family(24, 48, seed=PARTICLES_JUDGE_SEED)
    kinds = _of_kinds(judge, PARTICLES_JUDGE_SEED, tests=32)
    cadmium_selenide = {
        name: StructureSet(scenes=each, training=MANY_TRAINING, validation=MANY_VALIDATION, test=MANY_TESTS)
        for name, each in same.scenes.items()
    }
    return Study.model_validate(
        kinds.model_copy(
            update={
                "structures": kinds.structures | cadmium_selenide,
                "domains": kinds.domains | dict(same.domains),
                "series": {"imaging": same.series()},
            }
        ).model_dump()
    )


def _judge(name: str, question: str, seed: int) -> Study:
    judge = with_one_rate(compact_study(name, question, imaging_family(24, 48, seed=seed)), starts=3)
    return _well_known(judge, seed, MANY_SCENES | {"test": MANY_TESTS}, images=2)


def _of_kinds(study: Study, seed: int, tests: int) -> Study:
    """The study with a seed of its own, and as many scenes of each of its kinds of particles as many kinds allow."""
    return _well_known(study, seed, KIND_SCENES | {"test": tests}, images=3)


def _well_known(study: Study, seed: int, scenes: Mapping[str, int], images: int) -> Study:
    """The study with a seed of its own, and more scenes of every set, fewer images of each in training."""
    sets = {name: each.model_copy(update=dict(scenes)) for name, each in study.structures.items()}
    training = study.training.model_copy(
        update={"images_per_structure": images, "validation_images_per_structure": 1}
    )
    shown = images_deviation(scenes["training"], "thousands of networks on two cores", training)
    return study.model_copy(
        update={
            "seed": seed,
            "structures": sets,
            "training": training,
            "measures": study.measures.model_copy(update={"scenes": MANY_TRAINING}),
            "deviations": tuple(shown if each.what == shown.what else each for each in study.deviations),
        }
    )
