"""The named studies are what they say: counts, domains, and everything checked that can be known before a run."""

import pytest

from passband.imaging.distribution import mean_value
from passband.records import canonical_json
from passband.study.catalogue import CATALOGUE, paper_scale
from passband.study.catalogue.families import imaging_family, structure_family
from passband.study.load import check_study
from passband.study.plan import network_plans
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


def test_random_imaging_domains_fill_their_ranges_and_differ_in_every_setting() -> None:
    domains = [domain.imaging for domain in imaging_family().domains.values()]
    ranges = {
        "defocus_nm": (-30, 30),
        "Cs_mm": (-0.1, 0.1),
        "focal_spread_nm": (0.3, 4),
        "dose_e_per_A2": (100, 1600),
        "C12_nm": (0, 5),
        "C21_nm": (0, 600),
    }
    for name, (lo, hi) in ranges.items():
        values = [mean_value(getattr(each, name)) for each in domains]
        assert lo <= min(values) < max(values) <= hi
        assert max(values) - min(values) > 0.7 * (hi - lo), (
            "40 draws leave less than a third of a range empty"
        )
    fresh, grown = imaging_family(), imaging_family(fresh=40)
    assert list(fresh.domains.items()) == list(grown.domains.items())[: len(fresh.domains)]
