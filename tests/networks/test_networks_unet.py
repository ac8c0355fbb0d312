"""Laws of the family of U-Nets."""

from itertools import product

import pytest
import torch

from passband.errors import UserError
from passband.networks.prediction import predicted_logits
from passband.networks.spec import COMPACT, PUBLISHED, NetworkSpec
from passband.networks.unet import Block, build_network, channels_last, parameter_count, particle_logits
from passband.records import parse_record

TINY = NetworkSpec(widths=(4, 8), blocks=(1, 1))
RESIDUAL = COMPACT.model_copy(update={"residual": True, "blocks": (0, 1, 2, 1)})


def parameters_by_hand(spec: NetworkSpec) -> int:
    """Every convolution of k x k from a to b channels has a b k² weights, every batch norm 2 numbers per channel."""

    def block(a: int, b: int) -> int:
        shortcut = a * b if spec.residual and a != b else 0
        return 2 * a + 9 * a * b + (spec.convolutions - 1) * (2 * b + 9 * b * b) + shortcut

    w = spec.widths
    total = w[0] * spec.stem_kernel**2
    for level, width in enumerate(w):
        before = w[max(level - 1, 0)]
        total += sum(block(before if n == 0 else width, width) for n in range(spec.blocks[level]))
    for coarse, fine in zip(w[1:], w[:-1], strict=True):
        adds = spec.skip == "add"
        total += coarse * fine + block(fine, fine) if adds else block(coarse + fine, fine)
    head = spec.outputs * (spec.stem_stride // spec.output_stride) ** 2
    return total + 2 * w[0] + 9 * w[0] * head + head


@pytest.mark.parametrize("spec", [COMPACT, PUBLISHED, TINY, RESIDUAL])
def test_the_number_of_parameters_is_the_one_counted_by_hand(spec: NetworkSpec) -> None:
    assert parameter_count(build_network(spec, 0)) == parameters_by_hand(spec)


def test_the_published_network_has_about_14_million_parameters_and_two_classes() -> None:
    assert 13e6 < parameter_count(build_network(PUBLISHED, 0)) < 15e6
    assert PUBLISHED.outputs == 2


@pytest.mark.parametrize(
    ("stride", "kernel", "skip", "residual", "blocks"),
    [*product((1, 2, 4, 8), (9, 11), ("add", "concatenate"), (True, False), ((0, 1), (2, 1)))],
)
def test_every_member_of_the_family_gives_one_row_of_logits_per_pixel(
    stride: int, kernel: int, skip: str, residual: bool, blocks: tuple[int, int]
) -> None:
    data = {"stem_stride": stride, "stem_kernel": kernel, "widths": [4, 6], "blocks": list(blocks)}
    spec = parse_record(NetworkSpec, data | {"skip": skip, "residual": residual}, "a test")
    ny, nx = 2 * spec.multiple, 3 * spec.multiple
    assert build_network(spec, 0)(torch.zeros(2, 1, ny, nx)).shape == (2, 1, ny, nx)


@pytest.mark.parametrize(("pool", "output_stride"), [*product((1, 2, 4), (1, 2, 4))])
def test_pooled_stems_and_coarse_outputs_give_logits_per_pixel_and_per_coarse_pixel(
    pool: int, output_stride: int
) -> None:
    changes = {"stem_pool": pool, "output_stride": output_stride, "stem_kernel": 9}
    network = build_network(TINY.model_copy(update=changes), 0)
    images = torch.randn(2, 1, 16, 24, generator=torch.Generator().manual_seed(0))
    assert network(images).shape == (2, 1, 16, 24)
    assert network.coarse_logits(images).shape == (2, 1, 16 // output_stride, 24 // output_stride)


def test_a_coarse_logit_stands_in_the_middle_of_its_pixels() -> None:
    """Interpolated linearly, the mean of the pixels that a logit stands for is the logit, where logits are a ramp."""
    network = build_network(TINY.model_copy(update={"output_stride": 4}), 0)
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    network.coarse_logits = lambda images: ramp  # type: ignore[method-assign]
    fine = network(torch.zeros(1, 1, 32, 32))
    means = torch.nn.functional.avg_pool2d(fine, 4)
    torch.testing.assert_close(means[..., 1:-1], ramp[..., 1:-1])


def test_a_pooled_stem_sees_a_fringe_wherever_its_maxima_lie() -> None:
    """Stride 2, pooled to 4, a fringe of 8 px: two places a quarter of a period apart give |cos| + |sin|, 1 to √2."""
    network = build_network(TINY.model_copy(update={"stem_pool": 2}), 0)
    x, strengths = torch.arange(64.0), []
    for shift in torch.arange(0, 8, 0.5):
        image = torch.cos(torch.pi / 4 * (x + shift)).expand(1, 1, 64, 64)
        pooled = torch.nn.functional.avg_pool2d(network.stem(image).abs(), 2)
        strengths.append(pooled[0, :, 8, 8].detach())
    found = torch.stack(strengths)
    ratio = found.max(dim=0).values / found.min(dim=0).values
    assert bool(((ratio > 1.01) & (ratio < 2**0.5 + 1e-4)).all())


def test_a_residual_block_whose_convolutions_are_silent_passes_its_features_on() -> None:
    network = build_network(RESIDUAL, 0)
    block = network.encoder[2][1]
    assert isinstance(block, Block)
    torch.nn.init.zeros_(block.body[2].weight)
    features = torch.randn(1, 64, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(features), features)


@pytest.mark.parametrize("kernel", [2, 3, 8])
def test_a_stem_of_stride_2_takes_even_and_odd_kernels(kernel: int) -> None:
    spec = TINY.model_copy(update={"stem_stride": 2, "stem_kernel": kernel})
    assert build_network(spec, 0)(torch.zeros(1, 1, 8, 12)).shape == (1, 1, 8, 12)


def test_one_seed_gives_one_network_and_leaves_the_global_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, other = (build_network(TINY, seed).state_dict() for seed in (7, 7, 8))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])


