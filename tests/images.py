"""A few hundred picture files of every kind, made here, each with what is to become of it.

They show one scene: four quarters, red, green, blue and yellow from the top left to the bottom right, so that a
picture that is turned, mirrored, inverted or in the wrong colours is found out.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pillow_heif.HeifImagePlugin  # noqa: F401 (registers what saves HEIC)
from PIL import Image, ImageCms

SIZE = (40, 30)  # pixels, width and height of the scene
COLOURS = (
    (200, 30, 30),
    (30, 180, 40),
    (40, 60, 200),
    (230, 220, 60),
)  # top left, top right, bottom left, bottom right
GREYS = tuple((round(0.299 * r + 0.587 * g + 0.114 * b),) * 3 for r, g, b in COLOURS)
BITS = ((255,) * 3, (0,) * 3, (0,) * 3, (255,) * 3)  # the scene in black and white
WHITE = (255, 255, 255)
TRANSPOSED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # how a camera stores the upright scene under each EXIF orientation


@dataclass(frozen=True)
class Case:
    """A file, and either the picture that it is to become or the key of the sentence that refuses it."""

    name: str
    content: bytes
    size: tuple[int, int] = SIZE  # pixels, upright
    colours: tuple[tuple[int, int, int], ...] = COLOURS
    tolerance: int = 3  # of a quarter's mean colour
    refused: str = ""

    def __str__(self) -> str:
        return self.name


def cases() -> list[Case]:
    made = [
        *(case for maker in MAKERS for case in maker()),
        *_trailing_garbage(),
        *_truncated(),
    ]
    assert len({case.name for case in made}) == len(made)
    return made


def scene(mode: str = "RGB", size: tuple[int, int] = SIZE, colours: tuple = COLOURS) -> Image.Image:
    width, height = size
    image = Image.new("RGB", size)
    for index, colour in enumerate(colours):
        left, top = width // 2 * (index % 2), height // 2 * (index // 2)
        image.paste(colour, (left, top, width, height))
    if mode == "P":
        return image.quantize(16)
    if mode == "PA":
        return image.quantize(16).convert("PA")
    if mode == "1":
        return scene("L", size, BITS).convert("1")
    if mode.startswith("I"):
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.int32 if mode == "I" else np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.float32) / 255)
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
    return image.convert(mode)


def see_through(mode: str = "RGBA") -> Image.Image:
    """The scene with nothing in its first quarter."""
    image = scene(mode)
    image.paste((*COLOURS[0], 0) if mode == "RGBA" else (GREYS[0][0], 0), (0, 0, SIZE[0] // 2, SIZE[1] // 2))
    return image


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _jpeg() -> Iterator[Case]:
    loose = {"tolerance": 12}
    yield Case("plain.jpg", encoded(scene(), "JPEG"), **loose)
    yield Case("grey.jpg", encoded(scene("L"), "JPEG"), colours=GREYS)
    yield Case("cmyk.jpg", encoded(scene("CMYK"), "JPEG"), **loose)
    yield Case("rgb inside.jpg", encoded(scene(), "JPEG", keep_rgb=True))
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            content = encoded(scene(), "JPEG", subsampling=subsampling, progressive=progressive, quality=95)
            yield Case(f"subsampling {subsampling}{' progressive' * progressive}.jpg", content, **loose)
    for quality in (5, 30, 100):
        content = encoded(scene(), "JPEG", quality=quality)
        yield Case(f"quality {quality}.jpg", content, tolerance=40 if quality == 5 else 12)
    yield Case("restarts.jpg", encoded(scene(), "JPEG", restart_marker_rows=1), **loose)
    yield Case("optimised.jpg", encoded(scene(), "JPEG", optimize=True, dpi=(300, 300)), **loose)
    yield Case("commented.jpg", encoded(scene(), "JPEG", comment=b"\xff\xfe\0 hello" * 100), **loose)
    yield Case("progressive grey.jpeg", encoded(scene("L"), "JPEG", progressive=True), colours=GREYS)
    yield Case("progressive cmyk.jpe", encoded(scene("CMYK"), "JPEG", progressive=True), **loose)
    yield Case("two views.mpo", encoded(scene(), "MPO", save_all=True, append_images=[scene(size=(8, 8))]), **loose)
    yield Case("one view.mpo", encoded(scene(), "MPO"), **loose)
    content = encoded(scene(), "JPEG")
    yield Case("bytes before the mark.jpg", b"\r\n" + content, refused="image_unknown")
    yield Case("padding.jpg", content[:2] + b"\xff" * 50 + content[2:], **loose)
    no_end = content[: content.rindex(b"\xff\xd9")]
    yield Case("no end mark.jpg", no_end, refused="image_broken")
    yield Case("only a mark.jpg", content[:3], refused="image_broken")
    yield Case("only a header.jpg", content[:100], refused="image_broken")
    frame = content.index(b"\xff\xc0") + 5  # of the header: height, width
    for width, height in ((0, 30), (40, 0)):
        sized = content[:frame] + struct.pack(">HH", height, width) + content[frame + 4 :]
        yield Case(f"{width} x {height}.jpg", sized, refused="image_broken")
    sized = content[:frame] + struct.pack(">HH", 65500, 65500) + content[frame + 4 :]
    yield Case("4 gigapixels.jpg", sized, refused="image_many_pixels")
    content = encoded(scene(), "JPEG", progressive=True)
    frame = content.index(b"\xff\xc2") + 5
    sized = content[:frame] + struct.pack(">HH", 9000, 12000) + content[frame + 4 :]
    yield Case("108 megapixels progressive.jpg", sized, refused="image_many_pixels")


def _png() -> Iterator[Case]:
    for mode in ("RGB", "RGBA", "P"):
        yield Case(f"{mode}.png", encoded(scene(mode), "PNG"))
    for mode in ("L", "LA", "I;16"):
        yield Case(f"{mode.replace(';', ' ')}.png", encoded(scene(mode), "PNG"), colours=GREYS)
    yield Case("1.png", encoded(scene("1"), "PNG"), colours=BITS)
    for bits in (2, 4, 8):
        yield Case(f"palette of {bits} bits.png", encoded(scene().quantize(4), "PNG", bits=bits))
    for level in (0, 9):
        yield Case(f"level {level}.png", encoded(scene(), "PNG", compress_level=level))
    behind = (WHITE, *COLOURS[1:])
    yield Case("alpha.png", encoded(see_through(), "PNG"), colours=behind)
    yield Case("grey alpha.png", encoded(see_through("LA"), "PNG"), colours=(WHITE, *GREYS[1:]))
    yield Case("key colour.png", encoded(scene(), "PNG", transparency=COLOURS[0]), colours=behind)
    yield Case("key grey.png", encoded(scene("L"), "PNG", transparency=GREYS[0][0]), colours=(WHITE, *GREYS[1:]))
    palette = scene("P")
    clear = palette.getpixel((0, 0))
    yield Case("clear entry.png", encoded(palette, "PNG", transparency=clear), colours=behind)
    alphas = bytes(0 if index == clear else 255 for index in range(16))
    yield Case("palette of alphas.png", encoded(palette, "PNG", transparency=alphas), colours=behind)
    yield Case("half clear.png", encoded(_with_alpha(128), "PNG"), colours=_on_white(128))
    yield Case("all clear.png", encoded(_with_alpha(0), "PNG"), colours=(WHITE,) * 4)
    pixels = np.asarray(scene())
    deep, grey = (pixels.astype(">u2") * 257), np.asarray(scene("L"))[..., None]
    alpha = np.full((*pixels.shape[:2], 1), 65535, dtype=">u2")
    yield Case("16 bits RGB.png", png(deep, depth=16, kind=2))
    yield Case("16 bits RGBA.png", png(np.concatenate([deep, alpha], -1), depth=16, kind=6))
    deep_grey = grey.astype(">u2") * 257
    yield Case("16 bits LA.png", png(np.concatenate([deep_grey, alpha], -1), depth=16, kind=4), colours=GREYS)
    for kind, values, colours in ((2, pixels, COLOURS), (0, grey, GREYS)):
        yield Case(f"interlaced {kind}.png", png(values, kind=kind, interlaced=True), colours=colours)
    yield Case("interlaced deep.png", png(deep, depth=16, kind=2, interlaced=True))
    text = png_chunk(b"tEXt", b"Comment\0" + b"x" * 50_000)
    yield Case("text.png", png(pixels, before=text))
    long = b"workflow\0\1\0\0\0" + zlib.compress(b"node " * 600_000)  # 3 MB
    yield Case("long text.png", png(pixels, before=png_chunk(b"iTXt", long)))
    bomb = zlib.compress(bytes(80_000_000), 1)
    for name, head in (("zTXt", b"bomb\0\0"), ("iTXt", b"bomb\0\1\0\0\0"), ("iCCP", b"bomb\0\0")):
        content = png(pixels, before=png_chunk(name.encode(), head + bomb))
        yield Case(f"{name} bomb.png", content, refused="image_broken")
    for name, profile in (("sRGB", _profile()), ("nonsense", b"nonsense"), ("empty", b"")):
        yield Case(f"{name} profile.png", png(pixels, before=png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))))
    gamma = png_chunk(b"gAMA", struct.pack(">I", 100_000))
    yield Case("gamma is not applied.png", png(pixels, before=gamma))
    yield Case("unknown chunk.png", png(pixels, before=png_chunk(b"abCd", b"whatever")))
    for width, height in ((12000, 10000), (30000, 30000), (8001, 8000), (2**31 - 1, 1), (1, 2_000_000)):
        content = png_of_size(width, height)
        yield Case(f"{width} x {height}.png", content, refused="image_many_pixels")
    yield Case("120 megapixels whole.png", png_bomb(12000, 10000), refused="image_many_pixels")
    for width, height in ((0, 30), (40, 0)):
        yield Case(f"{width} x {height}.png", png_of_size(width, height), refused="image_broken")
    content = png(pixels)
    yield Case("no IEND.png", content[:-12])
    yield Case("wrong checksum of IHDR.png", content[:29] + b"\0\0\0\0" + content[33:], refused="image_broken")
    yield Case("no pixels.png", PNG_MARK + content[8:33] + png_chunk(b"IEND", b""), refused="image_broken")
    yield Case("too few pixels.png", png_of_size(40, 30), refused="image_broken")
    yield Case("palette missing.png", png(grey, kind=3), refused="image_broken")
    yield Case("text conversion.png", content.replace(b"\r\n", b"\n"), refused="image_unknown")


def _gif() -> Iterator[Case]:
    for mode, colours in (("RGB", COLOURS), ("P", COLOURS), ("L", GREYS), ("1", BITS)):
        for interlace in (0, 1):
            content = encoded(scene(mode), "GIF", interlace=interlace)
            yield Case(f"{mode} {interlace}.gif", content, colours=colours, tolerance=8)
    clear = encoded(see_through(), "GIF")
    yield Case("clear.gif", clear, colours=(WHITE, *COLOURS[1:]), tolerance=8)
    content = encoded(scene("P"), "GIF")
    yield Case("87.gif", content.replace(b"GIF89a", b"GIF87a"), tolerance=8)
    at = content.index(b",") + 1
    for size in (10000, 60000):  # within and beyond the range in which Pillow only warns
        bomb = content[:at] + struct.pack("<4H", 0, 0, size, size) + content[at + 8 :]
        yield Case(f"frame of {size}.gif", bomb, refused="image_bomb")
    screen = content[:6] + struct.pack("<2H", 65535, 65535) + content[10:]
    yield Case("large screen.gif", screen, refused="image_many_pixels")
    yield Case("no frame.gif", content[: at - 1] + b";", refused="image_broken")


def _animated() -> Iterator[Case]:
    frames = [scene("RGB"), *(Image.new("RGB", SIZE, colour) for colour in ("black", "white"))]
    kinds = {"gif": "GIF", "webp": "WEBP", "png": "PNG", "tif": "TIFF", "avif": "AVIF", "heic": "HEIF", "mpo": "MPO"}
    for suffix, format in kinds.items():
        content = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        yield Case(f"animated.{suffix}", content, tolerance=14)
    content = encoded(frames[1], "PNG", save_all=True, append_images=frames, default_image=True)
    yield Case("default image first.png", content, colours=((0, 0, 0),) * 4)
    clear = [see_through(), scene("RGBA")]
    for suffix in ("gif", "webp"):
        content = encoded(clear[0], kinds[suffix], save_all=True, append_images=clear[1:])
        yield Case(f"clear animated.{suffix}", content, colours=(WHITE, *COLOURS[1:]), tolerance=14)
    for orientation in (1, 6):
        content = encoded(stored(orientation), "MPO", exif=exif(orientation), save_all=True, append_images=frames[1:])
        yield Case(f"stereo {orientation}.mpo", content, tolerance=14)


def _webp() -> Iterator[Case]:
    for lossless in (False, True):
        for mode, colours in (("RGB", COLOURS), ("RGBA", COLOURS), ("L", GREYS), ("P", COLOURS)):
            content = encoded(scene(mode), "WEBP", lossless=lossless)
            yield Case(f"{mode}{' lossless' * lossless}.webp", content, colours=colours, tolerance=14)
        content = encoded(see_through(), "WEBP", lossless=lossless)
        yield Case(f"alpha{' lossless' * lossless}.webp", content, colours=(WHITE, *COLOURS[1:]), tolerance=14)
    yield Case("profile.webp", encoded(scene(), "WEBP", icc_profile=_profile()), tolerance=14)


def _bmp() -> Iterator[Case]:
    for mode, colours in (("RGB", COLOURS), ("P", COLOURS), ("RGBA", COLOURS), ("L", GREYS), ("1", BITS)):
        yield Case(f"{mode}.bmp", encoded(scene(mode), "BMP"), colours=colours)
    yield Case("old.dib", encoded(scene(), "DIB"), refused="image_unknown")
    pixels = np.asarray(scene())
    yield Case("top down.bmp", bmp(pixels[..., ::-1].tobytes(), height=-SIZE[1]))
    small = (pixels >> 3).astype("<u2")
    bits15 = small[..., 0] << 10 | small[..., 1] << 5 | small[..., 2]
    yield Case("15 bits.bmp", bmp(bits15[::-1].astype("<u2").tobytes(), bits=16), tolerance=8)
    bits16 = small[..., 0] << 11 | (pixels[..., 1] >> 2).astype("<u2") << 5 | small[..., 2]
    masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    content = bmp(bits16[::-1].astype("<u2").tobytes(), bits=16, method=3, masks=masks)
    yield Case("16 bits.bmp", content, tolerance=8)
    grey = np.asarray(scene("L"))
    palette = b"".join(bytes((value, value, value, 0)) for value in range(256))
    runs = b"".join(bytes((SIZE[0] // 2, row[0], SIZE[0] // 2, row[-1], 0, 0)) for row in grey[::-1]) + b"\0\1"
    yield Case("runs.bmp", bmp(runs, bits=8, method=1, masks=palette), colours=GREYS)
    core = struct.pack("<IHHHH", 12, *SIZE, 1, 24)  # OS/2's header
    body = pixels[::-1, :, ::-1].tobytes()
    content = b"BM" + struct.pack("<IHHI", 26 + len(body), 0, 0, 26) + core + body
    yield Case("OS2.bmp", content)
    for width, height in ((30000, 30000), (2**31 - 1, 1)):
        yield Case(f"{width} x {height}.bmp", bmp(b"", width, height), refused="image_many_pixels")
    yield Case("unknown method.bmp", bmp(bytes(5000), method=9), refused="image_broken")


def _tiff() -> Iterator[Case]:
    for mode in ("RGB", "RGBA", "P", "CMYK", "LAB", "RGBX"):
        yield Case(f"{mode}.tif", encoded(scene(mode), "TIFF"), tolerance=8)
    yield Case("YCbCr.tif", encoded(scene("YCbCr"), "TIFF", compression="jpeg"), tolerance=14)
    for mode in ("L", "LA", "I", "I;16", "F"):
        yield Case(f"{mode.replace(';', ' ')}.tif", encoded(scene(mode), "TIFF"), colours=GREYS)
    yield Case("1.tif", encoded(scene("1"), "TIFF"), colours=BITS)
    yield Case("alpha.tif", encoded(see_through(), "TIFF"), colours=(WHITE, *COLOURS[1:]))
    yield Case("grey alpha.tif", encoded(see_through("LA"), "TIFF"), colours=(WHITE, *GREYS[1:]))
    for method in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd"):
        yield Case(f"{method}.tif", encoded(scene(), "TIFF", compression=method), tolerance=14)
    for method in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield Case(f"{method} grey.tif", encoded(scene("L"), "TIFF", compression=method), colours=GREYS, tolerance=6)
    for method in ("tiff_lzw", "tiff_adobe_deflate"):
        yield Case(f"{method} predicted.tif", encoded(scene(), "TIFF", compression=method, tiffinfo={317: 2}))
        yield Case(f"{method} deep.tif", encoded(scene("I;16"), "TIFF", compression=method), colours=GREYS)
    for method in ("group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw"):  # fax machines and office scanners
        yield Case(f"fax {method}.tif", encoded(scene("1"), "TIFF", compression=method), colours=BITS)
    yield Case("big.tif", encoded(scene(), "TIFF", big_tiff=True))
    pages = [Image.new("RGB", (8, 8)), Image.new("1", (9, 9))]
    yield Case("pages.tiff", encoded(scene(), "TIFF", save_all=True, append_images=pages))
    yield Case(
        "fax pages.tiff",
        encoded(scene("1"), "TIFF", compression="group4", save_all=True, append_images=pages[1:]),
        colours=BITS,
    )
    pixels, grey = np.asarray(scene()), np.asarray(scene("L"))
    for order in "<>":
        name = "little" if order == "<" else "big"
        yield Case(f"{name} endian.tif", tiff(pixels, order=order))
        yield Case(f"{name} endian 16 bits RGB.tif", tiff(pixels.astype(order + "u2") * 257, order=order, bits=16))
        deep = (grey.astype(order + "u2") * 257)[..., None]
        yield Case(f"{name} endian 16 bits.tif", tiff(deep, order=order, bits=16, kind=1), colours=GREYS)
        yield Case(
            f"{name} endian floats.tif",
            tiff((grey[..., None] / 255).astype(order + "f4"), order=order, bits=32, kind=1, extra={339: 3}),
            colours=GREYS,
        )
    yield Case("white is zero.tif", tiff(255 - grey[..., None], kind=0), colours=GREYS)
    yield Case("planes.tif", tiff(pixels, planar=True))
    yield Case("tiles.tif", tiff(pixels, tile=16))
    yield Case(
        "signed.tif",
        tiff(grey.astype("<i2")[..., None] * 128, bits=16, kind=1, extra={339: 2}),
        colours=tuple((v * 128 * 255 // 65535,) * 3 for (v, _, _) in GREYS),
    )
    times = np.concatenate([pixels // 2, np.full((*grey.shape, 1), 128, np.uint8)], -1)
    yield Case("premultiplied.tif", tiff(times, extra={338: 1}), colours=_on_white(128))
    unused = np.concatenate([pixels, np.zeros((*grey.shape, 1), np.uint8)], -1)
    yield Case("a channel that says nothing.tif", tiff(unused, extra={338: 0}))
    yield Case("profile.tif", encoded(scene(), "TIFF", icc_profile=_profile()))
    yield Case("preview.dng", tiff(pixels, extra={50706: 1}), refused="image_other")
    yield Case("preview.nef", tiff(pixels, extra={254: 1, 330: 8}), refused="image_other")
    yield Case("one tile of 10000 x 10000.tif", tiff(pixels, tile=10_000, data=b""), refused="image_broken")
    yield Case("100 megapixels.tif", tiff(pixels, size=(10_000, 10_000), data=b""), refused="image_many_pixels")
    yield Case("unknown compression.tif", tiff(pixels, extra={259: 34712}), refused="image_broken")
    yield Case("no entries.tif", b"II*\0\x08\0\0\0\0\0\0\0\0\0", refused="image_broken")
    yield Case("entries beyond the end.tif", b"II*\0\xff\xff\0\0", refused="image_broken")
    yield Case("a second page that is the first.tif", tiff(pixels, loop=True))


def _ppm() -> Iterator[Case]:
    for mode, suffix, colours in (
        ("RGB", "ppm", COLOURS),
        ("L", "pgm", GREYS),
        ("1", "pbm", BITS),
        ("I;16", "pnm", GREYS),
    ):
        yield Case(f"{mode.replace(';', ' ')}.{suffix}", encoded(scene(mode), "PPM"), colours=colours)
    yield Case("floats.pfm", encoded(scene("F"), "PPM"), colours=GREYS)
    pixels, grey = np.asarray(scene()), np.asarray(scene("L"))
    head = b"%d %d\n" % SIZE
    yield Case("words.ppm", b"P3\n" + head + b"255\n" + b" ".join(b"%d" % v for v in pixels.ravel()))
    yield Case(
        "words.pgm", b"P2 # comment\n" + head + b"255\n" + b"\n".join(b"%d" % v for v in grey.ravel()), colours=GREYS
    )
    bits = np.asarray(scene("1"))
    yield Case("words.pbm", b"P1\n" + head + b"".join(b"%d" % (not v) for v in bits.ravel()), colours=BITS)
    yield Case("up to 100.ppm", b"P6 " + head + b"100\n" + (pixels * (100 / 255)).astype(np.uint8).tobytes())
    yield Case("up to 65535.ppm", b"P6 " + head + b"65535\n" + (pixels.astype(">u2") * 257).tobytes())
    yield Case("commented.ppm", b"P6\n# by a scanner\n" + head + b"# again\n255\n" + pixels.tobytes())
    yield Case("huge.ppm", b"P6 99999 99999 255\n", refused="image_many_pixels")
    yield Case("no numbers.ppm", b"P6 one two 255\n", refused="image_broken")
    yield Case("zero.ppm", b"P6 0 0 255\n", refused="image_broken")


def _avif() -> Iterator[Case]:
    for mode, colours in (("RGB", COLOURS), ("RGBA", COLOURS), ("L", GREYS), ("P", COLOURS), ("LA", GREYS)):
        yield Case(f"{mode}.avif", encoded(scene(mode), "AVIF"), colours=colours, tolerance=14)
    yield Case("alpha.avif", encoded(see_through(), "AVIF"), colours=(WHITE, *COLOURS[1:]), tolerance=14)
    for subsampling in ("4:4:4", "4:2:2", "4:0:0"):
        content = encoded(scene(), "AVIF", subsampling=subsampling, quality=90)
        colours = GREYS if subsampling == "4:0:0" else COLOURS
        yield Case(f"{subsampling.replace(':', '')}.avif", content, colours=colours, tolerance=14)


def _heic() -> Iterator[Case]:
    for mode, colours in (("RGB", COLOURS), ("RGBA", COLOURS), ("L", GREYS), ("LA", GREYS), ("P", COLOURS)):
        yield Case(f"{mode}.heic", encoded(scene(mode), "HEIF", quality=90), colours=colours, tolerance=14)
    yield Case("alpha.heic", encoded(see_through(), "HEIF", quality=90), colours=(WHITE, *COLOURS[1:]), tolerance=14)
    yield Case("deep.heif", encoded(scene("I;16"), "HEIF", quality=90), colours=GREYS, tolerance=14)
    yield Case("lossless.hif", encoded(scene(), "HEIF", quality=-1, chroma=444), tolerance=6)
    yield Case("profile.heic", encoded(scene(), "HEIF", quality=90, icc_profile=_profile()), tolerance=14)
    yield Case("brand alone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), refused="image_broken")


def _jpeg2000() -> Iterator[Case]:
    for mode, colours in (("RGB", COLOURS), ("RGBA", COLOURS), ("L", GREYS), ("LA", GREYS), ("I;16", GREYS)):
        yield Case(f"{mode.replace(';', ' ')}.jp2", encoded(scene(mode), "JPEG2000"), colours=colours)
    yield Case("alpha.jpx", encoded(see_through(), "JPEG2000"), colours=(WHITE, *COLOURS[1:]))
    yield Case("bare.j2k", encoded(scene(), "JPEG2000", no_jp2=True))
    yield Case(
        "lossy.jpf",
        encoded(scene(), "JPEG2000", irreversible=True, quality_mode="dB", quality_layers=[40]),
        tolerance=8,
    )
    yield Case("tiled.jp2", encoded(scene(), "JPEG2000", tile_size=(16, 16)))
    content = bytearray(encoded(scene(), "JPEG2000", no_jp2=True))
    content[8:16] = struct.pack(">II", 60000, 60000)  # the size in its SIZ segment
    yield Case("3600 megapixels.j2k", bytes(content), refused="image_many_pixels")


def _psd() -> Iterator[Case]:
    pixels, grey = np.asarray(scene()), np.asarray(scene("L"))[..., None]
    inks = 255 - np.asarray(scene("CMYK"))
    clear = np.asarray(see_through())
    for packed in (False, True):
        name = "packed " * packed
        yield Case(f"{name}RGB.psd", psd(pixels, 3, packed=packed))
        yield Case(f"{name}grey.psd", psd(grey, 1, packed=packed), colours=GREYS)
        yield Case(f"{name}CMYK.psd", psd(inks, 4, packed=packed), tolerance=6)
        yield Case(f"{name}RGBA.psd", psd(clear, 3, packed=packed), colours=(WHITE, *COLOURS[1:]))
    yield Case("layers left unread.psd", psd(pixels, 3, layers=b"\0\0\0\0" + bytes(40)))
    yield Case("16 bits.psd", psd(pixels.astype(">u2"), 3, bits=16), refused="image_broken")
    yield Case("large document.psb", psd(pixels, 3, version=2), refused="image_broken")
    yield Case("400 megapixels.psd", psd(pixels, 3, size=(20000, 20000)), refused="image_many_pixels")


def _icons() -> Iterator[Case]:
    square = scene(size=(32, 32))
    whole = {"size": (32, 32)}
    for mode, colours in (("RGB", COLOURS), ("RGBA", COLOURS), ("L", GREYS), ("P", COLOURS), ("1", BITS)):
        for bitmap in ("png", "bmp"):
            image = scene(mode, (32, 32))
            if mode == "P" and bitmap == "png":
                continue
            content = encoded(image, "ICO", sizes=[(16, 16), (32, 32)], bitmap_format=bitmap)
            yield Case(f"{mode} {bitmap}.ico", content, **whole, colours=colours)
    yield Case("largest of many.ico", encoded(scene(size=(256, 256)), "ICO"), size=(256, 256))
    entry = struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(png_of_size(9500, 9500)), 22)
    yield Case("90 megapixels inside.ico", b"\0\0\1\0\1\0" + entry + png_of_size(9500, 9500), refused="image_bomb")
    wrong = struct.pack("<BBBBHHII", 99, 99, 0, 0, 1, 32, len(encoded(square, "PNG")), 22)
    yield Case("of another size than it says.ico", b"\0\0\1\0\1\0" + wrong + encoded(square, "PNG"), **whole)
    yield Case("no entries.ico", b"\0\0\1\0\0\0", refused="image_broken")
    for kind, side, content in (
        (b"icp5", 32, encoded(square, "PNG")),
        (b"ic07", 128, encoded(scene(size=(128, 128)), "PNG")),
        (b"ic07", 128, encoded(scene("RGBA", (128, 128)), "JPEG2000")),
    ):
        name = f"{kind.decode()} {'png' if content[:4] == PNG_MARK[:4] else 'jp2'}.icns"
        yield Case(name, icns(kind, content), size=(side, side))
    yield Case("90 megapixels inside.icns", icns(b"ic07", png_of_size(9500, 9500)), refused="image_bomb")
    yield Case("empty.icns", b"icns\0\0\0\x08", refused="image_broken")


def _old() -> Iterator[Case]:
    """PCX, SGI, TGA: what old disks hold."""
    for mode, colours in (("RGB", COLOURS), ("P", COLOURS), ("L", GREYS), ("1", BITS)):
        yield Case(f"{mode}.pcx", encoded(scene(mode), "PCX"), colours=colours)
    for mode, suffix, colours in (("RGB", "rgb", COLOURS), ("RGBA", "rgba", COLOURS), ("L", "bw", GREYS)):
        yield Case(f"{mode}.{suffix}", encoded(scene(mode), "SGI"), colours=colours)
    yield Case("deep.sgi", encoded(scene(), "SGI", bpc=2))
    for mode, colours in (("RGB", COLOURS), ("RGBA", COLOURS), ("P", COLOURS), ("L", GREYS), ("LA", GREYS)):
        for packed in (None, "tga_rle"):
            content = encoded(scene(mode), "TGA", compression=packed)
            yield Case(f"{mode}{' packed' * bool(packed)}.tga", content, colours=colours)
    yield Case("alpha.tga", encoded(see_through(), "TGA"), colours=(WHITE, *COLOURS[1:]))
    yield Case("from the bottom.tga", encoded(scene(), "TGA", orientation=-1))
    yield Case("from the top.tga", encoded(scene(), "TGA", orientation=1))
    yield Case("without a footer.tga", encoded(scene(), "TGA")[:-26])
    yield Case("huge.tga", struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, 60000, 60000, 24, 0), refused="image_many_pixels")
    yield Case(
        "huge.sgi", struct.pack(">HBBHHHH", 474, 0, 1, 3, 60000, 60000, 3) + bytes(500), refused="image_many_pixels"
    )
    yield Case(
        "huge.pcx", struct.pack("<BBBB4H53xB62x", 10, 5, 1, 8, 0, 0, 60000, 60000, 3), refused="image_many_pixels"
    )


def _turned() -> Iterator[Case]:
    kinds = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "avif": "AVIF", "heic": "HEIF"}
    for suffix, format in kinds.items():
        for orientation in range(1, 9):
            block = exif(orientation).tobytes() if format == "HEIF" else exif(orientation)
            content = encoded(stored(orientation), format, exif=block, quality=90)
            yield Case(f"orientation {orientation}.{suffix}", content, tolerance=14)
        if suffix not in ("avif", "heic"):  # those turn their pictures without EXIF
            for orientation in (0, 9, 65535):
                content = encoded(scene(), format, exif=exif(orientation), quality=90)
                yield Case(f"orientation {orientation}.{suffix}", content, tolerance=14)
    damaged = {"nonsense": b"Exif\0\0MM\0*garbage" + b"\xff" * 40, "empty": b"Exif\0\0", "half": exif(6).tobytes()[:20]}
    for name, block in damaged.items():
        for suffix in ("jpg", "png", "webp"):
            content = encoded(scene(), kinds[suffix], exif=block)
            yield Case(f"{name} exif.{suffix}", content, tolerance=14)
    for orientation in (3, 6):
        content = encoded(stored(orientation, "L"), "JPEG", exif=exif(orientation))
        yield Case(f"grey {orientation}.jpg", content, colours=GREYS, tolerance=6)
        content = encoded(stored(orientation, "CMYK"), "JPEG", exif=exif(orientation))
        yield Case(f"cmyk {orientation}.jpg", content, tolerance=14)


def _shapes() -> Iterator[Case]:
    for format in WHOLE:
        for size in ((1, 1), (1, 300), (300, 1), (3, 2)):
            if format == "PCX" and size[0] % 2:  # Pillow writes none that it could read
                continue
            content = encoded(Image.new("RGB", size, COLOURS[0]), format)
            name = f"{size[0]} x {size[1]}.{format.lower()}"
            yield Case(name, content, size=size, colours=(COLOURS[0],) * 4, tolerance=8)
    for size in ((1, 60_000), (60_000, 1)):
        content = encoded(Image.new("RGB", size, COLOURS[1]), "PNG")
        yield Case(f"{size[0]} x {size[1]}.png", content, size=size, colours=(COLOURS[1],) * 4)


def _misnamed() -> Iterator[Case]:
    contents = {"JPEG": "png", "PNG": "jpg", "GIF": "jpeg", "WEBP": "jpg", "BMP": "tif", "TIFF": "jpg", "PPM": "gif"}
    contents |= {"AVIF": "jpg", "HEIF": "jpg", "JPEG2000": "png", "TGA": "bmp", "PCX": "tga", "SGI": "webp"}
    for format, suffix in contents.items():
        yield Case(f"{format} inside.{suffix}", encoded(scene(), format), tolerance=14)
    for suffix in ("", ".", ".JPG", ".jpg.jpg", ".txt"):
        yield Case(f"photo{suffix}", encoded(scene(), "JPEG"), tolerance=14)


def _no_pictures() -> Iterator[Case]:
    """What lies among pictures and is none, or none that is read."""
    contents = {
        "image_empty": {"empty.jpg": b""},
        "image_text": {
            "notes.jpg": b"just some notes\n",
            "chinese.png": "这不是图片".encode(),
            "one letter.gif": b"x",
            "json.webp": b'{"error": "not found"}',
            "xbm.xbm": b"#define w 8\n#define h 1\nstatic char b[] = {0x01};\n",
            "link.jpg": b"https://example.org/cat.jpg",
        },
        "image_other": {
            "drawing.svg": b"<?xml version='1.0'?>\n<svg xmlns='x'/>",
            "plain.svg": b"\xef\xbb\xbf<svg></svg>",
            "paper.jpg": b"%PDF-1.7\n",
            "not found.jpg": b"<!DOCTYPE html><html>404</html>",
            "not found.png": b"\n\n<HTML><body>",
            "print.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
            "clip.jpg": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(50),
            "live.heic": b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(50),
            "canon.cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(50),
            "fuji.raf": b"FUJIFILMCCD-RAW 0201" + bytes(80),
            "olympus.orf": b"IIRO\x08\0\0\0" + bytes(80),
            "panasonic.rw2": b"IIU\0\x18\0\0\0" + bytes(80),
            "boxed.jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40),
            "bare.jxl": b"\xff\x0a" + bytes(40),
            "texture.dds": encoded(scene(), "DDS"),
            "fast.qoi": encoded(scene(), "QOI"),
            "pictures.zip": b"PK\x03\x04" + bytes(30),
            "pictures.jpg": b"PK\x03\x04\x14\0" + bytes(30),
            "pictures.rar": b"Rar!\x1a\x07\0" + bytes(30),
            "pictures.7z": b"7z\xbc\xaf\x27\x1c" + bytes(30),
        },
        "image_unknown": {
            "noise.jpg": b"\x93\x01\x02\x00" * 20,
            "zeros.png": bytes(500),
            "ones.png": b"\xff" * 500,
            "cursor.cur": b"\0\0\2\0\1\0" + bytes(16) + encoded(scene(), "BMP")[14:],
            "sound.wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
            "program.jpg": b"\x7fELF\x02\x01\x01" + bytes(60),
            "texture.blp": b"BLP2" + bytes(200),
            "table.fits": b"SIMPLE  =                    T" + b"\xff" + bytes(60),
            "metafile.wmf": b"\xd7\xcd\xc6\x9a\0\0" + bytes(60),
        },
    }  # fmt: skip
    for key, files in contents.items():
        for name, content in files.items():
            yield Case(name, content, refused=key)


def _trailing_garbage() -> Iterator[Case]:
    for format in (*WHOLE, "ICO"):
        image = scene(size=(32, 32)) if format == "ICO" else scene()
        content = encoded(image, format) + b"\0garbage\xff\xd8" * 40
        yield Case(f"followed by garbage.{format.lower()}", content, size=image.size, tolerance=14)


def _truncated() -> Iterator[Case]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for format in WHOLE:
        content = encoded(noise, format)
        for share in (0.1, 0.5, 0.9):
            cut = content[: int(len(content) * share)]
            yield Case(f"cut at {share:.0%}.{format.lower()}", cut, refused="image_broken")
    psd_content = psd(np.asarray(noise), 3)
    yield Case("cut at 50%.psd", psd_content[: len(psd_content) // 2], refused="image_broken")


WHOLE = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "JPEG2000", "TGA", "PCX", "SGI")
MAKERS = (
    *(_jpeg, _png, _gif, _animated, _webp, _bmp, _tiff, _ppm, _avif, _heic, _jpeg2000, _psd, _icons, _old),
    *(_turned, _shapes, _misnamed, _no_pictures),
)


def stored(orientation: int, mode: str = "RGB") -> Image.Image:
    """The scene as a camera holds it that notes this orientation."""
    method = TRANSPOSED[orientation]
    return scene(mode) if method is None else scene(mode).transpose(method)


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def _with_alpha(alpha: int) -> Image.Image:
    image = scene("RGBA")
    image.putalpha(alpha)
    return image


def _on_white(alpha: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(round(value * alpha / 255 + 255 - alpha) for value in colour) for colour in COLOURS)


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


# What Pillow does not write

PNG_MARK = b"\x89PNG\r\n\x1a\n"
ADAM7 = (  # first row, first column, row step, column step of each pass
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int, depth: int = 8, kind: int = 2, interlaced: bool = False) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


def png(values: np.ndarray, depth: int = 8, kind: int = 2, interlaced: bool = False, before: bytes = b"") -> bytes:
    """(H, W, C) as a PNG of a colour type; `before`: chunks before the pixels."""
    height, width = values.shape[:2]
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [values[top::down, left::right] for top, left, down, right in passes]
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    header = png_header(width, height, depth, kind, interlaced)
    return PNG_MARK + header + before + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of the given size in its header, and next to no pixels."""
    return PNG_MARK + png_header(width, height) + png_chunk(b"IDAT", zlib.compress(bytes(99))) + png_chunk(b"IEND", b"")


