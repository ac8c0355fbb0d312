"""Studies in blocks: many domains, of which a network is tested on those of its own block."""

from pathlib import Path

import pandas as pd
import pytest
from prediction_samples import made_up_run, wide_study
from study_samples import tiny_study

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.records import canonical_json, content_id
from passband.report.publish import publish
from passband.storage.run_folder import RunFolder
from passband.storage.tables import load_table, read_parts
from passband.study import pictures
from passband.study.examples import shown_domains
from passband.study.load import load_study, study_yaml
from passband.study.plan import network_plans
from passband.study.prediction import verdicts
from passband.study.results import open_results
from passband.study.run import run_study
from passband.study.study import FullSeries, Study


def in_blocks(study: Study, blocks: int = 2) -> Study:
    """Every domain for training and for tests, in so many blocks."""
    names = tuple(study.domains)
    changed = study.model_copy(update={"train_on": names, "test_on": names, "blocks": blocks})
    return Study.model_validate(changed.model_dump())


def four_domains(blocks: int = 2) -> Study:
    """Two defoci, each at two doses."""
    study = tiny_study(random_starts=1)
    domains = {
        f"{name}, {dose} e/Å²": domain.model_copy(
            update={"imaging": domain.imaging.model_copy(update={"dose_e_per_A2": float(dose)})}
        )
        for name, domain in study.domains.items()
        for dose in (200, 400)
        if name != "+4 nm"
    }
    return in_blocks(study.model_copy(update={"domains": domains}), blocks)


def own(study: Study) -> FullSeries:
    return study.all_series()[0]


def test_a_network_is_tested_on_the_domains_of_its_own_block() -> None:
    study = in_blocks(wide_study(), 5)
    names = study.test_on
    assert len(study.pairs) == 5 * 2 * 2
    for place, name in enumerate(names):
        first = place // 2 * 2
        assert own(study).tests_of(name) == names[first : first + 2]
    whole = in_blocks(wide_study(), 1)
    assert all(own(whole).tests_of(name) == names for name in names)
    assert len(whole.pairs) == 10 * 10


def test_examples_are_of_the_block_or_of_all_blocks_where_it_has_too_few() -> None:
    names = wide_study().test_on
    assert shown_domains(in_blocks(wide_study(), 2), names[0]) == names[:5]
    assert shown_domains(in_blocks(wide_study(), 5), names[0]) == names


def test_what_does_not_divide_or_parts_a_domain_from_its_own_tests_is_refused(tmp_path: Path) -> None:
    study = in_blocks(wide_study(), 5)
    for text, words in (
        (study_yaml(study).replace("blocks: 5", "blocks: 3"), "divide the 10 training and the 10 test"),
        (study_yaml(study.model_copy(update={"train_on": study.train_on[::-1]})), "in the same block"),
        (study_yaml(study).replace("blocks: 5", "blocks: 0"), "greater than or equal to 1"),
    ):
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=words):
            load_study(str(path))


def test_a_study_without_blocks_is_what_it_was_before_there_were_any() -> None:
    study = wide_study()
    assert '"blocks":1' not in canonical_json(study)
    assert '"scenes":24' not in canonical_json(study.measures)
    assert content_id(in_blocks(study, 5)) != content_id(in_blocks(study, 1))
    path_free = Study.model_validate_json(canonical_json(in_blocks(study, 5)))
    assert path_free.blocks == 5


def test_scores_of_a_block_are_those_of_a_study_of_that_block_alone() -> None:
    study = in_blocks(wide_study(starts=1), 5)
    for train in study.train_on:
        tests = own(study).tests_of(train)
        alone = study.model_copy(update={"train_on": (train,), "test_on": tests, "blocks": 1})
        parts = {plan.part_id for plan in network_plans(study) if plan.domain == train}
        assert parts == {plan.part_id for plan in network_plans(alone)}


def test_a_run_in_blocks_scores_and_measures_their_pairs_alone(tmp_path: Path) -> None:
    pictures.forget()
    tables = {}
    for blocks in (2, 1):
        study = four_domains(blocks)
        folder = RunFolder(tmp_path / str(blocks))
        run_study(study, folder.root, ExecutorSpec(name="inline"))
        assert publish(folder.root)
        plans = network_plans(study)
        scores = read_parts(folder.scores, ("train_id", "test_id"), [plan.part_id for plan in plans])
        tables[blocks] = [
            each.sort_values(["train_id", "test_id"], kind="stable").reset_index(drop=True)
            for each in (scores, load_table(folder.measures))
        ]
        for each in tables[blocks]:
            assert set(zip(each["train_id"], each["test_id"], strict=True)) == set(study.pairs)
    for few, every in zip(tables[2], tables[1], strict=True):
        pairs = few[["train_id", "test_id"]].drop_duplicates()
        numbers = [name for name in few.select_dtypes("number") if "distance" not in name]
        matching = every.merge(pairs, on=["train_id", "test_id"])
        pd.testing.assert_frame_equal(few[numbers], matching[numbers])


def test_models_of_a_study_in_blocks_are_judged_elsewhere_and_nothing_is_judged_within(
    tmp_path: Path,
) -> None:
    taught = made_up_run(tmp_path / "taught", in_blocks(wide_study("taught", starts=1, domains=40), 4)).root
    within = verdicts(open_results(taught))[0]
    assert not within.analyses
    assert all("4 blocks" in why and "--fitted-on" in why for why in within.refusals.values())
    assert within.limits.refusals
    judge = made_up_run(tmp_path / "judge", wide_study("judge", first_nm=-9, seed=4)).root
    found = verdicts(open_results(judge), [open_results(taught)])[0].analyses["physics"]
    ours = found.score(found.primary)
    assert ours.mae < found.score("median").mae
    assert 0 < (found.interval[0] or 0) < 1
