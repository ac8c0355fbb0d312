"""What scenes are drawn from: ranges of particles and support, as data.

The defaults are the published defocus series: 1-5 CdSe spheres of 3-5 nm with 0-2 stacking faults, at least 1
nm apart, on 2-8 nm of amorphous carbon; the field is that of the images, 10.24 nm. Density and minimum
distance of the carbon are those of the authors' structure generator. What the beam meets first was not
published; it is ours, and so is everything that is off by default.
"""

from math import pi
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from passband.errors import UserError
from passband.records import Record
from passband.structure.crystals import Crystal, crystal_of
from passband.units import A_to_nm

LARGEST_PACKING_FRACTION = 0.3
"""Random insertion of spheres slows beyond this fraction of the volume and ends at 0.38 (Torquato, Random
Heterogeneous Materials, 2002, ch. 3)."""
LAYER_SPACING_A = 3.35
"""Distance between two sheets in graphite, half of its c of 6.70 Å (textbook value)."""
MULTIPLY_TWINNED = ("decahedron", "icosahedron")


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"must be [lowest, highest], not [{bounds[0]:g}, {bounds[1]:g}]")
    return bounds


def _ordered_counts(bounds: tuple[int, int]) -> tuple[int, int]:
    _ordered(bounds)
    return bounds


def _known(crystal: str | Crystal) -> str | Crystal:
    try:
        crystal_of(crystal)
    except UserError as error:
        raise ValueError(str(error)) from None
    return crystal


def _not_zero(indices: tuple[int, int, int]) -> tuple[int, int, int]:
    if indices == (0, 0, 0):
        raise ValueError("must be the Miller indices of a plane or a direction, not [0, 0, 0]")
    return indices


def _form(crystal: object) -> str:
    return "name" if isinstance(crystal, str) else "record"


Size = Annotated[float, Field(gt=0, le=100)]
Sizes = Annotated[tuple[Size, Size], AfterValidator(_ordered)]
"""[lowest, highest] of a length."""
Number = Annotated[int, Field(ge=1, le=100)]
Numbers = Annotated[tuple[Number, Number], AfterValidator(_ordered_counts)]
"""[fewest, most], whole numbers from 1."""
Fault = Annotated[int, Field(ge=0, le=2)]
Faults = Annotated[tuple[Fault, Fault], AfterValidator(_ordered_counts)]
"""[fewest, most] stacking faults, whole numbers from 0 to 2."""
Twin = Annotated[int, Field(ge=0, le=10)]
Twins = Annotated[tuple[Twin, Twin], AfterValidator(_ordered_counts)]
"""[fewest, most] twin planes, whole numbers from 0 to 10."""
Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[tuple[Share, Share], AfterValidator(_ordered)]
"""[lowest, highest] of a share, 0 to 1."""
Indices = Annotated[tuple[int, int, int], AfterValidator(_not_zero)]
"""Three Miller indices in the crystal's cell."""
AnyCrystal = Annotated[
    Annotated[str, Tag("name")] | Annotated[Crystal, Tag("record")],
    Discriminator(_form),
    AfterValidator(_known),
]
"""A name in CRYSTALS, or a crystal record."""


class Facet(Record):
    """A family of facets of a Wulff shape: Miller indices in the crystal's cell, surface energy [J/m²].

    Only ratios of energies matter. The point group of the crystal makes the other facets of the family.
    """

    hkl: Indices
    energy_J_per_m2: Annotated[float, Field(gt=0)]


class LogNormal(Record):
    """Diameters of a log-normal law, cut at the ends of `diameter_nm`.

    geometric_mean_nm: the median before the cut; geometric_std: the factor of one standard deviation.
    """

    geometric_mean_nm: Size
    geometric_std: Annotated[float, Field(gt=1, le=3)]


class Shell(Record):
    """A shell of another crystal around the core, under one outer shape.

    thickness_nm: [thinnest, thickest], measured inwards along the normal of every facet.
    interface: "coherent": the shell continues the lattice of the core, strained onto it (same structure, at most
        8 % mismatch); "parallel": it keeps its own lattice, axes parallel to the core's, and its atoms too
        near to one of the core are left out.
    """

    crystal: AnyCrystal
    thickness_nm: Sizes
    interface: Literal["coherent", "parallel"] = "coherent"


class Alloy(Record):
    """Another crystal of the same structure, mixed in at random, site by site.

    share: [lowest, highest] share of sites that its elements take; the cell follows Vegard's rule.
    """

    crystal: AnyCrystal
    share: Shares


class RestingFacet(Record):
    """The plane on which particles lie: Miller indices of its normal, which points to the support.

    cut: where the shape is cut off towards the support, as in Winterbottom's construction: the distance of the
        plane from the centre, as a share of the radius of the sphere whose volume the uncut shape has; null:
        not cut.
    """

    hkl: Indices
    cut: Annotated[float, Field(ge=0.1, le=2)] | None = None


