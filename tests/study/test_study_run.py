"""The whole chain on a study of seconds: run, resume, damage, reproduce."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import torch
from study_samples import tiny_study

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.records import canonical_json
from passband.report.publish import MEASURES, publish, report_data, table_digest
from passband.storage.packs import packs, small_parts
from passband.storage.run_folder import RunFolder
from passband.storage.tables import load_table, read_parts
from passband.storage.weights import load_network
from passband.study import accounts, pictures, tasks
from passband.study.plan import Member, plans_of
from passband.study.run import RunOptions, run_study
from passband.study.status import status_lines
from passband.study.study import MAIN, Series
from passband.training.loop import Diverged
from passband.training.loop import Member as TrainingMember

INLINE = ExecutorSpec(name="inline")


def forget_pools() -> None:
    pictures.forget()


def digest(root: Path) -> str:
    return table_digest(read_parts(RunFolder(root).scores, ("network_id", "test_id", "structure_id")))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs") / "tiny"
    run_study(tiny_study(), root, INLINE)
    publish(root)
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    forget_pools()
    root = tmp_path / "tiny"
    shutil.copytree(finished, root)
    return root


def test_every_network_is_scored_on_every_test_domain_and_unseen_structure(finished: Path) -> None:
    scores = read_parts(RunFolder(finished).scores, ("network_id", "test_id", "structure_id"))
    assert len(scores) == 4 * 3 * 2
    assert set(scores["train_id"]) == {"-8 nm", "+8 nm"}
    assert scores.groupby("network_id")["test_id"].nunique().eq(3).all()
    assert scores[["dice", "pixel_error", "mask_fraction"]].ge(0).all(axis=None)
    assert scores["mask_fraction"].between(0.01, 0.9).all()
    trained_on = load_network(RunFolder(finished).network(scores["network_id"].iloc[0])).card["card"]
    seen = {*trained_on["training_waves"], *trained_on["validation_waves"]}
    assert not seen & set(scores["structure_id"])


def test_masks_do_not_depend_on_the_imaging_condition(finished: Path) -> None:
    scores = read_parts(RunFolder(finished).scores, ("network_id", "test_id", "structure_id"))
    assert scores.groupby("structure_id")["mask_fraction"].nunique().eq(1).all()


def test_the_table_of_measures_holds_every_pair(finished: Path) -> None:
    table = load_table(RunFolder(finished).information)
    assert len(table) == 2 * 3
    assert set(MEASURES) <= set(table.columns)
    own = table[table["train_id"] == table["test_id"]]
    assert own["sigma"].to_numpy() == pytest.approx(1.0)
    assert own["power_spectrum_distance"].eq(0).all()


def test_the_report_holds_everything_in_one_file(finished: Path) -> None:
    page = (finished / "report" / "index.html").read_text(encoding="utf-8")
    for words in ("simulation only", "Provenance", "G<sub>OOD</sub>", "4 of 4", "-8 nm"):
        assert words in page, words
    assert "http://" not in page.replace("http://www.w3.org", "")
    drawn = {path.name for path in (finished / "report" / "figures").iterdir()}
    assert {"hero.png", "hero.svg"} <= drawn
    assert {Path(name).stem for name in drawn if name.endswith(".svg")} == {
        Path(name).stem for name in drawn if name.endswith(".png")
    }


def test_a_finished_run_starts_no_task(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passband.study.run.open_executor", lambda *_: pytest.fail("a worker was started"))
    before = digest(finished)
    outcome = run_study(tiny_study(), finished, INLINE)
    assert (outcome.networks, outcome.failed) == (4, 0)
    assert digest(finished) == before


def test_a_network_is_reproducible_from_its_card(copied: Path) -> None:
    study, folder = tiny_study(), RunFolder(copied)
    member = Member(MAIN, "+8 nm", 1e-2, 1)
    (plan,) = plans_of(study, [member])
    before = load_network(folder.network(plan.network_id)).state
    for suffix in (".json", ".safetensors"):
        folder.network(plan.network_id).with_suffix(suffix).unlink()
    tasks.train_and_score(str(copied), canonical_json(study), (member,))
    after = load_network(folder.network(plan.network_id)).state
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("table", ["waves.zarr", "scores.parquet", "networks.parquet"])
def test_what_is_damaged_is_set_aside_and_made_again_the_same(copied: Path, table: str) -> None:
    before = digest(copied)
    chunks = [path for path in (copied / table).rglob("*") if path.is_file()]
    victim = max(chunks, key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    if table == "waves.zarr":  # waves are looked at when there is something to train on them
        next((copied / "scores.parquet").iterdir()).unlink()
    run_study(tiny_study(), copied, INLINE)
    assert digest(copied) == before
    assert any((copied / "damaged").rglob("*"))


def test_an_interrupted_study_ends_in_the_same_table(copied: Path, tmp_path: Path) -> None:
    before = digest(copied)
    shutil.rmtree(copied / "scores.parquet")
    (copied / "ledger.sqlite").unlink()
    run_study(tiny_study(), copied, INLINE)
    assert digest(copied) == before


def test_a_larger_study_in_the_same_folder_keeps_what_is_there(copied: Path) -> None:
    study = tiny_study(random_starts=3)
    cards = {path: path.stat().st_mtime_ns for path in (copied / "networks").iterdir()}
    assert run_study(study, copied, INLINE).networks == 6
    assert all(path.stat().st_mtime_ns == changed for path, changed in cards.items())
    assert publish(copied).exists()


def test_every_series_has_a_page_of_its_own_networks_and_domains(copied: Path) -> None:
    second = Series(train_on=("+8 nm",), test_on=("+8 nm", "+4 nm"), learning_rates=(5e-3,), random_starts=1)
    third = second.model_copy(update={"train_on": ("dim",), "test_on": ("dim",)})
    tiny = tiny_study()
    dim = tiny.domains["+8 nm"].imaging.model_copy(update={"dose_e_per_A2": 100.0})
    domains = tiny.domains | {"dim": tiny.domains["+8 nm"].model_copy(update={"imaging": dim})}
    study = tiny.model_copy(update={"domains": domains, "series": {"second": second, "third": third}})
    run_study(study, copied, INLINE)
    page = publish(copied).read_text(encoding="utf-8")
    own = (copied / "report" / "second" / "index.html").read_text(encoding="utf-8")
    assert "4 of 4" in page
    assert "1 of 1" in own
    assert 'href="second/index.html"' in page
    assert 'href="../index.html"' in own
    data = report_data(study, RunFolder(copied), "second")
    assert set(data.scores["test_id"]) == set(data.domains["domain_id"]) == {"+8 nm", "+4 nm"}
    assert set(data.information["train_id"]) == {"+8 nm"}
    assert (
        report_data(study, RunFolder(copied), "third").coherence is None
    )  # only the study's own domains have it
    assert (copied / "report" / "third" / "index.html").exists()


def test_a_diverging_network_is_recorded_with_its_reason_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tasks.train_networks

    def diverging(members: Iterable[TrainingMember], device: str) -> Iterator[object]:
        for member in members:
            if member.seed == 1:
                yield Diverged(member.key, "the loss was not finite at step 2")
            else:
                yield from real([member], device)

    monkeypatch.setattr(tasks, "train_networks", diverging)
    study = tiny_study(name="diverging", seed=11)
    outcome = run_study(study, tmp_path / "run", INLINE)
    assert (outcome.networks, outcome.failed) == (2, 2)
    again = run_study(study, tmp_path / "run", INLINE)
    assert (again.networks, again.failed, again.changed) == (2, 2, False), "answers at once"
    monkeypatch.setattr(tasks, "train_networks", real)
    assert any("not finite" in line for line in status_lines(tmp_path / "run"))
    assert "not finite" in publish(tmp_path / "run").read_text(encoding="utf-8")
    retried = run_study(study, tmp_path / "run", INLINE, RunOptions(retry_failed=True))
    assert (retried.networks, retried.failed) == (4, 0)


def test_scenes_that_cannot_be_made_stop_the_study_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(*_: object) -> None:
        raise UserError("there is no such atom")

    monkeypatch.setattr(tasks, "draw_scene", impossible)
    with pytest.raises(UserError, match="there is no such atom"):
        run_study(tiny_study(seed=12), tmp_path / "run", INLINE)


def test_a_card_is_plain_data_that_names_its_waves(finished: Path) -> None:
    path = next(iter(sorted((finished / "networks").glob("*.json"))))
    told = json.loads(path.read_text(encoding="utf-8"))
    waves = {scene.name for scene in (finished / "waves.zarr").iterdir()}
    assert set(told["card"]["training_waves"]) <= waves


def test_tables_are_packed_as_they_grow_and_a_damaged_pack_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PACK_PARTS", 2)
    study, root = tiny_study(random_starts=3), tmp_path / "run"
    run_study(study, root, INLINE)
    before, folder = digest(root), RunFolder(root)
    assert [len(packs(table)) for table in (folder.scores, folder.summary, folder.networks_table)] == [
        3,
        3,
        3,
    ]
    assert small_parts(folder.scores) == small_parts(folder.networks_table) == []
    victim = packs(folder.scores)[1]
    data = bytearray(victim.read_bytes())
    data[len(data) // 3] ^= 1
    victim.write_bytes(bytes(data))
    monkeypatch.setattr(tasks, "train_networks", lambda *_: pytest.fail("weights are there"))
    assert run_study(study, root, INLINE).networks == 6
    assert digest(root) == before
    assert len(list((root / "damaged").rglob("pack-*.parquet"))) == 1


def test_what_was_killed_before_it_was_recorded_is_found(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "train_and_score", lambda *_: pytest.fail("a task was run"))
    (copied / "ledger.sqlite").unlink()
    outcome = run_study(tiny_study(), copied, INLINE)
    assert (outcome.networks, outcome.failed) == (4, 0)
