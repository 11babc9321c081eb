"""The model folder: weights with everything without which they mean nothing. One format for all models.

    config.json        architecture, classes, preprocessing, in the form of timm's models on the Hub
    model.safetensors  the weights under timm's parameter names
    README.md          the model card
    lab.json           ours, ignored by timm: {format, temperature, unknown_threshold, summary}
    neighbours.safetensors  ours, where it is there: what the model learned from (see resnet.weights.neighbours)
    report.json        ours: the evaluation, where there is one

timm opens such a folder (`timm.create_model("local-dir:FOLDER", pretrained=True)`), and this module one of timm's.
Nothing here loads torch: pages list models before torch is there.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save_file

from resnet import weights
from resnet.errors import UserError
from resnet.nn.variants import VARIANTS, variant
from resnet.store import FORMAT, replacing_folder, write_json
from resnet.weights.neighbours import Neighbours
from resnet.weights.preprocessing import Preprocessing
from resnet.weights.published import present_name

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS, CARD, LAB, REPORT = "config.json", "model.safetensors", "README.md", "lab.json", "report.json"
INDEX = f"{WEIGHTS}.index.json"  # which tensor is in which file, where the weights are in several
PICKLE, PICKLE_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"  # the weights in older folders
# of files of weights: of the name itself no more is asked, what they are is told by what is in them
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".th", ".ckpt", ".pkl", ".tar", ".json")
LONGEST_JSON = 16 << 20  # bytes; a config with ImageNet's 21,841 classes and their descriptions has 2 MB
MOST_CLASSES = 100_000
IMAGENETS = (1000, 11821)  # classes of the subsets that timm's weights tell apart
RUNNING_STATISTICS = ("running_mean", "running_var")  # of batch normalisation
BUILT_IN = {"num_classes", "in_chans", "global_pool", "drop_rate", "drop_path_rate", "drop_block_rate"}  # model_args


@dataclass(frozen=True)
class ModelConfig:
    """All that is known of a model but its weights."""

    architecture: str  # a name of resnet.nn.variants
    labels: list[str]  # the class keys, in the order of the logits
    preprocessing: Preprocessing
    descriptions: dict[str, str] = field(default_factory=dict)  # class key -> words, where they differ
    in_chans: int = 3  # channels of a picture
    license: str | None = None  # of the weights, as the Hub abbreviates it
    temperature: float = 1.0  # what logits are divided by before the softmax; Guo et al. 2017, section 4.2
    unknown_threshold: float | None = None  # the highest probability below which the answer is "unknown"
    summary: dict = field(default_factory=dict)  # of the training, as in report.json

    @property
    def num_classes(self) -> int:
        return len(self.labels)

    def describe_label(self, label: str) -> str:
        return self.descriptions.get(label, label)

    def to_config(self) -> dict:
        """config.json."""
        network = variant(self.architecture)
        return {
            "architecture": self.architecture,
            "num_classes": self.num_classes,
            "num_features": network.num_features,
            "label_names": self.labels,
            "label_descriptions": {label: self.describe_label(label) for label in self.labels},
            **({"model_args": {"in_chans": self.in_chans}} if self.in_chans != 3 else {}),
            "pretrained_cfg": {
                **self.preprocessing.to_config(),
                "fixed_input_size": False,
                "num_classes": self.num_classes,
                "pool_size": [math.ceil(self.preprocessing.size / network.stride)] * 2,
                "first_conv": "conv1.0" if network.deep_stem else "conv1",
                "classifier": "fc",
                **({"license": self.license} if self.license else {}),
            },
        }

    def to_lab(self) -> dict:
        """lab.json."""
        return {
            "format": FORMAT,
            "temperature": self.temperature,
            "unknown_threshold": self.unknown_threshold,
            "summary": self.summary,
        }


def write_folder(
    folder: Path,
    state: Mapping[str, "Tensor"],
    config: ModelConfig,
    *,
    card: str,
    report: dict | None = None,
    half: bool = False,
    neighbours: Neighbours | None = None,
) -> None:
    """Make `folder` a model folder, or replace the one that is there, whole or not at all.

    Args:
        state: a module's state_dict(): name -> tensor, on any device.
        card: the text of README.md, front matter first.
        report: what report.json says, where the model was evaluated.
        half: weights in 16 bits. Running statistics stay in 32: variances reach beyond what 16 bits hold.
    """
    if len(state["fc.weight"]) != config.num_classes:
        raise ValueError(f"{config.num_classes} labels for a classifier of {len(state['fc.weight'])} classes")
    with replacing_folder(folder) as temporary:
        arrays = {name: _array(name, tensor, half) for name, tensor in state.items()}
        save_file(arrays, temporary / WEIGHTS, metadata={"format": "pt"})
        write_json(temporary / CONFIG, config.to_config())
        write_json(temporary / LAB, config.to_lab())
        (temporary / CARD).write_text(card, "utf-8")
        if report is not None:
            write_json(temporary / REPORT, report)
        if neighbours:
            neighbours.write(temporary)


def set_unknown_threshold(folder: Path, threshold: float | None) -> None:
    """The highest probability below which the model in `folder` answers "unknown"; None: it always answers.

    Raises UserError for what is no probability.
    """
    if not (threshold is None or (_is_number(threshold) and 0 <= threshold <= 1)):
        raise UserError("out_of_range", field="threshold", value=weights.brief(threshold), low=0, high=1)
    write_json(folder / LAB, replace(read_config(folder), unknown_threshold=threshold).to_lab())


def _array(name: str, tensor: "Tensor", half: bool) -> np.ndarray:
    array = tensor.detach().contiguous().cpu().numpy()
    halved = half and array.dtype == np.float32 and not name.endswith(RUNNING_STATISTICS)
    return array.astype(np.float16) if halved else array


def read_config(folder: Path) -> ModelConfig:
    """The model in `folder` without its weights. Raises UserError naming the file and what is wrong with it."""
    path = folder / CONFIG
    record = read_object(path)
    pretrained = record.get("pretrained_cfg", record)  # older folders of timm have one level only
    if not isinstance(pretrained, dict) or not isinstance(record.get("architecture"), str):
        raise UserError(
            "config_wrong", file=path, field="architecture", value=weights.brief(record.get("architecture"))
        )
    architecture = _architecture(record["architecture"])
    model_args = _model_args(path, record)
    lab = _read_lab(folder / LAB)
    labels, descriptions = _labels(path, record, pretrained)
    preprocessing = Preprocessing.from_config(pretrained)
    in_chans = model_args.get("in_chans", 3)
    if in_chans != len(preprocessing.mean):
        raise UserError("config_wrong", file=path, field="in_chans", value=weights.brief(in_chans))
    return ModelConfig(
        architecture=architecture,
        labels=labels,
        descriptions=descriptions,
        preprocessing=preprocessing,
        in_chans=in_chans,
        license=license if isinstance(license := pretrained.get("license"), str) else None,
        **lab,
    )


def weights_in(folder: Path) -> Path:
    """The file of weights in a model folder, or the index of several. Raises UserError where there is none."""
    names = (WEIGHTS, INDEX, PICKLE, PICKLE_INDEX)
    found = next((folder / name for name in names if (folder / name).exists()), None)
    if found is None:
        raise UserError("weights_absent", folder=folder, files=names)
    return found


def read_object(path: Path) -> dict:
    """The JSON object in a file. Raises UserError: there is no file, it is no such object, or too long."""
    if not path.is_file():
        raise UserError("config_missing", folder=path.parent, file=path.name)
    if (size := path.stat().st_size) > LONGEST_JSON:
        raise UserError("json_large", file=path, size=f"{size:,}", limit=f"{LONGEST_JSON:,}")
    try:
        record = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested without end
        record = None
    if not isinstance(record, dict):
        raise UserError("json_wrong", file=path)
    return record


def _architecture(name: str) -> str:
    """The variant called `name` by timm, now or formerly; UserError with the nearest names where there is none."""
    name = weights.brief(name)
    found = present_name(name).split(".")[0]
    variant(found if found in VARIANTS else name)
    return found


def _model_args(path: Path, record: dict) -> dict:
    """timm's arguments to the constructor; those that only matter in training are passed over."""
    model_args = record.get("model_args", {})
    if not isinstance(model_args, dict):
        raise UserError("config_wrong", file=path, field="model_args", value=weights.brief(model_args))
    if foreign := sorted(model_args.keys() - BUILT_IN):
        raise UserError("config_argument", file=path, argument=weights.brief(", ".join(foreign)))
    if model_args.get("global_pool", record.get("global_pool", "avg")) != "avg":
        raise UserError("config_argument", file=path, argument="global_pool")
    return model_args


