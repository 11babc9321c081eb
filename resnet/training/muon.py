"""Muon: steps of a convolution in all directions alike, for many pictures learned in few epochs.

Shapes: a matrix (A, B) stands for a convolution's weights (out channels, in channels, height, width): A = out, B = the
rest. timm's and torch's own multiply in bfloat16, which a CPU without instructions for it does a hundred times as
slowly as float32; and in matrices of A x B, where those of A x A, the smaller side, do.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

# a, b, c of a x + b x^3 + c x^5, one after another: singular values between 0.003 and 1 come to between 0.97 and 1.15
# (Cesista et al. 2025, "Squeezing 1-2% Efficiency Gains Out of Muon by Optimizing the Newton-Schulz Coefficients").
QUINTICS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)
SMALLEST = 1e-7  # norm of a gradient that still has a direction


class Muon(torch.optim.Optimizer):
    """Jordan et al. 2024, the step as large as one of AdamW (Liu et al. 2025, arXiv:2502.16982, section 2.2).

    A group says `use_fallback` where its parameters are no matrices, or the classifier's: these take AdamW's step
    (Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2).
    """

    def __init__(
        self, groups: Iterable[dict], lr: float, momentum: float = 0.95, betas: tuple[float, float] = (0.9, 0.95)
    ) -> None:
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0, "momentum": momentum, "betas": betas})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    (_adamw if group["use_fallback"] else _muon)(parameter, self.state[parameter], group)


def _muon(parameter: Tensor, state: dict, group: dict) -> None:
    gradient, momentum = parameter.grad, group["momentum"]
    mean = state.setdefault("momentum_buffer", torch.zeros_like(parameter)).lerp_(gradient, 1 - momentum)
    step = orthogonal(gradient.lerp(mean, momentum).flatten(1))  # with Nesterov's look ahead
    parameter.add_(step.view_as(parameter), alpha=-0.2 * max(step.shape) ** 0.5 * group["lr"])


def _adamw(parameter: Tensor, state: dict, group: dict) -> None:
    first, second = group["betas"]
    steps = state.setdefault("step", torch.zeros(())).add_(1).item()  # a tensor, as all that a resume needs
    mean = state.setdefault("exp_avg", torch.zeros_like(parameter)).lerp_(parameter.grad, 1 - first)
    square = state.setdefault("exp_avg_sq", torch.zeros_like(parameter))
    square.mul_(second).addcmul_(parameter.grad, parameter.grad, value=1 - second)
    spread = (square / (1 - second**steps)).sqrt_().add_(1e-8)
    parameter.addcdiv_(mean, spread, value=-group["lr"] / (1 - first**steps))


def orthogonal(matrix: Tensor) -> Tensor:
    """(A, B) -> (A, B), about the nearest matrix whose singular values are all alike (see QUINTICS).

    With G = X X^T a step X -> a X + (b G + c G^2) X multiplies X by P = a + b G + c G^2, and G by P twice. So the steps
    are taken in the small G, and X is multiplied once, by the product of all P.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    matrix = matrix / matrix.norm().clamp_min(SMALLEST)
    gram, one = matrix @ matrix.T, torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    product = one
    for a, b, c in QUINTICS:
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c).add_(one, alpha=a)
        gram, product = factor @ (factor @ gram), factor @ product
    return product @ matrix
