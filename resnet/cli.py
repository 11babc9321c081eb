"""The command line: `python -m resnet COMMAND`, the same engine as the page.

Results go to standard output (tables for people, one object with `--json -`), progress to standard error. Exit
status 0, 1 (a sentence on standard error says what is wrong), 2 (usage). Modules that bring torch are imported by
the commands that need them, so that the others answer at once.
"""

import argparse
import dataclasses
import importlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

from resnet import jobs, weights
from resnet.data import corrections
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.decoder import fitted_one
from resnet.data.images import is_picture
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.exporters import FORMATS
from resnet.nn.variants import VARIANTS
from resnet.predictor.engines import ENGINES, device_called, launched
from resnet.predictor.ranks import ALONE, Ranks, join
from resnet.settings import CHOICES, OF_THE_HEAD, TrainSettings, ignored, read_said
from resnet.store import Store, name_of
from resnet.text import Message, say
from resnet.views import answers, commands, downloads, exports, lines, sentences, tables
from resnet.views import report as report_page
from resnet.views.result import Result
from resnet.weights.find import HubName, find, list_models, source
from resnet.weights.folder import read_config
from resnet.weights.published import Published, offers
from resnet.worker.record import read_settings

ESCAPED = "backslashreplace"  # bytes of a file's name that are no UTF-8: \udcff, which JSON reads back


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 (closed by who started it)
    sys.stdout.reconfigure(errors=ESCAPED)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end a followed run in the same way
    try:
        for name in ("json", "csv", "html"):
            _check_target(getattr(options, name, None), name == "json")  # before the work, not after it
        if launched()[0] == 0 or options.command in TOGETHER:
            options.command(options, Store.open())
        sys.stdout.flush()
    except UserError as error:
        return _refuse(error)
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the runs are being saved
        saved = "".join(f"; `python -m resnet resume {run}` goes on from where it was" for run in jobs.shutdown())
        print(f"resnet: interrupted{saved}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # no space, no permission: not ours to mend
        return _refuse(UserError("machine_refuses", reason=error.strerror or error, path=error.filename or "-"))
    return 0


def _refuse(error: UserError) -> int:
    print(f"resnet: {' '.join(str(error).split())}", file=sys.stderr)
    return 1


def predict(options: argparse.Namespace, store: Store) -> None:
    files = [file for path in options.paths for file in _pictures(path)]
    _fetch(options.model, store)
    ranks = _ranks(options.device)
    predictor = importlib.import_module("resnet.predictor").Predictor(
        options.model, ranks.device or options.device, store, options.engine
    )
    progress = _Progress("pictures", len(ranks.share(len(files))))
    result = predictor.predict(files, options.top_k, progress.update, ranks)
    progress.close()
    if ranks.rank:
        return
    if options.csv:
        with _writing(options.csv) as file:
            answers.write_csv(file, result["images"])
    _give(options, result, lines.predictions)


def data_import(options: argparse.Namespace, store: Store) -> None:
    progress = _Progress("files", 0)
    data = import_dataset(
        Path(options.path), store, options.name, lambda stage, done, total: progress.update(done, total, stage)
    )
    progress.close()
    _give(options, {"dataset": data.id, "report": data.report}, lambda result: lines.data_set(data))


def data_list(options: argparse.Namespace, store: Store) -> None:
    for data in list_datasets(store):
        print(lines.of_data(data))


def data_report(options: argparse.Namespace, store: Store) -> None:
    data = Dataset.open(store.dataset(options.data))
    _give(options, {"dataset": data.id, "report": data.report}, lambda result: lines.data_set(data))


def data_correct(options: argparse.Namespace, store: Store) -> None:
    data = Dataset.open(store.dataset(options.data))
    if options.make:
        new = corrections.corrected(data, store)
        return _give(options, {"dataset": new.id, "report": new.report}, lambda result: lines.data_set(new))
    if options.undo:
        corrections.undo(data)
    elif options.label or options.leave_out is not None:
        name, label = options.label or (options.leave_out, None)
        corrections.correct(data, corrections.picture(data, name).sha256, label)
    records, made = {record.sha256: record for record in data.records}, corrections.corrections(data)
    entries = [
        {"file": records[sha256].source, "sha256": sha256, "label": records[sha256].label, "corrected": label}
        for sha256, label in made.items()
    ]
    _give(options, {"dataset": data.id, "corrections": entries}, lines.corrections)


def train(options: argparse.Namespace, store: Store) -> None:
    _do(options, store, options.device, lambda: _started(options, store))


def _started(options: argparse.Namespace, store: Store) -> str:
    jobs.workers.load_one()
    settings = _settings(options, store)
    planned = jobs.plan(store, settings)  # what is wrong is said before anything is fetched
    if settings.mode != "scratch":
        _fetch(settings.model, store)
    run, takes = jobs.start(store, settings), sentences.rough(jobs.estimate(store, planned))
    print(sentences.plan(planned.settings), file=sys.stderr)
    print(f"about {takes}{' on one device' if sentences.on_several(planned.settings) else ''}", file=sys.stderr)
    for note in [*jobs.cautions(store, planned), *_unread(settings)]:
        print(note.say(), file=sys.stderr)
    return run


def _unread(settings: TrainSettings) -> list[Message]:
    """What was said for nothing, in this mode."""
    said = settings.said()
    head = {name for name in OF_THE_HEAD if settings.mode == "head" and f"head_{name}" not in said}
    names = sorted(said.keys() & {*ignored(settings.mode)} - head)
    return [Message("settings_unread", {"mode": settings.mode, "names": names})] if names else []


def lr_find(options: argparse.Namespace, store: Store) -> None:
    settings = _settings(options, store)
    planned, progress = jobs.plan(store, settings), _Progress("steps", 0)
    if settings.mode != "scratch":
        _fetch(settings.model, store)
    find_rate = importlib.import_module("resnet.worker.finder").find_rate
    result = find_rate(
        planned.settings,
        planned.architecture,
        planned.preprocessing,
        store,
        lambda trial, steps: progress.update(trial.step, steps),
    )
    progress.close()
    _give(options, result, lines.rates)


def _settings(options: argparse.Namespace, store: Store) -> TrainSettings:
    """What was said; data that is a path is imported first."""
    if options.data and Path(options.data).exists():
        options.data = import_dataset(Path(options.data), store).id
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(TrainSettings)}
    kept = read_said(_existing(options.settings).read_text("utf-8", "replace")) if options.settings else {}
    said = {"model": "", **kept, **{name: value for name, value in given.items() if value is not None}}
    return TrainSettings(**said)


