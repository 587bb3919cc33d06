"""The twin of ``entropy``."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source


def entropy(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    return _softmax(source) | _binary(source)


def _softmax(source: Source) -> dict[str, Floats]:
    names = [str(name).casefold() for name in source.texts("class_names")[0]]
    target = torch.tensor([names.index(str(row[0]).casefold()) for row in source.texts("targets")])
    logits = torch.from_numpy(source.numbers("activations")).requires_grad_()
    scaled = logits / source.number("temperature")
    losses = F.cross_entropy(scaled, target, reduction="none")
    mean = F.cross_entropy(scaled, target)
    (gradients,) = torch.autograd.grad(mean, logits)
    chances = np.arange(1, 21)[:, None] / 20
    return {
        "target_numbers": target[:, None].double().numpy() + 1,
        "powers": torch.exp(scaled - scaled.max(1, keepdim=True).values).detach().numpy(),
        "softmax": F.softmax(scaled, dim=1).detach().numpy(),
        "one_hot": F.one_hot(target, len(names)).double().numpy(),
        "losses": losses[:, None].detach().numpy(),
        "losses_by_index": F.nll_loss(F.log_softmax(scaled, 1), target, reduction="none")[:, None].detach().numpy(),
        "mean_loss": mean.reshape(1, 1).detach().numpy(),
        "gradients": gradients.numpy(),
        "chances": chances,
        "costs": -torch.log(torch.from_numpy(chances)).numpy(),
    }


def _binary(source: Source) -> dict[str, Floats]:
    logits = torch.from_numpy(source.numbers("binary_activations"))
    targets = torch.from_numpy(source.numbers("binary_targets"))
    sigmoid = torch.sigmoid(logits)
    return {
        "sigmoids": sigmoid.numpy(),
        "binary_losses": F.binary_cross_entropy(sigmoid, targets, reduction="none").numpy(),
        "binary_mean_loss": F.binary_cross_entropy_with_logits(logits, targets).reshape(1, 1).numpy(),
    }
