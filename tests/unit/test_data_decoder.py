"""Untrusted pictures cost at most themselves: what hangs, crashes or grows, and whoever ends the processes."""

import os
import signal
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet.data import decoder
from resnet.data.decoder import Measured, fitted, measured
from resnet.data.images import open_image
from resnet.data.parallel import WORKERS
from resnet.store import PROJECT
from resnet.text import Message
from resnet.weights.preprocessing import Preprocessing
from tests.images import cases, encoded, png_bomb, scene
from tests.processes import children
from tests.waiting import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and only Linux bounds a process's memory")
SIZE = Preprocessing(16)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Pictures of different widths, so that each is known by its own."""
    paths = [tmp_path / f"{width}.png" for width in range(20, 60)]
    for width, path in zip(range(20, 60), paths, strict=True):
        Image.new("RGB", (width, 30), "teal").save(path)
    return paths


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A picture that takes half a minute or more: 6 megapixels, each number in words."""
    path = tmp_path / "slow.ppm"
    path.write_bytes(b"P3 3000 2000 255\n" + b"255 128 0\n" * 6_000_000)
    return path


def answers(paths: list[Path]) -> list[Measured | Message]:
    return list(measured((path, path.name) for path in paths))


def key(answer: Measured | Message) -> str | int:
    """The key of a refusal, or the width."""
    return answer.key if isinstance(answer, Message) else answer.width


def decoders(parent: int | str = "self") -> list[int]:
    """The decoders' process ids."""
    return [pid for pid in children(parent) if is_decoder(pid)]