def _labels(path: Path, record: dict, pretrained: dict) -> tuple[list[str], dict[str, str]]:
    """Class keys and their descriptions; where the file has none, ImageNet's for 1000 classes, or numbers."""
    count = record.get("num_classes", pretrained.get("num_classes"))
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_CLASSES:
        raise UserError("config_wrong", file=path, field="num_classes", value=weights.brief(count))
    names = record.get("label_names", pretrained.get("label_names", pretrained.get("labels")))
    if names is None:
        return default_labels(count)
    if isinstance(names, dict):  # index -> key
        names = [names.get(str(index)) for index in range(count)] if len(names) == count else None
    if not isinstance(names, list) or len(names) != count or len({n for n in names if isinstance(n, str)}) != count:
        raise UserError("labels_wrong", file=path, count=count)
    descriptions = record.get("label_descriptions", pretrained.get("label_descriptions")) or {}
    if not (isinstance(descriptions, dict) and all(isinstance(words, str) for words in descriptions.values())):
        raise UserError("config_wrong", file=path, field="label_descriptions", value=type(descriptions).__name__)
    return names, {name: words for name, words in descriptions.items() if words != name}


def default_labels(count: int) -> tuple[list[str], dict[str, str]]:
    """Labels and descriptions for `count` classes of which nothing is known: ImageNet's where it has so many."""
    if count in IMAGENETS:
        return weights.late("records").imagenet_labels(count)
    return [str(index) for index in range(count)], {}


def _read_lab(path: Path) -> dict:
    """temperature, unknown_threshold, summary; nothing where there is no such file."""
    if not path.is_file():
        return {}
    lab = read_object(path)
    if isinstance(lab.get("format"), int) and lab["format"] > FORMAT:
        raise UserError("format_newer", file=path, format=lab["format"])
    if lab.get("format") != FORMAT:
        raise UserError("config_wrong", file=path, field="format", value=weights.brief(lab.get("format")))
    temperature, threshold = lab.get("temperature", 1.0), lab.get("unknown_threshold")
    if not (_is_number(temperature) and 0 < temperature < math.inf):
        raise UserError("config_wrong", file=path, field="temperature", value=weights.brief(temperature))
    if not (threshold is None or (_is_number(threshold) and 0 <= threshold <= 1)):
        raise UserError("config_wrong", file=path, field="unknown_threshold", value=weights.brief(threshold))
    summary = lab.get("summary", {})
    if not isinstance(summary, dict):
        raise UserError("config_wrong", file=path, field="summary", value=weights.brief(summary))
    return {"temperature": temperature, "unknown_threshold": threshold, "summary": summary}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
