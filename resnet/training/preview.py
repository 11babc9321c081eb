"""What the network sees of a picture while it learns: different each time."""

from dataclasses import replace

import numpy as np

from resnet.data.dataset import Dataset, Record
from resnet.settings import TrainSettings
from resnet.training.loader import Loader
from resnet.training.stage import Pictures
from resnet.weights.preprocessing import Preprocessing

SHOWN = 8


def augmented(data: Dataset, record: Record, settings: TrainSettings, preprocessing: Preprocessing) -> np.ndarray:
    """SHOWN versions of a picture of `data` as steps with these settings (resolved) see it: uint8 (SHOWN, S, S, 3).

    Where pictures are mixed, it is mixed with itself. Raises UserError where it can no longer be read.
    """
    settings = replace(settings, batch_size=SHOWN, start_size=settings.train_size, device="cpu", balance="none")
    pictures = Pictures([record.path] * SHOWN, [record.target] * SHOWN, data=data)
    loader = Loader(pictures, settings, len(data.classes), preprocessing.mean)
    ((images, _),) = loader.epoch(0)
    return images.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
