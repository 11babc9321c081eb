"""The command line as a process, what tests and benchmarks ask about processes, and a port for one that serves."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from resnet.store import PROJECT

MB = 10**6


def start_command(home: Path, folder: Path, *words: object) -> subprocess.Popen:
    """`python -m resnet *words` in `folder`, with the workspace `home` and workers as in tests/hasty.py."""
    command = [sys.executable, "-m", "tests.hasty", PROJECT / "resnet/__main__.py", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "RESNET_HOME": str(home)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run_command(home: Path, *words: object, status: int = 0) -> tuple[str, str]:
    """Standard output and standard error of a command that ends with `status`, typed in its workspace."""
    process = start_command(home, home, *words)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == status, errors
    assert "Traceback" not in errors
    return output, errors


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def private_memory(pid: int) -> float:
    """MB that the process has for itself (Linux: RssAnon); 0 where it has ended."""
    return _status(pid, "RssAnon")


def highest_memory(pid: int) -> float:
    """MB that the process has had in memory at most, libraries too (Linux: VmHWM)."""
    return _status(pid, "VmHWM")


def _status(pid: int, field: str) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / MB for line in status.splitlines() if line.startswith(field)), 0.0)


def children(pid: int | str) -> Iterator[int]:
    """What a process has started and is still there; of "self" it tells too."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:
            continue


def family(pid: int) -> Iterator[int]:
    """The process and all that come from it."""
    yield pid
    for child in children(pid):
        yield from family(child)
