"""Domains on an axis: numbers where one setting tells them apart, names side by side otherwise."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.report.axis import DomainAxis, domain_axis

VALUES = st.lists(st.floats(0.1, 1e3), min_size=2, max_size=8, unique=True)


def domains(column: str, values: list[float], structures: str | list[str] = "CdSe") -> pd.DataFrame:
    table = pd.DataFrame({"domain_id": [f"d{i}" for i in range(len(values))], "structures": structures})
    return table.assign(defocus_nm=0.0, Cs_mm=0.0, dose_e_per_A2=400.0, is_training=True).assign(
        **{column: values}
    )


@given(VALUES)
def test_domains_that_differ_in_one_setting_stand_at_its_values_in_rising_order(values: list[float]) -> None:
    axis = domain_axis(domains("defocus_nm", values))
    assert [axis.places[name] for name in axis.order] == sorted(values)
    assert axis.label == "mean defocus [nm]"


@given(VALUES)
def test_going_back_undoes_a_shift_and_its_size_has_no_direction(values: list[float]) -> None:
    axis = domain_axis(domains("defocus_nm", values))
    assert axis.shift("d0", "d1") == -axis.shift("d1", "d0")
    assert axis.distance("d0", "d1") == axis.distance("d1", "d0") > 0


@given(VALUES)
def test_doses_shift_by_ratios_whose_size_is_at_least_one(values: list[float]) -> None:
    axis = domain_axis(domains("dose_e_per_A2", values))
    assert axis.shift("d0", "d1") * axis.shift("d1", "d0") == pytest.approx(1)
    assert axis.distance("d0", "d1") == pytest.approx(axis.distance("d1", "d0"))
    assert axis.distance("d0", "d1") >= 1


@pytest.mark.parametrize(
    "table",
    [
        domains("defocus_nm", [0.0, 5.0]).assign(Cs_mm=[0.0, 1.2]),
        domains("defocus_nm", [0.0, 5.0], structures=["CdSe", "Au"]),
        domains("defocus_nm", [5.0, 5.0]),
        domains("defocus_nm", [0.0, 5.0, 5.0]),
        domains("dose_e_per_A2", [400.0, math.inf]),
    ],
    ids=["two settings", "structures", "no setting", "one value twice", "no shot noise"],
)
def test_domains_that_no_single_number_tells_apart_stand_side_by_side(table: pd.DataFrame) -> None:
    axis = domain_axis(table)
    assert axis.setting is None
    assert list(axis.order) == list(table["domain_id"])
    assert math.isnan(axis.distance("d0", "d1"))


def test_a_setting_without_a_name_of_its_own_is_called_by_its_column() -> None:
    assert domain_axis(domains("C12_nm", [0.0, 3.0])).label == "C12 [nm]"


@given(st.lists(st.sampled_from(["a", "b", "c", "later", "unknown"])))
def test_ordering_gives_each_domain_once_and_unknown_ones_last(names: list[str]) -> None:
    axis = DomainAxis({"c": 0.0, "a": 1.0, "b": 2.0}, None)
    ordered = axis.ordered(names)
    assert sorted(ordered) == sorted(set(names))
    assert [name for name in ordered if name in axis.places] == [name for name in "cab" if name in names]
    assert all(name not in axis.places for name in ordered[len(set(names) & set(axis.places)) :])


def test_names_too_long_for_a_figure_become_numbers_that_tell_them_apart() -> None:
    names = [f"Cs 1.2 mm, defocus {each} nm, 400 e/Å²" for each in (-60, 0, 60)]
    axis = domain_axis(domains("defocus_nm", [0.0, 5.0, 5.0]).assign(domain_id=names))
    assert [axis.tick(name) for name in names] == ["#1", "#2", "#3"]
    assert not domain_axis(domains("defocus_nm", [0.0, 5.0, 5.0])).is_keyed


@pytest.mark.parametrize(
    ("column", "told"), [("defocus_nm", "7.5 nm"), ("dose_e_per_A2", "7.5×")], ids=["difference", "ratio"]
)
def test_a_distance_is_told_with_its_unit(column: str, told: str) -> None:
    assert domain_axis(domains(column, [1.0, 8.5])).in_words(7.5) == told
