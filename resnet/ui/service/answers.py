"""What a picture shows, why, and what many show."""

import importlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

import resnet
from resnet.data.bounds import Limits
from resnet.data.decoder import fitted_one
from resnet.data.gathering import Picture, check_count
from resnet.data.images import shown
from resnet.store import Store, new_id
from resnet.text import Message
from resnet.ui.service.batch import Selection
from resnet.ui.service.models import Models, dated, loadable
from resnet.ui.service.received import received
from resnet.views.answers import write_csv


class Answers:
    """limits: of what is classified at once."""

    def __init__(self, store: Store, models: Models, limits: Limits) -> None:
        self.store, self.models, self.limits = store, models, limits
        self._explained: tuple | None = None  # what the network that explained last was loaded from, and itself
        self._explaining = threading.Lock()

    def classify(
        self, picture: str | Path, reference: str = "", top_k: int = 5, engine: str = ""
    ) -> tuple[dict, Image.Image]:
        """The answer to one picture, and the picture as the network saw it."""
        predictor = self.models.predictor(reference, engine)
        preprocessing = predictor.config.preprocessing
        pixels = fitted_one(Path(picture), preprocessing)  # uint8 (C, S, S)
        return predictor.predict([pixels], top_k=top_k), preprocessing.picture(pixels)

    def explain(
        self, picture: str | Path, reference: str = "", label: str = ""
    ) -> "resnet.evaluation.explain.Explanation":
        """What in a picture speaks for a label of the model's; "" is its answer."""
        self.models.want_here(reference)
        found = self.models.find(reference)
        with self._explaining:  # others wait, rather than load it too
            if self._explained is None or self._explained[0] != dated(found):
                self._explained = dated(found), resnet.load(loadable(found), self.store)
            network = self._explained[1]
        pixels = fitted_one(Path(picture), network.config.preprocessing)
        return importlib.import_module("resnet.evaluation.explain").explain(network, pixels, label)

    # of many

    def select(self, files: Sequence[str]) -> Selection:
        """What Gradio uploaded, pictures and archives, to be classified."""
        return Selection([(Path(file).name, Path(file)) for file in files], self.store.temporary(), self.limits)

    def select_sent(self, sent: object) -> Selection:
        """Likewise the pictures of a folder that the page's script has sent, see received.py."""
        uploads = [upload for upload in received(sent, self.store.uploads) if upload.file]
        sources = [(upload.name, upload.file) for upload in uploads]
        return Selection(sources, self.store.temporary(), self.limits, uploads)

    def classify_each(
        self, pictures: Sequence[Picture], reference: str = "", beside: str = "", engine: str = ""
    ) -> Iterator[dict]:
        """The answers to many as they come, each with its best label; what is wrong with a model is said before.

        An unreadable picture costs only itself: its `error` is a Message. beside: another model, whose answer to the
        same picture stands in "beside"; "" is none.
        """
        check_count(len(pictures), self.limits)
        paths = [picture.path for picture in pictures]
        answers = self.models.predictor(reference, engine).stream(paths, top_k=1)
        others = self.models.predictor(beside).stream(paths, top_k=1) if beside else [None] * len(paths)
        return (
            {**_called(answer, picture.name), "path": picture.path, "beside": other and _called(other, picture.name)}
            for picture, answer, other in zip(pictures, answers, others, strict=True)
        )

    def classify_many(self, files: Sequence[str], reference: str = "", top_k: int = 5) -> dict:
        """The answers to many, together, in the contract's form; but an `error` is a Message."""
        check_count(len(files), self.limits)
        result = self.models.predictor(reference).answers(files, top_k)
        images = [_called(image, Path(file).name) for image, file in zip(result["images"], files, strict=True)]
        return {**result, "images": images}

    def table(self, images: list[dict], language: str) -> str:
        """A CSV of answers."""
        file = self.store.taken_away(new_id()) / "answers.csv"
        file.parent.mkdir(parents=True)
        with open(file, "w", encoding="utf-8-sig", newline="") as table:  # marked: Excel takes it for UTF-8 then
            write_csv(table, images, language)
        return str(file)


def _called(answer: dict, name: str) -> dict:
    """An answer under the name that the picture came with."""
    error = answer["error"]
    return {**answer, "file": name, "error": error and Message(error.key, {**error.values, "file": shown(name)})}
