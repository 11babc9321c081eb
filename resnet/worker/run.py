"""The part of a run that needs torch: train, save, evaluate, deliver."""

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from resnet.data import decoder
from resnet.data.dataset import Dataset, Record
from resnet.errors import UserError
from resnet.evaluation.card import model_card
from resnet.evaluation.evaluate import Evaluation, examine
from resnet.evaluation.metrics import fit_temperature
from resnet.evaluation.predictions import FOLDS, NOW, PREDICTIONS, TEST, write_predictions
from resnet.nn.network import ResNet
from resnet.predictor import Predictor, built
from resnet.predictor.ranks import ALONE, Ranks, join
from resnet.predictor.torch_engine import best_device, check_device, device_count, fast_precision
from resnet.settings import TrainSettings, device_queue, resolve
from resnet.store import Store, append_line, put_in_place, read_lines, replacing, write_json
from resnet.text import Message
from resnet.training.stage import Chosen, Divided, Event, Pictures, Progress, State, Validated, Validating
from resnet.training.trainer import Trainer
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.models import create_model, load_for_training
from resnet.weights.preprocessing import Preprocessing
from resnet.worker import checkpoint, speeds
from resnet.worker.folds import Folds
from resnet.worker.pictures import check_content, check_sizes
from resnet.worker.record import read_settings
from resnet.worker.report import report_of
from resnet.worker.siblings import sharing_problems
from resnet.worker.status import Control, Status, ToldToEnd

try:
    import resource
except ImportError:  # Windows
    resource = None

SAVE_AT_MOST = 60  # seconds of work between two saves
# An epoch is saved at its end, but not before ten times as long was worked as the last save took: where epochs are
# shorter than that, several are saved together, so that saving costs about a tenth of the time at most.
SAVE_COST = 10
# What a run takes on the disk, in sizes of its model: three saves while the third is being written, each of weights,
# averages and momentum; two models likewise. And the best epoch's weights in each, where validation selects it.
ROOM = 3 * 3 + 2
BEST_ROOM = 3 + 2
FOLDS_ROOM = 1  # and the start weights once, where several models begin with them


def warm_up() -> None:
    """Do ahead of a run what the first step would have to wait for."""
    decoder.warm_up()
    F.conv2d(torch.zeros(1, 3, 32, 32), torch.zeros(8, 3, 3, 3))  # the first one starts threads
    importlib.import_module("torch._dynamo")  # which torch's optimizers load when they are made; it takes over a second


def settle(folder: Path) -> None:
    """Write down device, precision and engine of a run at its first start: only torch knows them for sure.

    What an older version did not settle yet is settled too.
    """
    record = read_settings(folder)
    settings, preprocessing = TrainSettings(**record["settings"]), Preprocessing.from_config(record["preprocessing"])
    data = Dataset.open(Store.of(folder).dataset(settings.data))
    images, size, crop_mode = len(data.part("train")), preprocessing.size, preprocessing.crop_mode
    settings = resolve(settings, images=images, model_size=size, crop_mode=crop_mode)
    if problems := sharing_problems(settings, data):  # it may go on as more processes than it was started as
        raise UserError.of(problems)
    device = check_device(settings.device) if settings.device else best_device()
    if not 1 <= (settings.devices or 1) <= device_count(device):
        raise UserError("devices_too_few", devices=settings.devices, device=device, n=device_count(device))
    precision = settings.precision or fast_precision(device)
    if "engine" not in record:  # a run goes on with what it began with: torch, where it was settled by an older version
        known = device == "cpu" and "threads" not in record and built.faster(record["architecture"], Store.of(folder))
        record["engine"] = known or "torch"
    record["settings"] = asdict(replace(settings, device=device, precision=precision))
    record["queue"] = device_queue(device)
    record["versions"]["torch"] = torch.__version__
    record["threads"] = torch.get_num_threads()
    write_json(folder / "settings.json", record)


def run(folder: Path, status: Status, control: Control, began: float) -> str:
    """Train a settled run from wherever it stands and deliver the model; returns how it ended, "done" or "stopped".

    began: the monotonic time at which it was this run's turn.
    Where this process is one of several ranks, it is the first, and followers (resnet.worker.follower) work with it.
    Raises ToldToEnd where the process was told to end, UserError for all that the user can mend.
    """
    ranks = join(read_settings(folder)["settings"]["device"])
    work = Run(folder, status, control, began, ranks)
    ranks.first(None)  # followers look at the folder after it was put in order
    return work.run()


