from hypothesis import given
from hypothesis import strategies as st
from study_samples import tiny_study

from passband.imaging.distribution import ImagingDistribution
from passband.study.catalogue import CATALOGUE, demo
from passband.study.plan import all_scenes, network_plans, plans_of, scenes
from passband.study.study import StructureSet, Study


def grown(study: Study, **counts: int) -> Study:
    (name, each), *_ = study.structures.items()
    return study.model_copy(update={"structures": {name: each.model_copy(update=counts)}})


@given(st.integers(0, 2**40), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_no_scene_serves_two_purposes(seed: int, training: int, validation: int, test: int) -> None:
    study = grown(tiny_study(seed=seed), training=training, validation=validation, test=test)
    planned = list(all_scenes(study))
    assert (
        len({scene.scene_id for scene in planned}) == len({scene.seed for scene in planned}) == len(planned)
    )
    assert len(planned) == study.n_scenes == training + validation + test


@given(st.integers(3, 9))
def test_growing_a_study_keeps_the_scenes_that_are_there(test: int) -> None:
    small, large = tiny_study(), grown(tiny_study(), test=test)
    for split in ("training", "validation", "test"):
        before, after = scenes(small, "CdSe", split), scenes(large, "CdSe", split)
        assert after[: len(before)] == before


def test_another_simulation_makes_other_waves_and_another_mask_does_not() -> None:
    study = tiny_study()
    finer = study.simulation.model_copy(update={"slice_thickness_A": 1.0})
    ids = {scene.scene_id for scene in all_scenes(study)}
    assert not ids & {scene.scene_id for scene in all_scenes(study.model_copy(update={"simulation": finer}))}
    published = study.mask.model_copy(update={"preset": "published"})
    assert ids == {scene.scene_id for scene in all_scenes(study.model_copy(update={"mask": published}))}


def test_more_starts_keep_the_networks_and_another_test_keeps_them_too() -> None:
    study = tiny_study(random_starts=2)
    networks = {plan.network_id for plan in network_plans(study)}
    assert len(networks) == study.n_networks == 4
    assert networks < {plan.network_id for plan in network_plans(tiny_study(random_starts=3))}
    fewer = study.model_copy(update={"test_on": ("-8 nm", "+8 nm")})
    assert networks == {plan.network_id for plan in network_plans(fewer)}
    assert not {plan.part_id for plan in network_plans(study)} & {
        plan.part_id for plan in network_plans(fewer)
    }


def test_whatever_decides_the_weights_decides_the_id() -> None:
    study = tiny_study()
    ids = {plan.network_id for plan in network_plans(study)}
    other_imaging = ImagingDistribution(defocus_nm=-8.0, dose_e_per_A2=100.0)
    domains = study.domains | {"-8 nm": study.domains["-8 nm"].model_copy(update={"imaging": other_imaging})}
    for update in (
        {"seed": 4},
        {"mask": study.mask.model_copy(update={"preset": "published"})},
        {"training": study.training.model_copy(update={"steps": 5})},
        {"learning_rates": (2e-2,)},
        {"domains": domains},
    ):
        changed = {plan.network_id for plan in network_plans(study.model_copy(update=update))}
        assert changed != ids, update


def test_the_catalogue_is_what_it_says() -> None:
    assert demo().n_networks == 20
    assert len(demo().test_on) == 11
    assert demo().structures["CdSe"].test >= 16
    published = CATALOGUE["published-defocus"]()
    assert (published.network.input_sampling_A, published.simulation.frozen_phonons) == (0.2, 8)
    assert published.training.batches.noise == "fixed"
    assert isinstance(published.structures["CdSe"], StructureSet)
    assert published.structures["CdSe"].training == 512


def test_twelve_thousand_networks_have_twelve_thousand_ids() -> None:
    plans = network_plans(demo().model_copy(update={"random_starts": 2400}))
    assert len({plan.network_id for plan in plans}) == len({plan.part_id for plan in plans}) == 12_000


def test_the_id_of_a_network_is_that_of_its_card() -> None:
    """Ids are made from one dump of a domain's first card, for speed."""
    study = tiny_study(random_starts=3)
    study = study.model_copy(update={"learning_rates": (1e-2, 3e-3)})
    plans = network_plans(study)
    assert len(plans) == 12
    assert all(plan.network_id == plan.card.network_id for plan in plans)
    assert plans_of(study, [plans[7].member]) == (plans[7],)


@given(st.integers(0, 2**40))
def test_no_library_of_supports_serves_two_splits(seed: int) -> None:
    study = tiny_study(seed=seed)
    libraries = {scene.split: scene.library for scene in all_scenes(study)}
    assert len(set(libraries.values())) == 3


def test_the_library_is_part_of_a_scene_that_is_cut_from_blocks() -> None:
    study = tiny_study()
    each = study.structures["CdSe"]
    support = each.scenes.support.model_copy(update={"blocks": 4})
    cut = each.model_copy(update={"scenes": each.scenes.model_copy(update={"support": support})})
    blocks = study.model_copy(update={"structures": {"CdSe": cut}})
    before, after = list(all_scenes(study)), list(all_scenes(blocks))
    assert [scene.seed for scene in before] == [scene.seed for scene in after]
    assert not {scene.scene_id for scene in before} & {scene.scene_id for scene in after}
