"""`python -m tests.hasty [--ready] FILE …`: the program in FILE, but that its workers do not make way for others.

Beside the other busy processes of a test run they would hardly come to anything. And none is loaded before there is a
run for it, unless --ready is said.
"""

import runpy
import sys

from resnet.jobs import launcher

if __name__ == "__main__":
    launcher.NICE = 0
    _, *sys.argv = sys.argv
    if sys.argv[0] == "--ready":
        sys.argv.pop(0)
    else:
        launcher.Workers.keep_one_ready = launcher.Workers.load_one = lambda workers: None
    runpy.run_path(sys.argv[0], run_name="__main__")
