"""A folder of published results: small tables that grow by whole files and are never rewritten.

    RESULTS/  results.json  study.yaml  conditions.parquet      what it is of
              portions/<portion>.json                           where a portion comes from, with checksums
              networks/<portion>.parquet                        a row per network
              scores/<portion>.parquet                          a row per network and test domain
              evidence/<portion>.parquet                        what networks say of unlabelled images
              measures/<id>.parquet  bands/  information/       tables of pairs, by the id of what they are made of

A portion is named after what it brings, so two people who export different networks may put their files
together. Its JSON is written last: without it a portion does not count. All Parquet files are sealed: a flipped byte
is found when one is read; a file that is not the one its portion was written with is found by its checksum. A table of
pairs may be removed once there is a newer one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import pyarrow as pa

from passband.errors import UserError
from passband.storage.documents import load_json, write_json
from passband.storage.identifiers import checked_id
from passband.storage.sealed_table import load_table, write_arrow
from passband.storage.seals import sha256_of

FORMAT: Final = "passband results, format 1"
_MARK: Final = "results.json"
Portions = Literal["networks", "scores", "evidence"]
_KINDS: Final[tuple[Portions, ...]] = ("networks", "scores", "evidence")
PairTable = Literal["measures", "bands", "information"]
PAIR_TABLES: Final[tuple[PairTable, ...]] = ("measures", "bands", "information")


def is_results_folder(root: Path) -> bool:
    """Whether a folder says of itself that it holds published results."""
    return (root / _MARK).is_file()


@dataclass(frozen=True)
class ResultsFolder:
    """Every path of published results. Cheap to make."""

    root: Path

    def begin(self, study_id: str) -> None:
        """Mark a new folder, or check that the one that is there is of this study.

        Raises UserError for a folder of another study or format, or one that is not empty and something else.
        """
        if not is_results_folder(self.root):
            if self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
                raise UserError(
                    f"{self.root} is no results folder and not empty; give a new folder or a results folder"
                )
            write_json(self.root / _MARK, {"format": FORMAT, "study_id": study_id})
        told = self.told()
        if told.get("study_id") != study_id:
            raise UserError(
                f"{self.root} holds results of another study (id {told.get('study_id')}; this one is {study_id}); give "
                "a folder of its own"
            )

    def told(self) -> dict[str, Any]:
        """What the mark says. Raises UserError for another format."""
        told = load_json(self.root / _MARK)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise UserError(
                f"{self.root / _MARK} is not of the format '{FORMAT}'; use the passband that made it"
            )
        return told

    def check(self, study_id: str) -> None:
        """Whether everything is of one study, and every file as it was written; tables of pairs may be gone.

        Raises UserError for another study or format, and for files that are missing, changed, or of no portion.
        """
        told = self.told()
        if told.get("study_id") != study_id:
            raise UserError(
                f"{self.study} is not the study of these results (id {study_id}; {_MARK} says {told.get('study_id')}); "
                "put back the file that was exported with them"
            )
        for name, portion in self.portions().items():
            self._check_portion(name, portion, study_id)
        self.check_pairs()
        for path in sorted(each for kind in _KINDS for each in (self.root / kind).glob("[!.]*.parquet")):
            if not self.provenance(path.stem).exists():
                raise UserError(
                    f"{path}: portions/{path.stem}.json is not there, so where this comes from is not known; export "
                    "the run again, or remove the file"
                )

    def check_pairs(self) -> None:
        """Whether the tables of pairs that are there are as they were written. Raises UserError for another."""
        for path in sorted(each for kind in PAIR_TABLES for each in (self.root / kind).glob("[!.]*.parquet")):
            sums = self.recorded(path)
            if sums and sha256_of(path.read_bytes()) not in sums:
                raise UserError(
                    f"{path} is not the file it was exported as (checksum in {self.root / 'portions'}); put it back, "
                    "or remove it and export the run again"
                )

    def portions(self) -> dict[str, dict[str, Any]]:
        """What every portion tells of itself, by its name. Raises UserError for a file that is no provenance."""
        portions = {}
        for path in sorted((self.root / "portions").glob("[!.]*.json")):
            told = load_json(path)
            if not isinstance(told, dict) or not isinstance(told.get("sha256"), dict):
                raise UserError(f"{path} is no provenance of a portion; put back what `export-results` wrote")
            portions[path.stem] = told
        return portions

    def recorded(self, path: Path) -> set[str]:
        """SHA-256 of a file as portions tell it: several of a table of pairs that was made on several machines."""
        name = path.relative_to(self.root).as_posix()
        return {sums[name] for told in self.portions().values() if name in (sums := told["sha256"])}

    def evidence_keys(self) -> frozenset[str]:
        """Of the parts of evidence that portions say they hold."""
        return frozenset(key for told in self.portions().values() for key in told.get("evidence", ()))

    def _check_portion(self, name: str, told: dict[str, Any], study_id: str) -> None:
        path = self.provenance(name)
        if told.get("study_id") != study_id:
            raise UserError(
                f"{path}: this portion is of another study (id {told.get('study_id')}); remove it"
            )
        for kind in _KINDS:
            file = self.portion(kind, name)
            digest = told["sha256"].get(file.relative_to(self.root).as_posix())
            if digest is None and not file.exists():
                continue
            if not file.exists() or sha256_of(file.read_bytes()) != digest:
                what = "is not the file it was exported as" if file.exists() else "is missing"
                raise UserError(
                    f"{file} {what} (checksum in {path.name}); put it back or export the run again"
                )

    @property
    def study(self) -> Path:
        """The study, in YAML."""
        return self.root / "study.yaml"

    @property
    def conditions(self) -> Path:
        """Table of the domains."""
        return self.root / "conditions.parquet"

    def portion(self, kind: Portions, name: str) -> Path:
        """A file of a portion. Raises UserError for an unsafe name."""
        return self.root / kind / f"{checked_id(name, 'portion')}.parquet"

    def provenance(self, name: str) -> Path:
        """Where a portion comes from, in JSON. Raises UserError for an unsafe name."""
        return self.root / "portions" / f"{checked_id(name, 'portion')}.json"

    def pairs(self, kind: PairTable, key: str) -> Path:
        """A table of pairs of domains by its id. Raises UserError for an unsafe id."""
        return self.root / kind / f"{checked_id(key, 'table')}.parquet"

    def networks(self) -> pd.DataFrame:
        """All lines of networks. Raises UserError where one stands in two portions, DamagedArtefact for damage."""
        return self._read("networks", ["network_id"])

    def scores(self) -> pd.DataFrame:
        """All rows of scores. Raises as `networks`."""
        return self._read("scores", ["network_id", "test_id"])

    def evidence(self) -> pd.DataFrame | None:
        """All rows of evidence, several for a pair that was exported more than once, the latest last; None where there
        is none."""
        found = self._read("evidence", None)
        return None if found.empty else found

    def table(self, kind: PairTable, key: str) -> pd.DataFrame | None:
        """The table of a kind and id; else the only one that is there, or None. Raises UserError for several others."""
        if self.pairs(kind, key).exists():
            return load_table(self.pairs(kind, key))
        files = sorted((self.root / kind).glob("[!.]*.parquet"))
        if len(files) > 1:
            raise UserError(
                f"{self.root / kind} holds {len(files)} tables of other versions; keep the one that counts"
            )
        return load_table(files[0]) if files else None

    def _read(self, kind: Portions, keys: list[str] | None) -> pd.DataFrame:
        there = (self.root / kind).glob("[!.]*.parquet")
        files = sorted(
            (str(load_json(told).get("exported", "")), path)
            for path in there
            if (told := self.provenance(path.stem)).exists()
        )
        if not files:
            return pd.DataFrame(columns=keys or ["train_id"])
        table = pd.concat([load_table(path) for _, path in files], ignore_index=True)
        if keys is not None and (twice := table.duplicated(keys)).any():
            raise UserError(
                f"{self.root / kind}: {table.loc[twice, keys[0]].iloc[0]} stands in two portions; remove one of them"
            )
        return table


def save_narrow(path: Path, table: pd.DataFrame) -> str:
    """Store a table with its numbers as float32; a file that is there stays. Returns its SHA-256."""
    if not path.exists():
        numbers = table.select_dtypes("float64").columns
        narrow = table.astype(dict.fromkeys(numbers, "float32"))
        write_arrow(path, pa.Table.from_pandas(narrow, preserve_index=False), compact=True)
    return sha256_of(path.read_bytes())
