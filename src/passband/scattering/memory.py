"""How much memory a calculation may take, and how it gets it."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import torch

_LARGEST_KEPT_BYTES: Final = 31 * 2**20


@dataclass(frozen=True)
class Machine:
    """Where waves are computed, and within which memory.

    device: a torch device by name.
    memory_budget_bytes: bounds, each by itself, the transmissions of support blocks that this process keeps for the
        scenes to come, and the frozen phonons that a GPU works on at once (at least one).
    """

    device: str = "cpu"
    memory_budget_bytes: int = 2**30


CPU: Final = Machine()
"""The processor, one process per core, with a GiB for what is kept between scenes."""


@cache
def keep_freed_arrays() -> None:
    """Have the C library keep the memory of freed arrays up to 31 MiB for the next ones, once per process.

    By default glibc returns it to the system and asks for it again, page by page: a fifth of the time of a slice of
    512 x 512 pixels. Its threshold follows the largest array that was freed (mallopt(3), M_MMAP_THRESHOLD), so freeing
    a large one, never touched, sets it. Other C libraries just free it.
    """
    torch.empty(_LARGEST_KEPT_BYTES, dtype=torch.uint8)