def is_decoder(pid: int) -> bool:
    try:
        return b"resnet.data.decoder" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def peak(pid: int) -> int:
    """The most memory that a process has held, MB; 0 of one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0) // 1000


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_what_the_decoders_say_is_what_this_process_would_have_said(tmp_path):
    """Of every picture there is; and nothing is lost or out of order where every fourth is refused."""
    made = cases()
    paths = [tmp_path / f"{index:03d}" for index in range(len(made))]
    for path, case in zip(paths, made, strict=True):
        path.write_bytes(case.content)
    found = list(measured((path, case.name) for path, case in zip(paths, made, strict=True)))
    for case, answer in zip(made, found, strict=True):
        if case.refused:
            assert isinstance(answer, Message) and answer.key == case.refused, case.name
            assert case.name in answer.say() and case.name in answer.say("zh")
        else:
            assert (answer.width, answer.height, answer.bytes) == (*case.size, len(case.content)), case.name
    some = [(path, case) for path, case in zip(paths, made, strict=True) if not case.refused][::8]
    for (_, case), pixels in zip(some, fitted([path for path, _ in some], SIZE), strict=True):
        assert np.array_equal(pixels, SIZE.pixels(open_image(case.content))), case.name


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_pixels_are_fitted_as_the_preprocessing_says(files, channels, crop_mode):
    preprocessing = Preprocessing(24, 0.9, crop_mode, "bilinear", (0.2,) * channels, (0.5,) * channels)
    for path, pixels in zip(files[:3], fitted(files[:3], preprocessing), strict=True):
        assert pixels.shape == (channels, 24, 24)
        assert np.array_equal(pixels, preprocessing.pixels(open_image(path)))


def test_sources_are_asked_for_only_a_little_ahead(files):
    """So that any number of pictures, read or not, takes the same memory."""
    asked = []

    def sources():
        for path in files * 20:
            asked.append(path)
            yield path, path.name

    reader = measured(sources())
    for _ in range(3):
        next(reader)
    assert len(asked) <= 8 * 4 * WORKERS
    reader.close()
    assert [key(answer) for answer in answers(files)] == list(range(20, 60))


def test_threads_share_the_decoders(files):
    with ThreadPoolExecutor(6) as threads:
        for found in threads.map(answers, [files] * 6):
            assert [key(answer) for answer in found] == list(range(20, 60))
    if sys.platform == "linux":
        assert 1 <= len(decoders()) <= WORKERS


def test_names(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (found,) = measured([(Path("20.png"), "20.png")])
    assert found.width == 20
    (gone,) = measured([(Path("gone.jpg"), "a\nb\u202e\x1b[31m.jpg")])
    assert gone.say().startswith("a\ufffdb\ufffd\ufffd[31m.jpg: there is no such file")
    (folder,) = fitted([tmp_path], SIZE)
    assert "is a folder" in folder.say()


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
def test_a_file_whose_name_is_no_text(files, tmp_path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \n.png"))
    odd.write_bytes(files[0].read_bytes())
    assert [key(answer) for answer in answers([odd])] == [20]


@linux
def test_a_decoder_that_is_killed_costs_nothing(files):
    reader = measured((path, path.name) for path in files * 5)
    found = [next(reader)]
    for pid in decoders():
        os.kill(pid, signal.SIGKILL)
    found += reader
    assert [key(answer) for answer in found] == list(range(20, 60)) * 5
    for pid in decoders():  # and while they have nothing to do
        os.kill(pid, signal.SIGKILL)
    assert [key(answer) for answer in answers(files)] == list(range(20, 60))


@linux
def test_a_picture_that_ends_its_decoder_twice_is_refused(slow, files):
    """No file is known here that crashes a decoder: signals stand for it, sent while it is at work."""
    done = threading.Event()

    def crash() -> None:
        while not done.wait(0.02):
            for pid in decoders():
                if peak(pid) > 80:  # it holds the file, of 60 MB
                    os.kill(pid, signal.SIGSEGV)

    thread = threading.Thread(target=crash)
    thread.start()
    try:
        (answer,) = answers([slow])
    finally:
        done.set()
        thread.join()
    assert answer.key == "image_crash"
    assert answer.say().startswith("slow.ppm ends the program that decodes it")
    assert [key(answer) for answer in answers(files)] == list(range(20, 60))


@linux
def test_a_decoder_that_hangs_is_replaced(files, monkeypatch):
    """Stopped, as by a debugger or a drive that does not answer: it computes nothing, and never comes back."""
    assert [key(answer) for answer in answers(files)] == list(range(20, 60))
    stopped = decoders()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(decoder, "SECONDS", 1)
    found = [key(answer) for answer in answers(files)]
    late = [index for index, answer in enumerate(found) if answer == "image_slow"]
    assert len(late) == len(stopped)
    assert [answer for answer in found if answer != "image_slow"] == [20 + i for i in range(40) if i not in late]
    assert not set(stopped) & set(decoders())


@linux
def test_a_picture_that_computes_too_long_is_refused(slow, files, monkeypatch):
    monkeypatch.setattr(decoder, "CPU_SECONDS", 0.4)
    found = answers([*files[:10], slow, *files[10:]])
    assert [key(answer) for answer in found] == [*range(20, 30), "image_slow", *range(30, 60)]
    assert found[10].say().startswith("slow.ppm took longer than 0.4 s to decode and was given up")


@linux
def test_a_picture_that_eats_memory_is_refused(tmp_path, files, monkeypatch):
    """A TIFF whose tags all point to the same 40 MB, each of which Pillow copies."""
    greedy = tmp_path / "greedy.tif"
    tags = [(256, 4, 1, 40), (257, 4, 1, 30), (259, 4, 1, 1), (262, 4, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1200)]
    tags += [(1000 + index, 7, 40_000_000, 8) for index in range(200)]
    with open(greedy, "wb") as file:
        file.write(b"II*\0" + struct.pack("<I", 40_000_008))
        file.seek(40_000_008)
        file.write(struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4))
    for pid in decoders():
        os.kill(pid, signal.SIGKILL)
    monkeypatch.setattr(decoder, "MEMORY", 400)
    found = answers([*files[:10], greedy, *files[10:]])
    assert [key(answer) for answer in found] == [*range(20, 30), "image_memory", *range(30, 60)]
    assert found[10].say().startswith("greedy.tif needs more than 400 MB of memory")
    for pid in decoders():
        assert peak(pid) < 400
        os.kill(pid, signal.SIGKILL)  # the next test gets decoders of the usual bound


@linux
def test_a_bomb_is_refused_before_it_unfolds(tmp_path, files):
    """140 kB that would be 120 megapixels: what stands in its header is enough."""
    for pid in decoders():
        os.kill(pid, signal.SIGKILL)
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_bomb(12000, 10000))
    assert bomb.stat().st_size < 140_000
    found = answers([files[0], bomb, files[1]])
    assert [key(answer) for answer in found] == [20, "image_many_pixels", 21]
    assert max(map(peak, decoders())) < 100


@linux
@pytest.mark.parametrize("pixels", [4_000_000, pytest.param(64_000_000, marks=pytest.mark.slow)])
def test_the_largest_pictures_fit_into_the_bound(tmp_path, pixels):
    """In the mode and format that takes most, of those of which a test can make one in seconds."""
    for pid in decoders():
        os.kill(pid, signal.SIGKILL)
    side = round(pixels**0.5)
    image = scene("RGBA", (side, side))
    image.putalpha(200)
    (tmp_path / "large.webp").write_bytes(encoded(image, "WEBP", lossless=True, method=0))
    (found,) = fitted([tmp_path / "large.webp"], SIZE)
    assert found.shape == (3, 16, 16)
    strips = 5 * 4 * 4  # MB
    assert max(map(peak, decoders())) < 80 + strips + 5 * 4 * pixels / 10**6 < decoder.MEMORY


PROGRAM = """
import sys
from pathlib import Path
from resnet.data import decoder
decoder.CPU_SECONDS = 1
paths = [Path(name) for name in sys.argv[1:]]
for answer in decoder.measured((path, path.name) for path in paths):
    print(answer.width, flush=True)
sys.stdin.read()
"""  # without the guard that multiprocessing asks for; who is busy when its parent ends, ends when its time is over


@linux
@pytest.mark.parametrize("busy", [False, True])
def test_decoders_end_with_their_parent_though_it_is_killed(files, slow, busy):
    program = [sys.executable, "-c", PROGRAM, *map(str, files[:4]), *([str(slow)] if busy else [])]
    parent = subprocess.Popen(program, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert [int(parent.stdout.readline()) for _ in range(4)] == [20, 21, 22, 23]
    children = decoders(parent.pid)
    assert children
    parent.kill()
    parent.wait()
    until(lambda: not any(map(is_decoder, children)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_starts_decoders_of_its_own(files):
    program = """
import os, sys
from pathlib import Path
from resnet.data.decoder import measured
def width():
    return next(measured([(Path(sys.argv[1]), "x")])).width
assert width() == 20
child = os.fork()
assert width() == 20
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program, str(files[0])], cwd=PROJECT, check=True, timeout=60)
