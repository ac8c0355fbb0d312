"""The one training loop: from networks at their starts and pools of images to weights and histories.

The networks of one call share nothing but the device, and each becomes what it would be alone: bit for bit on
the CPU. There they are trained one after another, which is fastest; on a GPU many are under way together,
each in a lane of its own.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import torch

from passband.data.pool import ImagePool
from passband.networks.unet import UNet
from passband.training.course import Course, course
from passband.training.lane import Lane
from passband.training.member import Diverged, HistoryRow, Member, Progress, Trained, TrainedNetwork
from passband.training.spec import TrainingSpec

__all__ = [
    "Diverged",
    "HistoryRow",
    "Member",
    "Trained",
    "TrainedNetwork",
    "TrainingDiverged",
    "train_network",
    "train_networks",
]

UNDER_WAY: Final = {"cuda": 32}
"""Networks that are trained side by side on a kind of device, where nothing else is asked for; elsewhere one."""


class TrainingDiverged(Exception):  # noqa: N818 - it names what happened
    """The loss is no longer a finite number; the message tells the step and the learning rate."""


def train_networks(
    members: Iterable[Member],
    device: torch.device | str = "cpu",
    under_way: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Trained | Diverged]:
    """Train members on a device, giving each as soon as it is done; the networks given are left as they are.

    members: taken up one by one as there is room, so they may be drawn lazily. Pools that are not on the
        device are moved there, once for every member.
    under_way: how many are trained side by side; it decides memory and speed, and nothing else.
    """
    device = torch.device(device)
    room = max(1, under_way or UNDER_WAY.get(device.type, 1))
    waiting, running = iter(members), deque[Course]()
    while True:
        while len(running) < room and (member := next(waiting, None)) is not None:
            running.append(course(member, Lane(device), progress))
        if not running:
            return
        going = running.popleft()
        try:
            next(going)
        except StopIteration as end:
            yield end.value
        else:
            running.append(going)


def train_network(
    network: UNet,
    spec: TrainingSpec,
    training_pool: ImagePool,
    validation_pool: ImagePool,
    seed: int,
    progress: Callable[[HistoryRow], None] | None = None,
) -> TrainedNetwork:
    """Train one network on the device of the pools; ``progress`` is called with every row of the history.

    Raises TrainingDiverged when the loss is not finite.
    """
    member = Member("", network, spec, training_pool, validation_pool, seed)
    heard = None if progress is None else lambda _, row: progress(row)
    result = next(train_networks([member], training_pool.images.device, progress=heard))
    if isinstance(result, Diverged):
        raise TrainingDiverged(result.reason)
    return result.network
