from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.accuracy.known import Material, converged_size_A, known_error, known_row, measured, warning
from passband.accuracy.known_table import PIXELS_A, ROWS, SLICES_A, Row
from passband.accuracy.result import LIMIT
from passband.study.accuracy import warnings_of
from passband.study.catalogue import CATALOGUE, demo
from passband.study.study import Study

GOLD = Material(79, "Au", "random", 300.0)
FILM = Material(6, "the carbon film", "film", 300.0)


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.material} {row.orientation} {row.energy_kV:g} kV"
)
def test_measured_errors_fall_with_finer_pixels_and_slices(row: Row) -> None:
    assert list(PIXELS_A) == sorted(PIXELS_A, reverse=True)
    assert list(SLICES_A) == sorted(SLICES_A, reverse=True)
    for errors in (row.pixels, row.slices):
        above_rounding = [error for error in errors if error > 2e-4]
        # two terms of opposite sign may meet on the way down: a first and a fourth order of the slices
        assert all(fine < 2 * coarse for coarse, fine in pairwise(above_rounding))
        assert above_rounding[0] > 2 * above_rounding[-1]


def test_a_warning_fires_for_gold_at_03_and_not_for_carbon_at_02() -> None:
    assert warning(GOLD, "pixels", 0.3) is not None
    assert warning(FILM, "pixels", 0.2) is None
    assert warning(FILM, "slices", 2.0) is None


def test_a_warning_says_what_it_costs_and_what_would_do() -> None:
    row = known_row(GOLD)
    assert row is not None
    told = warning(GOLD, "pixels", 0.3)
    finest = converged_size_A(row, "pixels")
    assert told is not None
    assert finest is not None
    assert told.startswith("simulation.sampling_A: pixels of 0.3 Å cost about ")
    assert f"pixels of {finest:.3g} Å stay below 1 %" in told
    assert "\n" not in told


def test_beyond_what_was_measured_nothing_is_promised() -> None:
    row = known_row(GOLD)
    assert row is not None
    assert known_error(row, "pixels", 0.31) == inf
    assert "cost more than" in str(warning(GOLD, "pixels", 0.5))
    assert "nothing is known" in str(warning(Material(92, "U", "random", 300.0), "pixels", 0.1))
    assert "nothing is known" in str(warning(Material(79, "Au", "random", 60.0), "pixels", 0.1))


def test_what_was_not_measured_is_at_least_as_bad_as_everything_up_to_the_next_heavier() -> None:
    platinum = known_row(Material(78, "Pt", "random", 300.0))
    cadmium = known_row(Material(48, "Cd", "random", 300.0))
    assert platinum is not None
    assert cadmium is not None
    for name in ("Si", "Fe3O4", "Ag", "CdSe", "Au"):
        its_own = next(r for r in ROWS if (r.material, r.orientation, r.energy_kV) == (name, "random", 300.0))
        for stand_in in (platinum, cadmium) if name != "Au" else (platinum,):
            assert all(a >= b for a, b in zip(stand_in.pixels, its_own.pixels, strict=True))
            assert all(a >= b for a, b in zip(stand_in.slices, its_own.slices, strict=True))


def test_an_energy_between_counts_as_the_worse_of_its_neighbours() -> None:
    low, between, high = (known_row(Material(79, "Au", "random", kV)) for kV in (80.0, 200.0, 300.0))
    assert low is not None
    assert between is not None
    assert high is not None
    for points in zip(between.pixels, low.pixels, high.pixels, strict=True):
        assert points[0] == max(points[1], points[2])


def test_a_film_heavier_than_carbon_counts_as_crystals() -> None:
    row = known_row(Material(14, "the silicon nitride film", "film", 300.0))
    assert row is not None
    assert row.material == "Si"


@given(st.sampled_from(ROWS), st.sampled_from(["pixels", "slices"]), st.floats(0.05, 8), st.floats(0.05, 8))
def test_errors_between_measured_steps_lie_between_theirs(
    row: Row, step: str, size: float, other: float
) -> None:
    points = measured(row, step)  # type: ignore[arg-type]
    errors = [error for _, error in points]
    found = known_error(row, step, size)  # type: ignore[arg-type]
    assert found == inf or min(errors) * 0.999 <= found <= max(errors) * 1.001
    for size, error in points:
        assert known_error(row, step, size) == pytest.approx(error)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.material} {row.orientation} {row.energy_kV:g} kV"
)
def test_a_size_that_is_called_converged_is(row: Row) -> None:
    for step in ("pixels", "slices"):
        size = converged_size_A(row, step)  # type: ignore[arg-type]
        assert size is None or known_error(row, step, size) <= LIMIT * (1 + 1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(CATALOGUE.keys() - {"particles-judge"}))
def test_studies_of_the_catalogue_draw_no_warning(name: str) -> None:
    assert warnings_of(CATALOGUE[name]()) == ()


def test_the_one_lattice_heavier_than_all_that_was_measured_is_told() -> None:
    """Lead is: a scene of it was checked by itself and costs .16 % at these pixels (docs/decisions/0027)."""
    found = warnings_of(CATALOGUE["particles-judge"]())
    assert len(found) == 2
    assert all("nothing is known of the error for PbS at 300 kV" in each for each in found)


def changed(study: Study, crystal: str, **simulation: float) -> Study:
    """The study with other particles, and other settings of the simulation."""
    each = study.structures["CdSe"]
    particles = each.scenes.particles.model_copy(update={"stacking_faults": (0, 0)})
    scenes = each.scenes.model_copy(update={"crystal": crystal, "particles": particles})
    structures = {"CdSe": each.model_copy(update={"scenes": scenes})}
    simulated = study.simulation.model_copy(update=simulation)
    return study.model_copy(update={"structures": structures, "simulation": simulated})


def test_a_study_with_coarse_pixels_or_slices_is_warned_of_in_one_sentence_each() -> None:
    coarse = warnings_of(changed(demo(), "Ag", sampling_A=0.3, slice_thickness_A=8.0))
    assert [told.split(":")[0] for told in coarse].count("simulation.sampling_A") >= 1
    assert any("Ag at random orientation" in told for told in coarse)
    assert any(told.startswith("simulation.slice_thickness_A") for told in coarse)
    assert len(set(coarse)) == len(coarse)


def test_particles_on_a_zone_axis_are_judged_as_such() -> None:
    study = changed(demo(), "Ag")
    each = study.structures["CdSe"]
    particles = each.scenes.particles.model_copy(update={"zone_axes": ((1, 1, 0),)})
    scenes = each.scenes.model_copy(update={"particles": particles})
    oriented = study.model_copy(update={"structures": {"CdSe": each.model_copy(update={"scenes": scenes})}})
    assert warnings_of(study) == ()
    assert any("on a zone axis" in told for told in warnings_of(oriented))
