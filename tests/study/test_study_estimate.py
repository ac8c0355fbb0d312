import pytest
from prediction_samples import wide_study
from study_samples import tiny_study

from passband.study.catalogue import demo, published_defocus
from passband.study.estimate import estimate
from passband.study.estimate_tables import FEATURES, PAIR_S, STATISTICS_S, ImageRates, table_cost


def test_counts_of_the_published_series_follow_from_its_numbers() -> None:
    # 5 domains x 2 learning rates x 3 starts; 512 images x 8 orientations x 10 epochs each
    study = published_defocus().model_copy(update={"network": demo().network})
    found = estimate(study, workers=1)
    assert found.networks == 30
    assert found.images_seen == 30 * 512 * 8 * 10
    assert found.scenes == 512 + 64 + 64


def test_more_workers_take_less_time_and_more_networks_more() -> None:
    few, many = tiny_study(random_starts=1), tiny_study(random_starts=400)
    assert estimate(few, 1).seconds < estimate(many, 1).seconds
    assert estimate(many, 4).seconds < estimate(many, 1).seconds
    assert estimate(few, 1).images_seen * 400 == estimate(many, 1).images_seen


def test_steps_given_as_steps_count_as_they_are() -> None:
    assert estimate(tiny_study(random_starts=1, steps=7), 1).images_seen == pytest.approx(2 * 7 * 2)


def test_a_small_study_pays_for_measures_only_and_a_large_one_for_every_pair() -> None:
    rates = {"main": ImageRates(predict_s=0.01, form_s=0.0, times_larger=1.0)}
    small, large = table_cost(tiny_study(), rates, 1), table_cost(wide_study(), rates, 1)
    assert small.measures_s > 0
    assert small.seconds == small.measures_s
    # ten training domains, ten tests; with features two networks on two structures; simulated images, two each of two
    assert large.evidence_s == pytest.approx(
        10 * 10 * ((2 + 2) * FEATURES + 4) * 0.01 + 10 * 10 * 2 * STATISTICS_S
    )
    assert min(large.bands_s, large.analysis_s) > 0
    assert large.measures_s - small.measures_s > (100 - 6) * PAIR_S


def test_only_evidence_is_spread_over_workers_and_images_are_formed_by_each() -> None:
    forming = {"main": ImageRates(predict_s=0.0, form_s=1.0, times_larger=0.0)}
    one, four = (table_cost(wide_study(), forming, workers) for workers in (1, 4))
    assert one.evidence_s == 10 * (2 + 4)  # test and simulated images of each test domain
    assert four.evidence_s == 4 * one.evidence_s
    assert one.alone_s == four.alone_s
    found = estimate(wide_study(), 4)
    shared = found.core_seconds - found.tables.alone_s
    assert found.seconds == pytest.approx(shared / 4 + found.tables.alone_s)