def resume(options: argparse.Namespace, store: Store) -> None:
    device = read_settings(store.run(options.run))["settings"]["device"]
    _do(options, store, device, lambda: jobs.resume(store, options.run))


def stop(options: argparse.Namespace, store: Store) -> None:
    jobs.stop(store, options.run)


def runs(options: argparse.Namespace, store: Store) -> None:
    _give(options, {"runs": jobs.list_runs(store)}, lambda result: [lines.of_run(run) for run in result["runs"]])


def report(options: argparse.Namespace, store: Store) -> None:
    folder = store.run(options.run)
    record = jobs.read_report(folder)
    if not record:
        raise UserError("run_without_report", run=folder.name, state=jobs.status(folder)["state"])
    if options.html or options.csv:
        words, data = read_config(folder / "model").descriptions, jobs.data_of(store, record)
        result = Result(name_of(folder) or folder.name, folder, record, words, data)
    if options.html:
        _write(options.html, report_page.html(record, data, words))
    if options.csv:
        _write(options.csv, tables.csv(tables.predictions(result)))
    _give(options, record, lines.evaluation)


def export_run(options: argparse.Namespace, store: Store) -> None:
    file = jobs.take_out(store, options.run, Path(options.out))
    result = {"file": str(file), "bytes": file.stat().st_size}
    _give(options, result, lambda result: [say("taken_out", file=file, size=downloads.size(result["bytes"]))])


