"""Images to labelled scores."""

from resnet.predictor.engines import TorchEngine, best_device, fast_precision
from resnet.predictor.predictor import Predictor

__all__ = ["Predictor", "TorchEngine", "best_device", "fast_precision"]
