"""Near duplicates: pictures of which the bytes differ but hardly the looks, told by their difference hashes.

They are all kept, and grouped: a group stays on one side of a split, as one that a table of labels names does.
A group that is joined by looks has at most a tenth of the pictures of its smallest class (FEWEST at least, MOST at
most, and never the whole class): where all looks alike, as on a conveyor belt, one group would else leave nothing for
the other side. A pair that would make it larger stays apart, and is counted.
"""

from collections.abc import Iterator

import numpy as np

from resnet.data.index import Index

# Bits of 128. Of 13,791 photographs (Imagenette at 224 px, hymenoptera) every eighth was altered and looked for: found
# again were 99.5 % saved as JPEG at quality 30, 99.9 % at half the size, 98.1 % a quarter brighter, 98.4 % cut by 1 %
# at each side, 97 % by 2 %, 54 % by 4 %. Of the 95 million pairs of different photographs 6 were as near, 12 within
# 16 bits. python -m tests.benchmarks.near measures it.
RADIUS = 14
SHARE, FEWEST, MOST = 10, 3, 100  # pictures of a group: those of its class / SHARE, FEWEST at least, MOST at most
BANDS = 16  # bytes of a hash: two that differ in RADIUS bits have one byte in common, as RADIUS < BANDS
ALL = 4000  # hashes; up to here each is compared with each
BLOCK = 2**13  # comparisons at a time
BATCH = 1000  # pairs that are joined before the others are looked at again

# In order of contents, so that groups are the same whatever files are called: id, hash, images of the class, the place
# of the group's first picture.
PICTURES = """WITH kept AS (
        SELECT id, dhash, grp, row_number() OVER (ORDER BY sha256, id) - 1 AS place,
            count(*) OVER (PARTITION BY label) AS images
        FROM picture WHERE fate = 'kept')
    SELECT id, dhash, images, iif(grp = '', place, min(place) OVER (PARTITION BY grp)) FROM kept ORDER BY place"""
ROW = np.dtype([("id", np.int32), ("hash", f"S{BANDS}"), ("images", np.int32), ("first", np.int32)])


def group_near_duplicates(index: Index) -> list[int]:
    """Give the pictures that look alike, and the groups they are in, one group; returns the ids left outside of one."""
    count = index.value("SELECT count(*) FROM picture WHERE fate = 'kept'")
    rows = np.fromiter(index.run(PICTURES), ROW, count)
    images = rows["images"]
    groups = Groups(rows["first"], np.minimum(np.clip(images // SHARE, FEWEST, MOST), images - 1))
    told = np.flatnonzero(is_told(rows["hash"])).astype(np.int32)
    for a, b in near_pairs(rows["hash"][told]):
        groups.join(told[a], told[b])
    roots = groups.roots(np.arange(count))
    joined = np.flatnonzero(np.isin(roots, roots[groups.alike]))
    index.run_many("UPDATE picture SET near = ? WHERE id = ?", _pairs(roots[joined], rows["id"][joined]))
    index.run(
        """UPDATE picture SET grp = (SELECT iif(max(grp) = '', substr(min(sha256), 1, 16), max(grp))
            FROM picture AS other WHERE other.near = picture.near) WHERE near IS NOT NULL"""
    )
    others = joined[~groups.alike[joined]]  # of a group, but like no other picture
    index.run_many("UPDATE picture SET near = NULL WHERE id = ?", ((int(number),) for number in rows["id"][others]))
    return rows["id"][groups.outside].tolist()


def is_told(hashes: np.ndarray) -> np.ndarray:
    """Whether hashes (N of 16 bytes) are of pictures that show more than a plain ground or a slope of light (N).

    Of such a one nearly all bits to the right are equal, and nearly all down: any two would be taken for the same.
    """
    ones = np.bitwise_count(_halves(hashes)).astype(int)
    return np.minimum(ones, 64 - ones).sum(1) > RADIUS


def near_pairs(hashes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The places of near hashes (N of 16 bytes), some pairs at a time; a pair may come more than once."""
    halves = _halves(hashes).T
    bands = np.ascontiguousarray(hashes).view(np.uint8).reshape(-1, BANDS)
    counts = [np.bincount(bands[:, band], minlength=256) for band in range(BANDS)]
    if len(hashes) <= ALL or np.square(counts).sum() > len(hashes) ** 2:  # all look much alike
        yield from _near_in(halves, np.arange(len(hashes)))
        return
    for band, count in enumerate(counts):
        order = np.argsort(bands[:, band], kind="stable")
        for bucket in np.split(order, np.cumsum(count)[:-1]):
            yield from _near_in(halves, bucket)


def _halves(hashes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, 2)


def _near_in(halves: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    first, second = halves[:, places]
    start = 0
    while start < len(places) - 1:
        stop = start + max(1, BLOCK // (len(places) - start))
        row, column = np.nonzero(np.bitwise_count(first[start:stop, None] ^ first[start:]) <= RADIUS)
        row, column = row[row < column] + start, column[row < column] + start
        bits = np.bitwise_count(first[row] ^ first[column]) + np.bitwise_count(second[row] ^ second[column])
        near = bits <= RADIUS
        if near.any():
            yield places[row[near]], places[column[near]]
        start = stop


class Groups:
    """Pictures in groups, which pairs of near duplicates bring together (union by size).

    first: of each picture (N), the place of the first one of its group.
    limit: pictures that a group with this picture may have once it is joined with another (N).
    """

    def __init__(self, first: np.ndarray, limit: np.ndarray) -> None:
        self._parent = first.copy()
        self._size = np.bincount(first, minlength=len(first)).astype(np.int32)
        self._limit = limit
        np.minimum.at(self._limit, first, limit)
        self.alike = np.zeros(len(first), bool)  # pictures that brought groups together
        self.outside = np.zeros(len(first), bool)  # pictures that would have made one too large

    def roots(self, places: np.ndarray) -> np.ndarray:
        """A place for each of `places`, the same for all of a group."""
        roots = self._parent[places]
        while not np.array_equal(above := self._parent[roots], roots):
            roots = above
        return roots

    def join(self, a: np.ndarray, b: np.ndarray) -> None:
        """Bring together the groups of a[i] and b[i], one pair after the other, where they do not grow too large."""
        while len(a):
            x, y = self.roots(a), self.roots(b)
            fit = self._size[x] + self._size[y] <= np.minimum(self._limit[x], self._limit[y])
            self.outside[np.concatenate([a[(x != y) & ~fit], b[(x != y) & ~fit]])] = True
            a, b = a[(x != y) & fit], b[(x != y) & fit]
            for pair in zip(a[:BATCH], b[:BATCH], strict=True):
                self._unite(np.array(pair))

    def _unite(self, pair: np.ndarray) -> None:
        roots = self.roots(pair)
        size, limit = self._size[roots].sum(), self._limit[roots].min()
        if roots[0] != roots[1] and size <= limit:
            large, small = roots[np.argsort(-self._size[roots], kind="stable")]
            self._parent[small] = large
            self._size[large], self._limit[large] = size, limit
            self.alike[pair] = True


def _pairs(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[int, int]]:
    return ((int(x), int(y)) for x, y in zip(a, b, strict=True))