class ParticleDistribution(Record):
    """Particles of one field: shape, sizes, number, defects, composition and orientation.

    shape: "sphere", "wulff" with `facets`, or, of fcc metals, "decahedron" or "icosahedron".
    diameter_nm: [lowest, highest] diameter, that of the sphere of equal volume; uniform, or `log_normal`.
    count: [fewest, most] particles in a field.
    separation_nm: least gap between the surfaces of two particles, measured in the image plane between their
        circumscribed spheres, periodic images included.
    stacking_faults: [fewest, most] faults in each particle, up to 2; wurtzite, fcc and diamond lattices only.
    twins: [fewest, most] parallel twin planes on (111) in each particle; fcc and diamond lattices only.
    hexagonal_share: the probability that a close-packed layer has its neighbours alike (ABA, as in hcp and
        wurtzite) and not different (ABC, as in fcc and zincblende); null: as the crystal has it.
    facets: the facet families of shape "wulff", or of "decahedron" ({111} and {100}; by default equal).
    rounding: 0 for sharp corners and edges, 1 for a sphere: where between the farthest corner and the
        nearest facet the sphere stands that cuts them off.
    missing_surface: [lowest, highest] share of the surface atoms that are missing, the least bound first;
        not with a parallel shell.
    shell, alloy: a second crystal, as a shell or mixed in.
    zone_axes: directions [u, v, w] in the crystal's cell (three numbers in hexagonal cells too), one of which is
        drawn to lie along the beam; empty: any orientation. [1, -1, 0] sees twin and fault planes of cubic
        crystals edge-on; [1, 1, 0] is a five-fold axis of a decahedron and an icosahedron, [1, 1, 1] a
        three-fold one. tilt_deg: largest angle between the axis and the beam; uniform over that cone.
    resting: the plane on which particles lie on the support; turned about the beam at random.
    """

    shape: Literal["sphere", "wulff", "decahedron", "icosahedron"] = "sphere"
    diameter_nm: Sizes = (3.0, 5.0)
    log_normal: LogNormal | None = None
    count: Numbers = (1, 5)
    separation_nm: Annotated[float, Field(ge=0, le=100)] = 1.0
    stacking_faults: Faults = (0, 2)
    twins: Twins = (0, 0)
    hexagonal_share: Share | None = None
    facets: tuple[Facet, ...] = ()
    rounding: Share = 0.0
    missing_surface: Shares = (0.0, 0.0)
    shell: Shell | None = None
    alloy: Alloy | None = None
    zone_axes: tuple[Indices, ...] = ()
    tilt_deg: Annotated[float, Field(ge=0, le=90)] = 0.0
    resting: RestingFacet | None = None

    @model_validator(mode="after")
    def _facets_belong_to_wulff(self) -> Self:
        if self.shape == "wulff" and not self.facets:
            raise ValueError(
                "facets: shape 'wulff' needs facets, such as [{hkl: [1, 1, 1], energy_J_per_m2: 1.2}]"
            )
        if self.shape in ("sphere", "icosahedron") and self.facets:
            raise ValueError(f"facets: shape '{self.shape}' has none; say shape: wulff, or leave facets out")
        if self.shape == "decahedron" and self.facets:
            families = sorted(tuple(sorted(map(abs, facet.hkl))) for facet in self.facets)
            if families != [(0, 0, 1), (1, 1, 1)]:
                raise ValueError("facets: a decahedron has the families [1, 1, 1] and [1, 0, 0], each once")
        return self

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        faulted = self.stacking_faults[1] > 0 or self.twins[1] > 0
        cut = self.resting is not None and self.shape in MULTIPLY_TWINNED
        parallel = self.shell is not None and self.shell.interface == "parallel"
        mixed = self.hexagonal_share is not None
        conflicts = {
            f"stacking_faults, twins: a {self.shape} is twinned already; set both to [0, 0]": faulted
            and self.shape in MULTIPLY_TWINNED,
            f"hexagonal_share: a {self.shape} has its own stacking; leave it out": mixed
            and self.shape in MULTIPLY_TWINNED,
            "hexagonal_share: it draws every layer; set stacking_faults and twins to [0, 0]": mixed
            and faulted,
            f"resting: a {self.shape} cannot be cut or laid down; use zone_axes": cut,
            "shell, alloy: a particle has one or the other": bool(self.shell and self.alloy),
            "shell.interface: 'parallel' needs a plain crystal as core; use 'coherent', or leave out twins, "
            "stacking_faults, hexagonal_share and twinned shapes": parallel
            and (faulted or mixed or self.shape in MULTIPLY_TWINNED),
            "missing_surface: the two lattices of a 'parallel' shell have no common number of bonds; "
            "use 'coherent', or [0, 0]": parallel and self.missing_surface[1] > 0,
            "zone_axes, resting: either says how a particle lies; give one": bool(
                self.zone_axes and self.resting
            ),
            "tilt_deg: the angle from a zone axis; give zone_axes": self.tilt_deg > 0 and not self.zone_axes,
        }
        for sentence, holds in conflicts.items():
            if holds:
                raise ValueError(sentence)
        return self

    @model_validator(mode="after")
    def _sizes_can_occur(self) -> Self:
        lowest_nm, highest_nm = self.diameter_nm
        if self.log_normal and not lowest_nm <= self.log_normal.geometric_mean_nm <= highest_nm:
            raise ValueError(
                f"log_normal.geometric_mean_nm: must lie in diameter_nm [{lowest_nm:g}, {highest_nm:g}], where the "
                f"law is cut (given: {self.log_normal.geometric_mean_nm:g})"
            )
        if self.log_normal and lowest_nm == highest_nm:
            raise ValueError("diameter_nm: cuts log_normal, so its ends must differ")
        if self.shell and self.shell.thickness_nm[1] >= lowest_nm / 2:
            raise ValueError(
                f"shell.thickness_nm: must stay below the smallest radius, {lowest_nm / 2:g} nm, so that a core is left"
            )
        return self


