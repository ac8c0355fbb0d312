"""The study record: one frozen value that says all of what is sampled, simulated, trained, tested and measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from passband.imaging.distribution import ImagingDistribution
from passband.networks.spec import NetworkSpec
from passband.records import Record
from passband.scattering.spec import SimulationSpec
from passband.structure.distribution import SceneDistribution
from passband.training.spec import TrainingSpec

Split = Literal["training", "validation", "test"]
MAIN = "main"
"""The name of a study's own series."""
SPLITS: tuple[Split, ...] = ("training", "validation", "test")
SPECIMEN_SCENES: Final = 24
"""Scenes that stand for a set of structures in measures, where a study does not say otherwise."""


def _is(usual: int) -> Callable[[object], bool]:
    """Whether a value is the usual one, which a record then leaves unsaid: its id is that of before there was a key."""
    return lambda value: value == usual


Blocks = Annotated[int, Field(ge=1, exclude_if=_is(1))]


class StructureSet(Record):
    """Scenes drawn from one distribution, and how many of them serve each purpose. No scene serves two.

    draw: sets of one distribution in one study have no scene in common if their numbers differ here.
    """

    scenes: SceneDistribution
    draw: Annotated[int, Field(ge=0, exclude_if=_is(0))] = 0
    training: Annotated[int, Field(ge=0)]
    validation: Annotated[int, Field(ge=0)]
    test: Annotated[int, Field(ge=1)]


class Domain(Record):
    """What a dataset was recorded with: a set of structures, and a distribution of imaging conditions."""

    structures: str
    imaging: ImagingDistribution


class MaskSpec(Record):
    """How the ground truth is taken from the phase of the particles' exit wave (method.md; see imaging.mask)."""

    preset: Literal["published", "clean"] = "clean"
    blur_A: Annotated[float, Field(gt=0, le=5)] = 1.6


class MeasureSpec(Record):
    """The weight and the band of the information measures; one and the same for both sides of every pair.

    scenes: training scenes that stand for a set of structures in all further measures, or as many as there are.
    """

    weight: Literal["radial", "area", "specimen"] = "radial"
    q_max_per_A: Annotated[float, Field(gt=0, le=5)] = 1.25
    scenes: Annotated[int, Field(ge=1, exclude_if=_is(SPECIMEN_SCENES))] = SPECIMEN_SCENES


class Deviation(Record):
    """One row of the report's table of what differs from the published study, and why."""

    what: str
    published: str
    here: str
    why: str


class Series(Record):
    """Further networks of a study, with domains of their own; what is left out is as in the study itself."""

    train_on: tuple[str, ...]
    test_on: tuple[str, ...]
    blocks: Blocks = 1
    network: NetworkSpec | None = None
    training: TrainingSpec | None = None
    learning_rates: Annotated[tuple[float, ...], Field(min_length=1)] | None = None
    random_starts: Annotated[int, Field(ge=1)] | None = None


