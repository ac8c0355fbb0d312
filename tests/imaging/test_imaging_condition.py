import pytest
import torch

from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import symmetric_condition, with_aberrations


def test_the_table_holds_every_krivanek_aberration_up_to_fifth_order() -> None:
    # n + m is odd and m <= n + 1; in the order of n, then m
    expected = [(f"C{n}{m}", n, m) for n in range(1, 6) for m in range(0, n + 2) if (n + m) % 2 == 1]
    assert [(a.symbol, a.order, a.symmetry) for a in ABERRATIONS] == expected
    assert len(ABERRATIONS) == 14


def test_arguments_broadcast_to_one_batch() -> None:
    batch = symmetric_condition(300e3, torch.zeros(3, 1), torch.ones(4), focal_spread_A=10.0)
    assert batch.batch_shape == (3, 4)
    assert batch.focal_spread_A.shape == (3, 4)
    assert batch.dose_e_per_A2.isinf().all()


def test_indexing_speaks_of_the_batch_only() -> None:
    batch = symmetric_condition(300e3, torch.arange(12.0).reshape(3, 4))
    assert batch[1].batch_shape == (4,)
    assert batch[1, 2].batch_shape == ()
    assert float(batch[1, 2].C10_A) == 6
    assert batch[..., 0].C10_A.tolist() == [0, 4, 8]
    assert batch[None].batch_shape == (1, 3, 4)
    assert batch[batch.C10_A > 9].C10_A.tolist() == [10, 11]
    assert batch.flattened().C10_A.tolist() == list(range(12))


def test_a_single_condition_has_nothing_to_index() -> None:
    with pytest.raises(IndexError, match="single condition"):
        symmetric_condition(300e3, 0.0)[0]


def test_refocusing_adds_to_C10_and_leaves_the_original_alone() -> None:
    one = symmetric_condition(300e3, -100.0, 1e7)
    moved = one.refocused(torch.tensor([10.0, 20.0]))
    assert moved.C10_A.tolist() == [-90, -80]
    assert float(one.C10_A) == -100
    assert moved.coefficient_A("C30").tolist() == [1e7, 1e7]
    assert moved.defocus_A.tolist() == [90, 80]


def test_aberrations_are_set_by_symbol_and_an_unknown_one_is_a_mistake() -> None:
    one = with_aberrations(symmetric_condition(300e3, 5.0), {"C12": 30.0}, {"C12": 0.5})
    assert float(one.coefficient_A("C12")) == 30
    assert float(one.C10_A) == 5
    with pytest.raises(KeyError):
        with_aberrations(one, {"C11": 1.0})


def test_moving_to_a_device_keeps_the_values() -> None:
    one = symmetric_condition(300e3, torch.tensor([1.0, 2.0]))
    assert torch.equal(one.to("cpu").coefficients_A, one.coefficients_A)
