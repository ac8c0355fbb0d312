"""The command line as users meet it: one sentence and exit code 2 for a mistake, data on stdout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from study_samples import tiny_study

from command_line import call
from passband.grid import Grid
from passband.storage.run_folder import RunFolder
from passband.storage.waves import save_waves
from passband.study.load import study_yaml
from passband.wave import ExitWave, SceneWaves


@pytest.fixture
def conditions(tmp_path: Path) -> tuple[str, str]:
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text("defocus_nm: {normal: {mean: -10, std: 1.5}}\n", encoding="utf-8")
    b.write_text("defocus_nm: {normal: {mean: 5, std: 1.5}}\nfocal_spread_nm: 3\n", encoding="utf-8")
    return str(a), str(b)


def test_information_prints_the_keys_that_scripts_rely_on(
    conditions: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "information", *conditions, "--json", "--weight", "area") == 0
    told = json.loads(capsys.readouterr().out)
    assert {"epsilon_a", "epsilon_b", "sigma", "sigma_signed", "coverage_of_b_by_a"} <= set(told)
    assert told["epsilon_b"] < told["epsilon_a"], "a wider focal spread transfers less"
    assert (told["weight"], told["q_max_per_A"]) == ("area", 1.25)
    assert "not_counted" not in told


def test_information_names_what_it_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "plain": "",
        "dose": "dose_e_per_A2: 400\n",
        "all": "coherence: explicit\ndetector: {DQE0: 0.5}\n",
        "pixel": "pixel_nm: 0.032\n",
    }
    for name, more in files.items():
        (tmp_path / f"{name}.yaml").write_text("defocus_nm: -10\n" + more, encoding="utf-8")

    def not_counted(a: str, b: str) -> str | None:
        arguments = (str(tmp_path / f"{a}.yaml"), str(tmp_path / f"{b}.yaml"))
        assert call(monkeypatch, "information", *arguments, "--json") == 0
        text: str | None = json.loads(capsys.readouterr().out).get("not_counted")
        return text

    assert not_counted("dose", "dose") is None
    assert not_counted("plain", "dose") == "dose_e_per_A2"
    assert not_counted("all", "plain") == "detector, coherence: explicit"
    assert not_counted("plain", "pixel") == "pixel_nm"
    assert not_counted("dose", "all") == "detector, dose_e_per_A2, coherence: explicit"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "dmeo", "--root", "x"), "did you mean 'demo'"),
        (("run", "nowhere.yaml", "--root", "x"), "nowhere.yaml"),
        (("status", "nowhere"), "no run folder"),
        (("stop", "nowhere"), "no run folder"),
        (("merge", "out", "nowhere", "nowhere"), "no run folder"),
        (("run", "demo", "--root", "x", "--part", "3/2"), "give i/n"),
        (("run", "demo", "--root", "x", "--executor", "scheduler-file"), "belong together"),
        (("worker", "--scheduler-file", "x", "--device", "gpu"), "give cpu, or cuda:0"),
        (("slurm", "dmeo", "--root", "x"), "did you mean 'demo'"),
        (("report", "nowhere"), "no run folder"),
        (("information", "a.yaml", "b.yaml"), "a.yaml"),
        (("scene", "demo", "--out", "x.nonsense"), "x.nonsense"),
        (("scene", "demo", "--out", "x.xyz", "--index", "99"), "16 test scenes"),
        (("segment", "nowhere.dm4", "--network", "nothing"), "nowhere.dm4"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, *arguments) == 2
    told = capsys.readouterr().err.strip()
    assert words in told.replace("\n", " ")
    assert told.startswith("passband: ")
    assert "Traceback" not in told
    assert not list(tmp_path.iterdir()), "nothing half written"


def test_weight_specimen_asks_for_waves(
    conditions: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "information", *conditions, "--weight", "specimen") == 2
    assert "--waves" in capsys.readouterr().err


def test_a_damaged_wave_is_named_and_never_used(
    conditions: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = RunFolder.create(tmp_path / "run")
    field = torch.randn(1, 64, 64, dtype=torch.complex64, generator=torch.Generator().manual_seed(1))
    wave = ExitWave(field, Grid((64, 64), 0.4), 300e3)
    save_waves(folder.scene("one"), SceneWaves(wave, wave), {})
    asked = (
        "information",
        *conditions,
        "--weight",
        "specimen",
        "--waves",
        str(folder.root),
        "--q-max",
        "1.2",
    )
    assert call(monkeypatch, *asked) == 0
    chunk = max((p for p in folder.scene("one").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(bytes(data))
    capsys.readouterr()
    assert call(monkeypatch, *asked) == 2
    shown = capsys.readouterr()
    assert "is damaged" in shown.err
    assert shown.out == ""


def test_a_scene_is_written_for_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ase.io

    study = tmp_path / "tiny.yaml"
    study.write_text(study_yaml(tiny_study()), encoding="utf-8")
    out = tmp_path / "scene.xyz"
    assert call(monkeypatch, "scene", str(study), "--out", str(out)) == 0
    assert {"Cd", "Se", "C"} == set(ase.io.read(out).get_chemical_symbols())


def test_a_folder_that_is_something_else_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "tiny.yaml"
    study.write_text(study_yaml(tiny_study()), encoding="utf-8")
    assert call(monkeypatch, "run", str(study), "--root", str(tmp_path)) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


@pytest.mark.slow
def test_a_study_runs_on_two_workers_and_gives_the_table_of_one(tmp_path: Path) -> None:
    from passband.execution.executors import ExecutorSpec
    from passband.report.publish import table_digest
    from passband.storage.run_folder import RunFolder
    from passband.storage.tables import read_parts
    from passband.study.run import run_study

    study = tmp_path / "tiny.yaml"
    study.write_text(study_yaml(tiny_study()), encoding="utf-8")
    command = [sys.executable, "-c", "from passband.cli import main; main()"]
    arguments = ["run", str(study), "--root", str(tmp_path / "two"), "--workers", "2"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "report" in done.stdout
    run_study(tiny_study(), tmp_path / "one", ExecutorSpec(name="inline"))
    tables = [
        read_parts(RunFolder(tmp_path / name).scores, ("network_id", "test_id", "structure_id"))
        for name in ("one", "two")
    ]
    assert table_digest(tables[0]) == table_digest(tables[1])
