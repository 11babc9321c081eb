"""The formats: how a model is written in each, and how what was written is opened again to compare it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor

from resnet.errors import UserError
from resnet.nn.network import ResNet
from resnet.predictor import int8
from resnet.predictor.graph import onnx_graph
from resnet.predictor.onnx_engine import OnnxEngine
from resnet.store import Store
from resnet.weights.folder import WEIGHTS, ModelConfig, write_folder
from resnet.weights.models import load

Progress = Callable[[str, int, int], None]  # a stage, what is done, of how much
Network = Callable[[np.ndarray], np.ndarray]  # uint8 (N, C, S, S) -> logits float32 (N, K)
ONNX, TORCH = "model.onnx", "model.pt2"


@dataclass(frozen=True)
class Model:
    """What is taken away."""

    name: str
    path: Path | None  # its folder or file of weights; None where it came from the Hub
    network: ResNet  # in evaluation mode, as `load` gives it
    store: Store

    @property
    def config(self) -> ModelConfig:
        return self.network.config

    @property
    def folder(self) -> Path | None:
        """The model folder in this project's form, where it has one."""
        return self.path if self.path and (self.path / WEIGHTS).is_file() else None


def write_safetensors(model: Model, folder: Path, note: Progress) -> None:
    """The model folder: as it is, where there is one."""
    if model.folder:
        shutil.copytree(model.folder, folder, dirs_exist_ok=True)
    else:
        write_folder(folder, model.network.state_dict(), model.config, card="")


def write_onnx(model: Model, folder: Path, note: Progress) -> None:
    onnx.save(onnx_graph(model.network, metadata=metadata(model)), folder / ONNX)


def write_int8(model: Model, folder: Path, note: Progress) -> dict:
    """Returns what is known of its accuracy."""
    if not model.folder:
        raise UserError("int8_no_report", model=model.name)
    graph = folder / "float.onnx"
    onnx.save(onnx_graph(model.network), graph)
    built = int8.build(model.folder, graph, model.store, note)
    graph.unlink()
    quantised = onnx.load(built.path)
    onnx.helper.set_model_props(quantised, metadata(model))
    onnx.save(quantised, folder / ONNX)
    return built.figures


def write_torch(model: Model, folder: Path, note: Progress) -> None:
    """torch.export's program, for any number of pictures: torch.jit, which wrote TorchScript, is deprecated."""
    config = model.config
    pictures = torch.zeros(2, config.in_chans, config.preprocessing.size, config.preprocessing.size)
    with torch.no_grad():
        program = torch.export.export(model.network, (pictures,), dynamic_shapes=({0: torch.export.Dim("N")},))
    torch.export.save(program, folder / TORCH)


def metadata(model: Model) -> dict[str, str]:
    """What an ONNX file tells of itself: name -> text, or JSON."""
    config = model.config
    known = {
        "name": model.name,
        "architecture": config.architecture,
        "labels": config.labels,
        "descriptions": [config.describe_label(label) for label in config.labels],
        "preprocessing": config.preprocessing.to_config(),
        "temperature": config.temperature,
        "unknown_threshold": config.unknown_threshold,
        "license": config.license,
    }
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in known.items()
        if value is not None
    }


def open_safetensors(model: Model, folder: Path) -> Network:
    network = load(folder, model.store)
    return _normalised(lambda pictures: network(pictures).numpy(), model)


def open_onnx(model: Model, folder: Path) -> Network:
    return OnnxEngine(folder / ONNX, model.config.preprocessing).logits


def open_torch(model: Model, folder: Path) -> Network:
    program = torch.export.load(folder / TORCH).module()
    return _normalised(lambda pictures: program(pictures).numpy(), model)


def _normalised(run: Callable[[Tensor], np.ndarray], model: Model) -> Network:
    """`run` of what a network gets, float32 (N, C, S, S), as a function of pixels."""

    @torch.inference_mode()
    def logits(pixels: np.ndarray) -> np.ndarray:
        return run(model.config.preprocessing.normalise(torch.from_numpy(pixels)))

    return logits


WRITE = {
    "safetensors": write_safetensors,
    "onnx": write_onnx,
    "onnx-int8": write_int8,
    "torch-export": write_torch,
}
OPEN = {
    "safetensors": open_safetensors,
    "onnx": open_onnx,
    "onnx-int8": open_onnx,
    "torch-export": open_torch,
}
