"""The import: seconds and memory from a hundred pictures to a hundred thousand, and what archives made to hurt cost.

    python -m tests.benchmarks.importing [--counts 100 1000 10000 100000] [--kind folder|zip|tar] [--data DIR]

Every import is a process of its own with a new workspace under DIR (default: the system's temporary folder), which
should be on a disk. Memory is what the process has for itself (Linux: RssAnon), its highest of a look every 10 ms;
the decoders' is the largest of one of them. The pictures are JPEGs of 32 x 32 pixels in ten classes.
"""

import argparse
import bz2
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from resnet.store import PROJECT
from tests.archives import Entry, base256, overlapping, pax, tar_header, write_zip
from tests.processes import MB, children, private_memory

IMPORT = """
import json, sys, time
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.store import Store
start = time.perf_counter()
try:
    outcome = {"images": import_dataset(sys.argv[1], Store.open(sys.argv[2])).report["images"]}
except UserError as error:
    outcome = {"refused": error.message.key}
print(json.dumps({**outcome, "seconds": time.perf_counter() - start}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="*", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--kind", choices=("folder", "zip", "tar"), default="folder")
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        measure_counts(Path(folder), options.counts, options.kind)
        measure_bombs(Path(folder))


def measure_counts(folder: Path, counts: list[int], kind: str) -> None:
    print(f"{kind:>10}   seconds  images/s  MB of the process  over the first  MB of a decoder")
    first = None
    for count in counts:
        source = pack(draw(folder / f"pictures{count}", count), kind)
        found = run_import(source, folder / "workspace")
        assert found["images"] == count, found
        first = first or found
        print(
            f"{count:10}  {found['seconds']:8.1f}  {count / found['seconds']:8.0f}  {found['own']:17.1f}  "
            f"{found['own'] / first['own']:14.3f}  {found['decoder']:15.1f}",
            flush=True,
        )


def measure_bombs(folder: Path) -> None:
    print("\nseconds  MB on disk  MB of memory  refused as            bomb")
    for name, make in BOMBS.items():
        source = folder / "bomb"
        source.write_bytes(make())
        found = run_import(source, folder / "workspace")
        print(
            f"{found['seconds']:7.2f}  {found['disk']:10.1f}  {found['own']:12.1f}  "
            f"{found.get('refused', 'imported'):20}  {name}",
            flush=True,
        )


def draw(folder: Path, count: int) -> Path:
    """`count` JPEGs in ten classes, no two alike."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"class {number % 10}" / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32)).save(path)
    return folder


def pack(folder: Path, kind: str) -> Path:
    if kind == "folder":
        return folder
    packed = shutil.make_archive(str(folder), {"zip": "zip", "tar": "gztar"}[kind], folder)
    shutil.rmtree(folder)
    return Path(packed)


def run_import(source: Path, workspace: Path) -> dict:
    """{images or refused, seconds, own and decoder (MB of memory), disk (MB)}, the workspace deleted afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(source), str(workspace)], cwd=PROJECT, stdout=subprocess.PIPE
    )
    peaks = {"own": 0.0, "decoder": 0.0, "disk": 0.0}
    over = threading.Event()
    watch = threading.Thread(target=watch_peaks, args=(process.pid, workspace, peaks, over))
    watch.start()
    output = process.communicate()[0]
    over.set()
    watch.join()
    shutil.rmtree(workspace, ignore_errors=True)
    return json.loads(output) | peaks


def watch_peaks(pid: int, workspace: Path, peaks: dict[str, float], over: threading.Event) -> None:
    while not over.wait(0.01):
        peaks["own"] = max(peaks["own"], private_memory(pid))
        peaks["decoder"] = max([peaks["decoder"], *map(private_memory, children(pid))])
        peaks["disk"] = max(peaks["disk"], disk_space(workspace))


def disk_space(folder: Path) -> float:
    """MB that the files in it have."""
    total = 0
    for at, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.stat(f"{at}/{name}").st_size
            except OSError:  # deleted meanwhile
                continue
    return total / MB


# Bombs


def many_members() -> bytes:
    return write_zip(Entry(b"a/%d.png" % i, b"", 0) for i in range(250_000))


def zip_of_zeros() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for i in range(4):
            file.writestr(f"a/{i}.bmp", bytes(200 * MB))
    return buffer.getvalue()


def zip_that_lies() -> bytes:
    said = {"size": 1000}
    return write_zip([Entry(b"a/1.bmp", bytes(10**9), local=said, central=said)])


def bzip2_that_lies() -> bytes:
    said = {"size": 1000}
    return write_zip([Entry(b"a/1.bmp", bz2.compress(bytes(10**9)), 12, local=said, central=said)])


def gzipped(*blocks: bytes, zeros: int = 0) -> bytes:
    """Blocks, then zeros, 100 MB at a time: gzip's members may follow one another."""
    return gzip.compress(b"".join(blocks), 1) + gzip.compress(bytes(100 * MB), 9) * (zeros // (100 * MB))


def huge_header(kind: bytes, name: str) -> bytes:
    return gzipped(tar_header(name, kind, b"%011o\0" % (8 * 10**9)), zeros=8 * 10**9)


def tar_of_many() -> bytes:
    return gzip.compress(b"".join(tar_header(f"a/{i}.png") for i in range(250_000)), 1)


BOMBS: dict[str, Callable[[], bytes]] = {
    "zip: 800 MB of zeros": zip_of_zeros,
    "zip: deflate, a GB that says it is a kB": zip_that_lies,
    "zip: bzip2, a GB that says it is a kB": bzip2_that_lies,
    "zip: 2,000 members in one another": lambda: overlapping(2000),
    "zip: 250,000 members": many_members,
    "zip: a directory of long names": lambda: write_zip(Entry(b"a/%d" % i + b"x" * 60_000) for i in range(1000)),
    "tar.gz: 10 GB of zeros in a picture": lambda: gzipped(tar_header("a/1.bmp", b"0", base256(10**10)), zeros=10**10),
    "tar.gz: 10 GB of zeros in pictures": lambda: gzipped(tar_header("a/1.bmp", b"0", base256(200 * MB)), zeros=10**10),
    "tar.gz: 10 GB of zeros in a text": lambda: gzipped(tar_header("a/1.txt", b"0", base256(10**10)), zeros=10**10),
    "tar.bz2: 10 GB of zeros in a text": lambda: (
        bz2.compress(tar_header("a/1.txt", b"0", base256(10**10))) + bz2.compress(bytes(100 * MB)) * 100
    ),
    "tar.gz: 8 GB of a header of pax": lambda: huge_header(b"x", "pax"),
    "tar.gz: 8 GB of a name": lambda: huge_header(b"L", "././@LongLink"),
    "tar.gz: a sparse map without end": lambda: gzipped(
        pax(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a/1.png"}),
        *(tar_header("x", b"0", base256(2**40)), b"999999999\n" + b"1\n" * 200 * MB),
    ),
    "tar.gz: 250,000 members": tar_of_many,
    "tar: headers of headers": lambda: pax(a="b") * 100_000,
}


if __name__ == "__main__":
    main()
