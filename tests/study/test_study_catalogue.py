"""The named studies are what they say: counts, domains, and everything checked that can be known before a run."""

from math import log

import pytest

from passband.imaging.distribution import ImagingDistribution, mean_value, standard_deviation, support
from passband.records import canonical_json
from passband.study.catalogue import CATALOGUE, paper_scale
from passband.study.catalogue.axes import side
from passband.study.catalogue.families import imaging_family, structure_family
from passband.study.catalogue.imaging_domains import PIXELS_NM, drawn_imaging
from passband.study.catalogue.prediction import (
    imaging,
    imaging_appeal,
    imaging_draws,
    imaging_judge,
    imaging_retrial,
    imaging_review,
    imaging_wide,
    particles_judge,
    particles_wide,
)
from passband.study.load import check_study
from passband.study.plan import all_scenes, network_plans, scenes
from passband.study.study import Study


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_study_can_run_and_is_the_same_each_time(name: str) -> None:
    study = CATALOGUE[name]()
    check_study(study, name)
    assert study.name == name
    assert canonical_json(study) == canonical_json(CATALOGUE[name]())
    assert Study.model_validate_json(canonical_json(study)) == study


def test_paper_scale_has_twelve_thousand_networks_of_several_kinds() -> None:
    study = paper_scale()
    plans = network_plans(study)
    assert len(plans) == study.n_networks >= 12_000
    assert len({plan.network_id for plan in plans}) == len({plan.part_id for plan in plans}) == len(plans)
    assert len({plan.card.network.widths for plan in plans}) == 3
    assert len({plan.card.training.learning_rate for plan in plans}) == 2
    for series in study.all_series():
        structures = {study.domains[name].structures for name in series.test_on}
        assert len(series.test_on) >= 11
        assert all(study.structures[name].test >= 32 for name in structures)


def test_the_axes_of_paper_scale_are_the_published_ones_and_more() -> None:
    study = paper_scale()
    names = {series.name for series in study.all_series()}
    assert names >= {"main", "dose", "structure", "mixtures", "breadth", "imaging"}
    doses = {study.domains[name].imaging.dose_e_per_A2 for name in study.series["dose"].train_on}
    assert doses == {30, 75, 150, 300, 600}
    lattices = {each.scenes.crystal for each in structure_family_sets(study)}
    assert len(lattices) == 9
    imaging = study.series["imaging"]
    assert (len(imaging.train_on), len(imaging.test_on)) >= (20, 40)


def structure_family_sets(study: Study) -> list[object]:
    return [study.structures[name] for name in structure_family().scenes]


def numbers(domains: list[ImagingDistribution], name: str) -> list[float]:
    return [mean_value(each.parameters()[name]) for each in domains]


@pytest.mark.parametrize("name", ["imaging", "imaging-judge"])
def test_random_imaging_domains_fill_their_ranges(name: str) -> None:
    domains = [domain.imaging for domain in CATALOGUE[name]().domains.values()]
    own = [each for number, each in enumerate(domains) if number % 4 != 3]  # not a microscope's
    assert len(domains) == {"imaging": 128, "imaging-judge": 72}[name]
    ranges = {"defocus_nm": (-30, 30), "C12_nm": (0, 5), "C21_nm": (0, 600), "convergence_mrad": (0, 0.6)}
    for key, (lo, hi) in ranges.items():
        values = numbers(own, key)
        assert lo <= min(values) < max(values) <= hi
        assert max(values) - min(values) > 0.85 * (hi - lo)
    for key, (lo, hi) in {"focal_spread_nm": (0.3, 4), "dose_e_per_A2": (100, 1600)}.items():
        values = sorted(log(value / lo) / log(hi / lo) for value in numbers(own, key))
        assert values[0] >= 0
        assert values[-1] <= 1
        assert values[-1] - values[0] > 0.8
    corrected = [value for value in numbers(own, "Cs_mm") if abs(value) <= 0.1]
    others = [value for value in numbers(own, "Cs_mm") if abs(value) > 0.1]
    assert min(corrected) < -0.07 < 0.07 < max(corrected)
    assert 0.1 < min(others) < 0.15
    assert 0.45 < max(others) <= 1.2
    assert len(set(numbers(own, "Cs_mm"))) > 40


@pytest.mark.parametrize("name", ["imaging", "imaging-judge"])
def test_training_and_test_domains_have_their_share_of_every_kind(name: str) -> None:
    study = CATALOGUE[name]()
    fresh = tuple(each for each in study.test_on if each not in study.train_on)
    for names in filter(None, (study.train_on, fresh)):
        domains = [study.domains[each].imaging for each in names]
        broad = [each for each in domains if standard_deviation(each.defocus_nm) > 2]
        assert len(broad) == len(domains) // 4
        assert all(
            support(each.dose_e_per_A2 or 0)[0] < mean_value(each.dose_e_per_A2 or 0) for each in broad
        )
        assert sum(each.C21_nm == each.C12_nm == 0 for each in domains) == len(domains) // 4
        assert 0.25 < sum(each.pixel_nm is None for each in domains) / len(domains) < 0.75
        assert len({each.pixel_nm for each in domains}) >= 4
    assert {each.imaging.pixel_nm for each in study.domains.values()} == {None, *PIXELS_NM}


def test_a_draw_that_does_not_fit_the_field_is_drawn_anew() -> None:
    redraws = {seed: sum(drawn_imaging(seed, number).redraws for number in range(64)) for seed in (0, 1)}
    assert redraws == {0: 5, 1: 3}


