"""The changes. A case is a pure function of the valid inputs, the seed and its number: a failure can be made again."""

import json
import os
import random
import zlib
from collections.abc import Callable
from dataclasses import replace

from tests.fuzzing.formats import BZIP2, GZIP, PICKLE, PNG, TAR, ZIP, Part, format_of, tar_member
from tests.fuzzing.seeds import Content, Input, Link, Pipe

MOST = 4_000_000  # bytes that a change may add
EXTREMES = (0, 1, 2, 3, 7, 8, 15, 127, 128, 255)  # of one byte; of more, these and what is near powers of two
LINK_MODE = 0o120777 << 16  # a symbolic link, as a zip marks it
CHANGES = (1, 1, 1, 1, 2, 2, 3, 5)  # how many a case makes: most failures need one, some need several
HOSTILE_NAMES = (
    *("../canary", "../../../../../../tmp/canary", "/canary", "//host/canary", "..", ".", "", "/", "a/../../canary"),
    *("C:\\canary", "C:canary", "..\\..\\canary", "cat/..\\..\\canary.png", "cat/NUL.png", "cat/a.png:stream"),
    *("cat/a\0.png", "cat/a\n.png", "cat/\u202egnp.exe", "cat/\ud800.png", "cat/" + "n" * 300 + ".png", "n/" * 2000),
    *("cat/" + "d/" * 500 + "a.png", "~/canary.png", "$HOME/a.png", "%s%n{0}{name}/a.png", "cat /a.png.", "cat/a.png/"),
    *("cat/a.png/b.png", "train/cat/a.png", "val/cat/a.png", "TRAIN/Cat/a.png", "__MACOSX/a.png"),
    *("cat", "cat/e\u0301.png"),
)
HOSTILE_FILE_NAMES = ("two\nlines", "\u202eturned", "n" * 200, "{file}", "%s%n", " ", "-rf", "\x1b[2J", "\udcff")
VALUES = (  # of JSON
    *(None, True, False, 0, 1, -1, 2, 1000, 10**9, -(10**9), 2**31, 2**63, 10**30, 0.5, -0.0, 1e-300, 1e308),
    *(float("nan"), float("inf"), float("-inf"), "", " ", "0", "1e999", "nan", "\0", "two\nlines", "\ud800", "\u202e"),
    *("n" * 5000, "../canary", "/etc/passwd", "{file}", "{0.__class__}", "%s%n", "resnet50", "done", "queued"),
    *([], [[]], [0], [1, 2, 3], ["a", "a"], [None], {}, {"a": 1}, {"key": "no_such", "values": {}}),
    *({"key": "image_broken", "values": []}, {"key": "image_broken", "values": {}}, {"key": 1}, [0] * 3000),
)
INSTRUCTIONS = (  # of pickles
    b"cos\nsystem\n(S'echo > canary'\ntR",
    b'cbuiltins\neval\n(S\'open("canary", "w")\'\ntR',
    b"ctorch\nload\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ccollections\nOrderedDict\n)R",
    b"\x8c\x02os\x8c\x06system\x93",
    *(b"(", b")", b"}", b"]", b"t", b"l", b"d", b"R", b"b", b"s", b"u", b"e", b"a", b"0", b"2", b"Q", b".", b"\x81"),
    *(b"\x85", b"\x86", b"\x87", b"\x8e", b"\x8f", b"\x90", b"\x91", b"\x92", b"\x93", b"\x94", b"\x97", b"\x98"),
    *(b"h\0", b"h\xff", b"q\0", b"j\xff\xff\xff\xff", b"r\xff\xff\xff\xff", b"\x80\xff", b"\x82\1", b"N", b"\x88"),
    *(b"K\xff", b"J\xff\xff\xff\xff", b"M\xff\xff", b"I99999999999999999999\n", b"L9L\n", b"G\x7f\xf0\0\0\0\0\0\0"),
    *(b"\x8a\xff" + b"\x7f" * 255, b"\x8b\xff\xff\xff\x7f", b"X\xff\xff\xff\x7f", b"T\xff\xff\xff\x7f"),
    *(b"\x8d" + b"\xff" * 8, b"\x95" + b"\xff" * 8, b"\x96" + b"\xff" * 7 + b"\x7f", b"(" * 2000, b"]" * 2000),
)


