"""The network in torch, batch normalisation folded into the convolutions before it."""

import copy

import torch
from torch import fx, nn

from resnet.nn.network import ResNet


def folded(module: ResNet) -> ResNet:
    """A copy in evaluation mode that gives the same, up to rounding, with each batch normalisation in a convolution.

    In evaluation both are affine maps of the channels, so one does for two (Jacob et al. 2018, arXiv:1712.05877,
    section 3.2). Normalisations that no convolution comes before stay. All other weights are shared with `module`,
    not copied.
    """
    shared = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    copied = copy.deepcopy(module, shared).eval()
    for convolution, normalisation in _pairs(copied):
        _fold(copied.get_submodule(convolution), copied.get_submodule(normalisation))
        copied.set_submodule(normalisation, nn.Identity())
    return copied


def _pairs(module: ResNet) -> list[tuple[str, str]]:
    """The names of each convolution and of the normalisation that alone sees what it computes."""
    nodes, found = fx.Tracer().trace(module).nodes, []
    for node in nodes:
        before = node.args[0] if node.op == "call_module" else None
        if (
            isinstance(before, fx.Node)
            and before.op == "call_module"
            and len(before.users) == 1
            and isinstance(module.get_submodule(node.target), nn.BatchNorm2d)
            and type(module.get_submodule(before.target)) is nn.Conv2d
        ):
            found.append((before.target, node.target))
    return found


@torch.no_grad()
def _fold(convolution: nn.Conv2d, normalisation: nn.BatchNorm2d) -> None:
    """Multiply each channel's kernel by gamma / sqrt(variance + eps), and let the bias make up for the mean."""
    scale = normalisation.weight.double() * (normalisation.running_var.double() + normalisation.eps).rsqrt()
    shift = -normalisation.running_mean.double()
    if convolution.bias is not None:
        shift += convolution.bias.double()
    shift = shift * scale + normalisation.bias.double()
    weight = convolution.weight
    convolution.weight = nn.Parameter((weight.double() * scale[:, None, None, None]).to(weight.dtype), False)
    convolution.bias = nn.Parameter(shift.to(weight.dtype), False)
