"""Weights and all that belongs to them: model folders, foreign files, what timm publishes, downloads, preprocessing."""

import importlib
import re
from types import ModuleType


def late(module: str) -> ModuleType:
    """resnet.weights.MODULE, loaded where it is first needed: "records" and "models" bring timm or torch, seconds."""
    return importlib.import_module(f"resnet.weights.{module}")


def brief(value: object) -> str:
    """What stands in a foreign file, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def noncommercial(license: str | None) -> bool:
    """Whether a licence, as the Hub abbreviates it (cc-by-nc-4.0), forbids commercial use."""
    return bool(re.search(r"\bnc\b", license or ""))
