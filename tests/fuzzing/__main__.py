"""Throw damaged and hostile inputs at all that reads from outside, and see that it answers.

    python -m tests.fuzzing --minutes 20 --seed 0 [--kind image|archive|weights|folder] [--keep FOLDER]
    python -m tests.fuzzing --kind image --seed 0 --case 123          one case again, and what it answers

Each kind's cases run in a process of their own, one at a time. This one keeps the time and watches the memory, ends
what oversteps, and starts it anew. Exit status 1 where a promise was broken; the inputs then lie in the folder named.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from tests.fuzzing.watching import KINDS, for_minutes, fuzz


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20, help="for all kinds together (default: %(default)s)")
    parser.add_argument("--cases", type=int, help="of each kind, in place of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=(*KINDS, "control"), help="alone; control: misdeeds, each to be noticed")
    parser.add_argument("--case", type=int, help="alone")
    parser.add_argument("--keep", type=Path, help="where the inputs that failed are kept")
    options = parser.parse_args()
    kinds = [options.kind] if options.kind else list(KINDS)
    failures = 0
    print("kind      cases accepted refused  failed   slowest          most MB on top")
    for kind in kinds:
        tally = fuzz(kind, options.seed, _numbers(options, options.minutes / len(kinds)), options.keep)
        failures += len(tally.failures)
        counts = f"{tally.cases:8} {tally.accepted:8} {tally.refused:7} {len(tally.failures):7}"
        seconds, number = tally.slowest
        print(f"{kind:7}{counts} {seconds:7.2f} s #{number:<7} {tally.most:8.0f}", flush=True)
        for number, problem in tally.failures:
            print(f"  --kind {kind} --seed {options.seed} --case {number}: {problem}", flush=True)
        if options.case is not None:
            print(f"  {tally.last}")
    return 1 if failures else 0


def _numbers(options: argparse.Namespace, minutes: float) -> Iterable[int]:
    if options.case is not None:
        return [options.case]
    return for_minutes(minutes) if options.cases is None else range(options.cases)


if __name__ == "__main__":
    raise SystemExit(main())
