"""The table of published weights against timm's own records: `python -m tests.published` writes it anew.

The top-1 columns stay as they are; where they come from, the table's first lines say.
"""

import csv
import sys

import timm
from timm.data import IMAGENET_DEFAULT_MEAN

from resnet.nn.variants import VARIANTS
from resnet.weights.published import DATA, FIELDS


def records() -> list[dict[str, str]]:
    """What timm knows of each of its weights for the networks of this project, in the table's order."""
    order = {architecture: index for index, architecture in enumerate(VARIANTS)}
    names = [name for name in timm.list_models(pretrained=True) if name.split(".")[0] in VARIANTS]
    return [record(name) for name in sorted(names, key=lambda name: (order[name.split(".")[0]], not is_default(name)))]


def is_default(name: str) -> bool:
    architecture, _, tag = name.partition(".")
    return timm.get_pretrained_cfg(architecture).tag == tag


def record(name: str) -> dict[str, str]:
    config = timm.get_pretrained_cfg(name)
    assert (config.crop_mode, config.hf_hub_id, config.hf_hub_filename) == ("center", f"timm/{name}", None)
    pixels = "imagenet" if config.mean == IMAGENET_DEFAULT_MEAN else "half"
    known = (name, config.num_classes, config.input_size[1], config.crop_pct, config.interpolation, pixels)
    return dict(zip(FIELDS, map(str, (*known, config.license or "")), strict=False))


def table() -> tuple[list[str], list[dict[str, str]]]:
    """The table as it is: its first lines, and its rows."""
    lines = DATA.read_text("utf-8").splitlines(keepends=True)
    head = [line for line in lines if line.startswith("#")]
    return head, list(csv.DictReader(lines[len(head) :]))


def main() -> None:
    head, rows = table()
    measured = {row["name"]: {"top1": row["top1"], "top1_size": row["top1_size"]} for row in rows}
    with DATA.open("w", encoding="utf-8", newline="") as file:
        file.writelines(head)
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(row | measured.get(row["name"], {}) for row in records())


if __name__ == "__main__":
    sys.exit(main())