def import_run(options: argparse.Namespace, store: Store) -> None:
    run = jobs.bring_in(options.path, store)
    _give(options, {"run": run}, lambda result: [say("brought_in", name=name_of(store.runs / run), run=run)])


def delete(options: argparse.Namespace, store: Store) -> None:
    """A run, or a data set that no living run uses. A whole id or name comes before the beginning of another."""
    found = []
    for look_up, remove in ((store.run, jobs.delete_run), (store.dataset, jobs.delete_dataset)):
        try:
            found.append((look_up(options.reference), remove))
        except UserError as error:
            if error.message.key == "ambiguous":
                raise
    if len(found) == 2:
        whole = [(folder, remove) for folder, remove in found if options.reference in (folder.name, name_of(folder))]
        found = whole or found
    if not found:
        raise UserError("nothing_so_called", reference=options.reference)
    if len(found) == 2:
        raise UserError("ambiguous", reference=options.reference, ids=[folder.name for folder, _ in found])
    folder, remove = found[0]
    remove(store, folder.name)


def evaluate(options: argparse.Namespace, store: Store) -> None:
    data = Dataset.open(store.dataset(options.data))
    _fetch(options.model, store)
    ranks = _ranks(options.device)
    predictor = importlib.import_module("resnet.predictor").Predictor(
        options.model, ranks.device or options.device, store, options.engine
    )
    progress = _Progress("pictures", 0)
    examine = importlib.import_module("resnet.evaluation.evaluate").examine
    evaluation = examine(predictor, data, options.split, progress.update, ranks)
    progress.close()
    if ranks.rank == 0:
        _give(options, evaluation.report(data, options.split), lines.evaluation)


def export(options: argparse.Namespace, store: Store) -> None:
    _fetch(options.model, store)
    progress = _Progress("pictures", 0)
    take_away = importlib.import_module("resnet.exporters.export").export
    result = take_away(
        options.model,
        options.format,
        options.out,
        store,
        lambda stage, done, total: progress.update(done, total, say(f"exporting_{stage}")),
    )
    progress.close()
    _give(options, result, exports.exported)


def push(options: argparse.Namespace, store: Store) -> None:
    """The token is that of HF_TOKEN or `hf auth login`: as an option it would stand in the shell's history."""
    found = find(options.model, store)
    address = importlib.import_module("resnet.weights.hub").push(found, options.repo, private=not options.public)
    _give(options, {"model": options.model, "address": address}, lambda result: [say("pushed", address=address)])


def explain(options: argparse.Namespace, store: Store) -> None:
    _fetch(options.model, store)
    module = importlib.import_module("resnet.evaluation.explain")
    network = weights.late("models").load(options.model, store)
    pixels = fitted_one(Path(options.image), network.config.preprocessing)
    found = module.explain(network, pixels, options.label)
    try:
        found.overlay().save(options.out)
    except (OSError, ValueError) as error:
        raise UserError("not_written", path=options.out, reason=getattr(error, "strerror", None) or error) from None
    result = {"model": network.name, "label": found.label, "description": found.description, "score": found.score}
    _give(options, {**result, "file": options.out}, lines.explanation)


