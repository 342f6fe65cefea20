"""Puts the weights of a model of ours into a model of OpenNMT-py or eole, so that both sides translate with the same.

    python -m recipes.benchmark.convert MODEL onmt CHECKPOINT CONVERTED
    python -m recipes.benchmark.convert MODEL eole FOLDER CONVERTED

CHECKPOINT and FOLDER are of a model of the same sizes that the peer has trained itself, for an update: all but weights
is taken from it. Ours must be `model=luong model.bridge=zero`: LSTM, general score, input feeding, nothing tied.
OpenNMT-py then starts its decoder from zeros as well, because its bridge, made of zeros, gives ReLU(0 x + 0). Eole has
such a bridge, which fails with two directions, so it starts from the states of the encoder, and translates otherwise.
"""

import shutil
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nmt.translation.package import load_package

LSTM = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
EMBEDDINGS = {
    "onmt": "{coder}.embeddings.make_embedding.emb_luts.0.weight",
    "eole": "{side}_emb.embeddings.weight",
}


def renamed(ours: Mapping[str, Tensor], peer: str) -> dict[str, Tensor]:
    """Returns our weights by the peer's names.

    Args:
        ours: those of a model as above, by our names.
        peer: `onmt` or `eole`.
    """
    found = {
        EMBEDDINGS[peer].format(coder="encoder", side="src"): ours["source_embedding.weight"],
        EMBEDDINGS[peer].format(coder="decoder", side="tgt"): ours["target_embedding.weight"],
        # Ours: q . (W m); theirs: (W' q) . m.
        "decoder.attn.linear_in.weight": ours["decoder.attention.score.key.weight"].t().contiguous(),
        "decoder.attn.linear_out.weight": ours["decoder.readout.weight"],
        "generator.weight": ours["output.linear.weight"],
        "generator.bias": ours["output.linear.bias"],
    }
    for part in LSTM:
        found[f"encoder.rnn.{part}_l0"] = ours[f"encoder.forwards.0.{part}_l0"]
        found[f"encoder.rnn.{part}_l0_reverse"] = ours[f"encoder.backwards.0.{part}_l0"]
        found[f"decoder.rnn.layers.0.{part}"] = ours[f"decoder.recurrence.rnn.{part}_l0"]
    joined = [found["decoder.rnn.layers.0.weight_ih"], ours["decoder.recurrence.feed.weight"]]
    found["decoder.rnn.layers.0.weight_ih"] = torch.cat(joined, dim=1)  # theirs read [embedding; feed]
    return found


def put(weights: Mapping[str, Tensor], target: MutableMapping[str, Tensor], prefix: str = "") -> None:
    """Replaces all weights of a peer's model, or of a part of it; what only its bridge has becomes zero.

    Raises:
        SystemExit: a weight without counterpart, or of another shape.
    """
    for name, before in target.items():
        new = weights.get(f"{prefix}{name}", torch.zeros_like(before) if "bridge" in name else None)
        if new is None or new.shape != before.shape:
            sys.exit(f"convert.py: error: the peer's {prefix}{name} {tuple(before.shape)} has no counterpart")
        target[name] = new.to(before.dtype).clone()


def main(model: str, peer: str, template: str, converted: str) -> None:
    """Writes the peer's model with our weights."""
    weights = renamed(load_package(model).model.state_dict(), peer)
    if peer == "onmt":
        checkpoint = torch.load(template, weights_only=False)  # the peer's own, made a moment ago
        put(weights, checkpoint["model"])
        put(weights, checkpoint["generator"], "generator.")
        checkpoint["optim"] = None
        torch.save(checkpoint, converted)
        return
    shutil.copytree(template, converted, dirs_exist_ok=True)
    (file,) = Path(converted).glob("*.safetensors")
    theirs = load_file(file)
    put(weights, theirs)
    save_file(theirs, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