def test_growing_a_family_of_imaging_domains_keeps_them() -> None:
    few, many = imaging_family(20, 20), imaging_family(20, 44)
    assert list(few.domains.items()) == list(many.domains.items())[: len(few.domains)]
    assert few.test_on[: len(few.train_on)] == few.train_on
    other = imaging_family(20, 20, seed=5)
    assert not {canonical_json(d) for d in few.domains.values()} & {
        canonical_json(d) for d in other.domains.values()
    }


def test_nothing_that_is_judged_on_was_chosen_on() -> None:
    chosen, taught, judge = imaging(), imaging_wide(), imaging_judge()
    assert (len(chosen.train_on), len(chosen.test_on), chosen.n_networks) == (128, 128, 128)
    assert (len(taught.train_on), len(taught.pairs), taught.n_networks) == (480, 480 * 10, 480)
    assert (len(judge.train_on), len(judge.test_on), judge.n_networks) == (24, 72, 72)
    assert len(taught.learning_rates) == len(judge.learning_rates) == 1
    studies = (chosen, taught, judge)
    for key in ("scene_id", "seed", "library"):
        first, second, fresh = ({getattr(scene, key) for scene in all_scenes(each)} for each in studies)
        assert not fresh & (first | second), f"the judge shares a {key}"
    first, second, fresh = (
        {canonical_json(domain.imaging) for domain in each.domains.values()} for each in studies
    )
    assert [len(each) for each in (first, second, fresh)] == [128, 480, 72]
    assert not fresh & (first | second)
    for seed, sizes in ((1, (16, 48)), (2, (24, 48))):
        former = {canonical_json(each.imaging) for each in imaging_family(*sizes, seed=seed).domains.values()}
        assert not former & fresh, "these have judged before"
    networks = [{plan.network_id for plan in network_plans(each)} for each in studies]
    assert not networks[2] & (networks[0] | networks[1])


def test_the_two_orders_of_particles_and_support_have_the_same_scenes_and_conditions() -> None:
    study = side()
    assert (len(study.train_on), len(study.test_on), study.n_networks) == (22, 22, 44)
    first, second = (study.structures[f"CdSe, {each} first"] for each in ("particles", "support"))
    assert first.scenes.first == "particles"
    assert second.scenes.first == "support"
    assert first == second.model_copy(update={"scenes": first.scenes})
    seeds = [[scene.seed for scene in scenes(study, name, "training")] for name in study.structures]
    assert seeds[0] == seeds[1]
    waves = [{scene.scene_id for scene in scenes(study, name, "training")} for name in study.structures]
    assert not waves[0] & waves[1]


@pytest.mark.parametrize(
    "name", ["dose", "structure", "thickness", "mixtures", "breadth", "side", "imaging", "imaging-judge"]
)
def test_every_training_domain_of_a_study_has_as_many_images(name: str) -> None:
    study = CATALOGUE[name]()
    images = {
        (study.set_of(domain).training, series.training.images_per_structure, series.training.steps)
        for series in study.all_series()
        for domain in series.train_on
    }
    assert len(images) == 1


def test_every_lattice_comes_in_two_sizes() -> None:
    scenes = structure_family().scenes.values()
    pairs = {(each.crystal, each.particles.diameter_nm) for each in scenes}
    assert len(scenes) == len(pairs) == 18
    assert len({size for _, size in pairs}) == 2


def test_particles_and_imaging_vary_in_every_block_and_the_judge_has_lattices_of_its_own() -> None:
    taught, judge = particles_wide(), particles_judge()
    (own,) = taught.all_series()
    for first in range(0, 480, 10):
        tests = own.tests_of(own.train_on[first])
        assert len(tests) == 10
        assert len({taught.domains[name].structures for name in tests}) >= 4
        assert len({taught.domains[name].imaging for name in tests}) == 10
    lattices = [{each.scenes.crystal for each in study.structures.values()} for study in (taught, judge)]
    assert len(lattices[0]) == 9
    assert {"MgO", "PbS", "CeO2", "W"} == lattices[1] - lattices[0]
    trained = {judge.set_of(name).scenes.crystal for name in judge.train_on}
    assert {"MgO", "PbS", "CeO2", "W"} < trained
    assert judge.n_networks == 144


def test_no_scene_and_no_imaging_of_the_judges_is_in_a_study_that_models_are_fitted_on() -> None:
    def scene_ids(study: Study) -> set[str]:
        return {scene.scene_id for scene in all_scenes(study)}

    def drawn(study: Study) -> set[str]:
        return {canonical_json(each.imaging) for each in study.domains.values()}

    for judge in (imaging_judge(), particles_judge(), imaging_retrial(), imaging_appeal(), imaging_review()):
        for taught in (imaging(), imaging_wide(), particles_wide(), imaging_draws()):
            assert not scene_ids(judge) & scene_ids(taught)
            assert not drawn(judge) & drawn(taught)


def test_a_draw_of_structures_shares_no_scene_with_another_and_serves_whole_blocks() -> None:
    study = imaging_draws()
    found = list(all_scenes(study))
    assert len({scene.scene_id for scene in found}) == len(found) == 8 * (72 + 16 + 24)
    assert len({scene.library for scene in found}) == 8 * 3
    assert len({canonical_json(each.scenes) for each in study.structures.values()}) == 1
    (own,) = study.all_series()
    draws = [{study.domains[name].structures for name in own.tests_of(each)} for each in own.train_on]
    assert {len(each) for each in draws} == {1}
    assert len(draws) == 480
    assert {name: sum(name in each for each in draws) for name in study.structures} == dict.fromkeys(
        study.structures, 60
    )
