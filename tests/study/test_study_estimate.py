import pytest
from study_samples import tiny_study

from passband.study.catalogue import demo, published_defocus
from passband.study.estimate import estimate


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
