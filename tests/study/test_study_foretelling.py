"""Dice of a run's networks under conditions to come: from its waves and other studies' models, without an image."""

import json
import shutil
from pathlib import Path

import pytest
from prediction_samples import Listener, made_up_run, wide_study
from study_samples import tiny_study

from command_line import call
from passband.errors import UserError
from passband.execution.executors import ExecutorSpec
from passband.imaging.distribution import ImagingDistribution, normal
from passband.report.wording import typographic
from passband.shift.analysis import AnalysisOptions
from passband.shift.contests import foretold
from passband.shift.crossed import Resampling
from passband.shift.reference import Reference
from passband.storage.run_folder import RunFolder
from passband.study import pictures
from passband.study.foretelling import foretell
from passband.study.load import study_yaml
from passband.study.results import open_results
from passband.study.run import run_study
from passband.study.taught import taught_by, with_settings

TARGET = ImagingDistribution(defocus_nm=normal(2.0, 1.0), dose_e_per_A2=200.0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures.forget()
    root = tmp_path_factory.mktemp("runs") / "tiny"
    run_study(tiny_study(), root, ExecutorSpec(name="inline"))
    return root


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_run(tmp_path_factory.mktemp("runs") / "wide", wide_study()).root


def test_conditions_that_the_study_has_too_are_foretold_as_from_its_own_tables(
    finished: Path, taught: Path
) -> None:
    run, reference_run = open_results(finished), open_results(taught)
    again = run.study.domains["+4 nm"].imaging
    listener = Listener()
    found = foretell(finished, {"again": again}, [taught], watcher=listener)
    assert sum(listener.done) == listener.total > len(found)
    assert listener.ended
    series = run.study.all_series()[0]
    known = taught_by([reference_run])
    own = with_settings(run.study, run.own_pairs, known.settings)
    expected = foretold(own, Reference(known.pairs, AnalysisOptions(Resampling(seed=0))))
    for train in series.train_on:
        (told,) = found[found["train_id"] == train].to_dict("records")
        pair = (expected["train_id"] == train) & (expected["test_id"] == "+4 nm")
        (known,) = expected[pair].to_dict("records")
        assert told["test_id"] == "again"
        assert told["home_dice"] == pytest.approx(known["home_dice"])
        assert told["foretold"] == pytest.approx(known["foretold"], abs=2e-3)


def test_every_training_domain_and_every_target_is_told_with_an_interval(
    finished: Path,
    taught: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = [tmp_path / "near.yaml", tmp_path / "far.yaml"]
    paths[0].write_text("energy_kV: 300\ndefocus_nm: 6\ndose_e_per_A2: 400\n", encoding="utf-8")
    paths[1].write_text("energy_kV: 300\ndefocus_nm: 90\ndose_e_per_A2: 3\n", encoding="utf-8")
    arguments = ("foretell", str(finished), *map(str, paths), "--fitted-on", str(taught))
    assert call(monkeypatch, *arguments, "--json") == 0
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    assert [(each["train_id"], each["test_id"]) for each in pairs] == [
        (train, target) for target in ("near", "far") for train in ("-8 nm", "+8 nm")
    ]
    assert all(0 <= each["foretold"] <= 1 and 0 < each["half_width"] < 1 for each in pairs)
    assert all(each["strangeness"] > 0.95 for each in pairs if each["test_id"] == "far")
    assert call(monkeypatch, *arguments) == 0
    printed = capsys.readouterr().out
    assert "90% interval" in printed
    best = max((each for each in pairs if each["test_id"] == "near"), key=lambda each: each["foretold"])
    assert f"trained on {typographic(best['train_id'])} for near ({best['foretold']:.2f}) and " in printed
    assert "unlike nearly all that models were fitted on" in printed
    again = tmp_path / "again" / "near.yaml"
    again.parent.mkdir()
    again.write_text(paths[0].read_text(encoding="utf-8"), encoding="utf-8")
    assert call(monkeypatch, *arguments, str(again)) == 2
    assert "two targets have the same file name" in capsys.readouterr().err


def test_what_cannot_be_foretold_is_refused_in_a_sentence(
    finished: Path, taught: Path, tmp_path: Path
) -> None:
    other_energy = TARGET.model_copy(update={"energy_kV": 80.0})
    too_large = TARGET.model_copy(update={"Cs_mm": 1.2})
    empty = RunFolder.create(tmp_path / "empty")
    empty.study.write_text(study_yaml(tiny_study()), encoding="utf-8")
    for root, targets, structures, words in (
        (finished, {"new": other_energy}, None, "new: energy_kV is 80, but the waves of the run are"),
        (finished, {"new": too_large}, None, r"domains\.new\.imaging"),
        (finished, {"+4 nm": TARGET}, None, "a domain of the study has this name"),
        (finished, {"new": TARGET}, "gold", "--structures gold: the study has CdSe"),
        (empty.root, {"new": TARGET}, None, "no network of the study is there"),
        (tmp_path / "nothing", {"new": TARGET}, None, "nothing"),
    ):
        with pytest.raises(UserError, match=words):
            foretell(root, targets, [tmp_path / "not opened before"], structures)
    with pytest.raises(UserError, match="is named twice"):
        foretell(finished, {"new": TARGET}, [taught, taught])


def test_of_structures_without_training_scenes_nothing_is_foretold(
    finished: Path, taught: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "run"))
    study = tiny_study()
    bare = study.structures["CdSe"].model_copy(update={"training": 0, "validation": 0, "draw": 1})
    grown = study.model_copy(update={"structures": study.structures | {"bare": bare}})
    RunFolder(root).study.write_text(study_yaml(grown), encoding="utf-8")
    with pytest.raises(
        UserError, match="'-8 nm', since the structures of one of both domains have no training"
    ):
        foretell(root, {"new": TARGET}, [taught], "bare")
