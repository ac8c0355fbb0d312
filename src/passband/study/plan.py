"""From a study to content ids: which scenes, which networks, which test. No id depends on where or when it is made.

A scene's id covers its distribution, the simulation and its own seed; a network's id is its card's; the id of a part of
the score table covers the network and everything it is tested on. So growing a study, or adding a test condition, keeps
what is already there, and two studies in one run folder share their waves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from passband.errors import UserError
from passband.records import content_id
from passband.seeds import seed_for
from passband.study.study import SPLITS, FullSeries, Split, Study
from passband.training.card import NetworkCard

SCENE_VERSION = 2
"""Counts changes of sampling and simulation code that change waves: old waves are then not taken for new ones."""


@dataclass(frozen=True)
class Scene:
    """One scene of a study: the n-th of its split, with the seed that draws it and the id that names its waves.

    library: seed of the blocks of support that the scene is cut from, where its support has blocks. Each split has
    its own, so that no texture of support is both in training and in a test.
    """

    structures: str
    split: Split
    index: int
    seed: int
    library: int
    scene_id: str


def scenes(study: Study, structures: str, split: Split) -> tuple[Scene, ...]:
    """The scenes of one set and split, in order."""
    each = study.structures[structures]
    draw = (each.draw,) if each.draw else ()
    library = seed_for(study.seed, "support", split, *draw)
    content = {
        "version": SCENE_VERSION,
        "scenes": each.scenes.model_dump(mode="json"),
        "simulation": study.simulation.model_dump(mode="json"),
    }
    if getattr(each.scenes.support, "blocks", None) is not None:
        content["library"] = library
    seeds = [seed_for(study.seed, "scene", split, index, *draw) for index in range(getattr(each, split))]
    return tuple(
        Scene(structures, split, index, seed, library, content_id(content | {"seed": seed}))
        for index, seed in enumerate(seeds)
    )


def all_scenes(study: Study) -> Iterator[Scene]:
    """Every scene of the study."""
    for structures in study.structures:
        for split in SPLITS:
            yield from scenes(study, structures, split)


@dataclass(frozen=True)
class Member:
    """A network by its place in a study, in a few small values that can travel to a worker."""

    series: str
    domain: str
    learning_rate: float
    start: int


@dataclass(frozen=True)
class NetworkPlan:
    """One network of a study: its place, its card, and the id of its part of the score table."""

    member: Member
    card: NetworkCard
    network_id: str
    part_id: str

    @property
    def domain(self) -> str:
        """The training domain."""
        return self.member.domain


def network_plans(study: Study) -> tuple[NetworkPlan, ...]:
    """Every network of the study, series by series; domains are interleaved, so that an interrupted series has
    something of each.

    Raises UserError when two places in the study are one and the same network.
    """
    plans = [plan for series in study.all_series() for plan in _plans(study, series)]
    places: dict[str, Member] = {}
    for plan in plans:
        other = places.setdefault(plan.network_id, plan.member)
        if other is not plan.member:
            raise UserError(
                f"study '{study.name}': series '{other.series}' and '{plan.member.series}' train the same network "
                f"(on '{other.domain}' and '{plan.domain}', learning rate {other.learning_rate:g}); "
                "keep it in one of them, tested on the domains of both"
            )
    return tuple(plans)


def plans_of(study: Study, members: Sequence[Member]) -> tuple[NetworkPlan, ...]:
    """Networks of one series and one training domain, by their places."""
    series = series_of(study, members[0].series)
    tests = _tests_id(study, series, members[0].domain)
    return _varied(_first_card(study, series, members[0].domain), members, tests)


def series_of(study: Study, name: str) -> FullSeries:
    """The series of this name; raises KeyError without one."""
    return {series.name: series for series in study.all_series()}[name]


def in_part(network_id: str, part: int, parts: int) -> bool:
    """Whether a network belongs to part 1 … parts of a study that is spread over machines; by its id alone."""
    return int(network_id, 16) % parts == part - 1


def _plans(study: Study, series: FullSeries) -> list[NetworkPlan]:
    by_domain = [
        _varied(
            _first_card(study, series, domain),
            [
                Member(series.name, domain, learning_rate, start)
                for start in range(series.random_starts)
                for learning_rate in series.learning_rates
            ],
            _tests_id(study, series, domain),
        )
        for domain in series.train_on
    ]
    return [plan for several in zip(*by_domain, strict=True) for plan in several]


def _varied(first: NetworkCard, members: Sequence[Member], tests: str) -> tuple[NetworkPlan, ...]:
    """Plans of networks that differ from a domain's first one in learning rate and start alone."""
    data, plans = first.model_dump(mode="json"), []
    for member in members:
        varied = data["training"] | {"learning_rate": member.learning_rate}
        network_id = content_id(data | {"training": varied, "seed": member.start})
        training = first.training.model_copy(update={"learning_rate": member.learning_rate})
        card = first.model_copy(update={"training": training, "seed": member.start})
        part_id = content_id({"network": network_id, "tests": tests})
        plans.append(NetworkPlan(member, card, network_id, part_id))
    return tuple(plans)


def _first_card(study: Study, series: FullSeries, domain: str) -> NetworkCard:
    """The card of a domain's first network."""
    structures = study.domains[domain].structures
    return NetworkCard(
        network=series.network,
        training=series.training,
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
    return content_id(
        {"measures": study.measures, "pairs": study.pairs, "tests": _tests(study, study.test_domains)}
    )


def coherence_id(study: Study) -> str:
    """The id of the table that compares the two ways of reckoning partial coherence."""
    return content_id({"coherence": _tests(study, study.test_on)})


def examples_id(study: Study, part_ids: tuple[str, ...]) -> str:
    """The id of the examples, which are chosen from the networks with these parts of the score table."""
    return content_id({"parts": part_ids, "tests": _tests(study, study.test_on)})


def _tests_id(study: Study, series: FullSeries, train: str) -> str:
    return content_id(_tests(study, series.tests_of(train)))


def _tests(study: Study, names: tuple[str, ...]) -> list[object]:
    return [image_seed(study), *(_test(study, name) for name in names)]


def _test(study: Study, name: str) -> dict[str, object]:
    domain = study.domains[name]
    ids = [scene.scene_id for scene in scenes(study, domain.structures, "test")]
    return {"name": name, "imaging": domain.imaging, "scenes": ids, "mask": study.mask}
