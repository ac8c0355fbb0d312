"""A study in parts, merged, is the study undivided; what would be wrong is refused before anything is written."""

import shutil
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal
from study_samples import tiny_study

from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.report.publish import publish
from passband.storage.documents import load_json
from passband.storage.ledger import Ledger
from passband.storage.results_folder import ResultsFolder
from passband.storage.run_folder import RunFolder
from passband.storage.summary import pack_scores
from passband.storage.tables import part_keys, read_parts
from passband.storage.weights import load_network
from passband.study.export_results import export_results
from passband.study.merge import merge_runs
from passband.study.results import open_results, published_networks
from passband.study.run import RunOptions, parsed_part, run_study

INLINE = ExecutorSpec(name="inline")
STUDY = tiny_study(random_starts=3)
SORTED = ("network_id", "test_id", "structure_id")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study in two parts ('one', 'two'), and undivided ('whole')."""
    root = tmp_path_factory.mktemp("runs")
    run_study(STUDY, root / "one", INLINE, RunOptions(part=(1, 2)))
    shutil.copytree(root / "one" / "waves.zarr", root / "waves")
    for name, part in (("two", (2, 2)), ("whole", None)):
        RunFolder.create(root / name)
        shutil.copytree(root / "waves", root / name / "waves.zarr")
        run_study(STUDY, root / name, INLINE, RunOptions(part=part))
    return root


def test_each_part_trains_its_own_networks_only(runs: Path) -> None:
    parts = [part_keys(RunFolder(runs / name).networks_table) for name in ("one", "two")]
    assert all(parts), "with these ids no part is empty"
    assert sorted(parts[0] + parts[1]) == part_keys(RunFolder(runs / "whole").networks_table)
    assert not (runs / "one" / "information.parquet").exists(), "what needs all networks waits for the merge"


def test_merged_parts_are_the_study_undivided_bit_for_bit(runs: Path, tmp_path: Path) -> None:
    two = tmp_path / "two"
    shutil.copytree(runs / "two", two)
    pack_scores(RunFolder(two), part_keys(RunFolder(two).scores))
    told = merge_runs(tmp_path / "merged", [runs / "one", two])
    assert "6 of 6 networks from 2 runs" in told
    merged, whole = RunFolder.existing(tmp_path / "merged"), RunFolder(runs / "whole")
    assert_frame_equal(read_parts(merged.scores, SORTED), read_parts(whole.scores, SORTED), check_exact=True)
    for key in part_keys(whole.networks_table):
        states = [load_network(folder.network(key)).state for folder in (merged, whole)]
        assert all((states[0][name] == states[1][name]).all() for name in states[1])


def test_a_merged_run_goes_on_without_training(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge_runs(tmp_path / "merged", [runs / "two", runs / "one"])
    monkeypatch.setattr("passband.study.tasks._train", lambda *_: pytest.fail("a network was trained"))
    outcome = run_study(STUDY, tmp_path / "merged", INLINE)
    assert (outcome.networks, outcome.failed, outcome.changed) == (6, 0, True)
    tables = [(root / "information.parquet").read_bytes() for root in (tmp_path / "merged", runs / "whole")]
    assert tables[0] == tables[1]


def test_where_the_parts_come_from_is_told_of_the_whole(runs: Path, tmp_path: Path) -> None:
    merge_runs(tmp_path / "merged", [runs / "two", runs / "one"])
    export_results(tmp_path / "merged", tmp_path / "results")
    (portion,) = ResultsFolder(tmp_path / "results").portions().values()
    own = [load_json(RunFolder(runs / name).provenance)["starts"] for name in ("one", "two")]
    assert portion["starts"] == own[0] + own[1]


def test_failures_of_the_parts_are_taken_over(runs: Path, tmp_path: Path) -> None:
    two = tmp_path / "two"
    shutil.copytree(runs / "two", two)
    with Ledger(two / "ledger.sqlite") as ledger:
        ledger.record_failed("elsewhere", "networks", 1.0, "it diverged")
    merge_runs(tmp_path / "merged", [runs / "one", two])
    with Ledger(tmp_path / "merged" / "ledger.sqlite") as ledger:
        assert [each.reason for each in ledger.failures()] == ["it diverged"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("one", "whole"), "merge runs of different parts"),
        (("one", "one"), "merge runs of different parts"),
        (("one",), "at least two"),
        (("one", "nowhere"), "no run folder"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_nothing_is_written(
    runs: Path, tmp_path: Path, names: tuple[str, ...], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        merge_runs(tmp_path / "merged", [runs / name for name in names])
    assert list(tmp_path.iterdir()) == []


def test_an_overlap_names_the_network(runs: Path, tmp_path: Path) -> None:
    shared = part_keys(RunFolder(runs / "one").networks_table) + part_keys(RunFolder(runs / "one").scores)
    with pytest.raises(UserError) as refused:
        merge_runs(tmp_path / "merged", [runs / "one", runs / "whole"])
    assert any(key in str(refused.value) for key in shared)


def test_runs_of_different_studies_are_refused(runs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(runs / "two", other)
    text = (other / "study.yaml").read_text(encoding="utf-8")
    (other / "study.yaml").write_text(text.replace("seed: 3", "seed: 4"), encoding="utf-8")
    with pytest.raises(UserError, match="holds another study"):
        merge_runs(tmp_path / "merged", [runs / "one", other])
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize("where", ["scores.parquet", "networks", "waves.zarr"])
def test_damage_is_found_and_nothing_is_written(runs: Path, tmp_path: Path, where: str) -> None:
    two = tmp_path / "two"
    shutil.copytree(runs / "two", two)
    if where == "waves.zarr":
        shutil.rmtree(runs / "one" / "waves.zarr", ignore_errors=True)
    victim = max((p for p in (two / where).rglob("*") if p.is_file()), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    with pytest.raises(UserError, match="is damaged"):
        merge_runs(tmp_path / "merged", [runs / "one", two])
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", ""])
def test_a_part_is_a_number_of_a_number(text: str) -> None:
    with pytest.raises(UserError, match="give i/n"):
        parsed_part(text)
    assert parsed_part("2/3") == (2, 3)


def test_networks_that_are_published_are_left_out_of_the_next_sitting(runs: Path, tmp_path: Path) -> None:
    published = tmp_path / "results"
    export_results(runs / "one", published)
    there = published_networks(published, STUDY)
    assert sorted(there) == part_keys(RunFolder(runs / "one").networks_table)
    RunFolder.create(tmp_path / "rest")
    shutil.copytree(runs / "waves", tmp_path / "rest" / "waves.zarr")
    run_study(STUDY, tmp_path / "rest", INLINE, RunOptions(beside=there))
    rest = part_keys(RunFolder(tmp_path / "rest").networks_table)
    assert rest == part_keys(RunFolder(runs / "two").networks_table)
    assert not (tmp_path / "rest" / "information.parquet").exists()
    export_results(tmp_path / "rest", published)
    everything = published_networks(published, STUDY)
    assert sorted(everything) == part_keys(RunFolder(runs / "whole").networks_table)
    outcome = run_study(STUDY, tmp_path / "rest", INLINE, RunOptions(beside=everything))
    assert outcome.networks == 0


def test_a_study_is_looked_at_before_all_its_networks_are_there(runs: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(runs / "two", tmp_path / "half"))
    with pytest.raises(UserError, match=r"has no table of measures; `passband run … --root .* --so-far`"):
        open_results(root)
    there = part_keys(RunFolder(root).networks_table)
    outcome = run_study(STUDY, root, INLINE, RunOptions(so_far=True))
    assert (outcome.networks, outcome.failed) == (len(there), 0)
    assert part_keys(RunFolder(root).networks_table) == there
    assert open_results(root).notes == (f"{len(there)} of {STUDY.n_networks} planned networks are there",)
    assert f"{len(there)} of {STUDY.n_networks}" in publish(root).read_text(encoding="utf-8")
    run_study(STUDY, root, INLINE)
    assert open_results(root).notes == ()


def test_a_look_at_what_is_there_trains_nothing_and_needs_a_network(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--so-far trains no network"):
        RunOptions(part=(1, 2), so_far=True)
    with pytest.raises(UserError, match="no network of the study is there"):
        run_study(STUDY, tmp_path / "empty", INLINE, RunOptions(so_far=True))
    assert not any((tmp_path / "empty" / "waves.zarr").glob("*"))


def test_only_published_results_of_the_same_study_can_be_left_out(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no published results"):
        published_networks(runs / "one", STUDY)
    export_results(runs / "one", tmp_path / "results")
    with pytest.raises(UserError, match="not the study of these results"):
        published_networks(tmp_path / "results", tiny_study(random_starts=4))
