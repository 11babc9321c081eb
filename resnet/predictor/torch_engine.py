"""The network in torch.

Shapes: N pictures, C channels, H x W pixels, K classes, F features that the classifier gets.
"""

import copy
import threading
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, fx, nn

from resnet.errors import UserError
from resnet.nn.network import ResNet
from resnet.settings import MOST_DEVICES
from resnet.weights.preprocessing import Preprocessing

GRAPHED = 8  # pictures up to which a GPU waits for the processor, not the other way round


class TorchEngine:
    """The network as it is, on a device. dtype: what it computes in."""

    name = "torch"

    def __init__(
        self, module: ResNet, preprocessing: Preprocessing, device: str, dtype: torch.dtype = torch.float32
    ) -> None:
        self.device, self.dtype = device, dtype
        self.preprocessing = preprocessing
        self.module = module.to(device, dtype, memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def logits(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, K)"""
        return self._leave(self.module(self._enter(images)))

    @torch.inference_mode()
    def features(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, F)"""
        return self._leave(self._features(self._enter(images)))

    @torch.inference_mode()
    def outputs(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, F + K): features and logits beside each other."""
        return self._leave(self._both(self._enter(images)))

    def _features(self, images: Tensor) -> Tensor:
        return self.module.forward_head(self.module.forward_features(images), pre_logits=True)

    def _both(self, images: Tensor) -> Tensor:
        features = self._features(images)
        return torch.cat([features, self.module.fc(features)], dim=1)

    def _enter(self, images: np.ndarray) -> Tensor:
        normalised = self.preprocessing.normalise(torch.from_numpy(images).to(self.device))
        return normalised.to(self.dtype).contiguous(memory_format=torch.channels_last)

    def _leave(self, output: Tensor) -> np.ndarray:
        return output.float().cpu().numpy()


class CudaEngine(TorchEngine):
    """The network in 16 bits on a GPU; what it does for a few pictures is recorded once and then started as a whole.

    A GPU is done with a layer for one picture before the processor has started the next. A recording (torch.cuda.graph)
    starts them all at once; it is one for each number and size of pictures, and has its own place for them.
    """

    def __init__(self, module: ResNet, preprocessing: Preprocessing, device: str) -> None:
        bfloat = fast_precision(device) == "bfloat16"
        super().__init__(module, preprocessing, device, torch.bfloat16 if bfloat else torch.float16)
        self.recordings: dict[torch.Size, Callable[[Tensor], Tensor]] = {}
        self.lock = threading.Lock()  # a recording's places are for one batch at a time

    @torch.inference_mode()
    def logits(self, images: np.ndarray) -> np.ndarray:
        return self.outputs(images)[:, self.module.num_features :]

    @torch.inference_mode()
    def features(self, images: np.ndarray) -> np.ndarray:
        return self.outputs(images)[:, : self.module.num_features]

    @torch.inference_mode()
    def outputs(self, images: np.ndarray) -> np.ndarray:
        entered = self._enter(images)
        if len(images) > GRAPHED:
            return self._leave(self._both(entered))
        with self.lock, torch.cuda.device(self.device):
            if entered.shape not in self.recordings:
                self.recordings[entered.shape] = self._record(entered)
            return self._leave(self.recordings[entered.shape](entered))

    def _record(self, images: Tensor) -> Callable[[Tensor], Tensor]:
        """The network for batches of this shape; some runs before it, in which libraries choose and prepare."""
        given = images.clone()
        side = torch.cuda.Stream(self.device)
        side.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(side):
            for _ in range(3):
                self._both(given)
        torch.cuda.current_stream(self.device).wait_stream(side)
        recording = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recording, capture_error_mode="thread_local"):  # other threads may use the device
            result = self._both(given)

        def replay(images: Tensor) -> Tensor:
            given.copy_(images)
            recording.replay()
            return result

        return replay


def fastest(
    module: ResNet, preprocessing: Preprocessing, device: str, dtype: torch.dtype = torch.float32
) -> TorchEngine:
    """The engine that answers soonest in torch; `module` is left as it is, but for where its weights lie.

    dtype: what it computes in; a GPU computes in 16 bits in any case.
    """
    if device.startswith("cuda"):
        return CudaEngine(folded(module), preprocessing, device)
    return TorchEngine(folded(module), preprocessing, device, dtype)


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


def device_count(device: str) -> int:
    """How many devices of this kind processes of this machine can share out; a CPU takes as many as are wanted."""
    return {"cpu": MOST_DEVICES, "cuda": torch.cuda.device_count()}.get(device, 1)


def fast_precision(device: str) -> str:
    """bfloat16 where the device multiplies it faster than float32, else float32.

    On a CPU that takes AVX-512 BF16 or AMX: a training step of resnet18d at 128 px took half the time with it
    on a Zen 5, and longer than in float32 on a Xeon without.
    """
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    features = torch.cpu.get_capabilities() if device == "cpu" and hasattr(torch.cpu, "get_capabilities") else {}
    return "bfloat16" if features.get("avx512_bf16") or features.get("amx_bf16") else "float32"


def folded(module: ResNet) -> ResNet:
    """A copy in evaluation mode that gives the same, up to rounding, with each batch normalisation in a convolution.

    In evaluation both are affine maps of the channels, so one does for two (Jacob et al. 2018, arXiv:1712.05877,
    section 3.2). Normalisations that no convolution comes before stay. The numbers of all other weights are shared with
    `module`, not copied.
    """
    shared = {id(weight): nn.Parameter(weight.detach(), requires_grad=False) for weight in module.parameters()}
    shared |= {id(buffer): buffer.detach() for buffer in module.buffers()}
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