def models(options: argparse.Namespace, store: Store) -> None:
    """What ships, timm's weights, those first that are here already, and networks: the names that --model takes."""
    known = dict(list_models(options.pattern))
    rows = [row for row in offers() if fnmatchcase(row.name, options.pattern)]
    if not known and not rows:
        raise UserError("models_none", pattern=options.pattern)
    networks = {name: known.pop(name) for name in list(known) if name in VARIANTS}
    result = {
        "shipped": [{"name": name, "about": words} for name, words in known.items()],
        "pretrained": list(map(_published, rows)),
        "networks": list(networks),
    }
    _give(options, result, lambda result: lines.models(known, rows, networks))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m resnet", description="A folder of photographs becomes a classifier of your own."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, function: Callable, words: str, *, json: bool = False, within=subparsers
    ) -> argparse.ArgumentParser:
        sub = within.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        sub.set_defaults(command=function)
        if json:
            sub.add_argument("--json", metavar="FILE", help="write the result as one JSON object; - is standard output")
        return sub

    sub = command("models", models, "list the models that can be had by name", json=True)
    sub.add_argument("pattern", nargs="?", default="*", help="such as 'resnet50*'")

    sub = command("predict", predict, "classify pictures", json=True)
    sub.add_argument(
        "--model",
        default="",
        metavar="M",
        help="model folder, weights file, run, shipped or timm name, hf-hub:OWNER/NAME (default: the shipped model)",
    )
    sub.add_argument("--top-k", type=_positive, default=5, metavar="K", help="answers per picture (default 5)")
    sub.add_argument("--device", metavar="D", help="cpu, cuda or mps (default: the best there is)")
    _add_engine(sub)
    sub.add_argument("--csv", metavar="FILE", help="write a table: file, known, label, description, score, error")
    sub.add_argument("paths", nargs="+", metavar="PATH", help="picture, or folder of pictures")

    data = subparsers.add_parser("data", help="import data sets and look at them").add_subparsers(
        required=True, metavar="COMMAND"
    )
    sub = command("import", data_import, "import a folder, zip, tar or CSV", json=True, within=data)
    sub.add_argument(
        "path",
        metavar="PATH",
        help="folder, zip or tar of class folders, or with a CSV beside the pictures; or the CSV itself: a line "
        "filename,label (and group, split), then a row a picture, its name relative to the CSV",
    )
    sub.add_argument("--name", metavar="N", help="what to call it (default: the folder's name)")
    command("list", data_list, "list the imported data sets", within=data)
    sub = command("report", data_report, "tell what was found in a data set", json=True, within=data)
    sub.add_argument("data", metavar="ID")

    sub = command("correct", data_correct, "list corrections of a data set, or make one", json=True, within=data)
    sub.add_argument("data", metavar="ID")
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--label", nargs=2, metavar=("PICTURE", "CLASS"), help="a picture, by its file, shows that class")
    what.add_argument("--leave-out", metavar="PICTURE", help="leave a picture out")
    what.add_argument("--undo", action="store_true", help="take back the last correction")
    what.add_argument("--make", action="store_true", help="make the corrected data set; this one stays as it is")

    sub = command("train", train, "tune a model on a data set, or train one from random weights", json=True)
    _add_settings(sub)
    sub = command("lr-find", lr_find, "try learning rates for a training, from too low to too high", json=True)
    _add_settings(sub)

    sub = command("resume", resume, "go on with a run that was stopped, failed or was lost", json=True)
    sub.add_argument("run", metavar="RUN")
    sub = command("stop", stop, "stop a run: it finishes its step, saves and evaluates")
    sub.add_argument("run", metavar="RUN")
    command("runs", runs, "list the runs", json=True)
    sub = command("report", report, "tell how good a run's model is", json=True)
    sub.add_argument("run", metavar="RUN")
    sub.add_argument("--html", metavar="FILE", help="write it as a page of one file: figures, pictures, settings")
    sub.add_argument("--csv", metavar="FILE", help="write a table of all checked pictures, with a score per class")
    sub = command("export-run", export_run, "take a whole run away: report, predictions, model", json=True)
    sub.add_argument("run", metavar="RUN")
    sub.add_argument("--out", default=".", metavar="DIR", help="where to write NAME-run.zip (default: here)")
    sub = command("import-run", import_run, "bring in a run of another ResNet Lab", json=True)
    sub.add_argument("path", metavar="PATH", help="its zip, or its folder")
    sub = command("delete", delete, "delete a run, which ends without saving if it is on its way, or a data set")
    sub.add_argument("reference", metavar="RUN|DATA")

    sub = command("evaluate", evaluate, "try a model on a part of a data set", json=True)
    sub.add_argument("--model", default="", metavar="M", help="as for predict (default: the shipped model)")
    sub.add_argument("--data", required=True, metavar="D", help="an imported data set, by id or name")
    sub.add_argument("--split", choices=("val", "test", "train", "all"), default="val", help="the part (default: val)")
    sub.add_argument("--device", metavar="D", help="cpu, cuda or mps (default: the best there is)")
    _add_engine(sub)

    sub = command("explain", explain, "see what in a picture speaks for a label: Grad-CAM, as a picture", json=True)
    sub.add_argument("--model", default="", metavar="M", help="as for predict (default: the shipped model)")
    sub.add_argument("--image", required=True, metavar="I", help="the picture")
    sub.add_argument("--label", default="", metavar="L", help="a class that the model knows (default: its answer)")
    sub.add_argument("--out", required=True, metavar="FILE", help="where to write it: .png or .jpg")

    sub = command("export", export, "take a model away, checked, with a script that runs it", json=True)
    sub.add_argument("--model", default="", metavar="M", help="as for predict (default: the shipped model)")
    sub.add_argument("--to", dest="format", choices=FORMATS, required=True, help="the format")
    sub.add_argument("--out", default=".", metavar="DIR", help="where to write NAME-FORMAT.zip (default: here)")

    sub = command("push", push, "send a model folder to the Hugging Face Hub (HF_TOKEN, or hf auth login)", json=True)
    sub.add_argument("--model", required=True, metavar="M", help="a run, a model folder, or a shipped model")
    sub.add_argument("--repo", required=True, metavar="OWNER/NAME", help="where to; it is made if need be")
    sub.add_argument("--public", action="store_true", help="everybody sees it (default: private)")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """An option for each setting, with the page's words."""
    parser.add_argument(
        "--data", required=True, metavar="ID|PATH", help="an imported data set, or a folder, zip, tar or CSV to import"
    )
    parser.add_argument("--model", metavar="M", help="start weights, or the architecture (--mode scratch)")
    parser.add_argument("--settings", metavar="FILE", help="settings as the page saves them; other options go first")
    for field in dataclasses.fields(TrainSettings):
        if field.name in ("data", "model"):
            continue
        kind = next(kind for kind in (int, float, str) if field.type in (kind, kind | None))
        usual = "" if field.default is None else f" (default {field.default})"
        usual += " In mode head it is the last layer's." if field.name in OF_THE_HEAD else ""
        parser.add_argument(
            commands.flag(field.name),
            dest=field.name,
            type=kind,
            choices=CHOICES.get(field.name),
            metavar=None if field.name in CHOICES else {int: "N", float: "X", str: "TEXT"}[kind],
            help=(say(f"help_{field.name}") + usual).replace("%", "%%"),
        )


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="",
        help="what computes the network (default: on a CPU torch at first, then ONNX Runtime where it is faster here)",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _pictures(text: str) -> list[Path]:
    """The picture at a path, or all pictures in the folder there, by name."""
    path = _existing(text)
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if is_picture(file.name) and file.is_file())
        if not found:
            raise UserError("no_pictures_named", path=text)
        return found
    return [path]


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise UserError("path_missing", path=text)
    return path


