"""The whole story by `python -m resnet` alone, and one clear line for whatever is wrong."""

import contextlib
import csv
import io
import json
import os
import pickle
import shutil
import signal
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

import resnet
from resnet.cli import main
from resnet.store import Store, read_json, read_lines
from tests.processes import start_command
from tests.waiting import until

TRAINED = ["run", "state", "model", "epochs", "steps", "images", "val", "seconds", "images_per_second"]
SMALL = ("--image-size", "48", "--batch-size", "8", "--device", "cpu")


class Terminal:
    """A folder to type commands in, and a workspace of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store.open(folder / "workspace")
        self.home = self.store.root

    def start(self, *words: object) -> subprocess.Popen:
        return start_command(self.home, self.folder, *words)

    def run(self, *words: object, status: int = 0) -> tuple[str, str]:
        """Standard output and standard error of a command that ends with `status`; in this process, torch loaded."""
        output, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        streams = contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors)
        with (
            streams[0],
            streams[1],
            contextlib.chdir(self.folder),
            self.signals(),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setenv("RESNET_HOME", str(self.home))
            try:
                ended = main([*map(str, words)])
            except SystemExit as leave:  # argparse's
                ended = leave.code
        told = [stream.buffer.getvalue().decode() for stream in (output, errors)]
        assert ended == status, told[1]
        assert "Traceback" not in told[1]
        return told[0], told[1]

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """What a command changes of them is put back."""
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def json(self, *words: object) -> dict:
        """The one object that a command prints with `--json -`."""
        output, _ = self.run(*words, "--json", "-")
        assert output.count("\n") == 1
        return json.loads(output)

    def refused(self, *words: object) -> str:
        """The one line that a command says of wrong input; it prints nothing else."""
        output, errors = self.run(*words, status=1)
        assert output == "" and errors.startswith("resnet: ") and errors.count("\n") == 1, errors
        return errors.removeprefix("resnet: ")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory, pictures, small_model) -> Terminal:
    folder = tmp_path_factory.mktemp("terminal") / "a folder 文件夹"
    shutil.copytree(pictures, folder / "shapes")
    shutil.copytree(small_model, folder / "model")
    terminal = Terminal(folder)
    terminal.run("data", "import", "shapes")
    return terminal


@pytest.fixture(scope="module")
def trained(terminal) -> dict:
    """What `train --json -` prints; data and model are named as they lie in the current folder."""
    words = ("--data", "shapes", "--model", "model", "--mode", "head", "--epochs", "30", "--lr", "0.5")
    return terminal.json("train", *words, *SMALL, "--name", "first")


def black_png(width: int, height: int) -> bytes:
    """A PNG of black pixels, one bit each."""
    rows = zlib.compress(bytes((1 + -(-width // 8)) * height), level=1)
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0), b"IDAT": rows, b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks.items()
    )


# the story


def test_import_list_and_report(terminal, tmp_path):
    (data_id,) = (folder.name for folder in terminal.store.datasets.iterdir())
    shutil.make_archive(str(tmp_path / "zipped"), "zip", terminal.folder / "shapes")
    zipped = terminal.json("data", "import", tmp_path / "zipped.zip")
    assert zipped["dataset"] == data_id  # the same content is the same data set
    assert zipped["report"]["images"] == 40 and set(zipped["report"]["counts"]) == set(
        os.listdir(terminal.folder / "shapes")
    )
    output, errors = terminal.run("data", "list")
    assert " ".join(output.split()) == f"{data_id} shapes 40 pictures, 5 classes, split made" and errors == ""
    assert terminal.json("data", "report", "sha") == zipped
    assert "stars: 6 train, 2 val" in terminal.run("data", "report", data_id)[0]


def test_train_tells_how_it_went(terminal, trained):
    assert list(trained) == TRAINED and trained["state"] == "done"
    assert trained["images"] == {"train": 30, "val": 10}
    assert set(trained["val"]) == {"accuracy", "interval", "log_loss"}
    assert set(trained["seconds"]) == {"decode", "train", "evaluate", "total"}
    (listed,) = terminal.json("runs")["runs"]
    assert (listed["run"], listed["name"], listed["state"]) == (trained["run"], "first", "done")
    output, _ = terminal.run("runs")
    assert trained["run"] in output and f"{trained['val']['accuracy']:.1%}" in output
    assert "right, between" in terminal.run("report", "first")[0]


def test_epochs_and_rate_of_mode_head_are_the_heads_and_the_card_says_so(trained):
    card, report = (Path(trained["model"]) / name for name in ("README.md", "report.json"))
    settings = read_json(report)["summary"]["settings"]
    assert trained["epochs"] == settings["head_epochs"] == 30 and settings["head_learning_rate"] == 0.5
    assert not {"epochs", "learning_rate", "weight_decay", "train_size"} & settings.keys()
    assert "epochs of the head 30, learning rate of the head 0.5" in card.read_text("utf-8")
    assert "crops" not in card.read_text("utf-8") and "None" not in card.read_text("utf-8")


def test_a_file_of_settings_folds_and_minutes(terminal, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"mode": "full", "minutes": 0.2, "train_size": 32}))
    words = ("train", "--data", "shapes", "--model", "model", *SMALL, "--settings", kept, "--folds", "2")
    output, errors = terminal.run(*words, "--json", "-")
    assert "As it stands: as many epochs" in errors and "fit into 0.2 minutes" in errors
    report = read_json(terminal.store.runs / json.loads(output)["run"] / "report.json")
    settings = report["summary"]["settings"]
    assert (settings["mode"], settings["minutes"], settings["train_size"]) == ("full", 0.2, 32)
    assert report["folds"]["k"] == 2 and report["folds"]["pooled"]["n"] == 40
    ended = terminal.run(*words[:5], *SMALL, "--mode", "full", "--epochs", "1", "--head-epochs", "3")
    assert "Not read in mode full: head_epochs." in ended[1]
    kept.write_bytes(b"\xff\xfe")
    assert "no file of settings" in terminal.refused(*words)
    assert "nowhere.json" in terminal.refused(*words[:-3], "nowhere.json")


def test_predict_and_evaluate_with_the_new_model(terminal, trained, tmp_path):
    (tmp_path / "notes.jpg").write_text("no picture")
    (tmp_path / "half.jpg").write_bytes((terminal.folder / "shapes/stars/000.jpg").read_bytes()[:3000])
    (tmp_path / "vast.png").write_bytes(black_png(30_000, 30_000))
    shutil.copy(terminal.folder / "shapes/stars/000.jpg", tmp_path / "=star.jpg")
    table = tmp_path / "table.csv"
    answers = terminal.json("predict", "--model", "first", "--top-k", 2, "--csv", table, tmp_path)
    by_name = {Path(image["file"]).name: image for image in answers["images"]}
    assert list(by_name) == ["=star.jpg", "half.jpg", "notes.jpg", "vast.png"]
    assert by_name["=star.jpg"]["error"] is None and len(by_name["=star.jpg"]["labels"]) == 2
    for name, words in (("half", "damaged or incomplete"), ("notes", "holds text"), ("vast", "30000 x 30000 pixels")):
        image = next(image for file, image in by_name.items() if file.startswith(name))
        assert words in image["error"] and image["labels"] == []
    rows = list(csv.reader(table.open(encoding="utf-8", newline="")))
    assert rows[0] == ["file", "known", "label", "description", "score", "error"] and len(rows) == 5
    output, errors = terminal.run("predict", "--engine", "torch", "--model", trained["model"], "shapes/stars/000.jpg")
    assert output.startswith("shapes/stars/000.jpg: ") and "torch on " in output
    assert "Traceback" not in errors

    evaluation = terminal.json("evaluate", "--model", trained["run"], "--data", "shapes")
    report = read_json(terminal.store.runs / trained["run"] / "report.json")
    same = ("split", "n", "accuracy", "interval", "classes", "confusion", "per_class", "data")
    assert {key: evaluation[key] for key in same} == {key: report[key] for key in same}
    scores = ("log_loss", "ece", "temperature")  # at a temperature that these pictures did not choose, as in the report
    assert [evaluation[key] for key in scores] == pytest.approx([report[key] for key in scores], rel=1e-4)
    assert terminal.json("report", "first") == report
    whole = terminal.json("evaluate", "--model", trained["run"], "--data", "shapes", "--split", "all")
    assert (whole["split"], whole["n"]) == ("all", 40)
    assert "invalid choice" in terminal.run("predict", "--engine", "abacus", "shapes/stars/000.jpg", status=2)[1]


def test_explain_writes_a_picture_and_says_what_it_shows(terminal, pictures):
    image = sorted(pictures.rglob("*.jpg"))[0]
    words = ("explain", "--model", "model", "--image", image, "--out", "why.png")
    result = terminal.json(*words)
    assert list(result) == ["model", "label", "description", "score", "file"] and 0 < result["score"] <= 1
    with Image.open(terminal.folder / "why.png") as written:
        assert written.size == (48, 48)
    assert "knows nothing called zebra" in terminal.refused(*words, "--label", "zebra")
    assert "cannot be written" in terminal.refused(*words[:-1], "why.xyz")
    assert "holds text, not a picture" in terminal.refused(*words[:3], "--image", __file__, *words[5:])


def test_ctrl_c_saves_resume_goes_on_and_stop_keeps_the_model(terminal):
    words = ("--data", "shapes", "--model", "model", "--mode", "full", "--epochs", "300", *SMALL, "--name", "long")
    process = terminal.start("train", *words)
    until(lambda: any(run["name"] == "long" for run in runs(terminal)))
    (run,) = (run["run"] for run in runs(terminal) if run["name"] == "long")
    folder = terminal.store.runs / run
    until(lambda: len(read_lines(folder / "metrics.jsonl")) >= 3)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and output == "" and "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("resnet: interrupted") and f"resume {run}" in errors
    assert errors.count("resnet: ") == 1
    assert read_json(folder / "status.json")["state"] == "stopped" and not (folder / "model").exists()
    assert f"The run {run} has no report yet; it is stopped" in terminal.refused("report", "long")

    before = len(read_lines(folder / "metrics.jsonl"))
    process = terminal.start("resume", "long", "--json", "-")
    until(lambda: len(read_lines(folder / "metrics.jsonl")) >= before + 2)
    assert terminal.run("stop", run) == ("", "")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    told = json.loads(output)
    assert list(told) == TRAINED and told["state"] == "stopped" and told["val"]["accuracy"] is not None
    assert 0 < told["steps"] < 300 * 4 and (folder / "model" / "model.safetensors").is_file()
    assert terminal.run("delete", "long") == ("", "") and not folder.exists()


def runs(terminal: Terminal) -> list[dict]:
    return [
        {"run": folder.name, "name": read_json(folder / "name.json")["name"]}
        for folder in (terminal.store.runs.iterdir() if terminal.store.runs.exists() else ())
        if not folder.name.startswith(".")
    ]


def test_delete_takes_the_whole_name_before_a_beginning(terminal, trained, tmp_path):
    shutil.copytree(terminal.folder / "shapes", tmp_path / "fir")
    next((tmp_path / "fir" / "stars").iterdir()).unlink()
    other = terminal.json("data", "import", tmp_path / "fir")["dataset"]
    terminal.run("delete", "fir")  # a run is called "first"
    assert not (terminal.store.datasets / other).exists() and (terminal.store.runs / trained["run"]).exists()


def test_models_lists_what_can_be_had_by_name(terminal):
    lines = terminal.run("models", "resnet18*")[0].splitlines()
    names = [line.split()[0] for line in lines]
    assert {"resnet18", "resnet18d", "resnet18.a1_in1k"} <= set(names)
    assert all(len(line.split()) > 3 for line in lines)
    found = terminal.json("models", "resnet18*")
    (usual,) = (row for row in found["pretrained"] if row["name"] == "resnet18.a1_in1k")
    assert usual["params"] == 11.69 and usual["license"] == "apache-2.0" and usual["top1"] == 73.158
    assert found["networks"] == ["resnet18", "resnet18d"] and found["shipped"][0]["name"].startswith("resnet18")


def test_the_same_from_python(terminal, trained):
    words = {"mode": "head", "epochs": 30, "learning_rate": 0.5, "image_size": 48, "batch_size": 8, "device": "cpu"}
    told = resnet.train("shapes", str(terminal.folder / "model"), store=terminal.store, **words)
    assert list(told) == TRAINED
    # the first run's features were computed by torch; by now the faster engine is known, and may be another
    assert told["val"] == {**trained["val"], "log_loss": pytest.approx(trained["val"]["log_loss"], rel=1e-5)}
    picture = terminal.folder / "shapes/stars/000.jpg"
    assert resnet.Predictor(told["model"], "cpu")([picture], top_k=1)[0][0][0] in os.listdir(terminal.folder / "shapes")


# wrong input


def test_usage_is_told_with_status_2(terminal):
    for words in (
        (),
        ("fly",),
        ("predict",),
        ("train", "--data", "x", "--mode", "magic"),
        ("predict", "--top-k", "0", "x"),
    ):
        assert terminal.run(*words, status=2)[1].startswith("usage: ")


def test_archives_and_folders_that_are_no_data_set(terminal, tmp_path):
    stars = [terminal.folder / "shapes" / "stars" / f"{i:03d}.jpg" for i in range(3)]
    for name, members in {
        "empty": [],
        "climbing": ["../x.jpg", "a/1.jpg", "b/2.jpg"],
        "one": ["a/1.jpg", "a/2.jpg"],
    }.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for file, member in zip(stars, members, strict=False):
                archive.write(file, member)
    (tmp_path / "text.zip").write_text("no zip")
    before = sorted(path.name for path in tmp_path.parent.iterdir())
    for source, words in {
        "empty.zip": "holds no files",
        "climbing.zip": "its member ../x.jpg points outside of it",
        "one.zip": "All pictures are in one class, “a”",
        "text.zip": "neither a folder nor a zip",
        "gone.zip": "There is no folder or file",
    }.items():
        assert words in terminal.refused("data", "import", tmp_path / source)
    assert sorted(path.name for path in tmp_path.parent.iterdir()) == before
    assert len(list(terminal.store.datasets.iterdir())) == 1 and os.listdir(terminal.store.root / "tmp") == []


def test_a_class_with_one_picture_imports_and_starts_nothing(terminal, tmp_path):
    for label, count in (("many", 3), ("single", 1)):
        (tmp_path / "odd" / label).mkdir(parents=True)
        for i in range(count):
            shutil.copy(terminal.folder / "shapes" / "stars" / f"{i + count:03d}.jpg", tmp_path / "odd" / label)
    data = terminal.json("data", "import", tmp_path / "odd")
    assert any("A single picture in: single" in warning["english"] for warning in data["report"]["warnings"])
    assert "A single picture in: single" in terminal.refused("train", "--data", data["dataset"], "--model", "model")
    terminal.run("delete", data["dataset"])


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("train --data shapes --model resnet51", "There is no model “resnet51”; did you mean: resnet50"),
        ("train --data nowhere --model model", "There is no data set “nowhere” here"),
        ("train --data shapes --model model --lr 0", "learning_rate is 0.0; it must be between"),
        ("train --data shapes --model model --image-size 7", "image_size is 7; it must be a whole number between"),
        ("train --data shapes --model model --lr 0 --epochs 0", "epochs is 0; it must be"),
        ("train --data shapes --model model --device abacus", "device is abacus; choose one of"),
        ("train --data shapes --model model --json no/where.json", "no/where.json cannot be written"),
        ("runs --json .", "cannot be written"),
        ("predict --csv no/where.csv shapes", "no/where.csv cannot be written"),
        ("predict --model model gone.jpg", "There is no file or folder gone.jpg"),
        ("predict --model model model", "There are no pictures in model"),
        ("report nothing", "There is no run “nothing” here"),
        ("resume nothing", "There is no run “nothing” here"),
        ("stop ../workspace", "There is no run “../workspace” here"),
        ("delete nothing", "There is neither a run nor a data set “nothing” here"),
        ("data report nothing", "There is no data set “nothing” here"),
        ("evaluate --model model --data nothing", "There is no data set “nothing” here"),
        ("data import shapes/stars/000.jpg", "neither a folder nor a zip"),
    ],
)
def test_one_line_says_what_is_wrong(terminal, command, sentence):
    known = len(runs(terminal))
    assert sentence in terminal.refused(*command.split())
    assert len(runs(terminal)) == known


class Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_wrong_weights_are_refused_and_run_nothing(terminal, tmp_path):
    picture, canary = "shapes/stars/000.jpg", tmp_path / "canary"
    for protocol in (2, 4):
        (tmp_path / f"evil{protocol}.pth").write_bytes(pickle.dumps({"state_dict": Canary(canary)}, protocol))
    shutil.copytree(terminal.folder / "model", tmp_path / "cut")
    state = load_file(tmp_path / "cut" / "model.safetensors")
    state["fc.weight"] = np.ascontiguousarray(state["fc.weight"][:2])
    save_file(state, tmp_path / "cut" / "model.safetensors")
    for model, words in (
        ("evil2.pth", "could run code; nothing was run"),
        ("evil4.pth", "holds no weights"),
        ("cut", "tells 2 classes apart, but config.json beside it names 5"),
    ):
        assert words in terminal.refused("predict", "--model", tmp_path / model, picture)
    assert not canary.exists()


def test_a_reader_that_leaves_early_is_no_fault(terminal):
    process = terminal.start("data", "list")
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (0, "")
    process.stderr.close()


def test_a_machine_that_refuses_is_quoted(terminal, tmp_path):
    (tmp_path / "file").touch()
    other = Terminal(terminal.folder)
    other.home = tmp_path / "file"
    assert "Not a directory" in other.refused("data", "import", "shapes")


def test_pictures_in_other_modes_and_of_any_name_are_answered(terminal, tmp_path):
    Image.new("LA", (60, 60)).save(tmp_path / "grey.png")
    Image.new("P", (60, 60)).save(tmp_path / "palette.gif")
    os.rename(tmp_path / "grey.png", os.fsencode(tmp_path) + b"/gr\xff \n.png")
    answers = terminal.json("predict", "--model", "model", tmp_path, "--csv", tmp_path / "table.csv")
    assert [image["error"] for image in answers["images"]] == [None, None]
    assert all(os.path.exists(image["file"]) for image in answers["images"])
    assert b"gr\\udcff" in (tmp_path / "table.csv").read_bytes()
