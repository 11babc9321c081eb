"""`python -m resnet.predictor.building MODEL ROOT`: write a model's network for ONNX Runtime, and measure the engines.

A process of its own: see resnet.predictor.built, which says where things go. It works when others do not. Where it
cannot, the last line on standard error is the reason: a Message as JSON, or other words.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resnet.errors import UserError
from resnet.predictor import built
from resnet.predictor.engines import Engine
from resnet.predictor.graph import onnx_graph
from resnet.predictor.torch_engine import fastest
from resnet.store import FORMAT, Store, exclusive, replacing, write_json
from resnet.weights.find import find
from resnet.weights.folder import ModelConfig
from resnet.weights.models import open_model
from resnet.weights.preprocessing import Preprocessing

SECONDS = 2.0  # for measuring
BATCHES = (1, 8)  # pictures; a larger number only where there is time for it
ROUNDS = 6  # at least, the first to prepare: the best of five is hardly one that others disturbed


def build(reference: str, store: Store) -> None:
    with exclusive(built.folder(store) / "building.lock"):
        found = find(reference, store)
        stamp = built.stamp(found)
        network, config = open_model(found)
        file = built.engine_file(found, config, store)
        if built.stamp(found) != stamp:  # else it would be kept as the network of weights that it was not made of
            raise UserError("engine_not_built", reason="its weights were replaced meanwhile")
        if not file.is_file():
            with replacing(file) as temporary:
                temporary.write_bytes(onnx_graph(network).SerializeToString())
            built.prune(store, keep=file)
        if not built.faster(config.architecture, store):
            engine = built.opened(file, config.preprocessing)
            note_speed([fastest(network, config.preprocessing, "cpu"), engine], config, store)


def note_speed(engines: Sequence[Engine], config: ModelConfig, store: Store) -> None:
    """Measure the engines of a network and write down which is the fastest."""
    seconds = measure(engines, config.preprocessing)
    names = [engine.name for engine in engines]
    best = names[int(np.argmin(np.log(seconds).mean(axis=1)))]
    table = {name: dict(zip(map(str, BATCHES), row, strict=False)) for name, row in zip(names, seconds, strict=True)}
    write_json(built.speed_file(config.architecture, store), {"format": FORMAT, "fastest": best, "seconds": table})


def measure(engines: Sequence[Engine], preprocessing: Preprocessing) -> list[list[float]]:
    """Seconds that each engine takes at best for a batch of each size, as far as there was time for them."""
    start, found = time.perf_counter(), [[] for _ in engines]
    for number, count in enumerate(BATCHES, start=1):
        images = np.zeros((count, len(preprocessing.mean), preprocessing.size, preprocessing.size), np.uint8)
        if count > 1 and (time.perf_counter() - start) + 3 * count * sum(row[0] for row in found) > SECONDS:
            break
        rounds = []
        while len(rounds) < ROUNDS or time.perf_counter() - start < SECONDS * number / len(BATCHES):
            rounds.append([_seconds(engine, images) for engine in engines])  # in turn: load hits all alike
        for row, best in zip(found, np.min(rounds[1:], axis=0), strict=True):  # the first one prepares
            row.append(float(best))
    return found


def _seconds(engine: Engine, images: np.ndarray) -> float:
    start = time.perf_counter()
    engine.outputs(images)
    return time.perf_counter() - start


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        build(sys.argv[1], Store(Path(sys.argv[2])))
    except UserError as error:
        sys.exit(json.dumps(error.message.to_json()))
    except (OSError, NotImplementedError) as error:
        sys.exit(str(error))
