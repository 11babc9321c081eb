"""The colours and marks of classes: a class has the same ones on every figure, by its place among its model's classes.

The colours are those of Okabe & Ito 2008, "Color Universal Design", which colour-blind people tell apart as well; their
black is the colour of the text, so that it is seen on a dark page. Beyond eight classes the mark's shape changes.
"""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "currentColor")
SHAPES = (  # SVG paths from the mark's middle; {r} is its radius, {d} its diameter
    "m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0",  # circle
    "m-{r}-{r}h{d}v{d}h-{d}z",  # square
    "m0-{d}l{d} {d}-{d} {d}-{d}-{d}z",  # diamond
    "m0-{d}l{d} {d} 0 {r}h-{d}h-{d}v-{r}z",  # house
    "m-{d} 0l{r}-{d}h{d}l{r} {d}z",  # boat
    "m-{r}-{r}h{d}l-{d} {d}h{d}z",  # hourglass
)
MARKS = len(COLOURS) * len(SHAPES)  # of which no two are the same; then they begin again


def colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def mark(place: int, radius: float) -> str:
    """The SVG path of a class's mark, relative to its middle."""
    return SHAPES[place // len(COLOURS) % len(SHAPES)].format(r=f"{radius:g}", d=f"{2 * radius:g}")
