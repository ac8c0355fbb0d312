"""What scenes are drawn from: ranges of particles and support, as data.

The defaults are the published defocus series: 1-5 CdSe spheres of 3-5 nm with 0-2 stacking faults, at least 1
nm apart, on 2-8 nm of amorphous carbon; the field is that of the images, 10.24 nm. Density and minimum
distance of the carbon are those of the authors' structure generator. What the beam meets first was not
published; it is ours.
"""

from math import pi
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from passband.errors import UserError
from passband.records import Record
from passband.structure.crystals import Crystal, crystal_of

LARGEST_PACKING_FRACTION = 0.3
"""Random insertion of spheres slows beyond this fraction of the volume and ends at 0.38 (Torquato, Random
Heterogeneous Materials, 2002, ch. 3)."""


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"must be [lowest, highest], not [{bounds[0]:g}, {bounds[1]:g}]")
    return bounds


def _ordered_counts(bounds: tuple[int, int]) -> tuple[int, int]:
    _ordered(bounds)
    return bounds


Size = Annotated[float, Field(gt=0, le=100)]
Sizes = Annotated[tuple[Size, Size], AfterValidator(_ordered)]
"""[lowest, highest] of a length."""
Number = Annotated[int, Field(ge=1, le=100)]
Numbers = Annotated[tuple[Number, Number], AfterValidator(_ordered_counts)]
"""[fewest, most], whole numbers from 1."""
Fault = Annotated[int, Field(ge=0, le=2)]
Faults = Annotated[tuple[Fault, Fault], AfterValidator(_ordered_counts)]
"""[fewest, most] stacking faults, whole numbers from 0 to 2."""


class Facet(Record):
    """A family of facets of a Wulff shape: Miller indices in the crystal's cell, surface energy [J/m²].

    Only ratios of energies matter. The point group of the crystal makes the other facets of the family.
    """

    hkl: tuple[int, int, int]
    energy_J_per_m2: Annotated[float, Field(gt=0)]

    @field_validator("hkl")
    @classmethod
    def _names_a_plane(cls, hkl: tuple[int, int, int]) -> tuple[int, int, int]:
        if hkl == (0, 0, 0):
            raise ValueError("must be the Miller indices of a plane, not [0, 0, 0]")
        return hkl


class ParticleDistribution(Record):
    """Particles of one field: shape, and uniform ranges of diameter, number and stacking faults.

    shape: "sphere", or "wulff" with `facets`.
    diameter_nm: [lowest, highest] diameter; of a Wulff shape, that of the sphere of equal volume.
    count: [fewest, most] particles in a field.
    separation_nm: least gap between the surfaces of two particles, measured in the image plane between their
        circumscribed spheres, periodic images included.
    stacking_faults: [fewest, most] faults in each particle, up to 2; wurtzite and fcc crystals only.
    facets: the facet families of shape "wulff".
    """

    shape: Literal["sphere", "wulff"] = "sphere"
    diameter_nm: Sizes = (3.0, 5.0)
    count: Numbers = (1, 5)
    separation_nm: Annotated[float, Field(ge=0, le=100)] = 1.0
    stacking_faults: Faults = (0, 2)
    facets: tuple[Facet, ...] = ()

    @model_validator(mode="after")
    def _facets_belong_to_wulff(self) -> Self:
        if self.shape == "wulff" and not self.facets:
            raise ValueError(
                "facets: shape 'wulff' needs facets, such as [{hkl: [1, 1, 1], energy_J_per_m2: 1.2}]"
            )
        if self.shape == "sphere" and self.facets:
            raise ValueError("facets: shape 'sphere' has none; say shape: wulff, or leave facets out")
        return self


class AmorphousCarbon(Record):
    """A carbon film: uniform range of thickness, number density, and least distance between two atoms."""

    thickness_nm: Sizes = (2.0, 8.0)
    density_per_A3: Annotated[float, Field(gt=0)] = 0.1103
    min_distance_A: Annotated[float, Field(gt=0, le=10)] = 1.4

    @model_validator(mode="after")
    def _can_be_packed(self) -> Self:
        fraction = self.density_per_A3 * pi * self.min_distance_A**3 / 6
        if fraction > LARGEST_PACKING_FRACTION:
            largest = self.density_per_A3 * LARGEST_PACKING_FRACTION / fraction
            raise ValueError(
                f"density_per_A3: atoms at least {self.min_distance_A:g} Å apart can be packed at random "
                f"up to {largest:.3g} atoms/Å³, not {self.density_per_A3:g}"
            )
        return self


def _form(crystal: object) -> str:
    return "name" if isinstance(crystal, str) else "record"


class SceneDistribution(Record):
    """Scenes: a square field, periodic in x and y, with particles of one crystal, on a support or in vacuum.

    field_nm: size of the field, 1 to 100 nm.
    crystal: a name in CRYSTALS, or a crystal record.
    support: the film under the particles; null for particles in vacuum.
    first: what the beam meets first.
    """

    field_nm: Annotated[float, Field(ge=1, le=100)] = 10.24
    crystal: Annotated[
        Annotated[str, Tag("name")] | Annotated[Crystal, Tag("record")], Discriminator(_form)
    ] = "CdSe"
    particles: ParticleDistribution = ParticleDistribution()
    support: AmorphousCarbon | None = AmorphousCarbon()
    first: Literal["particles", "support"] = "particles"

    @field_validator("crystal")
    @classmethod
    def _crystal_is_known(cls, crystal: str | Crystal) -> str | Crystal:
        try:
            crystal_of(crystal)
        except UserError as error:
            raise ValueError(str(error)) from None
        return crystal