def _do(options: argparse.Namespace, store: Store, device: str | None, begin: Callable[[], str]) -> None:
    """See the run that `begin` gives to its end, then give its result. Ctrl-C ends it; it can be resumed.

    Processes that were launched together do it themselves: the first one makes it.
    """
    ranks = _ranks(device)
    run = ranks.first(begin() if ranks.rank == 0 else "")
    folder, worker = store.run(run), importlib.import_module("resnet.worker.__main__")
    if ranks.rank:
        return worker.follow(folder)
    print(f"run {run}", file=sys.stderr)
    if ranks.count > 1:
        threading.Thread(target=_watch, args=(folder,), daemon=True).start()
        worker.main(folder)
    else:
        _watch(folder)
    jobs.raise_failure(folder)
    _give(options, jobs.result(folder), lines.outcome)


def _watch(folder: Path) -> None:
    progress = _Progress("", 0)
    while (status := jobs.status(folder))["state"] in jobs.ALIVE:
        progress.show(lines.of_status(status))
        time.sleep(0.1)
    progress.close()


def _ranks(device: str | None) -> Ranks:
    """The processes that accelerate or torchrun has launched together with this one."""
    return join(device_called(device)) if launched()[1] > 1 else ALONE


TOGETHER = (train, resume, predict, evaluate)  # which such processes share out; else the first one does all


