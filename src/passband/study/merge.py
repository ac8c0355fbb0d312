"""`passband merge OUT RUN …`: the run folders of parts of one study become one, verified and without overlap.

Networks, their lines and scores, and what is told of every start are taken over; what needs all of them (measures,
examples, report) is made by ``passband run STUDY --root OUT``, which finds everything else done. Files are immutable,
so those on the same file system are shared by hard links.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from passband.errors import UserError
from passband.records import content_id, parse_record
from passband.storage.arrays import are_intact
from passband.storage.atomic import replacing, write_text
from passband.storage.documents import load_json, load_yaml, write_json
from passband.storage.ledger import Ledger
from passband.storage.packs import packs, small_parts
from passband.storage.run_folder import RunFolder, network_files
from passband.storage.sealed_table import is_intact_table
from passband.storage.summary import complete_summary
from passband.storage.tables import part_keys, save_table
from passband.storage.weights import has_network
from passband.study.domains import domain_table
from passband.study.load import study_yaml
from passband.study.plan import network_plans
from passband.study.study import Study


def merge_runs(out: Path, roots: Sequence[Path]) -> str:
    """Join run folders of one study into a new one; returns a sentence. Nothing is written unless all is well.

    Raises UserError for a folder that is in use, for different studies, for a network that stands in two of them,
    and for anything damaged.
    """
    if out.exists():
        raise UserError(f"{out} is there already; give a new folder")
    if len(roots) < 2:
        raise UserError("give at least two run folders to merge")
    folders = [RunFolder.existing(root) for root in roots]
    study = _common_study(folders)
    for folder in folders:
        if folder.is_locked():
            raise UserError(f"a run is at work in {folder.root}; wait until it ends, or `passband stop` it")
    _check_overlap(folders)
    with replacing(out) as partial:
        joined = RunFolder.create(partial)
        write_text(joined.study, study_yaml(study))
        save_table(joined.conditions, domain_table(study))
        with Ledger(joined.ledger) as ledger:
            for folder in folders:
                _take_over(folder, joined)
                ledger.absorb(folder.ledger, "networks")
                ledger.absorb(folder.ledger, "waves")
        write_json(joined.provenance, {"starts": _starts(folders)})
        complete_summary(joined)
        done = len(part_keys(joined.scores))
    return f"{out}: {done} of {study.n_networks} networks from {len(folders)} runs; now: passband run … --root {out}"


def _common_study(folders: Sequence[RunFolder]) -> Study:
    studies = [parse_record(Study, load_yaml(each.study), str(each.study)) for each in folders]
    for folder, study in zip(folders, studies, strict=True):
        if content_id(study) != content_id(studies[0]):
            raise UserError(
                f"{folder.root} holds another study ('{study.name}', id {content_id(study)}) than {folders[0].root} "
                f"('{studies[0].name}', id {content_id(studies[0])}); merge parts of one study"
            )
    network_plans(studies[0])
    return studies[0]


def _starts(folders: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """All starts of all runs, in the order in which they ended."""
    told = [load_json(each.provenance)["starts"] for each in folders if each.provenance.exists()]
    return sorted(chain.from_iterable(told), key=itemgetter("ended"))


def _check_overlap(folders: Sequence[RunFolder]) -> None:
    """One network trained in two runs would be counted twice, or hide a difference between machines."""
    owner: dict[tuple[str, str], RunFolder] = {}
    for folder in folders:
        for table in (folder.scores, folder.networks_table):
            for key in part_keys(table):
                other = owner.setdefault((table.name, key), folder)
                if other is not folder:
                    what = "network" if table == folder.networks_table else "part of the scores"
                    raise UserError(
                        f"{what} {key} stands in {other.root} and in {folder.root}; merge runs of different parts "
                        "(passband run --part 1/2, 2/2), which never overlap"
                    )


def _take_over(folder: RunFolder, joined: RunFolder) -> None:
    """Verify every artefact of a run and put it into the joined one."""
    for path in _tables(folder):
        if not is_intact_table(path):
            raise _damaged(path)
        _share(path, joined.root / path.relative_to(folder.root))
    for key in part_keys(folder.networks_table):
        if not has_network(folder.network(key)):
            raise _damaged(folder.network(key))
        for path in network_files(folder.network(key)):
            _share(path, joined.networks / path.name)
    if (folder.waves / "zarr.json").is_file() and not (joined.waves / "zarr.json").exists():
        _share(folder.waves / "zarr.json", joined.waves / "zarr.json")
    for scene in sorted(path for path in folder.waves.glob("[!.]*") if path.is_dir()):
        if joined.scene(scene.name).exists():
            continue
        if not are_intact(scene):
            raise _damaged(scene)
        for path in sorted(each for each in scene.rglob("*") if each.is_file()):
            _share(path, joined.waves / path.relative_to(folder.waves))


def _tables(folder: RunFolder) -> Iterator[Path]:
    for table in (folder.scores, folder.networks_table):
        yield from (*packs(table), *small_parts(table))


def _share(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, place)
    except OSError:  # another file system, or one without links
        shutil.copy2(path, place)


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} is damaged; run its part once more, which makes it again, then merge")
