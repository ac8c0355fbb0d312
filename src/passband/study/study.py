"""The study record: one frozen value that says all of what is sampled, simulated, trained, tested and measured."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from passband.imaging.distribution import ImagingDistribution
from passband.networks.spec import NetworkSpec
from passband.records import Record
from passband.scattering.spec import SimulationSpec
from passband.structure.distribution import SceneDistribution
from passband.training.spec import TrainingSpec

Split = Literal["training", "validation", "test"]
SPLITS: tuple[Split, ...] = ("training", "validation", "test")


class StructureSet(Record):
    """Scenes drawn from one distribution, and how many of them serve each purpose. No scene serves two."""

    scenes: SceneDistribution
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
    """The weight and the band of the information measures; one and the same for both sides of every pair."""

    weight: Literal["radial", "area", "specimen"] = "radial"
    q_max_per_A: Annotated[float, Field(gt=0, le=5)] = 1.25


class Deviation(Record):
    """One row of the report's table of what differs from the published study, and why."""

    what: str
    published: str
    here: str
    why: str


class Study(Record):
    """Everything that decides the outcome. Equal studies have equal tables."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    question: str
    seed: Annotated[int, Field(ge=0)] = 0
    structures: dict[str, StructureSet]
    simulation: SimulationSpec
    mask: MaskSpec = MaskSpec()
    domains: dict[str, Domain]
    train_on: tuple[str, ...]
    test_on: tuple[str, ...]
    network: NetworkSpec
    training: TrainingSpec
    learning_rates: Annotated[tuple[float, ...], Field(min_length=1)]
    random_starts: Annotated[int, Field(ge=1)]
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
        for key, names in (("train_on", self.train_on), ("test_on", self.test_on)):
            unknown = [name for name in names if name not in self.domains]
            if unknown or not names or len(set(names)) < len(names):
                raise ValueError(f"{key} must name domains, each once; unknown: {unknown or 'none'}")
        missing = [name for name in self.train_on if name not in self.test_on]
        if missing:
            raise ValueError(
                f"test_on must hold every training domain (its in-distribution test); missing: {missing}"
            )
        for name in self.train_on:
            if not (self.set_of(name).training and self.set_of(name).validation):
                raise ValueError(
                    f"the structures of training domain '{name}' need training and validation scenes"
                )
        return self

    def set_of(self, domain: str) -> StructureSet:
        """The structures of a domain."""
        return self.structures[self.domains[domain].structures]

    @property
    def n_networks(self) -> int:
        """How many networks the study trains."""
        return len(self.train_on) * len(self.learning_rates) * self.random_starts

    @property
    def n_scenes(self) -> int:
        """How many scenes the study simulates."""
        return sum(each.training + each.validation + each.test for each in self.structures.values())
