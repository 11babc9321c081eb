"""The page's language: one registry of every fixed string on it, and what a visitor speaks."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from resnet.text import LANGUAGES, say

NAMES = {"EN": "en", "中文": "zh"}


class Words:
    """Which property of which component says which string: `put` once, and one event changes all of it."""

    def __init__(self) -> None:
        self.entries: list[tuple[gr.blocks.Block, str, str | Callable[[str], Any]]] = []

    def put(self, component: gr.blocks.Block, **properties: str | Callable[[str], Any]) -> Any:
        """Say strings of the catalogue, by key (or by a function of the language), in properties of a component."""
        for name, key in properties.items():
            self.entries.append((component, name, key))
            setattr(component, name, self._value(key, "en"))
        return component

    @property
    def keys(self) -> list[str]:
        return [key for _, _, key in self.entries if isinstance(key, str)]

    def components(self) -> list[gr.blocks.Block]:
        return list(dict.fromkeys(component for component, _, _ in self.entries))

    def updates(self, language: str) -> list[dict]:
        """One update a component, in the order of `components`."""
        changed: dict[gr.blocks.Block, dict[str, Any]] = {component: {} for component in self.components()}
        for component, name, key in self.entries:
            changed[component][name] = self._value(key, language)
        return [gr.update(**properties) for properties in changed.values()]

    @staticmethod
    def _value(key: str | Callable[[str], Any], language: str) -> Any:
        return key(language) if callable(key) else say(key, language)


def spoken(query: dict[str, str], accepted: str) -> str:
    """The language of a visitor: `?lang=`, else the first that the browser asks for and we speak, else English."""
    if query.get("lang") in LANGUAGES:
        return query["lang"]
    for part in accepted.split(","):
        tongue = part.split(";")[0].strip().split("-")[0].lower()
        if tongue in LANGUAGES:
            return tongue
    return "en"
