"""A model on the Hub and its download, in words."""

from typing import TYPE_CHECKING

from resnet.text import say
from resnet.views.figures import escape
from resnet.views.sentences import duration, visible
from resnet.weights import noncommercial

if TYPE_CHECKING:  # the Hub's client is loaded by those who need it
    from resnet.weights.hub import Offer


def size(count: float) -> str:
    """Bytes: 97781640 -> "98 MB", 14300 -> "0.014 MB"."""
    megabytes = count / 1e6
    return f"{megabytes:,.0f} MB" if megabytes >= 9.5 else f"{megabytes:.2g} MB"


def offer(found: "Offer", language: str = "en") -> str:
    """What a download would be, or is already: its size, where it comes from, its licence."""
    key = "hub_here" if found.cached else "hub_offer"
    where = {"endpoint": found.endpoint, "license": license(found.license, language)}
    return say(key, language, model=visible(found.model), size=size(found.bytes), **where)


def license(name: str | None, language: str = "en") -> str:
    """As the Hub abbreviates it; one that forbids commercial use is called so."""
    if not name:
        return say("license_none", language)
    return say("license_noncommercial", language, license=visible(name)) if noncommercial(name) else visible(name)


def progress(done: int, total: int, speed: float, language: str = "en") -> str:
    """“34 MB of 98 MB · 12 MB/s · 5 s left”, as much of it as is known. Bytes, and bytes a second."""
    parts = [say("hub_progress", language, done=size(done), size=size(total))] if total else []
    if speed:
        parts.append(say("hub_speed", language, speed=size(speed)))
    if speed and total:
        parts.append(say("left", language, duration=duration((total - done) / speed, language)))
    return " · ".join(parts)


def bar(model: str, done: int, total: int, speed: float, language: str = "en") -> str:
    """A download on its way, drawn."""
    head = escape(say("hub_fetching", language, model=model))
    share = 100 * done / total if total else 0.0
    return (
        f'<div class="run"><p>{head}</p><div class="run-track"><div class="run-fill" style="width:{share:.1f}%"></div>'
        f'</div><p class="run-line">{escape(progress(done, total, speed, language))}</p></div>'
    )
