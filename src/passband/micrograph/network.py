"""A stored network made ready for micrographs."""

from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from passband.errors import UserError
from passband.micrograph.segmentation import Segmenter
from passband.networks.prediction import predicted_logits
from passband.networks.spec import Precision
from passband.networks.unet import build_network
from passband.records import parse_record
from passband.storage.weights import load_network
from passband.training.card import NetworkCard
from passband.units import A_to_nm

FIELD_NM: Final = 10.24
"""Side of the simulated field, over which whole training images are standardised (method.md)."""


def stored_segmenter(path: Path, device: str = "cpu") -> Segmenter:
    """The network ``RUN/networks/ID`` (with or without the suffix of one of its files) on a device.

    Raises UserError where it is missing, damaged, or not what its card says.
    """
    stored = load_network(path)
    if "card" not in stored.card:
        raise UserError(f"{path} has a card without the key 'card': it was not stored by passband run")
    card = parse_record(NetworkCard, stored.card["card"], f"the card of {path}")
    network = build_network(card.network, seed=0)
    try:
        network.load_state_dict(stored.state)
        network.to(device)
    except (RuntimeError, AssertionError) as error:  # the latter where torch has no such device
        raise UserError(f"{path} cannot be used: {str(error).splitlines()[0]}") from None
    pixel_size_nm = card.imaging.pixel_nm or A_to_nm(card.network.input_sampling_A)
    return Segmenter(
        predict=partial(_predict, network, card.training.precision, torch.device(device)),
        pixel_size_nm=pixel_size_nm,
        network_id=card.network_id,
        field_px=card.training.batches.crop_px or round(FIELD_NM / pixel_size_nm),
        multiple_px=card.network.multiple,
    )


def _predict(network: nn.Module, precision: Precision, device: torch.device, images: Tensor) -> Tensor:
    return predicted_logits(network, images.to(device), precision, batch=1)
