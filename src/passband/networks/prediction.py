"""A network at work: images in, logits out, a few at a time, nothing learned."""

import torch
from torch import Tensor, nn

from passband.networks.spec import Precision
from passband.networks.unet import channels_last, particle_logits


def predicted_logits(network: nn.Module, images: Tensor, precision: Precision, batch: int = 8) -> Tensor:
    """Logits of being particle (n, ny, nx), float32, on the device of the images.

    images: (n, 1, ny, nx) of mean 0 and variance 1. The network is in evaluation mode meanwhile, and then
        as before.
    """
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), number_format(images.device, precision):
            parts = torch.split(channels_last(images), batch)
            return torch.cat([particle_logits(network(part)) for part in parts])
    finally:
        network.train(was_training)


def number_format(device: torch.device, precision: Precision) -> torch.autocast:
    """Context in which convolutions compute in the given number format."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
