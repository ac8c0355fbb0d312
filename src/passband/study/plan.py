"""From a study to content ids: which scenes, which networks, which test. No id depends on where or when it is made.

A scene's id covers its distribution, the simulation and its own seed; a network's id is its card's; the id of a part of
the score table covers the network and everything it is tested on. So growing a study, or adding a test condition, keeps
what is already there, and two studies in one run folder share their waves.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from passband.records import content_id
from passband.seeds import seed_for
from passband.study.study import SPLITS, Split, Study
from passband.training.card import NetworkCard

SCENE_VERSION = 1
"""Counts changes of sampling and simulation code that change waves: old waves are then not taken for new ones."""


@dataclass(frozen=True)
class Scene:
    """One scene of a study: the n-th of its split, with the seed that draws it and the id that names its waves."""

    structures: str
    split: Split
    index: int
    seed: int
    scene_id: str


def scenes(study: Study, structures: str, split: Split) -> tuple[Scene, ...]:
    """The scenes of one set and split, in order."""
    each = study.structures[structures]
    return tuple(_scene(study, structures, split, index) for index in range(getattr(each, split)))


def all_scenes(study: Study) -> Iterator[Scene]:
    """Every scene of the study."""
    for structures in study.structures:
        for split in SPLITS:
            yield from scenes(study, structures, split)


def _scene(study: Study, structures: str, split: Split, index: int) -> Scene:
    seed = seed_for(study.seed, "scene", split, index)
    scene_id = content_id(
        {
            "version": SCENE_VERSION,
            "scenes": study.structures[structures].scenes,
            "simulation": study.simulation,
            "seed": seed,
        }
    )
    return Scene(structures, split, index, seed, scene_id)


@dataclass(frozen=True)
class NetworkPlan:
    """One network of a study: its training domain, its card, and the id of its part of the score table."""

    domain: str
    card: NetworkCard
    network_id: str
    part_id: str


def network_plans(study: Study) -> tuple[NetworkPlan, ...]:
    """Every network of the study; domains are interleaved, so that an interrupted study has something of each."""
    tests = content_id(_tests(study))
    cards = {domain: _first_card(study, domain) for domain in study.train_on}
    return tuple(
        _network_plan(domain, _varied(cards[domain], learning_rate, start), tests)
        for start in range(study.random_starts)
        for learning_rate in study.learning_rates
        for domain in study.train_on
    )


def network_plan(study: Study, domain: str, learning_rate: float, start: int) -> NetworkPlan:
    """One network, by its training domain, its learning rate and the number of its random start."""
    card = _varied(_first_card(study, domain), learning_rate, start)
    return _network_plan(domain, card, content_id(_tests(study)))


def _network_plan(domain: str, card: NetworkCard, tests: str) -> NetworkPlan:
    network_id = card.network_id
    return NetworkPlan(domain, card, network_id, content_id({"network": network_id, "tests": tests}))


def _varied(card: NetworkCard, learning_rate: float, start: int) -> NetworkCard:
    training = card.training.model_copy(update={"learning_rate": learning_rate})
    return card.model_copy(update={"training": training, "seed": start})


def _first_card(study: Study, domain: str) -> NetworkCard:
    """The card of a domain's first network."""
    structures = study.domains[domain].structures
    return NetworkCard(
        network=study.network,
        training=study.training,
        imaging=study.domains[domain].imaging,
        training_waves=tuple(scene.scene_id for scene in scenes(study, structures, "training")),
        validation_waves=tuple(scene.scene_id for scene in scenes(study, structures, "validation")),
        mask_preset=study.mask.preset,
        mask_blur_A=study.mask.blur_A,
        data_seed=image_seed(study),
        seed=0,
    )


def image_seed(study: Study) -> int:
    """Root of the streams that draw imaging conditions and noise; the same for every domain, so that images of two
    domains differ in what the domains differ in."""
    return seed_for(study.seed, "images")


def information_id(study: Study) -> str:
    """The id of the table of measures."""
    return content_id({"measures": study.measures, "train_on": study.train_on, "tests": _tests(study)})


def examples_id(study: Study, part_ids: tuple[str, ...]) -> str:
    """The id of the examples, which are chosen from the networks with these parts of the score table."""
    return content_id({"parts": part_ids, "tests": _tests(study)})


def _tests(study: Study) -> list[object]:
    return [image_seed(study), *(_test(study, name) for name in study.test_on)]


def _test(study: Study, name: str) -> dict[str, object]:
    domain = study.domains[name]
    ids = [scene.scene_id for scene in scenes(study, domain.structures, "test")]
    return {"name": name, "imaging": domain.imaging, "scenes": ids, "mask": study.mask}
