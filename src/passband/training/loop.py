"""The one training loop: from a network at its start and two pools of images to weights and history.

Every step draws a batch with noise and augmentation, and takes a step of Adam (Kingma & Ba, arXiv
1412.6980). The network is measured now and then on held-out structures of its own domain, and the weights
of the least validation loss are kept. The same network, specification, pools, seed, device and number of
threads give the same weights, bit for bit on the CPU.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite
from time import perf_counter

import torch
from torch import Generator, Tensor, nn
from torch.optim import Adam

from passband.data.batches import Batch, draw_batches, exposed_batch, steps_per_epoch
from passband.data.pool import ImagePool
from passband.networks.agreement import agreement
from passband.networks.prediction import number_format, predicted_logits
from passband.networks.unet import particle_logits
from passband.seeds import seed_for
from passband.training.losses import LOSSES
from passband.training.schedules import SCHEDULES
from passband.training.spec import TrainingSpec

HistoryRow = dict[str, float]
"""step, training_loss (mean since the last row), validation_loss, validation_dice, validation_pixel_error,
learning_rate, seconds (since the start)."""


class TrainingDiverged(Exception):  # noqa: N818 - it names what happened
    """The loss is no longer a finite number; the message tells the step and the learning rate."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What training gives.

    state_dict: weights of the best step, by name, on the CPU, floating-point ones in float32.
    history: one row per validation, in order.
    best_step: the step (from 1) of the least validation loss.
    seconds: wall time of the whole run.
    """

    state_dict: dict[str, Tensor]
    history: list[HistoryRow]
    best_step: int
    seconds: float


def train_network(
    network: nn.Module,
    spec: TrainingSpec,
    training_pool: ImagePool,
    validation_pool: ImagePool,
    seed: int,
    progress: Callable[[HistoryRow], None] | None = None,
) -> TrainedNetwork:
    """Train a copy of a network on the device of the pools; ``progress`` is called with every row of the
    history.

    Raises TrainingDiverged when the loss is not finite.
    """
    run = _begin(network, spec, training_pool, seed)
    held_out = exposed_batch(validation_pool, _generator(validation_pool, seed, "validation"))
    batches = draw_batches(training_pool, spec.batches, _generator(training_pool, seed, "batches"))
    total, since = torch.zeros((), device=training_pool.images.device), 0
    for step in range(1, run.steps + 1):
        total += _step(run, next(batches), step)
        since += 1
        if run.validates_at(step):
            row = _validate(run, step, float(total) / since, held_out)
            total, since = torch.zeros_like(total), 0
            if progress is not None:
                progress(row)
    return TrainedNetwork(run.best, run.history, run.best_step, perf_counter() - run.started)


@dataclass
class _Run:
    """What changes while a network is trained."""

    network: nn.Module
    optimiser: Adam
    spec: TrainingSpec
    steps: int
    steps_per_epoch: int
    started: float
    history: list[HistoryRow] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_step: int = 0
    least_loss: float = float("inf")

    def validates_at(self, step: int) -> bool:
        interval = self.spec.validation_interval or self.steps_per_epoch
        return step == self.steps or (step % interval == 0 and step >= self.spec.first_validation)

    def learning_rate(self, step: int) -> float:
        schedule = SCHEDULES[self.spec.schedule]
        return self.spec.learning_rate * schedule(step - 1, self.steps, self.steps_per_epoch)


def _begin(network: nn.Module, spec: TrainingSpec, pool: ImagePool, seed: int) -> _Run:
    started = perf_counter()
    copied = deepcopy(network).to(pool.images.device).train()
    if spec.channels_last:
        copied = copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    per_epoch = steps_per_epoch(len(pool), spec.batches)
    steps = spec.steps if spec.steps is not None else (spec.epochs or 0) * per_epoch
    optimiser = Adam(copied.parameters(), lr=spec.learning_rate, fused=True)
    return _Run(copied, optimiser, spec, steps, per_epoch, started)


def _step(run: _Run, batch: Batch, step: int) -> Tensor:
    """One step of the optimiser; the loss stays on the device, so that the next step need not wait for it."""
    for group in run.optimiser.param_groups:
        group["lr"] = run.learning_rate(step)
    with number_format(batch.images.device, run.spec.precision):
        outputs = run.network(_laid_out(batch.images, run.spec))
    loss = LOSSES[run.spec.loss](particle_logits(outputs), batch.masks)
    run.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimiser.step()
    return loss.detach()


def _validate(run: _Run, step: int, training_loss: float, held_out: Batch) -> HistoryRow:
    logits = predicted_logits(run.network, _laid_out(held_out.images, run.spec), run.spec.precision)
    loss = float(LOSSES[run.spec.loss](logits, held_out.masks))
    if not (isfinite(loss) and isfinite(training_loss)):
        raise TrainingDiverged(
            f"the loss was not finite at step {step} of {run.steps}, at a learning rate of up to "
            f"{run.spec.learning_rate:g}"
        )
    found = agreement(logits, held_out.masks)
    row: HistoryRow = {
        "step": step,
        "training_loss": training_loss,
        "validation_loss": loss,
        "validation_dice": float(found.dice.mean()),
        "validation_pixel_error": float(found.pixel_error.mean()),
        "learning_rate": run.learning_rate(step),
        "seconds": perf_counter() - run.started,
    }
    run.history.append(row)
    if loss < run.least_loss:
        run.least_loss, run.best_step, run.best = loss, step, _stored(run.network)
    return row


def _stored(network: nn.Module) -> dict[str, Tensor]:
    """A copy of the weights on the CPU, contiguous."""
    state = network.state_dict()
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in state.items()}


def _laid_out(images: Tensor, spec: TrainingSpec) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last) if spec.channels_last else images


def _generator(pool: ImagePool, seed: int, stream: str) -> Generator:
    return Generator(pool.images.device).manual_seed(seed_for(seed, stream))
