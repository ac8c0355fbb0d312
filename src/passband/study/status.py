"""What a run folder holds, for the terminal: asked without disturbing the process that is at work in it."""

from pathlib import Path

from passband.execution.run import RunCount
from passband.records import parse_record
from passband.storage.documents import load_yaml
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.study.plan import all_scenes, network_plans
from passband.study.study import Study

MOST_FAILURES = 10


def status_lines(root: Path) -> list[str]:
    """One line per stage, and one per failed task (the first few). Raises UserError when there is no run."""
    folder = RunFolder.existing(root)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    planned = {
        "waves": ("scenes", [scene.scene_id for scene in all_scenes(study)]),
        "networks": ("networks", [plan.part_id for plan in network_plans(study)]),
    }
    with Ledger(folder.ledger) as ledger:
        failures = ledger.failures()
        failed = {each.key for each in failures}
        counts = {
            stage: _count(keys, ledger.done_keys(stage), failed) for stage, (_, keys) in planned.items()
        }
    lines = [f"{study.name}: {study.question}"]
    for stage, (unit, _) in planned.items():
        count = counts[stage]
        lines.append(f"{count.done:>7,} of {count.planned:,} {unit} done" + _told(count.failed))
    lines += [f"failed: {each.stage} {each.key}: {each.reason}" for each in failures[:MOST_FAILURES]]
    return lines


def _count(keys: list[str], done: frozenset[str], failed: set[str]) -> RunCount:
    n_done = sum(key in done for key in keys)
    return RunCount(len(keys), n_done, sum(key in failed for key in keys), n_done)


def _told(failed: int) -> str:
    return f", {failed:,} failed" if failed else ""
