"""Images to labelled scores. ONNX Runtime comes with the first predictor, torch where that needs it."""

import importlib


def __getattr__(name: str) -> object:
    if name != "Predictor":
        raise AttributeError(f"module 'resnet.predictor' has no attribute {name!r}")
    return importlib.import_module("resnet.predictor.predictor").Predictor
