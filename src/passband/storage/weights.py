"""Networks on the disk: weights as safetensors, and a card in JSON that says all else and seals both.

    networks/<id>.safetensors   the tensors, nothing that could run
    networks/<id>.json          the card: what the study says of the network, SHA-256 of the weights, a seal

The card is written last, so a network is there when its card is.
Reference: the safetensors format, https://huggingface.co/docs/safetensors.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from passband.errors import UserError
from passband.storage.atomic import explained_io, write_bytes
from passband.storage.damage import DamagedArtefact
from passband.storage.run_folder import network_files
from passband.storage.seals import HOLE, is_intact, sealed, sha256_of

_RESERVED: Final = ("weights_sha256", "seal")


@dataclass(frozen=True)
class StoredNetwork:
    """What was stored of a network: tensors by name, on the CPU, and its card (plain data)."""

    state: dict[str, Tensor]
    card: dict[str, Any]


def save_network(path: Path, state: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Store weights and card, each atomically, the card last.

    path: ``networks/<id>``; a suffix .safetensors or .json is ignored. card: plain data, finite numbers only.
    Raises UserError when the disk does not take them, ValueError for a card that is not plain data.
    """
    if any(key in card for key in _RESERVED):
        raise ValueError(f"a card has no keys of its own called {_RESERVED}")
    weights, card_file = network_files(path)
    data = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()})
    full = {**card, "weights_sha256": sha256_of(data), "seal": HOLE}
    text = json.dumps(full, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(weights, data)
    write_bytes(card_file, sealed(text.encode()))


def load_network(path: Path) -> StoredNetwork:
    """Weights and card of ``networks/<id>``, verified; a suffix .safetensors or .json is ignored.

    Raises UserError when there is no such network, DamagedArtefact when its bytes are not those that were
    written.
    """
    weights, _ = network_files(path)
    card = load_card(path)
    data = _read(weights)
    if sha256_of(data) != card.pop("weights_sha256", None):
        raise DamagedArtefact(weights, "its checksum is not the one on its card")
    try:
        with torch.no_grad():
            return StoredNetwork(load(data), card)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise DamagedArtefact(weights, f"it holds no weights ({error})") from None


def load_card(path: Path) -> dict[str, Any]:
    """The card alone, verified, with the SHA-256 of the weights under ``weights_sha256``.

    Raises as `load_network`.
    """
    _, card_file = network_files(path)
    data = _read(card_file)
    if not is_intact(data):
        raise DamagedArtefact(card_file, "its checksum does not match")
    try:
        card = json.loads(data)
    except (ValueError, RecursionError):
        raise DamagedArtefact(card_file, "it is no JSON") from None
    if not isinstance(card, dict):
        raise DamagedArtefact(card_file, "it is no card")
    card.pop("seal", None)
    return card


def has_network(path: Path) -> bool:
    """Whether weights and card are there and intact."""
    try:
        load_network(path)
    except UserError:
        return False
    return True


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"there is no network file {path}; networks lie in the folder networks of a run")
    if path.is_symlink():
        raise DamagedArtefact(path, "it is a link")
    with explained_io("reading", path):
        return path.read_bytes()
