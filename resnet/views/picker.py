"""timm's published weights in lines of a list: what each costs and is worth, to choose by."""

from collections.abc import Sequence

from resnet.text import say
from resnet.views.downloads import license, size
from resnet.weights.published import Published


def choices(rows: Sequence[Published], language: str = "en") -> list[tuple[str, str]]:
    """(line, name) of each, as a dropdown takes them."""
    return [(line(row, language), row.name) for row in rows]


def line(row: Published, language: str = "en") -> str:
    """“resnet50.tv_in1k · 76.1 % of ImageNet · 25.6 M parameters · 4.1 G multiply-adds · 224 px · 102 MB · apache-2.0”.

    Of multiply-adds and size, those at the usual input; where the accuracy was measured at another, that is said.
    """
    place = say("picker_here", language) if row.cached else size(row.bytes)
    return " · ".join([row.name, *_facts(row, language), place, license(row.license, language)])


def facts(row: Published, language: str = "en") -> str:
    """What speaks for and against it beside its download, and where its accuracy is from."""
    source = say("picker_source", language) if row.top1 else ""
    return f"{' · '.join(_facts(row, language))}. {source}".strip()


def _facts(row: Published, language: str) -> list[str]:
    params = say("picker_params", language, count=amount(row.params))
    macs = say("picker_macs", language, count=amount(row.giga_macs))
    return [*filter(None, [worth(row, language)]), params, macs, f"{row.size} px"]


def worth(row: Published, language: str = "en") -> str:
    """How often it names ImageNet's pictures right, where that is known, or that it has no classifier."""
    if not row.classes:
        return say("picker_headless", language)
    if row.top1 is None:
        return ""
    other = "" if row.top1_size == row.size else "_at"
    return say(f"picker_top1{other}", language, percent=f"{row.top1:.1f}", size=row.top1_size)


def amount(number: float) -> str:
    """25.56 -> "25.6", 0.041 -> "0.041"."""
    return f"{number:.1f}" if number >= 0.95 else f"{number:.2g}"
