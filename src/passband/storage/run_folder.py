"""The run folder: the one class that owns every path of a run.

    RUN/  study.yaml  provenance.json  ledger.sqlite
          conditions.parquet  information.parquet  coherence.parquet
          measures.parquet  bands.parquet             what foretells performance, per pair of domains
          evidence.parquet/                           what networks say of unlabelled images, parts as below
          analysis.json  predictions.parquet          what may be said of prediction
          scores.parquet/  networks.parquet/          folders of immutable parts and packs of them
          summary.parquet/                            one row per network and test domain, beside each pack
          waves.zarr/<scene id>  examples.zarr        exit waves; small arrays for the report
          networks/<id>.safetensors + <id>.json       weights and card
          logs/  report/  damaged/                    damaged: what was set aside, never read again
          driver.json  stop                           how far the driver is; a request that it stop

Ids have letters, digits, '_' and '-' only, and nothing in a run folder may be a link, so no path leaves its
root.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from passband.errors import UserError
from passband.storage.atomic import explained_io, sweep_partial, write_text
from passband.storage.identifiers import checked_id
from passband.storage.lock import exclusive, is_held

FORMAT: Final = "passband run folder, format 1\n"
_MARK: Final = ".passband"


@dataclass(frozen=True)
class RunFolder:
    """Every path of one run. Cheap to make: `create` and `existing` are those that look at the disk."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Self:
        """Make the folder, or open the one that is there.

        Raises UserError when the place holds anything but a run folder, or cannot be written.
        """
        folder = cls(root)
        if root.exists() and not root.is_dir():
            raise UserError(f"{root} is a file; give a new folder or a run folder")
        with explained_io("opening", root):
            root.mkdir(parents=True, exist_ok=True)
            if not folder._is_marked():
                if any(not entry.name.endswith(".partial") for entry in root.iterdir()):
                    raise UserError(
                        f"{root} is no run folder and not empty; give a new folder or a run folder"
                    )
                write_text(root / _MARK, FORMAT)
        return cls.existing(root)

    @classmethod
    def existing(cls, root: Path) -> Self:
        """Open a run folder that must be there.

        Raises UserError when it is not, when it holds links, or when its format is another one.
        """
        folder = cls(root)
        with explained_io("opening", root):
            if not folder._is_marked():
                raise UserError(f"{root} is no run folder; give the folder that `passband run` was given")
            if (root / _MARK).read_bytes() != FORMAT.encode():
                raise UserError(
                    f"{root} has another format than this passband reads; use the one that made it"
                )
            for entry in root.iterdir():
                if entry.is_symlink():
                    raise UserError(
                        f"{entry} is a link, which a run folder never holds; put the thing itself there"
                    )
        return folder

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one driver of this folder during the block; first, what a killed one left is swept away.

        Raises UserError when another driver is at work. A lock ends with its process, however that ends.
        """
        with exclusive(self.root / ".lock", f"the run folder {self.root}"):
            tables = (self.scores, self.networks_table, self.summary, self.evidence)
            for place in (self.root, self.waves, self.networks, *tables):
                sweep_partial(place)
            self.stop_request.unlink(missing_ok=True)
            yield

    def is_locked(self) -> bool:
        """Whether a driver is at work in this folder now, on this machine or on another that shares its files."""
        return is_held(self.root / ".lock")

    @property
    def study(self) -> Path:
        """The study as it is run, in YAML."""
        return self.root / "study.yaml"

    @property
    def provenance(self) -> Path:
        """Versions, machine and command of every start, in JSON."""
        return self.root / "provenance.json"

    @property
    def ledger(self) -> Path:
        """What is done and what has failed, in SQLite; written by the driver only."""
        return self.root / "ledger.sqlite"

    @property
    def conditions(self) -> Path:
        """Table of the domains."""
        return self.root / "conditions.parquet"

    @property
    def information(self) -> Path:
        """Table of the measures of pairs of domains."""
        return self.root / "information.parquet"

    @property
    def measures(self) -> Path:
        """Table of what is known of pairs of domains before any image: measures, plain distances, settings."""
        return self.root / "measures.parquet"

    @property
    def bands(self) -> Path:
        """Table of how a classifier without a network fares on simulated images of pairs of domains."""
        return self.root / "bands.parquet"

    @property
    def evidence(self) -> Path:
        """Table of what networks say of unlabelled images, a folder of parts, one per training domain."""
        return self.root / "evidence.parquet"

    @property
    def analysis(self) -> Path:
        """What may be said of prediction, in JSON."""
        return self.root / "analysis.json"

    @property
    def predictions(self) -> Path:
        """Table of the predicted and the reached Dice of every pair."""
        return self.root / "predictions.parquet"

    @property
    def coherence(self) -> Path:
        """Table of how far apart the two ways of reckoning partial coherence are."""
        return self.root / "coherence.parquet"

    @property
    def scores(self) -> Path:
        """Table of the scores, a folder of parts."""
        return self.root / "scores.parquet"

    @property
    def networks_table(self) -> Path:
        """Table of the networks, a folder of parts."""
        return self.root / "networks.parquet"

    @property
    def summary(self) -> Path:
        """Scores per network and test domain, a folder with one file beside each pack of scores."""
        return self.root / "summary.parquet"

    @property
    def driver(self) -> Path:
        """How far the driver is, in JSON, written every few seconds."""
        return self.root / "driver.json"

    @property
    def stop_request(self) -> Path:
        """There when the driver is asked to stop."""
        return self.root / "stop"

    @property
    def waves(self) -> Path:
        """Exit waves, a Zarr group with one group per scene."""
        return self.root / "waves.zarr"

    @property
    def examples(self) -> Path:
        """Small named arrays that the report shows."""
        return self.root / "examples.zarr"

    @property
    def networks(self) -> Path:
        """Weights and cards."""
        return self.root / "networks"

    @property
    def logs(self) -> Path:
        """What the workers had to say."""
        return self.root / "logs"

    @property
    def report(self) -> Path:
        """The report and its figures."""
        return self.root / "report"

    @property
    def damaged(self) -> Path:
        """What was found damaged and set aside."""
        return self.root / "damaged"

    def scene(self, scene_id: str) -> Path:
        """The waves of one scene. Raises UserError for an unsafe id."""
        return self.waves / checked_id(scene_id, "scene")

    def network(self, network_id: str) -> Path:
        """Weights and card of one network, without suffix (see `weights`).

        Raises UserError for an unsafe id.
        """
        return self.networks / checked_id(network_id, "network")

    def set_aside(self, path: Path) -> Path:
        """Move a damaged artefact of this folder to `damaged`, so that it is missing and made again.

        Of a network, weights and card go together. Returns where it lies now. Raises ValueError for a path
        outside.
        """
        place = self.damaged / path.relative_to(self.root)
        files = network_files(path) if path.parent == self.networks else [path]
        target = self._free(place.parent)
        with explained_io("setting aside", path):
            target.mkdir(parents=True)
            for file in files:
                if file.exists() or file.is_symlink():
                    file.rename(target / file.name)
        return target / path.name

    def _free(self, place: Path) -> Path:
        if ".." in place.parts:
            raise ValueError(f"{place} leaves the run folder")
        number = 1
        while (place / str(number)).exists():
            number += 1
        return place / str(number)

    def _is_marked(self) -> bool:
        mark = self.root / _MARK
        return mark.is_file() and not mark.is_symlink()


def network_files(path: Path) -> tuple[Path, Path]:
    """The files of weights and card of ``networks/<id>``, in this order."""
    name = path.name.removesuffix(".safetensors").removesuffix(".json")
    return path.with_name(f"{name}.safetensors"), path.with_name(f"{name}.json")