@dataclass(frozen=True)
class FullSeries:
    """A series with everything said: each training domain x learning rate x random start is a network.

    Training and test domains are cut into so many blocks, in their order, and a network is tested on the domains of
    its own block: for who wants many domains rather than all their pairs.
    """

    name: str
    train_on: tuple[str, ...]
    test_on: tuple[str, ...]
    blocks: int
    network: NetworkSpec
    training: TrainingSpec
    learning_rates: tuple[float, ...]
    random_starts: int

    @property
    def n_networks(self) -> int:
        """How many networks the series trains."""
        return len(self.train_on) * len(self.learning_rates) * self.random_starts

    def tests_of(self, train: str) -> tuple[str, ...]:
        """The domains that networks of a training domain are tested on, itself among them."""
        block = self.train_on.index(train) * self.blocks // len(self.train_on)
        size = len(self.test_on) // self.blocks
        return self.test_on[block * size : (block + 1) * size]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs (training domain, test domain), block by block."""
        return tuple((train, test) for train in self.train_on for test in self.tests_of(train))


class Study(Record):
    """Everything that decides the outcome. Equal studies have equal tables.

    train_on, test_on, blocks, network, training, learning_rates and random_starts make the study's first series, which
    is named `MAIN`; ``series`` adds further ones.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    question: str
    seed: Annotated[int, Field(ge=0)] = 0
    structures: dict[str, StructureSet]
    simulation: SimulationSpec
    mask: MaskSpec = MaskSpec()
    domains: dict[str, Domain]
    train_on: tuple[str, ...]
    test_on: tuple[str, ...]
    blocks: Blocks = 1
    network: NetworkSpec
    training: TrainingSpec
    learning_rates: Annotated[tuple[float, ...], Field(min_length=1)]
    random_starts: Annotated[int, Field(ge=1)]
    series: dict[str, Series] = Field(default_factory=dict)
    measures: MeasureSpec = MeasureSpec()
    deviations: tuple[Deviation, ...] = ()

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> Self:
        for name, domain in self.domains.items():
            if domain.structures not in self.structures:
                known = ", ".join(self.structures)
                raise ValueError(
                    f"domain '{name}' names the structures '{domain.structures}'; known are: {known}"
                )
            if domain.imaging.energy_kV != self.simulation.energy_kV:
                raise ValueError(
                    f"domain '{name}' images at {domain.imaging.energy_kV:g} kV what is simulated at "
                    f"{self.simulation.energy_kV:g} kV; give both the same energy_kV"
                )
        if MAIN in self.series:
            raise ValueError(
                f"series: '{MAIN}' is the series of the study itself; give this one another name"
            )
        for series in self.all_series():
            self._check_series(series, "" if series.name == MAIN else f"series.{series.name}.")
        return self

    def _check_series(self, series: FullSeries, where: str) -> None:
        for key, names in (("train_on", series.train_on), ("test_on", series.test_on)):
            unknown = [name for name in names if name not in self.domains]
            if unknown or not names or len(set(names)) < len(names):
                raise ValueError(f"{where}{key} must name domains, each once; unknown: {unknown or 'none'}")
        if any(len(names) % series.blocks for names in (series.train_on, series.test_on)):
            raise ValueError(
                f"{where}blocks must divide the {len(series.train_on)} training and the {len(series.test_on)} test "
                f"domains evenly (given: {series.blocks})"
            )
        missing = [name for name in series.train_on if name not in series.tests_of(name)]
        if missing:
            raise ValueError(
                f"{where}test_on must hold every training domain (its in-distribution test), in the same block; "
                f"missing: {missing}"
            )
        for name in series.train_on:
            if not (self.set_of(name).training and self.set_of(name).validation):
                raise ValueError(
                    f"the structures of training domain '{name}' need training and validation scenes"
                )
        if series.network.input_sampling_A != self.network.input_sampling_A:
            raise ValueError(
                f"{where}network.input_sampling_A must be {self.network.input_sampling_A:g}, as in the study"
            )

    def all_series(self) -> tuple[FullSeries, ...]:
        """The study's own series, then the further ones, in their order."""
        own = Series(train_on=self.train_on, test_on=self.test_on, blocks=self.blocks)
        return tuple(self._full(name, each) for name, each in ((MAIN, own), *self.series.items()))

    def _full(self, name: str, series: Series) -> FullSeries:
        return FullSeries(
            name=name,
            train_on=series.train_on,
            test_on=series.test_on,
            blocks=series.blocks,
            network=series.network or self.network,
            training=series.training or self.training,
            learning_rates=series.learning_rates or self.learning_rates,
            random_starts=series.random_starts or self.random_starts,
        )

    def only(self, series: str) -> "Study":
        """The study of one series alone: the same networks, scores and ids. Raises KeyError for an unknown name."""
        own = {each.name: each for each in self.all_series()}[series]
        taken = {key: getattr(own, key) for key in Series.model_fields}
        return self.model_copy(update=taken | {"series": {}})

    def set_of(self, domain: str) -> StructureSet:
        """The structures of a domain."""
        return self.structures[self.domains[domain].structures]

    @property
    def training_domains(self) -> tuple[str, ...]:
        """The domains that networks of any series are trained on, each once."""
        return tuple(dict.fromkeys(name for series in self.all_series() for name in series.train_on))

    @property
    def test_domains(self) -> tuple[str, ...]:
        """The domains that networks of any series are tested on, each once."""
        return tuple(dict.fromkeys(name for series in self.all_series() for name in series.test_on))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs (training domain, test domain) that occur in any series, each once."""
        return tuple(dict.fromkeys(pair for each in self.all_series() for pair in each.pairs))

    @property
    def n_networks(self) -> int:
        """How many networks the study trains, in all series."""
        return sum(series.n_networks for series in self.all_series())

    @property
    def n_scenes(self) -> int:
        """How many scenes the study simulates."""
        return sum(each.training + each.validation + each.test for each in self.structures.values())
