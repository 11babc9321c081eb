"""The network in ONNX Runtime, on the CPU. Nothing here loads torch."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

from resnet.weights.preprocessing import Preprocessing

SMALL = 4  # pictures whose activations are not worth giving back: resnet50 takes 10 MB for each at 224 px


class OnnxEngine:
    """A network from a file that resnet.predictor.graph wrote, or from the bytes of one."""

    device = "cpu"

    def __init__(self, graph: Path | bytes, preprocessing: Preprocessing, name: str = "onnx") -> None:
        self.name = name
        self.preprocessing = preprocessing
        source = graph if isinstance(graph, bytes) else str(graph)
        self.session = onnxruntime.InferenceSession(source, _options(), providers=["CPUExecutionProvider"])
        logits, features = self.session.get_outputs()
        self.largest = 0  # pictures in the batches whose room is still taken
        self.num_classes, self.num_features = logits.shape[1], features.shape[1]

    def logits(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, K)"""
        return self._run(images, "logits")[0]

    def features(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, F)"""
        return self._run(images, "features")[0]

    def outputs(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, C, H, W) -> float32 (N, F + K): features and logits beside each other."""
        return np.concatenate(self._run(images, "features", "logits"), axis=1)

    def _run(self, images: np.ndarray, *outputs: str) -> list[np.ndarray]:
        options = onnxruntime.RunOptions()
        # The room for a large batch would stay taken, 600 MB for 32 pictures in resnet50. To give it back after each
        # costs an eighth of the time, so that is done with the first smaller one.
        if len(images) < self.largest > SMALL:
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
            self.largest = 0
        self.largest = max(self.largest, len(images))
        return self.session.run(outputs, {"images": normalised(images, self.preprocessing)}, options)


def normalised(images: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """uint8 (N, C, H, W) -> float32 of the same shape: Preprocessing.normalise, to the bit, without torch."""
    scaled = images.astype(np.float32)
    scaled /= np.float32(255)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (preprocessing.mean, preprocessing.std))
    scaled -= mean
    scaled /= std
    return scaled


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    # Threads wait awake within a run, and asleep after it: others need the cores then, decoding and the page above all.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3  # errors; they are raised as well
    return options


def threads() -> int:
    """As many as torch would take, cores (not the threads of one) or $OMP_NUM_THREADS, within what a container may."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return max(1, min(_cores(), _allowed()))


def _cores() -> int:
    try:
        siblings = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
        return len({Path(siblings.format(cpu)).read_text() for cpu in os.sched_getaffinity(0)})
    except (OSError, AttributeError):  # not Linux
        return os.cpu_count() or 1


def _allowed() -> int:
    """Processors that a container may use at a time, rounded up: "200000 100000" are two."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError):  # no container, or "max"
        return os.cpu_count() or 1
