"""Gradio's components where they stand between a user's input and our own sentences about it."""

from abc import ABCMeta
from collections.abc import Callable

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.data_classes import ImageData

from resnet.text import say


class Variation(ComponentMeta):
    """The metaclass of a component that differs from its base in preprocessing alone.

    Gradio's own writes a .pyi file beside the source of every new component; there is nothing new to declare here.
    """

    def __new__(cls, name: str, bases: tuple, namespace: dict) -> type:
        return ABCMeta.__new__(cls, name, bases, namespace)


class Picture(gr.Image, metaclass=Variation):
    """gr.Image that hands over the uploaded file itself, its path checked by Gradio as ever.

    gr.Image opens the file before our function is called, and one that it cannot read ends without a sentence;
    here our own decoder meets it, and says what is wrong or reads it.
    """

    is_template = True

    def preprocess(self, payload: ImageData | None) -> str | None:
        return payload.path if payload else None


class Number(gr.Number, metaclass=Variation):
    """gr.Number that hands over what came: our own check has a sentence for what is no number."""

    is_template = True

    def preprocess(self, payload: object) -> object:
        return payload


class Choice(gr.Dropdown, metaclass=Variation):
    """gr.Dropdown without its own check of the value: what it names may have come or gone since the page was built.

    The function that receives it looks the value up, and has a sentence for one that is gone.
    """

    is_template = True

    def preprocess(self, payload: str | None) -> str:
        return payload if isinstance(payload, str) else ""


class Choices(gr.Dropdown, metaclass=Variation):
    """The same of several."""

    is_template = True

    def preprocess(self, payload: list[str] | None) -> list[str]:
        return [choice for choice in payload or [] if isinstance(choice, str)]


def choice(event: gr.EventData) -> str:
    """What was chosen in a view of `Page.choices`: text that anybody may have sent."""
    return str(event._data["choice"])


def stages(progress: gr.Progress, language: str) -> Callable[[str, int, int], None]:
    """What an export, or the building of an engine, calls with its stage and how many pictures of all are done."""

    def note(stage: str, done: int, total: int) -> None:
        words = {"desc": say(f"exporting_{stage}", language), "unit": say("exporting_unit", language)}
        progress((done, total) if total > 1 else 0, **words)

    return note
