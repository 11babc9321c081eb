"""One of two processes that train and look at pictures together; rank 0 prints what came out, and what it should be.

`python -m tests.two_ranks WORKSPACE DATA MODEL`, launched twice.
"""

import copy
import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from resnet.data.dataset import Dataset
from resnet.evaluation.evaluate import examine
from resnet.nn.network import ResNet
from resnet.nn.variants import Variant, variant
from resnet.predictor import Predictor
from resnet.predictor.ranks import ALONE, Ranks, join
from resnet.settings import TrainSettings, resolve
from resnet.store import Store
from resnet.training.stage import Divided, Progress, Validated
from resnet.training.trainer import Trainer
from resnet.weights.preprocessing import Preprocessing
from resnet.worker.run import pictures

SETTINGS = TrainSettings("", "", mode="full", epochs=1, image_size=32, batch_size=8, device="cpu", precision="float32")
BATCH_NORM, GROUP_NORM = variant("test_resnet"), replace(variant("resnet18"), layers=(1, 1, 1, 1), norm="group")
AUGMENTED = {"augment": "strong", "mixup": 0.2, "cutmix": 1.0, "erasing": 0.5}


def trainer(data: Dataset, ranks: Ranks, row: Variant = BATCH_NORM, **changes: object) -> Trainer:
    train, val = data.part("train"), data.part("val")
    settings = resolve(replace(SETTINGS, **changes), images=len(train), model_size=32, crop_mode="center")
    torch.manual_seed(7)
    model = ResNet(row, len(data.classes))
    return Trainer(model, Preprocessing(32), pictures(data, train), pictures(data, val), settings, ranks=ranks)


def frozen(made: Trainer) -> Trainer:
    """Its batch norms stay in evaluation mode."""
    made.stage.frozen = [module for module in made.stage.model.modules() if isinstance(module, nn.BatchNorm2d)]
    return made


def out_of_memory_once(made: Trainer) -> Trainer:
    """As if the device of this rank had no room for its first step."""
    gradients = made.stage._gradients

    def fail(*_: object) -> None:
        made.stage._gradients = gradients
        raise torch.OutOfMemoryError

    made.stage._gradients = fail
    return made


def came(made: Trainer) -> dict:
    """Losses and pictures of all steps, the last logits of the validation part, and the weights' hash."""
    events = list(made.fit())
    steps = [event for event in events if isinstance(event, Progress) and event.train_loss is not None]
    weights = b"".join(tensor.numpy().tobytes() for tensor in made.delivered().state_dict().values())
    return {
        "losses": [event.train_loss for event in steps],
        "images": [event.images for event in steps],
        "logits": [event.logits for event in events if isinstance(event, Validated)][-1].tolist(),
        "divided": [event.images for event in events if isinstance(event, Divided)],
        "hash": hashlib.sha256(weights).hexdigest(),
    }


def looks(predictor: Predictor, data: Dataset, ranks: Ranks) -> dict:
    files = [record.path for record in data.records]
    return {
        "evaluation": examine(predictor, data, "all", ranks=ranks).report(data, "all"),
        "answers": predictor.predict(files, ranks=ranks)["images"],
    }


def main(workspace: str, name: str, model: str) -> None:
    store, ranks = Store.open(workspace), join("cpu")
    data, predictor = Dataset.open(store.dataset(name)), Predictor(Path(model), "cpu", store, "torch")
    told = {}
    if ranks.rank == 0:
        batch_norm = trainer(data, ALONE)
        batch_norm.stage.micro_batch = 4
        told["expected"] = {
            "frozen": came(frozen(trainer(data, ALONE))),
            "augmented": came(frozen(trainer(data, ALONE, **AUGMENTED))),
            "group norm": came(trainer(data, ALONE, GROUP_NORM)),
            "batch norm": came(batch_norm),
            "head": came(trainer(data, ALONE, mode="head", epochs=2)),
            "looks": looks(predictor, data, ALONE),
        }
    left, resumed = trainer(data, ranks), trainer(data, ranks)
    learning = (event for event in left.fit() if isinstance(event, Progress) and event.step == 2)
    next(learning)
    resumed.load_state(copy.deepcopy(left.state()))
    divided = frozen(trainer(data, ranks))
    told["found"] = {
        "frozen": came(frozen(trainer(data, ranks))),
        "augmented": came(frozen(trainer(data, ranks, **AUGMENTED))),
        "group norm": came(trainer(data, ranks, GROUP_NORM)),
        "batch norm": came(trainer(data, ranks)),
        "resumed": came(resumed),
        "divided": came(out_of_memory_once(divided) if ranks.rank else divided),
        "head": came(trainer(data, ranks, mode="head", epochs=2)),
        "looks": looks(predictor, data, ranks),
    }
    told["same"] = [ranks.gathered([found.get("hash")]) for found in told["found"].values()]
    if ranks.rank == 0:
        print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
