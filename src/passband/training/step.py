"""One step of training: a batch, its gradient, and a step of the optimiser.

A step reads its own number, its rate and its batch from tensors and writes its results into tensors, always
the same ones. It asks the host for nothing, so that a GPU may record it once and replay it.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d

from passband.data.batches import Batch, BatchSource, batch_source, steps_per_epoch
from passband.data.pool import ImagePool
from passband.networks.unet import UNet, channels_last, particle_logits
from passband.training.losses import LOSSES
from passband.training.optimisers import OPTIMISERS, Step
from passband.training.schedules import SCHEDULES
from passband.training.spec import TrainingSpec
from passband.training.weights import FlatWeights, flatten_weights


@dataclass(frozen=True)
class Learner:
    """A network while it is trained; every tensor is changed in place.

    rates: float64 (steps,), the learning rate of each step; rate: float32 (), that of the present one.
    done: int64 (1,), steps taken. lost: float32 (), the sum of their losses since it was last set to 0.
    """

    network: UNet
    spec: TrainingSpec
    weights: FlatWeights
    optimiser: Step
    source: BatchSource
    rates: Tensor
    rate: Tensor
    done: Tensor
    lost: Tensor

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return len(self.rates)


def begin(network: UNet, spec: TrainingSpec, pool: ImagePool, generator: Generator) -> Learner:
    """A learner at its start; the network is changed, and must be on the device of pool and generator."""
    device = pool.images.device
    network = network.train()
    if spec.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    weights = flatten_weights(network, spec.precision)
    rates = _rates(spec, len(pool)).to(device)
    rate = rates[0].float()
    on_gpu = device.type == "cuda"
    return Learner(
        network=network,
        spec=spec,
        weights=weights,
        optimiser=OPTIMISERS[spec.optimiser](weights, rate),
        source=batch_source(pool, spec.batches, generator, len(rates), at_once=on_gpu),
        rates=rates,
        rate=rate,
        done=torch.zeros(1, dtype=torch.int64, device=device),
        lost=torch.zeros((), device=device),
    )


def take_step(learner: Learner) -> None:
    """The next step of a run."""
    loss = _loss(learner, learner.source.batch(learner.done))
    learner.weights.clear_gradient()
    loss.backward()  # type: ignore[no-untyped-call]
    learner.weights.collect_gradient()
    learner.rate.copy_(learner.rates.index_select(0, learner.done)[0])
    learner.optimiser()
    learner.weights.refresh_working()
    learner.lost.add_(loss.detach())
    learner.done.add_(1)


def as_input(learner: Learner, images: Tensor) -> Tensor:
    """Images (b, 1, ny, nx) in the number format and the memory layout in which the network learns."""
    rounded = images.to(learner.weights.working.dtype)
    return channels_last(rounded) if learner.spec.channels_last else rounded


def _loss(learner: Learner, batch: Batch) -> Tensor:
    stride = learner.network.spec.output_stride
    masks = batch.masks if stride == 1 else avg_pool2d(batch.masks[:, None], stride)[:, 0]
    logits = particle_logits(learner.network.coarse_logits(as_input(learner, batch.images)))
    return LOSSES[learner.spec.loss](logits, masks)


def _rates(spec: TrainingSpec, images: int) -> Tensor:
    """The learning rate of every step of a run, float64 (steps,)."""
    per_epoch = steps_per_epoch(images, spec.batches)
    steps = spec.steps if spec.steps is not None else (spec.epochs or 0) * per_epoch
    schedule = SCHEDULES[spec.schedule]
    rates = [spec.learning_rate * schedule(step, steps, per_epoch) for step in range(steps)]
    return torch.tensor(rates, dtype=torch.float64)
