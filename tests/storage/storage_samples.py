"""One small example of each kind of artefact: how it is saved, loaded, and compared."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from passband.grid import Grid
from passband.storage.arrays import NamedArrays, load_arrays, save_arrays
from passband.storage.run_folder import RunFolder
from passband.storage.tables import load_table, read_parts, save_part, save_table
from passband.storage.waves import load_waves, save_waves
from passband.storage.weights import load_network, save_network
from passband.wave import ExitWave, SceneWaves


@dataclass(frozen=True)
class Sample:
    """save(folder); load(folder), which raises when damaged; files(folder): every file of the artefact."""

    save: Callable[[RunFolder], None]
    load: Callable[[RunFolder], object]
    place: Callable[[RunFolder], Path]

    def files(self, folder: RunFolder) -> list[Path]:
        place = self.place(folder)
        inside = [path for path in place.rglob("*") if path.is_file()]
        return sorted(inside or place.parent.glob(f"{place.name}*"))


def scene(seed: int = 0) -> SceneWaves:
    generator = torch.Generator().manual_seed(seed)
    grid = Grid((12, 16), 0.4)
    fields = [torch.randn((2, 12, 16), dtype=torch.complex64, generator=generator) for _ in range(2)]
    return SceneWaves(ExitWave(fields[0], grid, 3e5, -21.5), ExitWave(fields[1], grid, 3e5, 0.25))


def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    kernel = torch.randn((4, 3, 3, 3), generator=generator).to(memory_format=torch.channels_last)
    return {"kernel": kernel, "bias": kernel[:, 0, 0, 0], "steps": torch.tensor(7)}


def rows(start: int = 0) -> pd.DataFrame:
    ids = [f"n{start + i:03d}" for i in range(5)]
    return pd.DataFrame({"network_id": ids, "seed": range(5), "dice": np.linspace(0.1, 0.9, 5) + start})


ARRAYS = NamedArrays(
    {"image": np.arange(12, dtype=np.float32).reshape(3, 4), "mask": np.eye(3, dtype=bool)},
    {"made_by": "a test"},
    {"image": {"sampling_A": 0.4, "units": "1"}},
)

SAMPLES = {
    "waves": Sample(
        lambda folder: save_waves(folder.scene("s1"), scene(), {"mask_fraction": 0.25}),
        lambda folder: load_waves(folder.scene("s1")),
        lambda folder: folder.scene("s1"),
    ),
    "network": Sample(
        lambda folder: save_network(folder.network("n1"), weights(), {"train_id": "defocus -10 nm"}),
        lambda folder: load_network(folder.network("n1")),
        lambda folder: folder.network("n1"),
    ),
    "part": Sample(
        lambda folder: save_part(folder.scores, "t1", rows()),
        lambda folder: read_parts(folder.scores, ["network_id"]),
        lambda folder: folder.scores / "t1.parquet",
    ),
    "table": Sample(
        lambda folder: save_table(folder.information, rows()),
        lambda folder: load_table(folder.information),
        lambda folder: folder.information,
    ),
    "arrays": Sample(
        lambda folder: save_arrays(folder.examples, ARRAYS),
        lambda folder: load_arrays(folder.examples),
        lambda folder: folder.examples,
    ),
}
