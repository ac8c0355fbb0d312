"""Weights in one vector: the network neither sees nor loses anything by it."""

import pytest
import torch

from passband.networks.spec import COMPACT, NetworkSpec, Precision
from passband.networks.unet import UNet, build_network
from passband.training.weights import flatten_weights

TINY = NetworkSpec(widths=(4, 8), blocks=(1, 1))


def images() -> torch.Tensor:
    return torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def laid_out(layout: torch.memory_format, spec: NetworkSpec = TINY) -> UNet:
    return build_network(spec, 3).to(memory_format=layout)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_in_float32_outputs_and_gradients_are_those_of_the_network_before(
    layout: torch.memory_format,
) -> None:
    plain, network = laid_out(layout), laid_out(layout)
    weights = flatten_weights(network, "float32")
    torch.testing.assert_close(network(images()), plain(images()))
    for each in (plain, network):
        each(images()).square().mean().backward()
    weights.collect_gradient()
    for before, after in zip(plain.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(after.grad, before.grad)
    squared = sum(float(p.grad.square().sum()) for p in plain.parameters())
    assert float(weights.gradient.square().sum()) == pytest.approx(squared, rel=1e-5)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_number_stands_in_the_vector_once_and_under_its_name(precision: Precision) -> None:
    reference = dict(laid_out(torch.channels_last, COMPACT).named_parameters())
    weights = flatten_weights(laid_out(torch.channels_last, COMPACT), precision)
    assert set(weights.named) == set(reference)
    assert all(torch.equal(weights.named[name], reference[name]) for name in reference)
    weights.values.zero_()
    assert all(float(held.abs().max()) == 0 for held in weights.named.values())


def test_the_matrices_are_the_weights_of_the_convolutions_one_row_per_channel() -> None:
    network = laid_out(torch.channels_last)
    weights = flatten_weights(network, "bfloat16")
    convolutions = [m.weight for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [part.rows for part in weights.matrices] == [len(weight) for weight in convolutions]
    assert [part.stop - part.start for part in weights.matrices] == [w.numel() for w in convolutions]


def test_a_change_below_the_last_bit_of_bfloat16_adds_up_in_the_masters() -> None:
    """bfloat16 keeps 8 bits: 1 + 2^-10 rounds to 1, its last bit there is 2^-7, and 8 such changes make that."""
    network = laid_out(torch.channels_last)
    weights = flatten_weights(network, "bfloat16")
    weights.values.fill_(1)
    for _ in range(8):
        weights.values.add_(2**-10)
        weights.refresh_working()
    assert network.stem.weight.dtype == torch.bfloat16
    assert network.stem.weight.detach().unique().tolist() == [1 + 2**-7]
    assert network.norm.weight.detach().unique().tolist() == [1 + 2**-7]
