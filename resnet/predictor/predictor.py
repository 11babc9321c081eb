"""Pictures in, labelled scores out: one model, one engine, batches decoded while the engine computes."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from resnet.data.batches import Source, fitted_batches
from resnet.errors import UserError
from resnet.predictor.engines import ENGINES, best_device, check_device
from resnet.store import Store
from resnet.text import Message
from resnet.weights.folder import ModelConfig
from resnet.weights.models import load
from resnet.weights.neighbours import Neighbours
from resnet.weights.preprocessing import Preprocessing

BATCH = 32  # pictures: more gains no speed on a CPU, and on a GPU decoding is the limit


class Predictor:
    """A model ready to classify: `Predictor("resnet18d.imagenette")(images)`.

    `model` is a model folder, a weights file, a run, a shipped model's name or a timm name ("" is the shipped one).
    `engine` names what computes it: "torch".
    """

    def __init__(
        self, model: str | Path = "", device: str | None = None, store: Store | None = None, engine: str = "torch"
    ) -> None:
        if engine not in ENGINES:
            raise UserError("not_one_of", field="engine", value=engine, allowed=list(ENGINES))
        module = load(str(model), store)
        self.name = module.name
        self.config: ModelConfig = module.config
        self.neighbours: Neighbours | None = module.neighbours
        device = check_device(device) if device else best_device()
        self.engine = ENGINES[engine](module, self.config.preprocessing, device)

    @property
    def device(self) -> str:
        return self.engine.device

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
    ) -> dict:
        """The answer for every image, as the command line's `predict` prints it; an unreadable one costs only itself.

        progress: called with the number of images done.
        """
        result = self.answers(images, top_k, progress)
        for answer in result["images"]:
            answer["error"] = answer["error"] and answer["error"].say()
        return result

    def answers(
        self,
        images: Iterable[Source | str],
        top_k: int = 5,
        progress: Callable[[int], None] | None = None,
    ) -> dict:
        """As `predict`; but an `error` is a Message, which can be said in any language."""
        start = time.perf_counter()
        sources = [Path(image) if isinstance(image, str) else image for image in images]
        answers = []
        for source, output in zip(sources, self._outputs(sources), strict=True):
            answers.append(self._answer(source, output, top_k))
            if progress:
                progress(len(answers))
        seconds = time.perf_counter() - start
        return {
            "model": self.name,
            "engine": self.engine.name,
            "device": self.device,
            "seconds": round(seconds, 4),
            "images_per_second": round(len(answers) / seconds, 2),
            "images": answers,
        }

    def logits(self, sources: Sequence[Source]) -> Iterator[np.ndarray | Message]:
        """Per source float32 (K), or the reason why it could not be read."""
        return compute(self.engine.logits, self.config.preprocessing, sources)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(..., K) -> (..., K): softmax at the model's temperature (Guo et al. 2017, section 4.2)."""
        return softmax(logits / self.config.temperature)

    def _outputs(self, sources: Sequence[Source]) -> Iterator[np.ndarray | Message]:
        """Per source float32 (F + K), features and logits, or the reason why it could not be read."""
        return compute(self.engine.outputs, self.config.preprocessing, sources)

    def _answer(self, source: Source, output: np.ndarray | Message, top_k: int) -> dict:
        file = str(source) if isinstance(source, Path) else None
        if isinstance(output, Message):
            return {"file": file, "known": False, "labels": [], "error": output}
        features, logits = np.split(output, [-self.config.num_classes])
        scores = self.probabilities(logits)
        best = np.argsort(-scores, kind="stable")[:top_k]
        labels = [
            {
                "label": self.config.labels[index],
                "description": self.config.describe_label(self.config.labels[index]),
                "score": round(float(scores[index]), 6),
            }
            for index in best
        ]
        return {"file": file, "known": self._knows(features, scores), "labels": labels, "error": None}

    def _knows(self, features: np.ndarray, scores: np.ndarray) -> bool:
        """Whether a picture, by its features (F) and scores (K), shows one of the model's classes."""
        if scores.max() < (self.config.unknown_threshold or 0.0):
            return False
        near = self.neighbours
        return near is None or bool(near.nearness(features[None])[0] >= near.threshold)


def softmax(logits: np.ndarray) -> np.ndarray:
    """(..., K) -> (..., K)"""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def compute(
    network: Callable[[torch.Tensor], torch.Tensor],
    preprocessing: Preprocessing,
    sources: Sequence[Source],
) -> Iterator[np.ndarray | Message]:
    """What `network` makes of each source, in order: float32 (K) or (features), or why it could not be read."""
    for pictures in fitted_batches(sources, preprocessing, BATCH):
        readable = [picture for picture in pictures if not isinstance(picture, Message)]
        outputs = iter(network(torch.from_numpy(np.stack(readable))).numpy() if readable else ())
        yield from (picture if isinstance(picture, Message) else next(outputs) for picture in pictures)
