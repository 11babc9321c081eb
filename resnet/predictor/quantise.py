"""`python -m resnet.predictor.quantise GRAPH PIXELS PREPROCESSING OUT`: weights and activations in 8 bits.

A process of its own: ONNX Runtime's quantiser takes hundreds of megabytes, which go when it ends. It writes a line of
JSON for each batch that it has measured: [pictures done, pictures in all].

    GRAPH          the network in float32, as resnet.predictor.graph writes it
    PIXELS         .npy, uint8 (N, C, S, S): pictures from which the range of each activation is taken
    PREPROCESSING  their preprocessing in timm's form, as JSON
    OUT            the file to write

Activations become unsigned, with a scale and a zero point a tensor; weights signed, with a scale a channel (Jacob et
al. 2018, arXiv:1712.05877; Krishnamoorthi 2018, arXiv:1806.08342, section 3). These are the kinds that ONNX Runtime
multiplies fastest on x86. Without VNNI (AVX2, the first AVX-512) such a product is summed up in pairs of 16 bits, in
which two of 255 x 127 do not fit; so weights take 7 bits of the 8, and one file gives the same answers everywhere.
"""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from resnet.predictor.onnx_engine import normalised
from resnet.weights.preprocessing import Preprocessing

BATCH = 8  # pictures
# What is computed in integers. The mean over positions and the classifier cost next to nothing in float32, in which
# features stay fine enough for their nearness to be judged.
OPERATORS = ("Conv", "Relu", "Add", "MaxPool", "AveragePool")


def quantise(graph: Path, pixels: np.ndarray, preprocessing: Preprocessing, out: Path) -> None:
    """Write `graph` in integers to `out`; pixels: uint8 (N, C, S, S)."""
    quantize_static(
        graph,
        out,
        _Batches(pixels, preprocessing),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(OPERATORS),
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
    )


class _Batches(CalibrationDataReader):
    """What the network gets, batch by batch."""

    def __init__(self, pixels: np.ndarray, preprocessing: Preprocessing) -> None:
        self.batches = self._batches(pixels, preprocessing)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.batches, None)

    def _batches(self, pixels: np.ndarray, preprocessing: Preprocessing) -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(pixels), BATCH):
            print(json.dumps([start, len(pixels)]), flush=True)
            yield {"images": normalised(pixels[start : start + BATCH], preprocessing)}


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # advice for users of the quantiser
    graph, pixels, preprocessing, out = sys.argv[1:]
    quantise(Path(graph), np.load(pixels), Preprocessing.from_config(json.loads(preprocessing)), Path(out))
