"""What computes the network: an engine takes uint8 pictures and gives logits or features."""

import torch

from resnet.errors import UserError
from resnet.nn.network import ResNet
from resnet.weights.preprocessing import Preprocessing


def best_device() -> str:
    """cuda, mps or cpu: the first that this machine has."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(name: str) -> str:
    """`name` itself where this machine has such a device, else UserError."""
    available = ["cpu", *(["mps"] if torch.backends.mps.is_available() else [])]
    if torch.cuda.is_available():
        available += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in available:
        raise UserError("device_unknown", device=name, available=available)
    return name


def fast_precision(device: str) -> str:
    """bfloat16 where the device multiplies it faster than float32, else float32.

    On a CPU that takes AVX-512 BF16 or AMX: a training step of resnet18d at 128 px took half the time with it
    on a Zen 5, and longer than in float32 on a Xeon without.
    """
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    features = torch.cpu.get_capabilities() if device == "cpu" and hasattr(torch.cpu, "get_capabilities") else {}
    return "bfloat16" if features.get("avx512_bf16") or features.get("amx_bf16") else "float32"


class TorchEngine:
    """The network as it is, in float32, on a device."""

    name = "torch"

    def __init__(self, module: ResNet, preprocessing: Preprocessing, device: str) -> None:
        self.device = device
        self.preprocessing = preprocessing
        self.module = module.to(device, memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (N, 3, H, W) -> float32 (N, K), on the CPU."""
        return self.module(self._enter(images)).float().cpu()

    @torch.inference_mode()
    def outputs(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (N, 3, H, W) -> float32 (N, F + K): features and logits beside each other, on the CPU."""
        features = self.module.forward_head(self.module.forward_features(self._enter(images)), pre_logits=True)
        return torch.cat([features, self.module.fc(features)], dim=1).float().cpu()

    @torch.inference_mode()
    def features(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (N, 3, H, W) -> float32 (N, num_features), what the classifier gets, on the CPU."""
        maps = self.module.forward_features(self._enter(images))
        return self.module.forward_head(maps, pre_logits=True).float().cpu()

    def _enter(self, images: torch.Tensor) -> torch.Tensor:
        images = images.to(self.device, non_blocking=True)
        return self.preprocessing.normalise(images).contiguous(memory_format=torch.channels_last)


ENGINES = {TorchEngine.name: TorchEngine}  # by the name that --engine takes
