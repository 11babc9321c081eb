"""The weights that timm publishes for the networks of this project, told without loading timm, which takes seconds."""

import csv
import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from resnet import weights
from resnet.errors import UserError
from resnet.nn.variants import variant
from resnet.weights.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

DATA = Path(__file__).with_name("published.csv")
FIELDS = ("name", "classes", "size", "crop_pct", "interpolation", "pixels", "license", "top1", "top1_size")
PIXELS = {"imagenet": (IMAGENET_MEAN, IMAGENET_STD), "half": ((0.5,) * 3, (0.5,) * 3)}  # mean and std per channel
FILE = "model.safetensors"  # of the weights, in each repository
# Names from before they had tags begin with where the weights came from (timm/models/resnet.py)
ORIGINS = {
    "tv": "tv_in1k",
    "gluon": "gluon_in1k",
    "ssl": "fb_ssl_yfcc100m_ft_in1k",
    "swsl": "fb_swsl_ig1b_ft_in1k",
    "ig": "fb_wsl_ig1b_ft_in1k",
}


@dataclass(frozen=True)
class Published:
    """Weights that can be downloaded."""

    name: str  # ARCHITECTURE.TAG; the tag says where the weights come from
    preprocessing: Preprocessing
    classes: int  # 0: there is no classifier, so a model can be trained from them, but they do not classify
    license: str | None  # as the Hub abbreviates it
    top1: float | None  # % of ImageNet's 50,000 validation pictures it names right, where timm says so
    top1_size: int | None  # pixels; the input at which that was measured, often larger than the usual one
    cached: bool = False  # on this machine already

    @property
    def architecture(self) -> str:
        return self.name.split(".")[0]

    @property
    def tag(self) -> str:
        return self.name.partition(".")[2]

    @property
    def repository(self) -> str:
        """On the Hub."""
        return f"timm/{self.name}"

    @property
    def size(self) -> int:
        """Pixels; the input is square."""
        return self.preprocessing.size

    @property
    def params(self) -> float:
        """Millions."""
        row = variant(self.architecture)
        return row.params + (self.classes - 1000) * (row.num_features + 1) / 1e6

    @property
    def giga_macs(self) -> float:
        """Multiply-adds of one picture, in units of 1e9: nearly all are in convolutions, so they grow with its area."""
        return variant(self.architecture).giga_macs * (self.size / 224) ** 2

    @property
    def bytes(self) -> float:
        """Of the download, within a few per cent: four for each parameter."""
        return 4e6 * self.params

    @property
    def noncommercial(self) -> bool:
        return weights.noncommercial(self.license)


@functools.cache
def published() -> tuple[Published, ...]:
    """All of them, by architecture; of one architecture, timm's default ones first."""
    with DATA.open(encoding="utf-8") as file:
        return tuple(map(_row, csv.DictReader(line for line in file if not line.startswith("#"))))


def _row(record: Mapping[str, str]) -> Published:
    mean, std = PIXELS[record["pixels"]]
    return Published(
        name=record["name"],
        preprocessing=Preprocessing(
            int(record["size"]), float(record["crop_pct"]), "center", record["interpolation"], mean, std
        ),
        classes=int(record["classes"]),
        license=record["license"] or None,
        top1=float(record["top1"]) if record["top1"] else None,
        top1_size=int(record["top1_size"]) if record["top1"] else None,
    )


def list_pretrained() -> list[str]:
    """ARCHITECTURE.TAG of all weights that timm publishes for the networks of this project."""
    return [row.name for row in published()]


def offers() -> list[Published]:
    """The same, those first that are on this machine already."""
    hub = weights.late("hub")
    places = {row: hub.Source(row.name, row.repository, file=FILE) for row in published()}
    rows = [replace(row, cached=hub.cached(place) is not None) for row, place in places.items()]
    return sorted(rows, key=lambda row: not row.cached)


def find_published(name: str) -> Published:
    """The weights called `name`, with a tag or without (then timm's default ones); UserError if there are none."""
    architecture, _, tag = present_name(name).partition(".")
    variant(architecture)
    known = {row.tag: row for row in published() if row.architecture == architecture}
    if not known:
        raise UserError("pretrained_none", name=architecture)
    if tag and tag not in known:
        names = [row.name for row in known.values()]
        near = difflib.get_close_matches(name, names, n=3, cutoff=0)
        raise UserError("pretrained_unknown", name=name, near=near)
    return known[tag] if tag else next(iter(known.values()))


def present_name(name: str) -> str:
    """What timm now calls the network or weights once called `name`, such as gluon_resnet50_v1b; else `name` itself."""
    if name == "seresnext26tn_32x4d":
        return "seresnext26t_32x4d"
    origin, _, architecture = name.partition("_")
    if origin not in ORIGINS:
        return name
    letter = re.search(r"_v1([bcds])$", architecture)  # Gluon's: "b" is the usual network
    if letter:
        architecture = architecture[: letter.start()] + letter[1].replace("b", "")
    found = f"{architecture}.{ORIGINS[origin]}"
    return found if any(row.name == found for row in published()) else name