def _check_packing(density_per_A3: float, min_distance_A: float) -> None:
    fraction = density_per_A3 * pi * min_distance_A**3 / 6
    if fraction > LARGEST_PACKING_FRACTION:
        largest = density_per_A3 * LARGEST_PACKING_FRACTION / fraction
        raise ValueError(
            f"density_per_A3: atoms at least {min_distance_A:g} Å apart can be packed at random "
            f"up to {largest:.3g} atoms/Å³, not {density_per_A3:g}"
        )


class AmorphousCarbon(Record):
    """A carbon film: uniform range of thickness, number density, and least distance between two atoms.

    relaxed: False: the published random packing; True: the packing is relaxed until first neighbours stand at
        bond lengths (relaxation.py).
    blocks: how many films the library holds that scenes cut their own from, shifted and mirrored; null: every
        scene draws its own.
    """

    kind: Literal["amorphous-carbon"] = "amorphous-carbon"
    thickness_nm: Sizes = (2.0, 8.0)
    density_per_A3: Annotated[float, Field(gt=0)] = 0.1103
    min_distance_A: Annotated[float, Field(gt=0, le=10)] = 1.4
    relaxed: bool = False
    blocks: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _can_be_packed(self) -> Self:
        _check_packing(self.density_per_A3, self.min_distance_A)
        return self


class SiliconNitride(Record):
    """A film of amorphous Si3N4, 3 Si to 4 N at random on the places of a random packing (no chemical order).

    density_per_A3: 0.0932 atoms/Å³ are 3.1 g/cm³ (140.28 u in seven atoms, 1 u/Å³ = 1.66054 g/cm³), meant for
        films from chemical vapour deposition at low pressure (from memory, unverified).
    min_distance_A: ours, somewhat below the Si-N bond of about 1.7 Å.
    blocks: as of amorphous carbon.
    """

    kind: Literal["silicon-nitride"] = "silicon-nitride"
    thickness_nm: Sizes = (5.0, 10.0)
    density_per_A3: Annotated[float, Field(gt=0)] = 0.0932
    min_distance_A: Annotated[float, Field(gt=0, le=10)] = 1.6
    blocks: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _can_be_packed(self) -> Self:
        _check_packing(self.density_per_A3, self.min_distance_A)
        return self


class Graphene(Record):
    """Sheets of graphene in Bernal stacking, turned and strained so that they close in the periodic field.

    layers: [fewest, most] sheets. largest_strain: the most that a sheet may be stretched or compressed in any
        direction; the rotation is drawn from all that close within it.
    """

    kind: Literal["graphene"] = "graphene"
    layers: Annotated[tuple[Number, Number], AfterValidator(_ordered_counts)] = (1, 1)
    largest_strain: Annotated[float, Field(gt=0, le=0.05)] = 0.01

    @property
    def thickness_nm(self) -> tuple[float, float]:
        """[thinnest, thickest] from the first sheet to the last."""
        return (self.layers[0] - 1) * A_to_nm(LAYER_SPACING_A), (self.layers[1] - 1) * A_to_nm(
            LAYER_SPACING_A
        )


Amorphous = AmorphousCarbon | SiliconNitride
_DEFAULT_KIND = "amorphous-carbon"


def _kind(support: object) -> str:
    kind = support.get("kind", _DEFAULT_KIND) if isinstance(support, dict) else getattr(support, "kind", "")
    return str(kind)


Support = Annotated[
    Annotated[AmorphousCarbon, Tag("amorphous-carbon")]
    | Annotated[Graphene, Tag("graphene")]
    | Annotated[SiliconNitride, Tag("silicon-nitride")],
    Discriminator(
        _kind,
        custom_error_type="kind",
        custom_error_message="must be null, or have the kind 'amorphous-carbon', 'graphene' or 'silicon-nitride'",
    ),
]
"""A film under the particles; without `kind`, amorphous carbon."""


class SceneDistribution(Record):
    """Scenes: a square field, periodic in x and y, with particles of one crystal, on a support or in vacuum.

    field_nm: size of the field, 1 to 100 nm.
    crystal: a name in CRYSTALS, or a crystal record.
    support: the film under the particles; null for particles in vacuum.
    first: what the beam meets first.
    """

    field_nm: Annotated[float, Field(ge=1, le=100)] = 10.24
    crystal: AnyCrystal = "CdSe"
    particles: ParticleDistribution = ParticleDistribution()
    support: Support | None = AmorphousCarbon()
    first: Literal["particles", "support"] = "particles"