def test_a_shift_of_the_image_by_one_coarse_pixel_of_the_deepest_level_shifts_the_logits() -> None:
    network = build_network(TINY, 1).eval()
    image = torch.zeros(1, 1, 96, 96)
    image[..., 40:48, 40:48] = torch.randn(8, 8, generator=torch.Generator().manual_seed(0))
    step = TINY.multiple
    shifted = network(torch.roll(image, (step, 2 * step), dims=(-2, -1)))
    expected = torch.roll(network(image), (step, 2 * step), dims=(-2, -1))
    inner = (..., slice(40, 72), slice(40, 72))  # the receptive field of TINY is below 40 px
    torch.testing.assert_close(shifted[inner], expected[inner], atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(60, 64), (64, 60), (8, 8)])
def test_an_image_that_does_not_fit_the_levels_is_refused_with_the_sizes_that_would(
    shape: tuple[int, int],
) -> None:
    with pytest.raises(UserError, match=r"multiples of 32 px.*crop or pad it to \d+ x \d+ px"):
        build_network(COMPACT, 0)(torch.zeros(1, 1, *shape))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"widths": [8, 16], "blocks": [1]}, "one number per level"),
        ({"widths": [8, 16], "blocks": [1, 0]}, "at least 1 at every level but the finest"),
        ({"stem_stride": 4, "stem_kernel": 3}, "stem_kernel must be at least stem_stride"),
        ({"stem_stride": 2, "stem_pool": 4}, "stem_pool must divide stem_stride"),
        ({"stem_stride": 2, "stem_pool": 2}, "odd where that is 1"),
        ({"output_stride": 8}, "output_stride must be at most stem_stride"),
        ({"stem_stride": 1, "stem_kernel": 4}, "odd where that is 1"),
        ({"stem_stride": 3}, "stem_stride"),
        ({"width": [8]}, "did you mean 'widths'"),
    ],
)
def test_a_specification_that_is_no_network_is_refused_in_one_sentence(
    data: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        parse_record(NetworkSpec, data, "study.yaml, network")


def test_two_classes_and_one_logit_give_the_same_probability() -> None:
    outputs = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    softmax = outputs.softmax(dim=1)[:, 1]
    torch.testing.assert_close(particle_logits(outputs).sigmoid(), softmax)
    torch.testing.assert_close(particle_logits(outputs[:, :1]), outputs[:, 0])


def test_prediction_does_not_depend_on_how_images_are_grouped_and_leaves_the_network_as_it_was() -> None:
    network = build_network(TINY, 3).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.randn(5, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    one, all_at_once = (predicted_logits(network, images, "float32", batch) for batch in (1, 5))
    torch.testing.assert_close(one, all_at_once, atol=1e-5, rtol=0)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_bfloat16_changes_the_logits_by_its_own_precision_only() -> None:
    """bfloat16 keeps 8 bits, 0.4 %; through the 6 convolutions of TINY the error stays below 3 % of the spread."""
    network = build_network(TINY, 3)
    images = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(2))
    full, short = (predicted_logits(network, images, precision) for precision in ("float32", "bfloat16"))
    assert short.dtype == torch.float32
    assert 0 < (short - full).std() < 0.03 * full.std()


def test_channels_last_training_of_the_compact_network_gives_the_gradients_of_the_plain_layout() -> None:
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    gradients = []
    for layout, shown in ((torch.contiguous_format, images), (torch.channels_last, channels_last(images))):
        network = build_network(COMPACT, 0).to(memory_format=layout)
        network(shown).square().mean().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    for plain, last in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, last, atol=1e-4, rtol=1e-3)


def test_features_and_their_gradients_stay_channels_last_once_the_images_are() -> None:
    """Two layouts that meet in one operation cost several times its time; a layout is seen in the strides."""
    network, seen = build_network(COMPACT, 0).to(memory_format=torch.channels_last), []

    def watch(module: torch.nn.Module, shown: object, features: torch.Tensor) -> None:
        seen.append(features)
        features.register_hook(lambda gradient: seen.append(gradient))

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d) and module.out_channels > 1:
            module.register_forward_hook(watch)
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    shown = channels_last(images)
    assert torch.equal(shown, images)
    assert shown.data_ptr() == images.data_ptr()
    network(shown).square().mean().backward()
    assert len(seen) == 20
    assert all(features.is_contiguous(memory_format=torch.channels_last) for features in seen)