def png_bomb(width: int, height: int) -> bytes:
    """A whole black PNG of one byte a pixel, a thousandth of that as a file."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes((width + 1) * 100)) for _ in range(height // 100)) + packer.flush()
    return PNG_MARK + png_header(width, height, kind=0) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def bmp(
    body: bytes, width: int = SIZE[0], height: int = SIZE[1], bits: int = 24, method: int = 0, masks: bytes = b""
) -> bytes:
    """A BMP of Windows 3: `masks` follow the header (bit masks, or a palette)."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, method, len(body), 0, 0, 0, 0) + masks
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(body), 0, 0, 14 + len(header)) + header + body


def tiff(
    values: np.ndarray,
    order: str = "<",
    bits: int = 8,
    kind: int = 2,
    planar: bool = False,
    tile: int = 0,
    size: tuple[int, int] | None = None,
    data: bytes | None = None,
    extra: dict[int, int] | None = None,
    loop: bool = False,
) -> bytes:
    """(H, W, C) as an uncompressed TIFF of one strip (or one a channel, or in tiles).

    extra: more tags; loop: the next page is this one again.
    """
    height, width, channels = values.shape
    parts = [values]
    if planar:
        parts = [values[..., channel] for channel in range(channels)]
    elif tile:
        step = min(tile, 64)
        padded = np.pad(values, ((0, -height % step), (0, -width % step), (0, 0)))
        parts = [padded[y : y + step, x : x + step] for y in range(0, height, step) for x in range(0, width, step)]
    bodies = [part.tobytes() for part in parts] if data is None else [data] * len(parts)
    starts = np.cumsum([8, *(len(body) for body in bodies)]).tolist()
    shown_width, shown_height = size or (width, height)
    tags = {256: shown_width, 257: shown_height, 258: [bits] * channels, 259: 1, 262: kind, 277: channels}
    places = {322: tile, 323: tile, 324: starts[:-1], 325: [len(body) for body in bodies]}
    strips = {273: starts[:-1], 278: shown_height, 279: [len(body) for body in bodies], 284: 2 if planar else 1}
    tags |= (places if tile else strips) | (extra or {})
    entries, beyond = b"", b""
    start = starts[-1]
    table = start + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        listed = value if isinstance(value, list) else [value]
        packed = struct.pack(f"{order}{len(listed)}I", *listed)
        if len(packed) > 4:
            packed, beyond = struct.pack(order + "I", table + len(beyond)), beyond + packed
        entries += struct.pack(order + "HHI", tag, 4, len(listed)) + packed
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", start if loop else 0)
    return mark + struct.pack(order + "I", start) + b"".join(bodies) + directory + beyond


