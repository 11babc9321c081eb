"""A folder of photographs becomes a classifier of your own: the package's public names, each loaded on first use.

Loading torch takes seconds, so nothing here does: the page is served before torch is there.
"""

import importlib

_HOME = {
    "UserError": "resnet.errors",
    "TrainSettings": "resnet.settings",
    "Store": "resnet.store",
    "create_model": "resnet.weights.models",
    "load": "resnet.weights.models",
    "load_checkpoint": "resnet.weights.files",
    "list_models": "resnet.weights.find",
    "list_pretrained": "resnet.weights.published",
    "import_dataset": "resnet.data.importing",
    "Predictor": "resnet.predictor",
    "evaluate": "resnet.evaluation.evaluate",
    "train": "resnet.jobs",
    "export": "resnet.exporters.export",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'resnet' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
