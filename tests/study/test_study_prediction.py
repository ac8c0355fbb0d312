"""From a run to what may be said of prediction: its tables, the command, published results."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from prediction_samples import Listener, made_up_measures, made_up_run, wide_study
from study_samples import tiny_study

from command_line import call
from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.information.registry import MEASURES
from passband.networks.prediction import predicted_logits
from passband.records import canonical_json
from passband.report.prediction import prediction_paragraphs
from passband.report.publish import publish
from passband.shift.contests import DIRECT_SIMULATION, SIMULATED
from passband.shift.pair_table import ASKED
from passband.shift.standard import BAND_CLASSIFIER, PRIMARY
from passband.storage.documents import load_json, load_sealed_json, write_json, write_sealed_json
from passband.storage.ledger import Ledger
from passband.storage.results_folder import ResultsFolder, save_narrow
from passband.storage.run_folder import RunFolder
from passband.storage.tables import load_table, part_keys, read_parts, save_part, save_table
from passband.structure.distribution import AmorphousCarbon
from passband.study import pictures, prediction_tasks, simulated
from passband.study.bands import band_table
from passband.study.evidence import NAMES, common_components
from passband.study.export_results import export_measures, export_results
from passband.study.measures import PLAIN
from passband.study.plan import SCENE_VERSION, network_plans, scenes
from passband.study.prediction import as_data, verdicts
from passband.study.prediction_plan import analysis_id, evidence_id
from passband.study.results import open_results, published_study
from passband.study.run import RunOptions, run_study
from passband.study.simulated import SIMULATED_PER_SCENE, simulated_dice, simulated_images
from passband.study.study import Study
from passband.study.taught import taught_by, with_settings

LACKING = "not known in all of the studies, so in no model: " + ", ".join(BAND_CLASSIFIER)
"""What is noted of studies without textures."""
KEYS = (
    *("networks", "mae_both_out", "best_baseline", "best_baseline_mae", "mae_difference_interval"),
    *("spearman_within", "r2_both_out", "mae_of_constant", "refused"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures.forget()
    root = tmp_path_factory.mktemp("runs") / "tiny"
    run_study(tiny_study(), root, ExecutorSpec(name="inline"))
    publish(root)
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    pictures.forget()
    return Path(shutil.copytree(finished, tmp_path / "tiny"))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_run(tmp_path_factory.mktemp("runs") / "wide", wide_study()).root


def assert_same_results(one: Path, other: Path) -> None:
    """Everything that an analysis is made from, bit for bit."""
    first, second = open_results(one), open_results(other)
    series = first.study.all_series()[0]
    pd.testing.assert_frame_equal(first.dice, second.dice, check_exact=True)
    pd.testing.assert_frame_equal(first.pairs(series), second.pairs(series), check_exact=True)


def test_a_run_takes_every_measure_of_every_pair_and_the_settings_that_vary(finished: Path) -> None:
    table = load_table(RunFolder(finished).measures)
    assert len(table) == 2 * 3
    assert set(MEASURES) | set(PLAIN) <= set(table.columns)
    assert table[list(MEASURES)].notna().all(axis=None)
    assert {"train_defocus_nm", "test_defocus_nm"} == {
        name for name in table if name.startswith(("train_", "test_")) and not name.endswith("_id")
    }
    own = table[table["train_id"] == table["test_id"]]
    assert own["sigma_radial"].to_numpy() == pytest.approx(1.0)
    assert own["texture_mismatch"].to_numpy() == pytest.approx(0.0, abs=1e-9)


def test_nothing_of_a_test_structure_is_used_by_measures_and_simulated_bands(copied: Path) -> None:
    study, folder = tiny_study(), RunFolder(copied)
    before = load_table(folder.measures)
    for split in ("validation", "test"):
        for scene in scenes(study, "CdSe", split):
            shutil.rmtree(folder.scene(scene.scene_id))
    folder.measures.unlink()
    prediction_tasks.measure_pairs(str(copied), canonical_json(study))
    pd.testing.assert_frame_equal(load_table(folder.measures), before)
    pairs = [("-8 nm", "+8 nm"), ("-8 nm", "-8 nm")]
    json_text = canonical_json(study)
    table = band_table(
        pairs, lambda *asked: prediction_tasks.simulated_textures(str(copied), json_text, *asked)
    )
    for name in BAND_CLASSIFIER:
        assert table[name].between(0, 1).all(), name


def test_evidence_is_that_of_two_networks_on_unlabelled_images_and_repeats(copied: Path) -> None:
    study, folder = tiny_study(), RunFolder(copied)
    ids = tuple(plan.network_id for plan in network_plans(study) if plan.domain == "-8 nm")
    for key in ("first", "again"):
        prediction_tasks.gather_evidence(str(copied), canonical_json(study), "main", "-8 nm", ids, key)
    table = read_parts(folder.evidence, ("test_id",), ["first"])
    pd.testing.assert_frame_equal(table, read_parts(folder.evidence, ("test_id",), ["again"]))
    assert set(NAMES) < set(table.columns)
    assert set(table["asked"]) | set(table["asked_too"]) == set(ids)
    home = table[table["test_id"] == "-8 nm"].iloc[0]
    for name in ("difference_of_confidences", "maximum_mean_discrepancy", "sliced_wasserstein"):
        assert home[name] == pytest.approx(0.0, abs=1e-6), name
    assert home["ring_correlation"] == pytest.approx(1.0)
    assert table["soft_dice_confidence"].between(0, 1).all()


def test_images_to_simulate_are_of_validation_structures_alone_and_the_same_for_all_networks(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = tiny_study(), RunFolder(copied)
    simulated.forget_simulated()
    for split in ("training", "test"):
        for scene in scenes(study, "CdSe", split):
            shutil.rmtree(folder.scene(scene.scene_id))
    formed = {name: simulated_images(str(copied), canonical_json(study), name) for name in ("-8 nm", "+8 nm")}
    one, other = formed["-8 nm"], formed["+8 nm"]
    assert one is not None
    assert other is not None
    assert len(one.images) == 2 * SIMULATED_PER_SCENE  # structures of the validation split
    assert one.masks.equal(other.masks)
    assert not one.images.equal(other.images)
    monkeypatch.setattr(simulated, "form_pool", None)
    again = simulated_images(str(copied), canonical_json(study), "-8 nm")
    assert again is not None
    assert again.images.equal(one.images)
    simulated.forget_simulated()


def test_dice_on_simulated_images_is_that_of_the_network_and_missing_without_a_validation_split(
    copied: Path,
) -> None:
    study = tiny_study()
    bare = study.structures["CdSe"].model_copy(update={"training": 0, "validation": 0})
    elsewhere = study.domains["+4 nm"].model_copy(update={"structures": "bare"})
    changed = {
        "structures": {**study.structures, "bare": bare},
        "domains": {**study.domains, "elsewhere": elsewhere},
        "test_on": (*study.test_on, "elsewhere"),
    }
    without = study.model_copy(update=changed)
    simulated.forget_simulated()
    assert simulated_images(str(copied), canonical_json(without), "elsewhere") is None
    assert np.isnan(simulated_dice(torch.nn.Identity(), None, "float32"))
    ids = tuple(plan.network_id for plan in network_plans(study) if plan.domain == "-8 nm")
    prediction_tasks.gather_evidence(str(copied), canonical_json(study), "main", "-8 nm", ids, "told")
    table = read_parts(RunFolder(copied).evidence, ("test_id",), ["told"]).set_index("test_id")
    network = prediction_tasks._network(RunFolder(copied), study.all_series()[0], table["asked"].iloc[0])
    for name in study.test_on:
        batch = simulated_images(str(copied), canonical_json(study), name)
        assert batch is not None
        labelled = predicted_logits(network, batch.images, study.training.precision) > 0
        known = batch.masks > 0.5
        dice = [
            2.0 * (a & b).sum() / (a.sum() + b.sum()) if (a | b).any() else torch.tensor(1.0)
            for a, b in zip(labelled, known, strict=True)
        ]
        assert table.loc[name, SIMULATED] == pytest.approx(float(torch.stack(dice).mean()), abs=1e-6)


def test_the_id_of_evidence_covers_what_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    study = tiny_study()
    series, plans = study.all_series()[0], network_plans(study)
    before = evidence_id(study, series, "-8 nm", plans)
    assert evidence_id(study, series, "-8 nm", plans) == before
    more = study.structures["CdSe"].model_copy(update={"validation": 4})
    grown = study.model_copy(update={"structures": {"CdSe": more}})
    assert evidence_id(grown, series, "-8 nm", plans) != before
    monkeypatch.setattr("passband.study.prediction_plan.SIMULATED_PER_SCENE", 3)
    assert evidence_id(study, series, "-8 nm", plans) != before


def test_direct_simulation_is_told_apart_with_what_it_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = wide_study()
    folder = made_up_run(tmp_path / "told", study)
    results, (series,) = open_results(folder.root), study.all_series()
    reached = results.pairs(series)[["train_id", "test_id", "dice_mean"]]
    for train, rows in reached.groupby("train_id"):
        key = evidence_id(study, series, str(train), network_plans(study))
        table = rows.rename(columns={"dice_mean": SIMULATED}).assign(series=series.name)
        save_part(folder.evidence, key, table.reset_index(drop=True))
    told = as_data(verdicts(open_results(folder.root)))
    (direct,) = [each for each in told["predictors"] if each["name"] == DIRECT_SIMULATION]
    assert direct["ours"]
    assert direct["mae"] < told["mae_of_constant"]
    assert told["primary"] == PRIMARY
    assert direct["mae_difference"] == pytest.approx(told["best_baseline_mae"] - direct["mae"], rel=0.05)
    assert told["best_baseline"] != DIRECT_SIMULATION
    assert call(monkeypatch, "analyse", str(folder.root)) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "the test itself on other structures, so it is a bound" in printed
    page = prediction_paragraphs(told)[0][1]
    assert "a bound of what a model of the imaging can do, not a discovery" in page


def test_features_are_taken_along_fewer_axes_than_there_are_images() -> None:
    stream = np.random.default_rng(0)
    first, second = common_components([stream.normal(size=(8, 40)), stream.normal(size=(6, 40))])
    assert (first.shape, second.shape) == ((8, 3), (6, 3))


def test_pairs_know_the_dice_of_the_network_that_was_asked(copied: Path) -> None:
    pairs, results = open_results(copied).own_pairs, open_results(copied)
    assert not set(ASKED.values()) & set(pairs)  # nobody was asked in so small a study
    series = results.study.all_series()[0]
    means = results.means(series.name)
    asked = means.groupby("train_id")["network_id"].first()
    evidence = means.drop_duplicates(["train_id", "test_id"])[["train_id", "test_id"]].assign(
        series=series.name, soft_dice_confidence=0.5, asked=lambda table: table["train_id"].map(asked)
    )
    told = replace(results, evidence=evidence).own_pairs
    reached = means.set_index(["network_id", "test_id"])["value"]
    for row in told.to_dict("records"):
        network = asked[row["train_id"]]
        assert row["asked_dice"] == pytest.approx(reached[network, row["test_id"]], abs=1e-6)
        assert row["asked_home_dice"] == pytest.approx(reached[network, row["train_id"]], abs=1e-6)
    assert (told["n_networks"] > 1).all()
    assert (told["asked_dice"] - told["dice_mean"]).abs().max() > 0


def test_a_small_study_says_in_report_and_command_why_nothing_is_said(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "2 training and 3 test domains are too few"
    assert sentence in (finished / "report" / "index.html").read_text(encoding="utf-8")
    assert not RunFolder(finished).bands.exists()
    assert call(monkeypatch, "analyse", str(finished), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(KEYS) <= set(told)
    assert set(KEYS) <= set(told["unlabelled"])
    assert sentence in told["refused"]
    assert told == load_sealed_json(RunFolder(finished).analysis)
    assert call(monkeypatch, "analyse", str(finished)) == 0
    assert sentence in capsys.readouterr().out


def test_the_page_tells_of_an_analysis_that_knew_fewer_networks(copied: Path) -> None:
    analysis = RunFolder(copied).analysis
    told = load_sealed_json(analysis)
    fewer = told["networks"] - 1
    write_sealed_json(analysis, {**told, "networks": fewer})
    sentence = f"This was said when {fewer} networks were there; `passband run` says it of {fewer + 1}."
    page = publish(copied)
    assert sentence in " ".join(page.read_text(encoding="utf-8").split())
    write_sealed_json(analysis, told)
    assert "This was said when" not in publish(copied).read_text(encoding="utf-8")


def test_a_large_study_is_told_in_figures(
    wide: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "analyse", str(wide), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["networks"] == 20
    assert told["refused"] is None
    assert told["mae_both_out"] < told["mae_of_constant"]
    assert told["best_baseline"] == "abs_delta_defocus_nm"  # scores fall with it, and it stands alone
    assert "no table of what networks say" in told["unlabelled"]["refused"]
    assert {"parameters", "median", "measures"} <= {each["name"] for each in told["predictors"]}


def test_models_of_one_study_are_judged_once_on_another(
    wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = made_up_run(tmp_path / "other", wide_study("other", first_nm=-9, seed=4)).root
    assert call(monkeypatch, "analyse", str(other), "--fitted-on", str(wide), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(KEYS) <= set(told["frozen"])
    assert told["frozen"]["mae_both_out"] < told["frozen"]["mae_of_constant"]
    assert told["notes"] == [LACKING]
    assert call(monkeypatch, "analyse", str(wide), "--fitted-on", str(wide), "--json") == 2
    assert "the study itself" in capsys.readouterr().err


def test_who_waits_is_told_how_many_predictors_are_through(wide: Path, tmp_path: Path) -> None:
    other = open_results(made_up_run(tmp_path / "other", wide_study("other", first_nm=-9, seed=4)).root)
    for judged, fitted_on in ((open_results(wide), ()), (other, (open_results(wide),))):
        told = Listener()
        verdicts(judged, fitted_on, told)
        assert told.done.count(1) > 5
        assert sum(told.done) == told.total
        assert told.ended


def test_models_are_fitted_on_several_studies_together(
    wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Domains of two studies may have the same names and are not the same domains."""
    second = made_up_run(tmp_path / "second", wide_study("second", seed=5)).root
    judge = made_up_run(tmp_path / "judge", wide_study("judge", first_nm=-9, seed=4)).root
    both = ("--fitted-on", str(wide), "--fitted-on", str(second))
    assert call(monkeypatch, "analyse", str(judge), *both, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frozen"]["mae_both_out"] < told["frozen"]["mae_of_constant"]
    known = [open_results(each) for each in (judge, wide, second)]
    taught = taught_by(known[1:])
    own, reference = with_settings(known[0].study, known[0].own_pairs, taught.settings), taught.pairs
    assert len(reference) == 200
    assert reference["train_id"].nunique() == 20
    assert set(own["train_id"]) <= set(known[0].study.domains)
    assert {"train_defocus_nm", "test_defocus_nm"} < set(own)
    assert set(own) == set(reference)
    assert call(monkeypatch, "analyse", str(judge), *both, *both[:2]) == 2
    assert "'wide' is named twice" in capsys.readouterr().err


def test_what_differs_between_structures_is_a_setting_too(wide: Path) -> None:
    known = open_results(wide)
    thick = known.study.structures["CdSe"].scenes.model_copy(
        update={"support": AmorphousCarbon(thickness_nm=(9, 11))}
    )
    sets = known.study.structures | {
        "thick": known.study.structures["CdSe"].model_copy(update={"scenes": thick})
    }
    first, *rest = known.study.domains.items()
    domains = {first[0]: first[1].model_copy(update={"structures": "thick"})} | dict(rest)
    study = known.study.model_copy(update={"structures": sets, "domains": domains})
    pairs = with_settings(study, known.own_pairs)
    thickness_nm = pairs.drop_duplicates("train_id").set_index("train_id")["train_support_nm"]
    assert thickness_nm[first[0]] == 10
    assert thickness_nm.nunique() == 2
    assert "train_diameter_nm" not in pairs


def test_measures_of_published_results_are_made_anew_without_a_network(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    to, root = tmp_path / "results", tmp_path / "again"
    export_results(finished, to)
    (made,) = (to / "measures").iterdir()
    older = made.rename(made.with_stem("0123456789abcdef"))
    known = open_results(to)
    assert not known.is_current
    assert known.notes == (
        f"the table of measures was made by another version of passband; `passband remeasure {to} --root RUN` makes it "
        "anew",
    )
    run_study(published_study(to), root, ExecutorSpec(name="inline"), RunOptions(measures_only=True))
    assert not part_keys(RunFolder(root).networks_table)
    there = [path for path in RunFolder(root).waves.iterdir() if path.is_dir()]
    assert len(there) == tiny_study().structures["CdSe"].training
    assert "the measures of 6 pairs" in export_measures(root, to)
    assert open_results(to).is_current
    told = json.loads((to / "portions" / f"{made.stem}.json").read_text(encoding="utf-8"))
    assert told["networks"] == 0
    assert list(told["sha256"]) == [f"measures/{made.name}"]
    pd.testing.assert_frame_equal(load_table(made), load_table(older))
    assert call(monkeypatch, "remeasure", str(finished), "--root", str(root)) == 2
    assert "holds no published results" in capsys.readouterr().err


def test_measures_of_two_versions_are_not_mixed(wide: Path, tmp_path: Path) -> None:
    current = open_results(made_up_run(tmp_path / "other", wide_study("other", first_nm=-9, seed=4)).root)
    older = replace(open_results(wide), is_current=False)
    with pytest.raises(UserError, match=r"from different versions of passband; `passband remeasure .*wide"):
        verdicts(current, [older])
    with pytest.raises(UserError, match="from different versions of passband; `passband remeasure` makes"):
        verdicts(older, [current])


def test_a_column_that_a_study_does_not_know_is_in_no_model_and_a_note_says_so(
    wide: Path, tmp_path: Path
) -> None:
    other = open_results(made_up_run(tmp_path / "other", wide_study("other", first_nm=-9, seed=4)).root)
    known = [
        replace(
            each, bands=each.measures[["train_id", "test_id"]].assign(**dict.fromkeys(BAND_CLASSIFIER, value))
        )
        for each, value in ((other, np.nan), (open_results(wide), 0.5))
    ]
    (found,) = verdicts(known[0], known[1:])
    assert found.notes == (LACKING,)
    assert verdicts(open_results(wide))[0].notes == (LACKING.replace(" in all of the studies", ""),)
    assert verdicts(known[1])[0].notes == ()
    assert not set(BAND_CLASSIFIER) & set(found.pairs)
    (without,) = verdicts(other, [open_results(wide)])
    assert as_data([found])["frozen"]["mae_both_out"] == as_data([without])["frozen"]["mae_both_out"]


def test_measures_of_another_band_are_refused(wide: Path) -> None:
    known = open_results(wide)
    measures = known.study.measures.model_copy(update={"q_max_per_A": 0.8})
    other = replace(known, study=known.study.model_copy(update={"measures": measures}))
    with pytest.raises(UserError, match="up to 0\\.8 1/Å, pixels of"):
        verdicts(other, [known])


def test_what_is_to_be_noted_of_a_study_that_teaches_is_noted(wide: Path, tmp_path: Path) -> None:
    other = open_results(made_up_run(tmp_path / "other", wide_study("other", first_nm=-9, seed=4)).root)
    (found,) = verdicts(other, [replace(open_results(wide), notes=("half of it is there",))])
    assert found.notes == (f"{open_results(wide).study.name}: half of it is there", LACKING)


def test_domains_that_are_not_new_are_told(wide: Path, tmp_path: Path) -> None:
    shifted = made_up_run(tmp_path / "shifted", wide_study("shifted", first_nm=-8)).root
    found = verdicts(open_results(shifted), [open_results(wide)])
    assert found[0].notes == (
        "9 of 10 domains are in the reference study too: they are not new",
        "2 of 2 test structures are in the reference study too: they are not new",
        LACKING,
    )


def test_what_cannot_be_analysed_is_refused_with_what_to_do(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run folder"):
        open_results(tmp_path / "nowhere")
    folder = RunFolder(copied)
    folder.measures.unlink()
    with pytest.raises(UserError, match=r"no table of measures; `passband run … --root .*` makes it"):
        open_results(copied)
    for part in folder.scores.glob("*.parquet"):
        part.unlink()
    with pytest.raises(UserError, match="no network is there; `passband status` says more"):
        open_results(copied)


def test_published_results_say_what_the_run_says_without_its_weights(wide: Path, tmp_path: Path) -> None:
    to = tmp_path / "results"
    assert "20 networks added, 20 of 20" in export_results(wide, to)
    assert_same_results(to, wide)
    assert not list(to.rglob("*.safetensors"))
    assert not list(to.rglob("*.sqlite*"))


def test_results_grow_by_whole_files_and_hold_every_network_once(wide: Path, tmp_path: Path) -> None:
    to, part = tmp_path / "results", made_up_run(tmp_path / "part", wide_study(), networks=7).root
    export_results(part, to)
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="no table of measures; export a run that is finished"):
        open_results(to)
    assert "13 networks added, 20 of 20" in export_results(wide, to)
    assert "0 networks added, 20 of 20" in export_results(wide, to)
    assert all(path.read_bytes() == data for path, data in before.items())
    assert_same_results(to, wide)
    told = [json.loads(path.read_text(encoding="utf-8")) for path in (to / "portions").iterdir()]
    assert sum(each["networks"] for each in told) == 20
    assert all((to / name).is_file() for each in told for name in each["sha256"])


def test_results_of_another_study_damage_and_overlap_are_refused(wide: Path, tmp_path: Path) -> None:
    to = tmp_path / "results"
    export_results(wide, to)
    other = made_up_run(tmp_path / "other", wide_study("other"), networks=1).root
    with pytest.raises(UserError, match="holds results of another study"):
        export_results(other, to)
    with pytest.raises(UserError, match="no results folder and not empty"):
        export_results(wide, wide)
    (portion,) = (to / "scores").glob("*.parquet")
    shutil.copy(portion, portion.with_name("copied.parquet"))
    with pytest.raises(UserError, match=r"portions/copied\.json is not there"):
        open_results(to)
    provenance = ResultsFolder(to).provenance(portion.stem)
    shutil.copy(provenance, provenance.with_name("copied.json"))
    with pytest.raises(UserError, match="stands in two portions"):
        ResultsFolder(to).scores()
    portion.with_name("copied.parquet").unlink()
    provenance.with_name("copied.json").unlink()
    data = bytearray(portion.read_bytes())
    data[len(data) // 2] ^= 1
    portion.write_bytes(data)
    with pytest.raises(UserError, match="checksum"):
        open_results(to)


def test_published_results_with_a_study_or_a_portion_of_another_are_refused(
    wide: Path, tmp_path: Path
) -> None:
    to, there = tmp_path / "results", tmp_path / "there"
    export_results(wide, to)
    export_results(made_up_run(tmp_path / "other", wide_study("other"), networks=1).root, there)
    (provenance,) = (there / "portions").glob("*.json")
    for kind in ("networks", "scores"):
        name = f"{kind}/{provenance.stem}.parquet"
        shutil.copy(there / name, to / name)
    shutil.copy(provenance, to / "portions" / provenance.name)
    with pytest.raises(UserError, match="this portion is of another study"):
        open_results(to)
    study = ResultsFolder(to).study
    study.write_text(study.read_text(encoding="utf-8").replace("name: wide", "name: wider"), encoding="utf-8")
    with pytest.raises(UserError, match="is not the study of these results"):
        open_results(to)


def test_of_several_exports_of_evidence_the_latest_counts(wide: Path, tmp_path: Path) -> None:
    to, folder = tmp_path / "results", RunFolder(Path(shutil.copytree(wide, tmp_path / "run")))
    study = wide_study()
    (series,) = study.all_series()
    key = evidence_id(study, series, "-8 nm", network_plans(study))
    row = {"series": "main", "train_id": "-8 nm", "test_id": "-6 nm", "of_networks": 2}
    save_part(folder.evidence, key, pd.DataFrame([row | {SIMULATED: 0.5}]))
    export_results(folder.root, to)
    (old,) = (to / "evidence").glob("*.parquet")
    for name, exported in (("0", "2100-01-01"), ("z", "2000-01-01")):  # the latest has the first name
        table = pd.DataFrame([row | {SIMULATED: 0.9 if name == "0" else 0.1}])
        path = old.with_name(f"{name}.parquet")
        sums = {path.relative_to(to).as_posix(): save_narrow(path, table)}
        told = json.loads(ResultsFolder(to).provenance(old.stem).read_text(encoding="utf-8"))
        write_json(ResultsFolder(to).provenance(name), told | {"sha256": sums, "exported": exported})
    evidence = open_results(to).evidence
    assert evidence is not None
    assert evidence[SIMULATED].tolist() == pytest.approx([0.9])


def told_by_networks(root: Path, study: Study, of_networks: dict[str, int]) -> None:
    """Lay down evidence of training domains in a run folder, each of so many networks."""
    (series,) = study.all_series()
    for train, count in of_networks.items():
        row = {"series": series.name, "train_id": train, "test_id": "-6 nm", "of_networks": count}
        key = evidence_id(study, series, train, network_plans(study))
        save_part(RunFolder(root).evidence, key, pd.DataFrame([row | {SIMULATED: 0.5}]))


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_published_evidence_of_fewer_networks_than_are_there_is_noted(wide: Path, tmp_path: Path) -> None:
    study, root = wide_study(), Path(shutil.copytree(wide, tmp_path / "run"))
    every = dict.fromkeys(study.train_on, 2)
    told_by_networks(root, study, {name: count for name, count in every.items() if name != "-4 nm"})
    export_results(root, tmp_path / "half")
    words = "training domains what networks say of images is that of fewer networks than are there now"
    assert open_results(tmp_path / "half").notes == (f"for 1 of 10 {words}",)
    told_by_networks(root, study, every)
    export_results(root, tmp_path / "half")
    assert open_results(tmp_path / "half").notes == ()
    root = Path(shutil.copytree(wide, tmp_path / "again"))
    told_by_networks(root, study, every | {"-8 nm": 1, "-6 nm": 1})
    export_results(root, tmp_path / "fewer")
    assert open_results(tmp_path / "fewer").notes == (f"for 2 of 10 {words}",)


def test_evidence_is_exported_once(wide: Path, tmp_path: Path) -> None:
    study, to = wide_study(), tmp_path / "results"
    root = Path(shutil.copytree(wide, tmp_path / "run"))
    export_results(root, to)
    told_by_networks(root, study, {"-8 nm": 2})
    export_results(root, to)
    before = files(to)
    for _ in range(2):
        export_results(root, to)
        assert files(to) == before
    told_by_networks(root, study, {"-6 nm": 2})
    export_results(root, to)
    held = [set(load_table(path)["train_id"]) for path in (to / "evidence").iterdir()]
    assert sorted(held, key=str) == [{"-6 nm"}, {"-8 nm"}]
    for path in (to / "portions").iterdir():
        write_json(path, {name: value for name, value in load_json(path).items() if name != "evidence"})
    export_results(root, to)  # older portions do not say what they hold, so that is written once more
    assert len(list((to / "evidence").iterdir())) == 3
    before = files(to)
    export_results(root, to)
    assert files(to) == before


def test_a_table_of_pairs_has_a_provenance_even_when_nothing_else_is_new(wide: Path, tmp_path: Path) -> None:
    to, root = tmp_path / "results", Path(shutil.copytree(wide, tmp_path / "run"))
    export_results(root, to)
    save_table(RunFolder(root).bands, made_up_measures(wide_study()))
    export_results(root, to)
    (bands,) = (to / "bands").iterdir()
    assert len(ResultsFolder(to).recorded(bands)) == 1
    before = files(to)
    export_results(root, to)
    assert files(to) == before


def test_a_table_of_pairs_that_was_changed_is_refused_and_made_again_once_removed(
    wide: Path, tmp_path: Path
) -> None:
    to = tmp_path / "results"
    export_results(wide, to)
    (measures,) = (to / "measures").iterdir()
    save_table(measures, load_table(measures).iloc[::-1])
    for attempt in (lambda: open_results(to), lambda: export_results(wide, to)):
        with pytest.raises(UserError, match=r"is not the file it was exported as \(checksum in .*portions\)"):
            attempt()
    measures.unlink()
    export_results(wide, to)
    assert_same_results(to, wide)


def test_published_networks_of_an_older_version_keep_their_series(
    wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_results(wide, tmp_path / "results")
    before = open_results(tmp_path / "results")
    monkeypatch.setattr("passband.study.plan.SCENE_VERSION", SCENE_VERSION + 1)
    after = open_results(tmp_path / "results")
    pd.testing.assert_frame_equal(after.own_pairs, before.own_pairs)
    assert not after.is_current
    assert len(after.notes) == 1
    assert "the table of measures was made by another version" in after.notes[0]


def test_an_export_that_was_killed_is_refused_and_completed_by_the_next(wide: Path, tmp_path: Path) -> None:
    to = tmp_path / "results"
    export_results(wide, to)
    (provenance,) = (to / "portions").glob("*.json")
    provenance.unlink()
    (to / "scores" / f"{provenance.stem}.parquet").unlink()
    with pytest.raises(UserError, match=r"\.json is not there"):
        open_results(to)
    assert "20 networks added, 20 of 20" in export_results(wide, to)
    assert_same_results(to, wide)


def test_tables_of_another_version_of_the_study_are_refused(wide: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(wide, tmp_path / "changed"))
    with Ledger(RunFolder(root).ledger) as ledger:
        ledger.forget(sorted(ledger.done_keys("measures")))
    with pytest.raises(UserError, match="of another version of the study"):
        open_results(root)


def test_a_distance_of_images_of_another_version_is_refused_and_none_is_not(copied: Path) -> None:
    folder = RunFolder(copied)
    with Ledger(folder.ledger) as ledger:
        ledger.forget(sorted(ledger.done_keys("information")))
    with pytest.raises(UserError, match="of another version of the study"):
        open_results(copied)
    folder.information.unlink()
    assert open_results(copied).information is None


def test_the_analysis_is_made_again_once_the_distance_of_images_is_there(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(*_: object) -> None:
        raise UserError("there is no such distance")

    def analysed() -> frozenset[str]:
        run_study(tiny_study(), copied, ExecutorSpec(name="inline"))
        with Ledger(RunFolder(copied).ledger) as ledger:
            return ledger.done_keys("analysis")

    before = analysed()
    with Ledger(RunFolder(copied).ledger) as ledger:
        ledger.forget(sorted(ledger.done_keys("information")))
    with monkeypatch.context() as patched:
        patched.setattr("passband.study.tasks.pair_table", impossible)
        assert analysed() != before
    assert open_results(copied).information is None, "not that of other inputs"
    assert analysed() == before
    assert open_results(copied).information is not None


def test_a_study_that_is_changed_and_changed_back_has_its_tables_made_again(copied: Path) -> None:
    folder, study = RunFolder(copied), tiny_study()
    before = load_table(folder.measures)
    q_max = study.measures.model_copy(update={"q_max_per_A": 0.8})
    run_study(study.model_copy(update={"measures": q_max}), copied, ExecutorSpec(name="inline"))
    assert not load_table(folder.measures).equals(before)
    run_study(study, copied, ExecutorSpec(name="inline"))
    pd.testing.assert_frame_equal(load_table(folder.measures), before)


def test_the_id_of_what_is_said_covers_the_tables_that_are_there() -> None:
    plans = network_plans(tiny_study())
    assert analysis_id(tiny_study(), plans, ["a", "b"]) == analysis_id(tiny_study(), plans, ["b", "a"])
    assert analysis_id(tiny_study(), plans, ["a", "b"]) != analysis_id(tiny_study(), plans, ["a"])
