"""Weights and all that belongs to them: model folders, foreign files, timm's records, downloads, preprocessing."""

import importlib
from types import ModuleType


def timm_records() -> ModuleType:
    """resnet.weights.records, loaded where it is first needed: it brings timm and torch, which take seconds."""
    return importlib.import_module("resnet.weights.records")