def psd(
    values: np.ndarray,
    mode: int,
    bits: int = 8,
    packed: bool = False,
    version: int = 1,
    size: tuple[int, int] | None = None,
    layers: bytes = b"",
) -> bytes:
    """(H, W, C) as a Photoshop file that is all composite. mode: 1 grey, 3 RGB, 4 CMYK (stored inverted)."""
    height, width, channels = values.shape
    width, height = size or (width, height)
    header = struct.pack(">4sH6xHIIHH", b"8BPS", version, channels, height, width, bits, mode)
    planes = [values[..., channel] for channel in range(channels)]
    if packed:
        rows = [_pack_row(row.tobytes()) for plane in planes for row in plane]
        body = b"\0\1" + b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)
    else:
        body = b"\0\0" + b"".join(plane.tobytes() for plane in planes)
    return header + bytes(8) + struct.pack(">I", len(layers)) + layers + body


def _pack_row(row: bytes) -> bytes:
    """PackBits, all literal."""
    return b"".join(bytes([len(row[at : at + 128]) - 1]) + row[at : at + 128] for at in range(0, len(row), 128))


def icns(kind: bytes, content: bytes) -> bytes:
    block = kind + struct.pack(">I", len(content) + 8) + content
    return b"icns" + struct.pack(">I", len(block) + 8) + block
