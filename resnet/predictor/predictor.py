"""Pictures in, labelled scores out: one model, one engine, batches decoded while the engine computes.

Nothing here loads torch where a network stands ready for ONNX Runtime.
"""

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from resnet import weights
from resnet.data.batches import Source, fitted_batches
from resnet.errors import UserError
from resnet.predictor import built
from resnet.predictor.engines import ENGINES, Engine, device_called
from resnet.predictor.onnx_engine import OnnxEngine
from resnet.predictor.ranks import ALONE, Ranks
from resnet.store import Store
from resnet.text import Message
from resnet.weights.find import find
from resnet.weights.folder import ModelConfig, read_config
from resnet.weights.neighbours import Neighbours
from resnet.weights.preprocessing import Preprocessing


class Predictor:
    """A model ready to classify: `Predictor("resnet18d.imagenette")(images)`.

    Args:
        model: a model folder, a weights file, a run, a shipped model's name or a timm name; "" is the shipped one.
        device: cpu, cuda, cuda:1, mps; None for the best there is.
        engine: what computes the network: "torch"; "onnx", ONNX Runtime on a CPU; "onnx-int8", the same in integers
            (see resnet.predictor.int8). It is built first where that was not done yet. "" is the fastest one: on a
            CPU torch begins at once, while the network is written for ONNX Runtime in the background, and a batch
            later that takes over, where it is the faster one on this machine.
        progress: called while a network in integers is built, as resnet.predictor.int8.build does.

    `engine` is the one at work now, and may become another as long as nobody named one.
    """

    config: ModelConfig
    neighbours: Neighbours | None
    engine: Engine

    def __init__(
        self,
        model: str | Path = "",
        device: str | None = None,
        store: Store | None = None,
        engine: str = "",
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        if engine not in ("", *ENGINES):
            raise UserError("not_one_of", field="engine", value=engine, allowed=list(ENGINES))
        if engine.startswith("onnx") and device not in (None, "cpu"):
            raise UserError("engine_cpu_only", engine=engine, device=device)
        self.store, self._progress = store or Store.open(), progress
        self.found = find(str(model), self.store)
        self.name = str(model) or self.found.name
        device = "cpu" if engine.startswith("onnx") else device_called(device)
        on_cpu = device == "cpu" and engine != "torch"
        if on_cpu and isinstance(self.found, Path) and self.found.is_dir() and self._open_built(engine):
            return
        network = weights.late("models").load(str(model), self.store)
        self.config, self.neighbours = network.config, network.neighbours
        ready = self._built(engine) if on_cpu else None
        self.engine = ready or _torch_engine().fastest(network, self.config.preprocessing, device)
        if on_cpu and not ready and built.faster(self.config.architecture, self.store) != "torch":
            threading.Thread(target=self._change_over, daemon=True).start()

    @property
    def device(self) -> str:
        return self.engine.device

    def _open_built(self, engine: str) -> bool:
        """Take a model folder's network as it was built, and all else from the folder: that needs no torch.

        False where that cannot be done, or the folder does not fit together, which is said where torch opens it.
        """
        self.config = read_config(self.found)
        ready = self._built(engine)
        if ready is None or ready.num_classes != self.config.num_classes:
            return False
        self.neighbours = Neighbours.of(self.found, ready.num_features)
        self.engine = ready
        return True

    def _built(self, engine: str) -> OnnxEngine | None:
        """The engine called so, built first where need be; for "" None where it is not there or not the fastest."""
        if engine == "" and built.faster(self.config.architecture, self.store) != "onnx":
            return None
        if engine == "onnx-int8":
            return self._in_integers()
        file = built.engine_file(self.found, self.config, self.store)
        ready = built.opened(file, self.config.preprocessing)
        if engine and not ready:
            built.build(self.found, self.store)
            ready = built.opened(file, self.config.preprocessing)
            if not ready:
                raise UserError("engine_not_built", reason=file)
        return ready

    def _in_integers(self) -> OnnxEngine:
        int8 = importlib.import_module("resnet.predictor.int8")
        if not isinstance(self.found, Path):
            raise UserError("int8_no_report", model=self.name)
        int8.own_data(self.found, self.store)  # what is missing is said before anything is built
        self._built("onnx")  # from which it is made
        graph = built.engine_file(self.found, self.config, self.store)
        for _ in range(2):  # a damaged one is built again
            path = int8.build(self.found, graph, self.store, self._progress).path
            if ready := built.opened(path, self.config.preprocessing, "onnx-int8"):
                return ready
        raise UserError("engine_not_built", reason=path)

    def _change_over(self) -> None:
        """Build what may be faster, and go on with it if it is."""
        try:
            built.build(self.found, self.store)
            self.engine = self._built("") or self.engine
        except (UserError, OSError) as error:  # a full or read-only disk: all goes on as it began
            print(error, file=sys.stderr)

    def __call__(self, images: Iterable[Source | str], top_k: int = 5) -> list[list[tuple[str, float]]]:
        """Per image the `top_k` pairs (label, score), best first; raises UserError for an unreadable one."""
        answers = self.answers(images, top_k)["images"]
        for answer in answers:
            if reason := answer["error"]:
                raise UserError(reason.key, **reason.values)
        return [[(entry["label"], entry["score"]) for entry in answer["labels"]] for answer in answers]

    def predict(
        self,
        images: Iterable[Source | str],
        top_k: int = 5,
        progress: Callable[[int], None] | None = None,
        ranks: Ranks = ALONE,
    ) -> dict:
        """The answer for every image, as the command line's `predict` prints it; an unreadable one costs only itself.

        progress: called with the number of images done. Of several ranks each looks at its share of them.
        """
        result = self.answers(images, top_k, progress, ranks)
        for answer in result["images"]:
            answer["error"] = answer["error"] and answer["error"].say()
        return result

    def answers(
        self,
        images: Iterable[Source | str],
        top_k: int = 5,
        progress: Callable[[int], None] | None = None,
        ranks: Ranks = ALONE,
    ) -> dict:
        """As `predict`; but an `error` is a Message, which can be said in any language."""
        start, images, answers = time.perf_counter(), list(images), []
        for answer in self.stream([images[place] for place in ranks.share(len(images))], top_k):
            answers.append(answer)
            if progress:
                progress(len(answers))
        answers = ranks.gathered(answers)
        seconds = time.perf_counter() - start
        return {
            "model": self.name,
            "engine": self.engine.name,
            "device": self.device,
            "seconds": round(seconds, 4),
            "images_per_second": round(len(answers) / seconds, 2),
            "images": answers,
        }

    def stream(self, images: Iterable[Source | str], top_k: int = 5) -> Iterator[dict]:
        """The answers of `answers`, each as it comes; no more is computed once the iterator is closed."""
        sources = [Path(image) if isinstance(image, str) else image for image in images]
        outputs = compute(self._judged, self.config.preprocessing, sources, self.device)
        return (self._answer(source, output, top_k) for source, output in zip(sources, outputs, strict=True))

    def logits(self, sources: Sequence[Source]) -> Iterator[np.ndarray | Message]:
        """Per source float32 (K), or the reason why it could not be read."""
        return compute(lambda images: self.engine.logits(images), self.config.preprocessing, sources, self.device)

    def features(self, sources: Sequence[Source]) -> Iterator[np.ndarray | Message]:
        """Per source what the classifier gets, float32 (F), or the reason why it could not be read."""
        return compute(lambda images: self.engine.features(images), self.config.preprocessing, sources, self.device)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(..., K) -> (..., K): softmax at the model's temperature (Guo et al. 2017, section 4.2)."""
        return softmax(logits / self.config.temperature)

    def _judged(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, 1 + K): how near to what the model learned from, and logits."""
        features, logits = np.split(self.engine.outputs(images), [-self.config.num_classes], axis=1)
        near = self.neighbours.nearness(features) if self.neighbours else np.ones(len(images), np.float32)
        return np.column_stack([near, logits])

    def _answer(self, source: Source, output: np.ndarray | Message, top_k: int) -> dict:
        file = str(source) if isinstance(source, Path) else None
        if isinstance(output, Message):
            return {"file": file, "known": False, "labels": [], "error": output}
        near, scores = output[0], self.probabilities(output[1:])
        best = np.argsort(-scores, kind="stable")[:top_k]
        labels = [
            {
                "label": self.config.labels[index],
                "description": self.config.describe_label(self.config.labels[index]),
                "score": round(float(scores[index]), 6),
            }
            for index in best
        ]
        return {"file": file, "known": self._knows(near, scores), "labels": labels, "error": None}

    def _knows(self, near: float, scores: np.ndarray) -> bool:
        """Whether a picture, by its nearness and its scores (K), shows one of the model's classes."""
        likely = scores.max() >= (self.config.unknown_threshold or 0.0)
        return bool(likely and (self.neighbours is None or near >= self.neighbours.threshold))


def softmax(logits: np.ndarray) -> np.ndarray:
    """(..., K) -> (..., K)"""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def compute(
    network: Callable[[np.ndarray], np.ndarray],
    preprocessing: Preprocessing,
    sources: Sequence[Source],
    device: str,
) -> Iterator[np.ndarray | Message]:
    """What `network` makes of each source, in order: float32 (K) or (F), or why it could not be read.

    network: uint8 (N, C, H, W) -> float32 (N, K) or (N, F), on `device`
    """
    for pictures in fitted_batches(sources, preprocessing, device):
        readable = [picture for picture in pictures if not isinstance(picture, Message)]
        outputs = iter(network(np.stack(readable)) if readable else ())
        yield from (picture if isinstance(picture, Message) else next(outputs) for picture in pictures)


def _torch_engine() -> ModuleType:
    return importlib.import_module("resnet.predictor.torch_engine")