class Run:
    """All ranks of a run do the same, at the same time; only the first writes: see `Follower`."""

    def __init__(self, folder: Path, status: Status, control: Control, began: float, ranks: Ranks = ALONE) -> None:
        self.ranks = ranks
        self.folder, self.status, self.control = folder, status, control
        self.store = Store.of(folder)
        self.record = read_settings(folder)
        self.settings = TrainSettings(**self.record["settings"])
        self.settings = replace(self.settings, device=ranks.device or self.settings.device)
        self.data = Dataset.open(self.store.dataset(self.settings.data))
        check_sizes(self.data.records)
        saved, damaged = checkpoint.load(folder / "last")
        if damaged:
            self._tell(Message("run_save_damaged" if saved else "run_saves_damaged"))
        # seconds of work so far; decode: before learning, and waiting for pictures in train; total: torch's start too
        self.seconds = {"decode": 0.0, "train": 0.0, "evaluate": 0.0, "total": 0.0}
        self.later = 0.0  # seconds that the stages after the present one will take
        self.lines = 0  # of metrics.jsonl
        self.images = 0  # pictures that went through the network
        self.folds = Folds(self.data, self.settings)
        self.timed: dict[str, tuple[float, int]] = {}  # kind of work -> seconds, pictures or steps, since it was begun
        self.whole = saved is None  # whether all of the run is timed
        self.adapted: list[dict] = []  # what was changed so that start weights and steps fit, as messages
        self.saved, self.save_took, self.unsaved = time.monotonic(), 0.0, False
        self._take_up(saved)
        self.began = began - self.seconds["total"]  # as if all of its work were one piece

    def run(self) -> str:
        try:
            stopped = not (self._try_folds() and self._train())
        except UserError as error:
            if error.message.key == "loss_not_finite":
                self._deliver_last_save()
            raise
        if not self._has_learned():
            key = "run_stopped_in_folds" if self.folds.present else "run_stopped_unlearned"
            self.status.update(message=Message(key).to_json())
            return "stopped"
        self._deliver(stopped)
        if self.whole and not stopped and self.ranks.count == 1:
            self._note_speeds()
        return "stopped" if stopped else "done"

    def _tell(self, message: Message) -> None:
        """Words that stay with the run, in the page and in log.txt."""
        self.status.update(message=message.to_json())
        self._say(message)

    def _say(self, message: Message) -> None:
        print(message.say(), file=sys.stderr)

    def _deliver_last_save(self) -> None:
        """The last good model of a run whose loss is not finite any more, where there is one."""
        saved, _ = checkpoint.load(self.folder / "last")
        if saved:
            self._take_up(saved)
            if self._has_learned():
                self._deliver(stopped=True)

    def _has_learned(self) -> bool:
        """Whether there is something to deliver."""
        return self.folds.present is None and not self.trainer.learned_nothing()

    def _trainer(self, fresh: bool) -> Trainer:
        """The trainer on the start weights, with a new classifier where the classes are other ones.

        A run that was saved before brings its own weights: those it started from may be gone.
        """
        settings, labels = self.settings, self.data.classes
        torch.manual_seed(settings.seed)
        preprocessing = Preprocessing.from_config(self.record["preprocessing"])
        if settings.mode == "scratch" or not fresh:
            model = create_model(self.record["architecture"], num_classes=len(labels))
        else:
            model = self._start()
        license = self.record.get("license")  # what is made of weights is bound by theirs
        self.config = ModelConfig(self.record["architecture"], labels, preprocessing, license=license)
        parts = (pictures(self.data, records) for records in self.folds.parts())
        tested = [] if self.folds.present else self.data.part("test")
        engine, looks = self.record.get("engine", "torch"), 1 + len(tested) / len(self.data.part("val"))
        settings = replace(settings, minutes=self.folds.minutes)
        return Trainer(model, preprocessing, *parts, settings, engine, self._clock, looks, self.ranks)

    def _clock(self) -> float:
        """Seconds of work since the present model's turn came."""
        return time.monotonic() - self.began - self.folds.since

    def _start(self) -> ResNet:
        """The start weights. With folds they are kept in the run's folder: several models begin with them."""
        kept, _ = checkpoint.load(self.folder / "start")
        if kept:
            model = create_model(self.record["architecture"], num_classes=len(self.data.classes))
            model.load_state_dict(kept[0])
            return model
        model = load_for_training(self.settings.model, self.data.classes, self.store)
        self.adapted = [*self.record.get("notes", []), *(message.to_json() for message in model.adapted)]
        if self.settings.folds:
            self._write_state("start", (model.state_dict(), {}))
        return model

    def _write_state(self, place: str, state: State) -> None:
        checkpoint.save(self.folder / place, state)

    def _take_up(self, state: State | None) -> None:
        """A trainer as of the last save, or a new one, and what had been written by then."""
        self.chosen = state[1].get("chosen", {}) if state else {}  # settings by name
        self.settings = replace(self.settings, **self.chosen)
        if state:
            self.folds.load_state(state)
        self.trainer = self._trainer(fresh=state is None)
        room = ROOM + (BEST_ROOM if self.settings.patience else 0) + (FOLDS_ROOM if self.settings.folds else 0)
        self.status.room = room * sum(t.nbytes for t in self.trainer.delivered().state_dict().values())
        if state:
            self.trainer.load_state(state)
            counters = state[1]
            self.seconds, self.images, self.lines = counters["seconds"], counters["images"], counters["lines"]
            self.adapted = counters.get("adapted", [])
        self._keep_lines()

    def _keep_lines(self) -> None:
        """metrics.jsonl as far as the save knows it."""
        metrics = self.folder / "metrics.jsonl"
        kept = read_lines(metrics)[: self.lines]
        with replacing(metrics) as temporary:
            temporary.touch()
            for line in kept:
                append_line(temporary, line)

    def _try_folds(self) -> bool:
        """Train a model for each fold and try it there; whether all of that came to its planned end."""
        while self.folds.present:
            if not self._train():
                return False
            start = time.monotonic()
            predictor = self._written(self.folder / ".draft")
            evaluation = self._examine(predictor, self.folds.parts()[1], self.trainer.known_logits())
            self.folds.note(evaluation, self.ranks.first(time.monotonic() - self.began))
            self.seconds["evaluate"] += time.monotonic() - start
            self.settings, self.chosen = replace(self.settings, **dict.fromkeys(self.chosen)), {}
            before, self.trainer = self.trainer, self._trainer(fresh=True)
            self.trainer.follow(before)
            self._save()
        return True

    def _train(self) -> bool:
        """Whether the training of the present model came to its planned end."""
        pace = _Pace()
        for event in self.trainer.fit():
            self.status.leave_if_deleted()
            self.unsaved = True
            if isinstance(event, Progress):
                self._note_progress(event, pace)
            elif isinstance(event, Divided):
                self._note_divided(event)
            elif isinstance(event, Chosen):
                self._note_chosen(event)
            else:
                self.seconds["evaluate"] += pace.seconds()
                self._time_validation(event, pace.seconds())
            if isinstance(event, Validated):
                self._note_validation(event)
                self._write_best(event)
            told, due = self.ranks.any(self.control.told_to_end, self._save_is_due(event))
            if told or due:
                self._save()
            self.control.leave_if_told()
            if told:  # another rank was
                raise ToldToEnd
            if any(self.ranks.any(self.control.asked_to_stop)):
                self.status.update(state="stopping")
                self._save()
                return False
            pace.next()
        if self.unsaved:  # else only the evaluation is to be done again
            self._save()
        return True

    def _note_progress(self, event: Progress, pace: "_Pace") -> None:
        took, work = pace.took(event), event.stage if event.stage in ("decode", "features", "head") else "training"
        self._time(work, took, 1 if work == "head" else event.images)
        self.seconds["decode" if event.stage == "decode" else "train"] += took
        self.seconds["decode"] += event.waited
        self.images += event.images if event.stage not in ("head", "decode") else 0  # that went through the network
        speed = pace.speed if event.stage != "head" else None
        if event.train_loss is not None:
            self._log(event, train_loss=event.train_loss, learning_rate=event.learning_rate, images_per_second=speed)
            self.status.update(train_loss=event.train_loss)
        self.status.update(
            stage=event.stage,
            epoch=event.epoch,
            epochs=event.epochs,
            step=event.step,
            steps=event.steps,
            images_per_second=speed,
            megabytes=_most_memory(self.settings.device),
            fold=self.folds.present,
            folds=self.settings.folds,
            seconds_left=self._left(event, pace),
        )

    def _left(self, event: Progress, pace: "_Pace") -> float:
        """Seconds of training that are left, those of the models to come like those of this one."""
        if self.settings.minutes:
            return max(0.0, 60 * self.settings.minutes - (time.monotonic() - self.began))
        once = event.stage == "features" and self.settings.mode == "head"
        steps = event.steps - event.step + (0 if once else self.folds.after * event.steps)
        return pace.seconds_per_step * steps + (1 + self.folds.after) * self._later(event, pace)

    def _later(self, event: Progress, pace: "_Pace") -> float:
        """Seconds that the stages after this one will take, from the speed at which features were computed.

        A training step costs three forward passes: one forward, two backward (Kaplan et al. 2020, section 2.1).
        """
        if event.stage == "features" and self.settings.mode == "auto":
            share = (self.settings.train_size / self.settings.image_size) ** 2
            train, val = self.folds.parts()
            forward = len(val) + 3 * share * len(train)
            self.later = self.settings.epochs * forward / pace.speed
        return self.later if event.stage in ("features", "head", "decode") else 0.0

    def _note_chosen(self, event: Chosen) -> None:
        """What was chosen is a setting like those that were said."""
        self.chosen[event.setting] = event.value
        self.settings = replace(self.settings, **self.chosen)
        values = {"setting": event.setting, "value": f"{event.value:.2g}"}
        self._say(Message("run_chosen" if event.tried else "run_usual", values))

    def _time_validation(self, event: Validating | Validated, seconds: float) -> None:
        if isinstance(event, Validating):
            self._time("evaluation", seconds, 0)
        elif event.stage != "head":  # which looks at its features
            self._time("evaluation", seconds, len(event.logits))

    def _time(self, work: str, seconds: float, count: int) -> None:
        before, counted = self.timed.get(work, (0.0, 0))
        self.timed[work] = before + seconds, counted + count

    def _note_speeds(self) -> None:
        """What estimates of later runs go by."""
        settings = self.settings
        kind = {
            "device": settings.device.split(":")[0],
            "cores": os.cpu_count() or 1,
            "architecture": self.record["architecture"],
            "size": settings.image_size,
            "precision": None,
        }
        rows = [{**kind, "work": work, "speed": count / seconds} for work, (seconds, count) in self.timed.items()]
        for row in rows:
            if row["work"] == "training":
                row.update(size=settings.train_size, precision=settings.precision)
        rest = self.seconds["total"] - sum(seconds for seconds, _ in self.timed.values())
        if not settings.folds:  # with them it is that of several models
            rows.append({**kind, "work": "rest", "speed": rest})
        with contextlib.suppress(UserError, OSError):  # the run is whole without
            speeds.note(self.store, rows)

    def _note_divided(self, event: Divided) -> None:
        message = Message("run_divided", {"batch": event.batch, "images": event.images})
        self._tell(message)
        kept = [note for note in self.adapted if note["key"] != message.key]
        self.adapted = [*kept, message.to_json()]
        self._save()  # what follows goes on from here to the same bits

    def _note_validation(self, event: Validated) -> None:
        self._log(event, val_loss=event.val_loss, val_accuracy=event.val_accuracy)
        self.status.update(val_accuracy=event.val_accuracy)
        if event.stage != "head" and not self.folds.present:  # a head's epochs pass by too fast to be looked at
            write_predictions(self.folder / NOW, self.data.part("val"), event.logits)

    def _write_best(self, event: Validated) -> None:
        """best/: the model of the best epoch so far, where validation selects it."""
        if self.settings.patience and event.epoch == getattr(self.trainer.stage, "best_epoch", None):
            draft = self.folder / ".best"
            self._write_model(draft)
            put_in_place(draft, self.folder / "best")

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: tensor.contiguous() for name, tensor in self.trainer.delivered().state_dict().items()}

    def _log(self, event: Progress | Validated, **figures: float | None) -> None:
        epoch = round(event.passed, 4) if isinstance(event, Progress) else event.epoch
        place = {"stage": event.stage, "epoch": epoch, "step": event.step}
        if self.folds.present:
            place["fold"] = self.folds.present
        append_line(self.folder / "metrics.jsonl", {"time": time.time(), **place, **figures})
        self.lines += 1

    def _save_is_due(self, event: Event) -> bool:
        since = time.monotonic() - self.saved
        return since > SAVE_AT_MOST or (isinstance(event, Validated) and since > SAVE_COST * self.save_took)

    def _save(self) -> None:
        start = time.monotonic()
        (tensors, counters), (more_tensors, more_counters) = self.trainer.state(), self.folds.state()
        self.seconds["total"] = time.monotonic() - self.began
        counters |= {"seconds": self.seconds, "images": self.images, "lines": self.lines}
        counters |= {"adapted": self.adapted, "chosen": self.chosen}
        self._write_state("last", (tensors | more_tensors, counters | more_counters))
        self.saved = time.monotonic()
        self.save_took, self.unsaved = self.saved - start, False

    def _deliver(self, stopped: bool) -> None:
        """Write the model, evaluate the file as it was written, and put it in its place with what came out.

        A model that was delivered before stays until then. The test part is looked at once: by the model of a run
        that came to its planned end.
        """
        self.status.update(stage="evaluate", seconds_left=None)
        start, draft = time.monotonic(), self.folder / ".draft"
        predictor = self._written(draft)
        val = self._examine(predictor, self.data.part("val"), self.trainer.known_logits())
        self.config = predictor.config = replace(self.config, temperature=fit_temperature(val.logits, val.targets))
        tested = [] if stopped else self.data.part("test")
        test = self._examine(predictor, tested) if tested else None
        self.seconds["evaluate"] += time.monotonic() - start
        self.seconds["total"] = time.monotonic() - self.began
        self._write_delivered(draft, val, test, stopped)

    def _write_delivered(self, draft: Path, val: Evaluation, test: Evaluation | None, stopped: bool) -> None:
        report = report_of(self, val, test, stopped)
        self.config = replace(self.config, summary=report["summary"])
        write_folder(draft, self._weights(), self.config, card=model_card(self.config, report), report=report)
        write_predictions(self.folder / PREDICTIONS, val.records, val.logits)
        if test:
            write_predictions(self.folder / TEST, test.records, test.logits)
        (self.folder / NOW).unlink(missing_ok=True)
        self.folds.write(self.folder / FOLDS)
        put_in_place(draft, self.folder / "model")
        write_json(self.folder / "report.json", report)
        self.status.update(val_accuracy=report["accuracy"])

    def _written(self, folder: Path) -> Predictor:
        """The model as it stands, from the folder to which it was written."""
        self._write_model(folder)
        self.ranks.first(None)  # it is there
        return Predictor(folder, self.settings.device, self.store, "torch")

    def _write_model(self, folder: Path) -> None:
        write_folder(folder, self._weights(), self.config, card=model_card(self.config, None))

    def _examine(self, predictor: Predictor, records: Sequence[Record], known: np.ndarray | None = None) -> Evaluation:
        start, looked_at = time.monotonic(), 0

        def note(done: int, total: int) -> None:
            nonlocal looked_at
            looked_at += 1
            self.control.leave_if_told()
            left = (time.monotonic() - start) / done * (total - done)
            self.status.update(**({} if self.folds.present else {"seconds_left": left}))  # else more is to come

        check_content([records[place] for place in self.ranks.share(len(records))])
        begun = time.monotonic()
        evaluation = examine(predictor, self.data, records, note, self.ranks, known)
        self._time("evaluation", time.monotonic() - begun, looked_at)
        return evaluation


def pictures(data: Dataset, records: Sequence[Record]) -> Pictures:
    return Pictures([r.path for r in records], [r.target for r in records], [r.group for r in records], data)


class _Pace:
    """Time per step and images per second, smoothed over about ten steps of a stage."""

    def __init__(self) -> None:
        self.stage, self.seconds_per_step, self.speed = None, 0.0, 0.0
        self.next()

    def next(self) -> None:
        """What follows is work on the next step."""
        self.start = time.monotonic()

    def seconds(self) -> float:
        return max(time.monotonic() - self.start, 1e-6)

    def took(self, event: Progress) -> float:
        seconds = self.seconds()
        steps = event.images if event.stage in ("features", "decode") else 1  # these count pictures
        share = 1.0 if event.stage != self.stage else 0.1
        self.stage = event.stage
        self.seconds_per_step += share * (seconds / steps - self.seconds_per_step)
        self.speed += share * (event.images / seconds - self.speed)
        return seconds


def _most_memory(device: str) -> int | None:
    """MB that this process has taken at most: of a GPU's memory, or of the machine's; None where that is not told."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved(device) // 10**6
    if resource is None:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 10**6
