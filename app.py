"""ResNet Lab in the browser: `python app.py`. Reads arguments and environment, builds the page, serves it."""

import argparse
import os
import sys
from importlib import import_module

from resnet.store import Store


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A folder of photographs becomes an image classifier of your own.")
    parser.add_argument("--host", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="open a public address for up to a week")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask visitors for a name and a password")
    parser.add_argument("--mode", choices=("local", "hosted"), help="hosted: classify only, for strangers to use")
    parser.add_argument("--home", help="where data sets, runs and models are kept (default: workspace/)")
    return parser.parse_args(words)


def main() -> int:
    arguments = parse()
    if arguments.home:
        os.environ["RESNET_HOME"] = arguments.home
    # Gradio reads these as it is imported: its files belong in the workspace, and it sends no statistics.
    os.environ["GRADIO_TEMP_DIR"] = str(Store.open().uploads)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    return import_module("resnet.ui.server").serve(arguments)


if __name__ == "__main__":
    sys.exit(main())
