"""Weights and all that belongs to them: model folders, foreign files, what timm publishes, downloads, preprocessing."""

import importlib
from types import ModuleType


def late(module: str) -> ModuleType:
    """resnet.weights.MODULE, loaded where it is first needed: "records" and "models" bring timm or torch, seconds."""
    return importlib.import_module(f"resnet.weights.{module}")


def brief(value: object) -> str:
    """What stands in a foreign file, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
