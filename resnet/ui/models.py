"""The lines of a list of models: those at hand first, then every one that can be downloaded."""

from resnet.ui.service import Service
from resnet.views import picker, sentences


def model_choices(service: Service, language: str, *, classifiers: bool = False) -> list[tuple[str, str]]:
    """(line, reference) of each model: own, shipped, downloaded, then the rest of timm's.

    classifiers: without those that have learned no classes, which only training makes use of.
    """
    here = [(sentences.model_line(model, language), model["reference"]) for model in service.models.at_hand()]
    rows = [row for row in service.models.published() if row.classes or not classifiers]
    return here + picker.choices(rows, language)
