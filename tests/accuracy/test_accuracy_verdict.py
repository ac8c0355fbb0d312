from dataclasses import replace

from accuracy_samples import known_check

from passband.accuracy.result import Axis, Order, Probe, Together
from passband.accuracy.verdict import COLUMNS, order_words, percent, rows, sentence, sentences, verdict


def test_the_verdict_names_what_is_not_converged_and_what_it_costs() -> None:
    assert verdict(known_check()) == "Not converged to 1 % of the contrast: pixel size 0.2 Å (2 %)."


def test_a_value_that_is_not_converged_comes_with_the_cheapest_that_is_and_its_time() -> None:
    told = sentences(known_check())
    assert told[0] == (
        "Pixel size: 0.2 Å costs 2 % of the contrast; 0.133 Å would cost 0.5 % at 2.5 times the time."
    )
    assert told[-1] == "Field: not probed."


def test_a_converged_value_comes_with_the_next_finer_one() -> None:
    axis = known_check().axes[0]
    coarse, middle, fine = axis.probes
    own = replace(axis, probes=(replace(coarse, is_own=False), replace(middle, is_own=True), fine))
    told = "Pixel size: 0.133 Å costs 0.5 % of the contrast; 0.1 Å would cost 0.1 % at 1.6 times the time."
    assert sentence(own) == told
    assert verdict(replace(known_check(), axes=(own,))).startswith("Converged")


def test_where_nothing_is_fine_enough_it_is_said() -> None:
    axis = known_check().axes[0]
    hopeless = replace(axis, probes=tuple(replace(probe, image_error=0.5) for probe in axis.probes))
    assert sentence(hopeless).endswith("costs 50 % of the contrast; nothing that was probed comes below 1 %.")


def test_all_together_may_be_too_much_where_each_alone_is_not() -> None:
    axis = known_check().axes[0]
    fine = replace(axis, probes=tuple(replace(probe, image_error=0.009) for probe in axis.probes))
    both = replace(
        known_check(), axes=(fine,), together=Together(0.012, 0.01, "0.1 Å pixels and 0.5 Å slices")
    )
    assert not both.is_converged
    assert "pixels and slices together (1.2 %)" in verdict(both)


def phonons(own: int) -> Axis:
    values = ((0, 0.05), (1, 0.2), (4, 0.1), (16, 0.05))
    probes = tuple(Probe(n, error, None, float(max(n, 1)), n == own) for n, error in values)
    return Axis("frozen_phonons", probes, "the mean of 16")


def test_debye_waller_factors_and_configurations_are_weighed_against_each_other() -> None:
    # one configuration deviates by 20 %: 16 of them have a standard error of 5 %
    assert sentence(phonons(0)).endswith(
        "by 5 % of the contrast; 16 configurations would be needed for a standard error as small."
    )
    assert sentence(phonons(4)) == (
        "Frozen phonons: 4 leave a standard error of 10 % of the contrast; Debye-Waller factors differ from their mean "
        "by 5 % at 0.25 times the time."
    )


def test_the_table_has_a_row_for_each_probe_and_marks_the_users() -> None:
    table = rows(known_check())
    assert {len(cells) for cells in table} == {len(COLUMNS)}
    assert [cells[1] for cells in table] == ["0.2 Å (yours)", "0.133 Å", "0.1 Å"]
    assert table[1] == ("pixel size", "0.133 Å", "0.5 %", "0.3 %", "2.50", "2.5")


def test_numbers_have_two_digits_and_no_exponent() -> None:
    assert [percent(share) for share in (0.0001234, 0.0056, 0.056, 0.99, 1.234)] == [
        "0.012 %",
        "0.56 %",
        "5.6 %",
        "99 %",
        "123 %",
    ]
    assert "fitted order 1.1 over 0.5 to 4 Å" in order_words(Order(1.12, 0.5, 4.0, 1.0))
