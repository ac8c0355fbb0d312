"""What a network makes of images on its way: the means over space of its deepest features."""

from dataclasses import dataclass

import torch
from torch import Tensor

from passband.networks.prediction import number_format
from passband.networks.spec import Precision
from passband.networks.unet import UNet, particle_logits


@dataclass(frozen=True)
class Response:
    """Of n images: probabilities (n, ny, nx) of being particle, and features (n, n_features) of the deepest level."""

    probabilities: Tensor
    features: Tensor


def response(network: UNet, images: Tensor, precision: Precision, batch: int = 8) -> Response:
    """How a network, in evaluation mode, responds to images (n, 1, ny, nx) of mean 0 and variance 1.

    Network and images are on one device, the response is on the CPU.
    """
    deepest: list[Tensor] = []

    def note(module: torch.nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        deepest.append(made.float().mean(dim=(-2, -1)).cpu())

    was_training = network.training
    network.eval()
    hook = network.encoder[-1].register_forward_hook(note)
    try:
        with torch.no_grad(), number_format(images.device, precision):
            logits = [particle_logits(network(part)) for part in torch.split(images, batch)]
    finally:
        hook.remove()
        network.train(was_training)
    return Response(torch.cat(logits).sigmoid().cpu(), torch.cat(deepest))
