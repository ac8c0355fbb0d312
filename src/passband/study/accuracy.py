"""What a study's pixels and slices cost: warnings before it runs, from what is known of its materials."""

from collections.abc import Iterator

from ase.data import atomic_numbers

from passband.accuracy.known import Material, Orientation, warning
from passband.records import Record
from passband.structure.crystals import Crystal, crystal_of
from passband.structure.distribution import SceneDistribution
from passband.study.study import Study

FILMS = {
    "amorphous-carbon": (6, "the carbon film"),
    "graphene": (6, "graphene"),
    "silicon-nitride": (14, "the silicon nitride film"),
}
"""Heaviest atomic number and name of a support, by its kind."""


def warnings_of(study: Study) -> tuple[str, ...]:
    """One sentence for each material whose pixels or slices cost more than 1 % of the contrast; nothing if none do."""
    spec = study.simulation
    found: dict[str, None] = {}
    for each in study.structures.values():
        for material in _materials(each.scenes, spec.energy_kV):
            told = (
                warning(material, "pixels", spec.sampling_A),
                warning(material, "slices", spec.slice_thickness_A),
            )
            found |= dict.fromkeys(sentence for sentence in told if sentence)
    return tuple(found)


def _materials(scenes: SceneDistribution, energy_kV: float) -> Iterator[Material]:
    """The crystals of the particles, and the film."""
    lies: Orientation = "zone axis" if scenes.particles.zone_axes or scenes.particles.resting else "random"
    for crystal in _crystals(scenes):
        heaviest = max(atomic_numbers[element] for element, _ in crystal.sites)
        yield Material(heaviest, crystal.name, lies, energy_kV)
    if scenes.support is not None:
        yield Material(*FILMS[scenes.support.kind], "film", energy_kV)


def _crystals(record: Record) -> Iterator[Crystal]:
    """Every crystal that a record names or holds, at any depth: cores, shells, alloys."""
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name == "crystal":
            yield crystal_of(value)
        elif isinstance(value, Record):
            yield from _crystals(value)