def _fetch(reference: str, store: Store) -> None:
    """Bring a model of the Hub's to this machine, unless it is here; first what it is, then how far it has come."""
    found = find(reference, store)
    if not isinstance(found, HubName):
        return
    if found.former:
        print(say("model_former", former=found.former, name=found.name), file=sys.stderr)
    hub, place = importlib.import_module("resnet.weights.hub"), source(found)
    if not hub.cached(place):
        print(downloads.offer(hub.describe(place)), file=sys.stderr)
    progress, pace = _Progress("", 0), hub.Pace()
    hub.download(place, lambda done, total: progress.show(downloads.progress(done, total, pace.note(done))))
    progress.close()


def _give(options: argparse.Namespace, result: dict, told: Callable[[dict], list[str]]) -> None:
    """The result as one JSON object to a file or standard output, or as lines for people."""
    if not options.json:
        print("\n".join(told(result)))
    elif options.json == "-":
        print(json.dumps(result, ensure_ascii=False, allow_nan=False))
    else:
        with _writing(options.json) as file:
            json.dump(result, file, ensure_ascii=False, allow_nan=False, indent=1)


def _write(path: str, text: str) -> None:
    with _writing(path) as file:
        file.write(text)


def _check_target(path: str | None, or_printed: bool) -> None:
    if path == "-" and not or_printed:
        raise UserError("not_written", path=path, reason="only --json goes to standard output")
    if path and path != "-":
        new = not os.path.exists(path)
        _writing(path, "a").close()
        if new:
            os.unlink(path)


def _writing(path: str, mode: str = "w") -> TextIO:
    try:
        return open(path, mode, encoding="utf-8", errors=ESCAPED, newline="")
    except OSError as error:
        raise UserError("not_written", path=path, reason=error.strerror) from None


def _published(row: Published) -> dict:
    """What there is to know of published weights; see resnet.weights.published for the units."""
    names = ("name", "architecture", "tag", "params", "giga_macs", "size", "classes", "license", "noncommercial")
    return {name: getattr(row, name) for name in (*names, "bytes", "top1", "top1_size", "cached")}


class _Progress:
    """One line on standard error that is written over; on a file or pipe, a line every ten seconds."""

    def __init__(self, unit: str, total: int) -> None:
        self.unit, self.total, self.start = unit, total, time.monotonic()
        self.shown_at, self.terminal = self.start, sys.stderr.isatty()  # what is soon done shows nothing
        self.stage, self.stage_start = "", self.start

    def update(self, done: int, total: int | None = None, stage: str = "") -> None:
        if stage != self.stage:
            self.stage, self.stage_start = stage, time.monotonic()
        seconds, total = time.monotonic() - self.stage_start, total or self.total
        speed = done / max(seconds, 1e-9)
        left = f", {(total - done) / speed:.0f} s left" if speed and total else ""
        self.show(f"{stage} {done} of {total} {self.unit}, {speed:.0f}/s{left}".strip())

    def show(self, line: str) -> None:
        now = time.monotonic()
        if now - self.shown_at < (0.2 if self.terminal else 10):
            return
        self.shown_at = now
        width = shutil.get_terminal_size().columns - 1
        print(
            f"\r{line[:width]:{width}}" if self.terminal else line,
            end="" if self.terminal else "\n",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        if self.terminal and self.shown_at > self.start:
            print("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r", end="", file=sys.stderr, flush=True)
