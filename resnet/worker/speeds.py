"""How fast networks learn and answer: a table that ships, and what finished runs measured on this machine.

A row says, of a kind of work, a device and a network: `speed`, in images/s (decode: to learn from; features: of the
backbone, for a head; training: steps alone; evaluation) or steps/s (head). Of "rest", what a run takes beside these
(torch and the model loaded, saves, the model written), it is the seconds. In the table, rows of the CPU are measured
with two cores (tests/benchmarks/RESULTS.md), those of accelerators are low guesses. ROOT/devices/speeds.json has the
newest measured row of each kind, the newest last, LIMIT of them at most.
"""

import csv
import math
from pathlib import Path

from resnet.nn.variants import VARIANTS, variant
from resnet.store import FORMAT, Store, exclusive, mend, read_json, write_json

TABLE = Path(__file__).with_name("speeds.csv")
LIMIT = 200
KIND = ("work", "device", "cores", "architecture", "size", "precision")


class Speeds:
    """What is known of one kind of device.

    device: cpu, mps, cuda. cores: of the processor.
    """

    def __init__(self, store: Store, device: str, cores: int) -> None:
        self.cores = cores
        self.measured = [row for row in measured(store) if (row["device"], row["cores"]) == (device, cores)]
        self.shipped = [row for row in _table() if row["device"] == device]

    def images_per_second(self, work: str, architecture: str, size: int, precision: str | None = None) -> float:
        """Of a network at `size` pixels: as measured here, else from the network nearest to it in multiply-adds,
        with which the time is taken to grow; shipped rows also with the cores. precision: None for any."""
        macs = giga_macs(architecture, size)

        def distance(row: dict) -> tuple:
            other = precision is not None and row["precision"] != precision
            return other, row["architecture"] != architecture, abs(math.log(_macs(row) / macs))

        rows = [row for row in self.measured[::-1] if row["work"] == work]
        row = min(rows or [row for row in self.shipped if row["work"] == work], key=distance)
        return row["speed"] * _macs(row) / macs * (self.cores / row["cores"] if row["cores"] else 1)

    def latest(self, work: str, default: float) -> float:
        """Of what hardly depends on the network."""
        return next((row["speed"] for row in reversed(self.measured) if row["work"] == work), default)


def giga_macs(architecture: str, size: int) -> float:
    """Multiply-adds of a picture of `size` pixels, in units of 1e9."""
    network = variant(architecture)
    return network.giga_macs * size**2 / network.size**2


def _macs(row: dict) -> float:
    return giga_macs(row["architecture"], row["size"])


def _file(store: Store) -> Path:
    """Beside the devices' locks."""
    return store.device_lock("speeds").with_suffix(".json")


def _table() -> list[dict]:
    numbers = {"cores": int, "size": int, "speed": float}
    with open(TABLE, newline="") as file:
        return [
            {name: numbers.get(name, str)(value) if value else None for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def measured(store: Store) -> list[dict]:
    """What runs of this workspace measured; rows that cannot be relied upon are passed over."""
    try:
        rows = read_json(_file(store), {}).get("speeds", [])
    except (OSError, ValueError):
        return []
    return [row for row in rows if _holds(row)] if isinstance(rows, list) else []


def _holds(row: object) -> bool:
    if not isinstance(row, dict) or not {*KIND, "speed"} <= row.keys():
        return False
    plain = all(isinstance(row[name], str | int | None) for name in KIND)
    numbers = all(isinstance(row[name], int | float) and row[name] > 0 for name in ("speed", "size"))
    return plain and numbers and row["architecture"] in VARIANTS


def note(store: Store, rows: list[dict]) -> None:
    """Write down what a run measured, in place of what an earlier one did of the same kinds."""
    with exclusive(store.device_lock("speeds")):
        mend(_file(store).parent)  # where a note was killed
        known = {tuple(row[name] for name in KIND): row for row in [*measured(store), *rows]}
        for row in rows:  # the newest last
            kind = tuple(row[name] for name in KIND)
            known[kind] = known.pop(kind)
        write_json(_file(store), {"format": FORMAT, "speeds": list(known.values())[-LIMIT:]})
