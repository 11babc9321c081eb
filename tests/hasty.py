"""`python -m tests.hasty FILE …`: the program in FILE, but that its workers do not make way for others.

Beside the other busy processes of a test run they would hardly come to anything.
"""

import runpy
import sys

from resnet.jobs import launcher

if __name__ == "__main__":
    launcher.NICE = 0
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