def case(valid: list[Input], seed: int, number: int) -> Input:
    """A valid input, changed once or several times; every tenth as it is."""
    if is_whole(number):
        return valid[number // 10 % len(valid)]
    rng = random.Random(f"{valid[0].form} {seed} {number}")
    made = rng.choice(valid)
    for _ in range(rng.choice(CHANGES)):
        made = _changed(rng, made, rng.choice(valid))
    return made


def is_whole(number: int) -> bool:
    return number % 10 == 0


def _changed(rng: random.Random, one: Input, other: Input) -> Input:
    if rng.random() < 0.04 and one.main in one.files:
        return _renamed(rng, one)
    if rng.random() < 0.15 and len(one.files) > 1:
        return replace(one, files=_rearranged(rng, one.files, foreign=one.form in ("archive", "weights")))
    files = {n: content for n, content in one.files.items() if isinstance(content, bytes) and not n.endswith("/")}
    if not files:
        return one
    # By suffix first: a manifest among a hundred pictures has the same turn as they have together.
    suffix = rng.choice(sorted({os.path.splitext(name)[1] for name in files}))
    name = rng.choice([name for name in files if name.endswith(suffix)])
    donors = [content for content in other.files.values() if isinstance(content, bytes)]
    return replace(one, files={**one.files, name: changed(rng, name, files[name], rng.choice(donors or [b""]))})


def _renamed(rng: random.Random, one: Input) -> Input:
    """The file that is handed over under another name, or under the suffix of another format."""
    stem, suffix = os.path.splitext(one.main)
    if rng.random() < 0.5:
        suffix = rng.choice((".jpg", ".png", ".PNG", ".zip", ".tar", ".tgz", ".pth", ".safetensors", ".bin", ""))
    elif os.name != "nt":
        stem = rng.choice(HOSTILE_FILE_NAMES)
    return replace(one, main=stem + suffix, files={stem + suffix: one.files[one.main]})


def _rearranged(rng: random.Random, files: dict[str, Content], foreign: bool) -> dict[str, Content]:
    """One file gone, moved, copied, or something else in its place; in folders from elsewhere also what is no file."""
    name, files = rng.choice(sorted(files)), dict(files)
    content, folder = files.pop(name), os.path.dirname(name)
    path = os.path.join(folder, rng.choice(("cat.png", "a.txt", ".hidden", "model.safetensors", "stop", "é.json")))
    change = rng.randrange(5 if not foreign else 6 if os.name == "nt" else 8)
    if change == 0:
        files[path] = content
    elif change == 1:
        files |= {name: content, path: content}
    elif change == 2:
        files[name] = b""
    elif change == 3:
        files[name] = files.get(rng.choice(sorted(files) or [name]), content)
    elif change == 5:
        files[name + "/"] = b""
    elif change == 6:
        files[name] = Link(rng.choice((os.path.basename(name), ".", "..", "nowhere", "/dev/zero", "/etc/passwd", "/")))
    elif change == 7:
        files[name] = Pipe()
    return files


def changed(rng: random.Random, name: str, content: bytes, donor: bytes) -> bytes:
    """One change to a file called `name`: within its format where it has one and chance wills, else to the bytes."""
    room = len(content) + MOST
    if name.endswith((".json", ".jsonl", ".csv", ".txt")) and rng.random() < 0.85:
        made = _changed_text(rng, name, content)
    elif rng.random() < 0.7:
        made = _changed_within(rng, name, content, donor)
    else:
        made = changed_bytes(rng, content, donor)
    return made[:room]


# Within a format


def _changed_within(rng: random.Random, name: str, content: bytes, donor: bytes) -> bytes:
    """A part or a field changed, everything around it mended; plain bytes where there is no format (any more)."""
    format = format_of(name, content)
    if format is None:
        return changed_bytes(rng, content, donor)
    try:
        fields = format.fields(content)
        if fields and rng.random() < 0.4:
            for offset, width in rng.sample(fields, min(len(fields), rng.choice((1, 1, 2)))):
                content = _with_field(rng, content, offset, width, text=format is TAR and width > 1)
            return format.mend(content)
        parts = format.apart(content)
        if rng.random() < 0.3:
            at = rng.randint(0, len(parts))
            parts[at:at] = _foreign_parts(rng, format)
        else:
            parts = _changed_parts(rng, parts, donor)
        return format.together(parts)
    except Exception:  # an earlier change has left no such format: apart says so in many ways
        return changed_bytes(rng, content, donor)


def _changed_parts(rng: random.Random, parts: list[Part], donor: bytes) -> list[Part]:
    parts, at, other = list(parts), rng.randrange(len(parts)), rng.randrange(len(parts))
    tag, body = parts[at]
    change = rng.randrange(12)
    if change < 5:
        parts[at] = (tag, _changed_body(rng, tag, body, donor))
    elif change == 5:
        del parts[at]
    elif change == 6:
        parts[at:at] = [parts[at]] * rng.choice((1, 2, 100, 2000) if len(body) < 500 else (1, 2, 50))
    elif change == 7:
        parts[at], parts[other] = parts[other], parts[at]
    elif change == 8:
        parts[at] = (parts[other][0], body)
    elif change == 9:
        parts[at] = (tag, parts[other][1])
    elif change == 10:
        parts[at] = (_changed_tag(rng, tag), body)
    else:
        parts = parts[: at + 1]
    return parts


def _changed_body(rng: random.Random, tag: bytes, body: bytes, donor: bytes) -> bytes:
    """As its name tells it to; what is packed by zlib behind the packing."""
    if body[:1] == b"x" and rng.random() < 0.6:
        return zlib.compress(changed_bytes(rng, zlib.decompress(body), donor), 1)
    name = tag[:100].rstrip(b"\0").decode("utf-8", "replace")
    return changed(rng, name, body, donor) if "." in name else changed_bytes(rng, body, donor)


def _changed_tag(rng: random.Random, tag: bytes) -> bytes:
    if len(tag) == 512:  # a tar's header
        name = _hostile_name(rng)[:100].ljust(100, b"\0")
        return name + tag[100:] if rng.random() < 0.7 else tag[:157] + name + tag[257:]
    if b"/" in tag or b"." in tag:  # an archive's member
        return _hostile_name(rng)
    return changed_bytes(rng, tag, tag)[: len(tag)].ljust(len(tag), b"a")


def _hostile_name(rng: random.Random) -> bytes:
    return rng.choice(HOSTILE_NAMES).encode("utf-8", "surrogatepass")


def _foreign_parts(rng: random.Random, format: object) -> list[Part]:
    """What somebody might add to do harm: to archives members, to PNGs chunks, to pickles instructions."""
    body = rng.choice((b"canary", b"../canary", b"\0" * rng.choice((10, 10**6, 2 * 10**7))))
    if format in (TAR, GZIP, BZIP2):
        kind = rng.choice((b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"L", b"K", b"x", b"g", b"S", b"M", b"\0"))
        if kind in (b"x", b"g"):
            body = rng.choice(
                (b"28 path=../../../canary.png\n", b"19 size=99999999999\n", b"999999999 path=a\n", b"x" * 99)
            )
        return [tar_member(_hostile_name(rng), body[: 10**6], kind, _hostile_name(rng))]
    if format is ZIP:
        return [(_hostile_name(rng), body), (b"cat/bomb.bmp", body)]
    if format is PNG:
        tag = rng.choice((b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"tRNS", b"IDAT", b"PLTE", b"IEND"))
        return [(tag, b"key\0\0" + zlib.compress(body, 1))]
    return [(b"", rng.choice(INSTRUCTIONS))] if format is PICKLE else []


def _with_field(rng: random.Random, content: bytes, offset: int, width: int, text: bool) -> bytes:
    if text:  # a tar's: octal figures, or a number in base 256
        octal = b"%0*o\0" % (width - 1, rng.choice((0, 1, 511, 512, 8 ** (width - 1) - 1)))
        value = rng.choice((octal, b"9" * width, b"-1".ljust(width), b"\x80" + b"\xff" * (width - 1), b"\0" * width))
    else:
        value = _extreme(rng, width, len(content)).to_bytes(width, rng.choice(("big", "little")))
    return content[:offset] + value + content[offset + width :]


def _extreme(rng: random.Random, width: int, length: int) -> int:
    bits = 8 * width
    near = [2**bits - 1, 2**bits - 2, 2 ** (bits - 1), 2 ** (bits - 1) - 1, length, length - 1, length + 1, LINK_MODE]
    return rng.choice((*EXTREMES, *near, 2 ** rng.randrange(bits))) % 2**bits


# Text: JSON, JSON lines, CSV


def _changed_text(rng: random.Random, name: str, content: bytes) -> bytes:
    try:
        if name.endswith(".json"):
            return json.dumps(_changed_value(rng, json.loads(content))).encode()
        if name.endswith(".jsonl"):
            lines = content.splitlines()
            at = rng.randrange(len(lines))
            lines[at] = rng.choice(
                (
                    json.dumps(_changed_value(rng, json.loads(lines[at]))).encode(),
                    b"[" * 5000,
                    b"9" * 5000,
                    b"null",
                    b"\xff",
                )
            )
            return b"\n".join(lines) + rng.choice((b"\n", b"", b'\n{"time":'))
        if name.endswith(".csv"):
            return _changed_table(rng, content)
    except (ValueError, IndexError, RecursionError):  # no JSON any more, no line in it
        pass
    return changed_bytes(rng, content, content)


def _changed_value(rng: random.Random, value: object) -> object:
    """One place of a JSON value changed, found by going down at random."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        change = rng.randrange(10)
        if change == 0:
            return {name: item for name, item in value.items() if name != key}
        if change == 1:
            return {(name + "x" if name == key else name): item for name, item in value.items()}
        if change == 2:
            return {
                **value,
                rng.choice(("", "key", "values", "model_args", "labels", "n" * 5000, "\ud800")): value[key],
            }
        return {**value, key: _changed_value(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        change = rng.randrange(4)
        middle = ([], [value[at]] * 2, [value[at]] * 2000, [_changed_value(rng, value[at])])[change]
        return [*value[:at], *middle, *value[at + 1 :]]
    if rng.random() < 0.03:
        for _ in range(400):  # deep, and json.dumps can still write it
            value = [value]
        return value
    if isinstance(value, int | float) and rng.random() < 0.3:
        return rng.choice((-value, value + 1, value - 1, value * 10**6, str(value), [value]))
    return rng.choice(VALUES)


def _changed_table(rng: random.Random, content: bytes) -> bytes:
    """A cell, a row or the head of a CSV."""
    rows = [line.split(b",") for line in content.split(b"\r\n")]
    at = rng.randrange(len(rows))
    change = rng.randrange(6)
    if change == 0:
        del rows[at]
    elif change == 1:
        rows[at:at] = [rows[at]] * rng.choice((1, 300))
    elif change == 2:
        rows[at] = rows[at][: rng.randrange(len(rows[at]) + 1)]
    elif change == 3:
        rows[at] += rows[at]
    else:
        value = rng.choice(VALUES)
        cell = value if isinstance(value, str) else json.dumps(value)
        cells = (
            cell.encode("utf-8", "replace"),
            b'"',
            b'"' + b"q" * 200_000,
            b"\xff",
            b"../" * 9 + b"canary",
            b"1e9",
            b"\r",
        )
        rows[at][rng.randrange(len(rows[at]))] = rng.choice(cells)
    return b"\r\n".join(b",".join(row) for row in rows)


# Bytes


def changed_bytes(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    """One change that knows of no format."""
    return rng.choice(BYTE_CHANGES)(rng, content, donor)


def _place(rng: random.Random, content: bytes) -> int:
    """An offset: near the beginning, near the end, or anywhere; headers lie at the ends, and bodies are long."""
    length = len(content)
    near = min(length, rng.choice((16, 64, 512)))
    return rng.choice((rng.randint(0, near), length - rng.randint(0, near), rng.randint(0, length)))


def _flip(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        at = _place(rng, content)
        if at < len(made):
            made[at] ^= 1 << rng.randrange(8)
    return bytes(made)


def _overwrite(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    at, width = _place(rng, content), rng.choice((1, 2, 4, 8))
    return _with_field(rng, content, min(at, max(0, len(content) - width)), width, text=False)


def _cut_end(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    return content[: _place(rng, content)]


def _cut_out(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    at = _place(rng, content)
    return content[:at] + content[at + rng.choice((1, 2, 4, 16, 512)) :]


def _insert_run(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    at, byte = _place(rng, content), rng.choice((b"\0", b"\xff", b"A", b" ", b"9", b"(", b"["))
    return content[:at] + byte * rng.choice((1, 2, 7, 64, 600, 70_000)) + content[at:]


def _repeat(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    at, length = _place(rng, content), rng.choice((1, 4, 16, 64, 512))
    return content[:at] + content[at : at + length] * rng.choice((1, 2, 9, 500)) + content[at:]


def _splice(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    """The beginning of one file and the end of another, or a piece of another in the middle."""
    at, start = _place(rng, content), _place(rng, donor)
    if rng.random() < 0.5:
        return content[:at] + donor[start : start + MOST]
    piece = donor[start : start + rng.choice((2, 16, 200, 5000))]
    return content[:at] + piece + content[at + rng.choice((0, len(piece))) :]


def _swap(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    first, middle, last = sorted(_place(rng, content) for _ in range(3))
    return content[:first] + content[middle:last] + content[first:middle] + content[last:]


def _number(rng: random.Random, content: bytes, donor: bytes) -> bytes:
    """Written figures replaced, as they stand in PPMs, tars and texts."""
    figures = [at for at in range(min(len(content), 4096)) if content[at : at + 1].isdigit()]
    if not figures:
        return _flip(rng, content, donor)
    begin = end = rng.choice(figures)
    while content[end : end + 1].isdigit():
        end += 1
    number = rng.choice(
        (b"0", b"-1", b"1", b"255", b"256", b"65535", b"65536", b"99999", b"4294967296", b"9" * 5000, b"1e9", b"nan")
    )
    return content[:begin] + number + content[end:]


ByteChange = Callable[[random.Random, bytes, bytes], bytes]
BYTE_CHANGES: tuple[ByteChange, ...] = (
    _flip, _flip, _overwrite, _overwrite, _cut_end, _cut_out, _insert_run, _repeat, _splice, _swap, _number
)  # fmt: skip
