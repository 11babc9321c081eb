"""The colours and marks of classes: a class has the same ones on every figure, by its place among its model's classes.

On the page a class's mark stands before its name, wherever the name is a heading, a bar's, a card's or a strip's; not
within sentences, and not where a model has more classes than there are marks (ImageNet's thousand): a mark would then
mean several.

The colours are those of Okabe & Ito 2008, "Color Universal Design", which colour-blind people tell apart as well; their
black is the colour of the text, so that it is seen on a dark page. Beyond eight classes the mark's shape changes.
"""

from collections.abc import Sequence

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "currentColor")
# SVG paths from the mark's middle, all about as large. {r} is its radius; {q}, {d}, {t} are 1.5, 2 and 3 times that.
SHAPES = (
    "m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0",  # circle
    "m-{r}-{r}h{d}v{d}h-{d}z",  # square
    "m0-{q}l{q} {q}-{q} {q}-{q}-{q}z",  # diamond
    "m0-{q}l{q} {q}v{r}h-{t}v-{r}z",  # house
    "m-{q}-{r}h{t}l-{r} {d}h-{r}z",  # bucket
    "m-{q}-{q}h{t}l-{t} {t}h{t}z",  # hourglass
)
MARKS = len(COLOURS) * len(SHAPES)  # of which no two are the same; then they begin again


def colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def mark(place: int, radius: float) -> str:
    """The SVG path of a class's mark, relative to its middle."""
    return SHAPES[place // len(COLOURS) % len(SHAPES)].format(
        r=f"{radius:g}", q=f"{1.5 * radius:g}", d=f"{2 * radius:g}", t=f"{3 * radius:g}"
    )


def sign(label: str, classes: Sequence[str]) -> str:
    """A class's mark as a small picture before its name; "" for what is no class of these, and beyond MARKS classes."""
    return icon(classes.index(label)) if len(classes) <= MARKS and label in classes else ""


def icon(place: int) -> str:
    """The mark of the class at a place, in a picture of its own."""
    path = f'<path fill="{colour(place)}" d="M0 0{mark(place, 5)}"/>'
    return f'<svg class="mark" viewBox="-8 -8 16 16" aria-hidden="true">{path}</svg>'
