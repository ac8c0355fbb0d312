"""What a run folder holds, for the terminal: asked without disturbing the process that is at work in it."""

from pathlib import Path

from passband.execution.progress import Count, duration
from passband.execution.run import RunCount
from passband.records import parse_record
from passband.storage.documents import load_yaml
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.study.driver_note import DriverNote, load_note
from passband.study.plan import all_scenes, in_part, network_plans
from passband.study.study import Study

MOST_FAILURES = 10
SILENT_AFTER_S = 30.0
"""A driver that has written no note for so long is stuck, or its machine is gone."""


def status_lines(root: Path) -> list[str]:
    """One line for the driver, one per stage, and one per failed task (the first few).

    Raises UserError when there is no run.
    """
    folder = RunFolder.existing(root)
    study = parse_record(Study, load_yaml(folder.study), str(folder.study))
    note = load_note(folder.driver)
    part = note.part if note is not None and folder.is_locked() else None
    plans = [plan for plan in network_plans(study) if part is None or in_part(plan.network_id, *part)]
    planned = {
        "waves": ("scenes", [scene.scene_id for scene in all_scenes(study)]),
        "networks": ("networks", [plan.part_id for plan in plans]),
    }
    with Ledger(folder.ledger) as ledger:
        failures = ledger.failures()
        failed = {each.key for each in failures}
        counts = {
            stage: _count(keys, ledger.done_keys(stage), failed) for stage, (_, keys) in planned.items()
        }
    lines = [f"{study.name}: {study.question}", _driver(folder, note)]
    for stage, (unit, _) in planned.items():
        count = counts[stage]
        lines.append(f"{count.done:>7,} of {count.planned:,} {unit} done" + _told(count.failed))
    lines += [f"failed: {each.stage} {each.key}: {each.reason}" for each in failures[:MOST_FAILURES]]
    if len(failures) > MOST_FAILURES:
        lines.append(f"… and {len(failures) - MOST_FAILURES:,} more")
    return lines


def _driver(folder: RunFolder, note: DriverNote | None) -> str:
    """Who is at work in the folder, how fast, and whether he still gives a sign of life."""
    if not folder.is_locked():
        return "no run is at work here; the same command goes on"
    if note is None:
        return "a run is at work here; it has not said how far it is"
    who = f"process {note.process} on {note.host} is at work"
    part = "" if note.part is None else f" on part {note.part[0]} of {note.part[1]}"
    silence = f"; silent for {duration(note.age_s)}" if note.age_s > SILENT_AFTER_S else ""
    return f"{who}{part}{_pace(note.count)}{silence}"


def _pace(count: Count | None) -> str:
    return "" if count is None else f": {count.stage}, {count.sentence}"


def _count(keys: list[str], done: frozenset[str], failed: set[str]) -> RunCount:
    n_done = sum(key in done for key in keys)
    return RunCount(len(keys), n_done, sum(key in failed for key in keys), n_done)


def _told(failed: int) -> str:
    return f", {failed:,} failed" if failed else ""
