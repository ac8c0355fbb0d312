"""The books of a run: the ledger, and the tables that are packed when their parts are many."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from passband.storage.damage import DamagedArtefact
from passband.storage.ledger import Ledger
from passband.storage.packs import PREFIX, held_by, packs, remove_packed, small_parts, write_pack
from passband.storage.run_folder import RunFolder
from passband.storage.sealed_table import is_intact_table
from passband.storage.summary import complete_summary, pack_scores
from passband.storage.tables import part_keys
from passband.study.plan import NetworkPlan

PACK_PARTS: Final = 256
PACK_BYTES: Final = 64 * 2**20
"""Parts are packed when so many, or so many bytes of them, have gathered."""
VERIFIED_AT_START_BYTES: Final = 2**30
"""A larger table of scores is verified when it is read, and not at every start as well."""


def settle_tables(folder: RunFolder) -> None:
    """Set aside what is damaged in the tables, and end what a killed driver had begun. Needs the lock."""
    for table in (folder.scores, folder.networks_table, folder.summary):
        files = [*packs(table), *small_parts(table)]
        verify = sum(path.stat().st_size for path in files) <= VERIFIED_AT_START_BYTES
        for path in files:
            if (verify and not is_intact_table(path)) or not (table == folder.summary or _tells_parts(path)):
                folder.set_aside(path)
                if table == folder.scores:
                    (folder.summary / path.name).unlink(missing_ok=True)  # it belongs to what was set aside
    remove_packed(folder.scores)
    remove_packed(folder.networks_table)
    complete_summary(folder)


def finished_parts(folder: RunFolder, plans: Sequence[NetworkPlan]) -> frozenset[str]:
    """The part ids of the networks whose scores and whose line in the table of networks are there."""
    scored, listed = set(part_keys(folder.scores)), set(part_keys(folder.networks_table))
    return frozenset(plan.part_id for plan in plans if plan.part_id in scored and plan.network_id in listed)


def _tells_parts(path: Path) -> bool:
    """Whether a file is a small part, or a pack that says which parts it holds."""
    try:
        return not path.name.startswith(PREFIX) or bool(held_by(path))
    except DamagedArtefact:
        return False


@dataclass
class PackingJournal:
    """The ledger of a run, which packs the tables as they grow (see `passband.execution.run.Journal`).

    network_ids: the network of each part of the scores.
    """

    ledger: Ledger
    folder: RunFolder
    network_ids: Mapping[str, str]
    _loose: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in small_parts(self.folder.scores):
            self._count(path.stem)

    def done_keys(self, stage: str) -> frozenset[str]:
        """Keys of the tasks of a stage that are done."""
        return self.ledger.done_keys(stage)

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block whose records are made durable at once; afterwards parts are packed when enough have gathered."""
        with self.ledger.together():
            yield
        if len(self._loose) >= PACK_PARTS or sum(self._loose.values()) >= PACK_BYTES:
            self._pack()

    def record_done(self, key: str, stage: str, seconds: float, result: Mapping[str, Any]) -> None:
        """Record that a task is done."""
        self.ledger.record_done(key, stage, seconds, result)
        self._count(key)

    def record_failed(self, key: str, stage: str, seconds: float, reason: str, details: str = "") -> None:
        """Record that a task failed, and why."""
        self.ledger.record_failed(key, stage, seconds, reason, details)

    def _count(self, key: str) -> None:
        path = self.folder.scores / f"{key}.parquet"
        if key in self.network_ids and path.exists():
            self._loose[key] = path.stat().st_size

    def _pack(self) -> None:
        """A part found damaged is set aside, and its network scored again by the next start."""
        keys = sorted(self._loose)
        self._loose.clear()
        try:
            pack_scores(self.folder, keys)
            listed = {path.stem for path in small_parts(self.folder.networks_table)}
            if lines := {self.network_ids[key] for key in keys} & listed:
                write_pack(self.folder.networks_table, lines)
                remove_packed(self.folder.networks_table)
        except DamagedArtefact as damage:
            self.folder.set_aside(damage.path)
            self.ledger.forget([damage.path.stem])
