"""A distribution of scenes is data: validated, readable from YAML, light to import."""

import subprocess
import sys
from typing import Any

import pytest
import yaml

from passband.errors import UserError
from passband.records import canonical_json, content_id, parse_record
from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import (
    AmorphousCarbon,
    Graphene,
    ParticleDistribution,
    SceneDistribution,
    SiliconNitride,
)


def parsed(text: str) -> SceneDistribution:
    return parse_record(SceneDistribution, yaml.safe_load(text) or {}, "study.yaml")


def test_the_default_is_the_published_defocus_series() -> None:
    scenes = parsed("")
    assert scenes == SceneDistribution()
    assert scenes.crystal == "CdSe"
    assert scenes.particles.count == (1, 5)
    assert scenes.particles.diameter_nm == (3.0, 5.0)
    assert scenes.particles.stacking_faults == (0, 2)
    assert scenes.particles.separation_nm == 1.0
    assert scenes.support == AmorphousCarbon(thickness_nm=(2, 8), density_per_A3=0.1103, min_distance_A=1.4)


def test_what_a_user_writes_is_what_is_drawn_from() -> None:
    scenes = parsed(
        """
        field_nm: 12.8
        crystal: Ag
        particles:
          shape: wulff
          diameter_nm: [2, 2.5]
          count: [2, 3]
          stacking_faults: [0, 1]
          facets: [{hkl: [1, 0, 0], energy_J_per_m2: 1.3}, {hkl: [1, 1, 1], energy_J_per_m2: 1.1}]
        support: null
        first: support
        """
    )
    assert (scenes.field_nm, scenes.crystal, scenes.support, scenes.first) == (12.8, "Ag", None, "support")
    assert scenes.particles.facets[1].hkl == (1, 1, 1)


def test_a_crystal_may_be_written_out_in_full() -> None:
    scenes = SceneDistribution(crystal=CRYSTALS["Fe3O4"])
    assert parsed(canonical_json(scenes)) == scenes


def test_every_kind_of_support_and_particle_can_be_written() -> None:
    scenes = parsed(
        """
        crystal: Au
        particles:
          shape: decahedron
          diameter_nm: [2, 6]
          log_normal: {geometric_mean_nm: 3.5, geometric_std: 1.25}
          stacking_faults: [0, 0]
          rounding: 0.2
          missing_surface: [0, 0.1]
          alloy: {crystal: Pd, share: [0.2, 0.4]}
          zone_axes: [[1, 1, 0], [1, 1, 1]]
          tilt_deg: 2
        support: {kind: graphene, layers: [1, 3]}
        """
    )
    assert scenes.support == Graphene(layers=(1, 3))
    assert parsed(canonical_json(scenes)) == scenes
    assert parsed("support: {kind: silicon-nitride, blocks: 8}").support == SiliconNitride(blocks=8)
    assert parsed("support: {kind: amorphous-carbon, relaxed: true}").support == AmorphousCarbon(relaxed=True)


def test_a_support_without_a_kind_is_amorphous_carbon() -> None:
    assert parsed("support: {thickness_nm: [1, 2]}").support == AmorphousCarbon(thickness_nm=(1, 2))
    assert parsed("support: null").support is None


def test_whole_and_decimal_numbers_of_one_value_are_one_distribution() -> None:
    assert content_id(parsed("particles: {diameter_nm: [3, 5]}")) == content_id(parsed(""))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("crystal: CdS", "crystal: no crystal is named 'CdS'; did you mean 'CdSe'"),
        ("field: 10", "unknown key 'field'; did you mean 'field_nm'?"),
        ("particles: {diameter: [3, 5]}", "unknown key 'particles.diameter'; did you mean 'diameter_nm'?"),
        ("particles: {diameter_nm: [5, 3]}", r"particles.diameter_nm: must be \[lowest, highest\], not \[5, 3\]"),
        ("particles: {diameter_nm: [0, 3]}", "particles.diameter_nm.0: Input should be greater than 0"),
        ("particles: {count: [3, 1]}", r"particles.count: must be \[lowest, highest\], not \[3, 1\]"),
        ("particles: {count: [1.5, 3]}", "particles.count.0: Input should be a valid integer"),
        ("particles: {count: [0, 3]}", "particles.count.0: Input should be greater than or equal to 1"),
        ("particles: {stacking_faults: [0, 3]}", "particles.stacking_faults.1: Input should be less than or equal"),
        ("particles: {separation_nm: -1}", "particles.separation_nm: Input should be greater than or equal to 0"),
        ("particles: {shape: wulff}", "particles: facets: shape 'wulff' needs facets"),
        ("particles: {facets: [{hkl: [1, 0, 0], energy_J_per_m2: 1}]}", "particles: facets: shape 'sphere' has none"),
        (
            "particles: {shape: wulff, facets: [{hkl: [0, 0, 0], energy_J_per_m2: 1}]}",
            "particles.facets.0.hkl: must be the Miller indices of a plane",
        ),
        ("support: {density_per_A3: 0.3}", "support.amorphous-carbon: density_per_A3: .* up to 0.209 atoms/Å³"),
        ("support: {thickness_nm: 5}", "support.amorphous-carbon.thickness_nm: Input should be a valid array"),
        ("support: {kind: ice}", "support: must be null, or have the kind 'amorphous-carbon', 'graphene'"),
        ("support: {kind: graphene, thickness_nm: [1, 2]}", "unknown key 'support.graphene.thickness_nm'"),
        ("support: {block: 3}", "unknown key 'support.amorphous-carbon.block'; did you mean 'blocks'?"),
        ("particles: {shape: decahedron}", "particles: stacking_faults, twins: a decahedron is twinned already"),
        ("particles: {hexagonal_share: 0.5}", "particles: hexagonal_share: .* set stacking_faults and twins"),
        ("particles: {tilt_deg: 3}", "particles: tilt_deg: the angle from a zone axis; give zone_axes"),
        ("particles: {zone_axes: [[0, 0, 0]]}", "particles.zone_axes.0: must be the Miller indices"),
        (
            "particles: {zone_axes: [[1, 0, 0]], resting: {hkl: [1, 1, 1]}}",
            "particles: zone_axes, resting: either says how a particle lies",
        ),
        (
            "particles: {log_normal: {geometric_mean_nm: 6, geometric_std: 1.2}}",
            r"particles: log_normal.geometric_mean_nm: must lie in diameter_nm \[3, 5\]",
        ),
        (
            "particles: {shell: {crystal: ZnS, thickness_nm: [1, 1.5]}}",
            "particles: shell.thickness_nm: must stay below the smallest radius, 1.5 nm",
        ),
        ("particles: {shell: {crystal: CdS, thickness_nm: [1, 1]}}", "particles.shell.crystal: no crystal is named"),
        (
            "particles: {shape: decahedron, stacking_faults: [0, 0], "
            "facets: [{hkl: [1, 1, 0], energy_J_per_m2: 1}]}",
            r"particles: facets: a decahedron has the families \[1, 1, 1\] and \[1, 0, 0\]",
        ),
        ("first: particle", "first: Input should be 'particles' or 'support'"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_the_key_and_what_would_be_right(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^study.yaml: {sentence}"):
        parsed(text)


@pytest.mark.parametrize("record", [SceneDistribution(), ParticleDistribution(), AmorphousCarbon()])
def test_a_distribution_cannot_be_changed(record: Any) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(record, next(iter(type(record).model_fields)), None)


def test_the_records_are_imported_without_the_heavy_libraries() -> None:
    code = "import sys, passband.structure.distribution as _; print(*{'torch', 'ase', 'scipy'} & set(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == ""
