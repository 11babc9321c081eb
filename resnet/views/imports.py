"""What an import found: in a sentence, what is to be seen to, with the pictures that it is about, and a strip a class.

Names are hostile text: see figures.
"""

from collections.abc import Sequence
from pathlib import Path

from resnet.data.dataset import Dataset
from resnet.text import say
from resnet.views import sentences
from resnet.views.figures import escape, note, notes, thumbnail
from resnet.views.palette import sign

STRIPS, STRIP = 8, 8  # classes with a strip of thumbnails, thumbnails in a strip
SIDE = 96  # pixels of a picture that a warning is about
ACROSS = ("leaks", "near_leaks")  # kinds of which the part matters; of others the size does


def report(data: Dataset, language: str = "en") -> str:
    """What an import found. Reports of older versions hold no pictures of what they warn of."""
    samples: dict[str, list] = {label: [] for label in data.classes[:STRIPS]}
    for record in data.read_records():
        strip = samples.get(record.label)
        if strip is not None and len(strip) < STRIP:
            strip.append(thumbnail(record.path, 72))
    return (
        f'<p class="found">{escape(sentences.counts(data.report, language))}</p>'
        + notes([problem.say(language) for problem in data.problems()])
        + "".join(_warning(message, data, language) for message in data.report["warnings"])
        + strips(samples, data.classes)
    )


def _warning(message: dict, data: Dataset, language: str) -> str:
    """What is to be seen to, and the pictures that it is about."""
    kind = message["key"].removeprefix("import_")
    groups = data.report.get("pictured", {}).get(kind, [])
    shown = "".join(_group(group, kind, data, language) for group in groups)
    return note(sentences.said(message, language), "warn") + (f'<div class="pictured">{shown}</div>' if shown else "")


def _group(group: dict, kind: str, data: Dataset, language: str) -> str:
    """Pictures that belong together, side by side; of a corrected data set some may be gone."""
    tiles = "".join(_tile(entry, kind, data, language) for entry in group["pictures"])
    left = group["count"] - len(group["pictures"])
    more = f'<span class="quiet">+ {left:,}</span>' if left else ""
    return f'<div class="together">{tiles}{more}</div>' if tiles else ""


def _tile(entry: dict, kind: str, data: Dataset, language: str) -> str:
    if not (source := thumbnail(data.folder / entry["path"], SIDE)):
        return ""
    file, label = entry["source"], sign(entry["label"], data.classes) + escape(entry["label"])
    fact = say(f"column_{entry['split']}", language) if kind in ACROSS else f"{entry['width']} × {entry['height']}"
    return (
        f'<figure class="tile" title="{escape(file)}"><img src="{source}" alt="" loading="lazy"><figcaption>'
        f'<span>{label}</span><span class="quiet">{escape(Path(file).name)}</span>'
        f'<span class="quiet">{escape(fact)}</span></figcaption></figure>'
    )


def strips(samples: dict[str, list[str]], classes: Sequence[str]) -> str:
    """A strip of thumbnails (data addresses) per class; classes: all that there are."""
    rows = "".join(
        f'<div class="strip"><span title="{escape(label)}">{sign(label, classes)}{escape(label)}</span><div>'
        + "".join(f'<img src="{source}" alt="" loading="lazy">' for source in sources)
        + "</div></div>"
        for label, sources in samples.items()
    )
    return f'<div class="strips">{rows}</div>'
