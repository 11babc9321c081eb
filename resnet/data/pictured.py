"""The pictures behind what an import warns of, so that a report can show them: a few of each kind.

report["pictured"]: kind -> [{count, pictures: [{path, source, label, split, width, height}]}]: groups of pictures that
belong together, `count` of them, of which the first are listed. split: "" where a picture was left out.
"""

from itertools import groupby
from pathlib import Path

from resnet.data.dataset import ASIDE, KEPT
from resnet.data.images import shown
from resnet.data.index import Index

GROUPS, TOGETHER = 8, 4  # groups of a kind, and pictures of a group, that are listed
SMALL = 32  # pixels of the shorter side; less leaves a ResNet's last stage no picture to look at (it sees 1/32)

# kind -> what the pictures of a group have in common, which pictures, which groups. Of near duplicates a group is under
# one kind alone, the gravest; under none, where they are one content in several parts: those are leaks.
NEAR = "near IS NOT NULL"
IN_CLASSES, IN_PARTS = "count(DISTINCT label) > 1", "count(DISTINCT split) > 1"
KINDS = {
    "conflicts": ("sha256", "fate = 'conflict'", "true"),
    "leaks": ("sha256", "fate = 'kept'", IN_PARTS),
    "near_conflicts": ("near", NEAR, IN_CLASSES),
    "near_leaks": ("near", NEAR, f"NOT {IN_CLASSES} AND {IN_PARTS} AND count(DISTINCT sha256) > 1"),
    "near_duplicates": ("near", NEAR, f"NOT {IN_CLASSES} AND NOT {IN_PARTS}"),
    "small": ("id", f"fate = 'kept' AND min(width, height) < {SMALL}", "true"),
}


def pictured(index: Index) -> dict[str, list[dict]]:
    """What a report shows of each kind of which there is any."""
    found = {kind: _groups(index, *query) for kind, query in KINDS.items()}
    return {kind: groups for kind, groups in found.items() if groups}


def _groups(index: Index, common: str, pictures: str, groups: str) -> list[dict]:
    """The first groups of a kind; in each, one picture of every class and part comes first.

    The same content has one path: of what stands in several classes one file alone is left.
    """
    rows = index.run(
        f"""WITH mates AS (SELECT {common} AS common, min(id) AS first, count(*) AS number FROM picture WHERE {pictures}
            GROUP BY 1 HAVING {groups} ORDER BY first LIMIT {GROUPS})
        SELECT first, number, (SELECT path FROM picture AS same WHERE same.sha256 = picture.sha256 ORDER BY id LIMIT 1),
            source, label, ifnull(split, ''), width, height
        FROM mates JOIN picture ON {common} = common WHERE {pictures}
        ORDER BY first, row_number() OVER (PARTITION BY first, label, split ORDER BY id), id"""
    )
    names = ("path", "source", "label", "split", "width", "height")
    found = []
    for (_, count), group in groupby(rows, key=lambda row: row[:2]):
        listed = [dict(zip(names, (path, shown(source), *rest), strict=True)) for _, _, path, source, *rest in group]
        found.append({"count": count, "pictures": listed[:TOGETHER]})
    return found


def remove_left_out(index: Index, folder: Path) -> None:
    """Delete what is not kept of the pictures in a data set's folder, but for what the report shows of it.

    Those stand in several classes; one file each, set aside.
    """
    first = f"SELECT min(id) FROM picture WHERE fate = 'conflict' GROUP BY sha256 ORDER BY 1 LIMIT {GROUPS}"
    index.run(f"UPDATE picture SET path = replace(path, '{KEPT}/', '{ASIDE}/') WHERE id IN ({first})")
    for (path,) in index.run("SELECT path FROM picture WHERE fate <> 'kept'"):
        file = folder / KEPT / Path(path).name
        if path.startswith(ASIDE):
            (folder / ASIDE).mkdir(exist_ok=True)
            file.rename(folder / path)
        else:
            file.unlink(missing_ok=True)
