"""timm's records of pretrained weights and its names of ImageNet's classes: the one place that imports timm.

Slow to import: reached through `resnet.weights.late`, by what is not on this machine already.
"""

import difflib
from dataclasses import dataclass

from timm.data import ImageNetInfo
from timm.models import get_pretrained_cfg
from timm.models import list_pretrained as timm_list_pretrained

from resnet.errors import UserError
from resnet.nn.variants import VARIANTS, variant
from resnet.weights.folder import ModelConfig, default_labels
from resnet.weights.preprocessing import Preprocessing


@dataclass(frozen=True)
class Pretrained:
    """Weights that can be downloaded."""

    name: str  # ARCHITECTURE.TAG; the tag says where the weights come from
    config: ModelConfig
    repository: str  # on the Hub, OWNER/NAME
    file: str


def list_pretrained() -> list[str]:
    """ARCHITECTURE.TAG of all classifiers that timm publishes for the networks of this project."""
    names = (name for name in timm_list_pretrained("resnet*") if name.split(".")[0] in VARIANTS)
    return [name for name in names if get_pretrained_cfg(name).num_classes]


def record(name: str) -> Pretrained:
    """The weights called `name`, with a tag or without (then timm's default ones); UserError if there are none."""
    architecture = name.split(".")[0]
    variant(architecture)
    known = [other for other in list_pretrained() if other.split(".")[0] == architecture]
    if "." in name and name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0) or known
        raise UserError("pretrained_unknown", name=name, near=near)
    found = get_pretrained_cfg(name)
    labels, descriptions = default_labels(found.num_classes)
    config = ModelConfig(
        architecture=architecture,
        labels=labels,
        descriptions=descriptions,
        preprocessing=Preprocessing.from_config(found.to_dict()),
        license=found.license,
    )
    file = found.hf_hub_filename or "model.safetensors"
    return Pretrained(f"{architecture}.{found.tag}", config, found.hf_hub_id, file)


def imagenet_labels() -> tuple[list[str], dict[str, str]]:
    """ImageNet's 1000 class keys (WordNet's numbers) and their words."""
    info = ImageNetInfo()
    return info.label_names(), info.label_descriptions(as_dict=True)
