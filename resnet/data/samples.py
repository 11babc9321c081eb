"""A data set of drawn pictures, for a first try without photographs of one's own: shapes and patterns, by class."""

import colorsys
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.store import Store

SIZE = 224  # pixels, height and width
NAME = "drawn shapes"

Colour = tuple[int, int, int]
Point = tuple[float, float]


def import_samples(store: Store) -> Dataset:
    """The drawn pictures as an ordinary data set; the second time it is found again."""
    folder = store.temporary()
    try:
        draw(folder)
        return import_dataset(folder, store, name=NAME)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def draw(folder: Path, per_class: int = 40, seed: int = 0) -> None:
    """`per_class` JPEGs of SIZE x SIZE pixels in a folder for each class; the same seed draws the same pictures."""
    for label, paint in CLASSES.items():
        (folder / label).mkdir(parents=True)
        for number in range(per_class):
            picture(paint, Random(f"{seed} {label} {number}")).save(folder / label / f"{number:03d}.jpg", quality=88)


def picture(paint: Callable, random: Random) -> Image.Image:
    """One picture: a background, the thing itself in another colour, and what a camera adds: blur and noise."""
    back, front = _colours(random)
    image = _background(back, random)
    mask = Image.new("L", (2 * SIZE, 2 * SIZE))  # drawn at twice the size, so that edges come out smooth
    paint(ImageDraw.Draw(mask), random)
    image.paste(_background(front, random), mask=mask.resize((SIZE, SIZE), Image.Resampling.BOX))
    return _camera(image, random)


def _colours(random: Random) -> tuple[Colour, Colour]:
    """Two colours that can be told apart: hues a quarter of the circle apart or more, and other lightness."""
    hue, light = random.random(), random.uniform(0.2, 0.75)
    other_hue = (hue + random.uniform(0.25, 0.75)) % 1
    other_light = light + random.choice((-1, 1)) * random.uniform(0.2, 0.3)
    return _rgb(hue, light, random), _rgb(other_hue, min(max(other_light, 0.08), 0.92), random)


def _rgb(hue: float, light: float, random: Random) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, light, random.uniform(0.3, 0.9))
    return round(255 * red), round(255 * green), round(255 * blue)


def _background(colour: Colour, random: Random) -> Image.Image:
    """A surface of one colour under uneven light: brighter towards one side, with a soft blotch or two."""
    angle, slope = random.uniform(0, 2 * math.pi), random.uniform(0, 0.35)
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]  # (H, W) each
    light = 1 + slope * (x * math.cos(angle) + y * math.sin(angle))
    for _ in range(random.randint(0, 2)):
        centre_x, centre_y, width = random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(0.2, 0.6)
        light += random.uniform(-0.2, 0.2) * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / width**2)
    return Image.fromarray(np.clip(light[..., None] * np.array(colour), 0, 255).astype(np.uint8))


def _camera(image: Image.Image, random: Random) -> Image.Image:
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, 1.2)))
    noise = np.random.default_rng(random.getrandbits(32)).normal(0, random.uniform(1, 9), (SIZE, SIZE, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


# Each class draws on a mask of 2 SIZE x 2 SIZE: white is the thing, black the background.


def _circles(pen: ImageDraw.ImageDraw, random: Random) -> None:
    for centre, radius in _places(random):
        flat = random.uniform(0.85, 1)  # a circle seen a little from the side
        pen.ellipse(_box(centre, radius, flat * radius), fill=255)
        if random.random() < 0.3:  # a ring
            pen.ellipse(_box(centre, radius * 0.6, flat * radius * 0.6), fill=0)


def _triangles(pen: ImageDraw.ImageDraw, random: Random) -> None:
    for centre, radius in _places(random):
        turn = random.uniform(0, 2 * math.pi)
        corners = [turn + 2 * math.pi * i / 3 + random.uniform(-0.25, 0.25) for i in range(3)]
        pen.polygon([_around(centre, radius, angle) for angle in corners], fill=255)


def _stars(pen: ImageDraw.ImageDraw, random: Random) -> None:
    for centre, radius in _places(random):
        points, turn, waist = random.choice((5, 6, 7)), random.uniform(0, 2 * math.pi), random.uniform(0.35, 0.5)
        outline = [
            _around(centre, radius * (waist if i % 2 else 1), turn + math.pi * i / points) for i in range(2 * points)
        ]
        pen.polygon(outline, fill=255)


def _stripes(pen: ImageDraw.ImageDraw, random: Random) -> None:
    period, share, angle = random.uniform(30, 110), random.uniform(0.35, 0.6), random.uniform(0, math.pi)
    along, across = _around((0, 0), 2 * SIZE, angle), _around((0, 0), 1, angle + math.pi / 2)
    start = random.uniform(0, period)
    for i in range(-int(2 * SIZE / period) - 1, int(2 * SIZE / period) + 2):
        near, far = start + i * period, start + (i + share) * period
        corners = [(near, -1), (near, 1), (far, 1), (far, -1)]
        pen.polygon(
            [(SIZE + across[0] * at + along[0] * end, SIZE + across[1] * at + along[1] * end) for at, end in corners],
            fill=255,
        )


def _checks(pen: ImageDraw.ImageDraw, random: Random) -> None:
    side, angle = random.uniform(28, 80), random.uniform(0, math.pi / 2)
    right, down = _around((0, 0), side, angle), _around((0, 0), side, angle + math.pi / 2)
    reach = int(1.5 * SIZE / side) + 2
    start_x, start_y = SIZE + random.uniform(0, side), SIZE + random.uniform(0, side)
    for i in range(-reach, reach):
        for j in range(-reach + (i + reach) % 2, reach, 2):
            corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            pen.polygon(
                [(start_x + a * right[0] + b * down[0], start_y + a * right[1] + b * down[1]) for a, b in corners],
                fill=255,
            )


CLASSES = {
    "checks": _checks,
    "circles": _circles,
    "stars": _stars,
    "stripes": _stripes,
    "triangles": _triangles,
}


def _places(random: Random) -> list[tuple[Point, float]]:
    """Centre and radius of one large thing, or of a few small ones, wholly or nearly in the picture."""
    count = random.choice((1, 1, 2, 3))
    radii = [random.uniform(0.35, 0.8) * SIZE / math.sqrt(count) for _ in range(count)]
    return [((_inside(radius, random), _inside(radius, random)), radius) for radius in radii]


def _inside(radius: float, random: Random) -> float:
    return random.uniform(0.9 * radius, 2 * SIZE - 0.9 * radius)


def _around(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _box(centre: Point, radius_x: float, radius_y: float) -> tuple[float, float, float, float]:
    return centre[0] - radius_x, centre[1] - radius_y, centre[0] + radius_x, centre[1] + radius_y
