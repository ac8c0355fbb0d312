"""The training of one network, as a course that pauses wherever another may go on.

The network is measured now and then on held-out structures of its own domain, and the weights of the least
validation loss are kept.
"""

from collections.abc import Generator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from time import perf_counter
from typing import Final

import torch
from torch import Tensor

from passband.data.batches import Batch, exposed_batch, steps_per_epoch
from passband.networks.agreement import agreement
from passband.networks.unet import particle_logits
from passband.seeds import seed_for
from passband.training.lane import Lane
from passband.training.losses import LOSSES
from passband.training.member import Diverged, HistoryRow, Member, Progress, Trained, TrainedNetwork
from passband.training.step import Learner, as_input, begin, take_step

VALIDATION_BATCH: Final = 8

Course = Generator[None, None, Trained | Diverged]
"""Goes on with each ``next``, and returns what became of the member."""


def course(member: Member, lane: Lane, progress: Progress | None) -> Course:
    """All of one member's training; it pauses after each step and while it waits for the device."""
    started = perf_counter()
    with lane.queueing():
        run = _begin(member, lane.device, started)
    step = lane.repeated(partial(take_step, run.learner), run.learner.source.generator)
    for number in range(1, run.learner.steps + 1):
        with lane.queueing():
            step()
        if run.validates_at(number):
            with lane.queueing():
                measured = _measured(run.learner, run.held_out)
            done = lane.mark()
            while not done():
                yield
            row = _row(run, number, measured.tolist())
            if not (isfinite(row["validation_loss"]) and isfinite(row["training_loss"])):
                return Diverged(member.key, _reason(run, number))
            _keep(run, row)
            if progress is not None:
                progress(member.key, row)
        yield
    return Trained(member.key, TrainedNetwork(run.best, run.history, run.best_step, perf_counter() - started))


@dataclass
class _Run:
    """What changes while a network is trained."""

    learner: Learner
    held_out: Batch
    steps_per_epoch: int
    started: float
    history: list[HistoryRow] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_step: int = 0
    least_loss: float = float("inf")

    def validates_at(self, step: int) -> bool:
        spec = self.learner.spec
        interval = spec.validation_interval or self.steps_per_epoch
        return step == self.learner.steps or (step % interval == 0 and step >= spec.first_validation)


def _begin(member: Member, device: torch.device, started: float) -> _Run:
    pool, held_out = member.training_pool.to(device), member.validation_pool.to(device)
    batches, noise = (
        torch.Generator(device).manual_seed(seed_for(member.seed, stream))
        for stream in ("batches", "validation")
    )
    return _Run(
        learner=begin(deepcopy(member.network).to(device), member.spec, pool, batches),
        held_out=exposed_batch(held_out, noise),
        steps_per_epoch=steps_per_epoch(len(pool), member.spec.batches),
        started=started,
    )


def _measured(learner: Learner, held_out: Batch) -> Tensor:
    """Sum of the training losses, which begins anew; and loss, Dice and pixel error of the held-out images, (4,)."""
    network = learner.network.eval()
    parts = torch.split(as_input(learner, held_out.images), VALIDATION_BATCH)
    with torch.no_grad():
        logits = torch.cat([particle_logits(network(part)) for part in parts])
    network.train()
    loss = LOSSES[learner.spec.loss](logits, held_out.masks)
    found = agreement(logits, held_out.masks)
    measured = torch.stack([learner.lost, loss, found.dice.mean(), found.pixel_error.mean()])
    learner.lost.zero_()
    return measured.to("cpu", non_blocking=True)


def _row(run: _Run, step: int, measured: list[float]) -> HistoryRow:
    lost, loss, dice, pixel_error = measured
    since = step - int(run.history[-1]["step"] if run.history else 0)
    return {
        "step": step,
        "training_loss": lost / since,
        "validation_loss": loss,
        "validation_dice": dice,
        "validation_pixel_error": pixel_error,
        "learning_rate": float(run.learner.rates[step - 1]),
        "seconds": perf_counter() - run.started,
    }


def _keep(run: _Run, row: HistoryRow) -> None:
    """Note a validation, and the weights where it is the best so far."""
    run.history.append(row)
    if row["validation_loss"] < run.least_loss:
        run.least_loss, run.best_step = row["validation_loss"], int(row["step"])
        run.best = _stored(run.learner)


def _stored(learner: Learner) -> dict[str, Tensor]:
    """A copy of the masters and of the norms' averages on the CPU, contiguous."""
    state = learner.network.state_dict() | learner.weights.named
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in state.items()}


def _reason(run: _Run, step: int) -> str:
    return (
        f"the loss was not finite at step {step} of {run.learner.steps}, at a learning rate of up to "
        f"{run.learner.spec.learning_rate:g}"
    )
