"""Numbers as people say them: percents, durations, dates, and the sentences built from them."""

import math
import os
import time

from resnet.settings import TrainSettings
from resnet.text import CATALOGUE, Message, say

# Characters that turn the direction of writing: with them a name can pass for another, or turn what follows it.
TURNS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
SMALL = 100  # checked pictures; below it the 95 % interval is wider than about ten points either way


def visible(text: str) -> str:
    """Text of somebody else's as it is shown."""
    return text.translate(TURNS)


def problem(message: Message, language: str = "en") -> str:
    """What is wrong, its fields called as the page calls them: "pictures per step is 0 …", not "batch_size is 0 …"."""
    return visible(_as_on_the_page(message).say(language))


def _as_on_the_page(value: object) -> object:
    if isinstance(value, list):
        return [_as_on_the_page(item) for item in value]
    if not isinstance(value, Message):
        return value
    values = {name: _as_on_the_page(item) for name, item in value.values.items()}
    if f"setting_{values.get('field')}" in CATALOGUE:
        values["field"] = Message(f"setting_{values['field']}")
    return Message(value.key, values)


def percent(share: float | None) -> str:
    """0.957 -> "96 %". Only a full share is called 100 %, only an empty one 0 %."""
    if share is None or not math.isfinite(share):
        return "–"
    whole = round(100 * share)
    if 0 < share < 0.005:
        return "< 1 %"
    if share < 1 and whole == 100:
        return "> 99 %"
    return f"{whole} %"


def duration(seconds: float | None, language: str = "en") -> str:
    """130 -> "2 min 10 s"; nothing known -> a dash."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    seconds = max(0, round(seconds))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return say("duration_hours", language, hours=hours, minutes=minutes)
    if minutes:
        return say("duration_minutes", language, minutes=minutes, seconds=seconds % 60)
    return say("duration_seconds", language, seconds=seconds)


def rough(seconds: float, language: str = "en") -> str:
    """An estimate, in steps that do not pretend to precision: 74 -> "1 minute", 130 -> "2 minutes"."""
    if seconds < 50:
        return say("rough_seconds", language, count=max(5, math.ceil(seconds / 5) * 5))
    if seconds < 5400:
        minutes = max(1, round(seconds / 60))
        return say("rough_minute" if minutes == 1 else "rough_minutes", language, count=minutes)
    return say("rough_hours", language, count=round(seconds / 3600))


def day(moment: float | None, language: str = "en") -> str:
    """A moment (seconds since 1970) as "today 14:02" or "2026-11-24 14:02"."""
    if moment is None:
        return "–"
    then, now = time.localtime(moment), time.localtime()
    if then[:3] == now[:3]:
        return say("today", language, clock=time.strftime("%H:%M", then))
    return date(moment)


def date(moment: float) -> str:
    """A moment as "2026-11-24 14:02", which holds on any day."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def said(message: dict, language: str = "en") -> str:
    """A stored message in the reader's language."""
    return visible(Message.from_json(message).say(language))


def headline(report: dict, language: str = "en") -> str:
    """One sentence to quote: “Right on 47 of 49 checked pictures: 96 %, between 86 and 99 %.”"""
    return say("headline", language, percent=percent(report["accuracy"]), **_shares(report))


def besides(report: dict, language: str = "en") -> list[str]:
    """What else is known of how often a model is right: by the final test, and by folds."""
    said = []
    if test := report.get("test"):
        said.append(say("headline_test", language, percent=percent(test["accuracy"]), **_shares(test)))
    if folds := report.get("folds"):
        accuracy = folds["accuracy"]
        mean, spread = percent(accuracy["mean"]), f"{100 * accuracy['sd']:.1f}"
        said.append(say("headline_folds", language, k=folds["k"], mean=mean, spread=spread, **_shares(folds["pooled"])))
    return said


def _shares(report: dict) -> dict[str, object]:
    n, (low, high) = report["n"], report["interval"]
    return {
        "right": f"{round(report['accuracy'] * n):,}",
        "n": f"{n:,}",
        "low": round(100 * low),
        "high": percent(high),
    }


def made_on(report: dict, language: str = "en", *, kept: bool = False) -> str:
    """Which data set a model was made from, how, how long it took, and when; `kept` says that without "today"."""
    summary = report["summary"]
    finished = summary["finished"]
    return say(
        "made_on",
        language,
        data=visible(report["data"]["name"]),
        mode=mode(summary["mode"], language),
        duration=duration(summary["seconds"]["total"], language),
        day=date(finished) if kept else day(finished, language),
    )


def caution(report: dict, language: str = "en") -> str:
    """A plain warning where the checked pictures are too few for the claim, chose the epoch, or were learned from by
    the start model; else nothing."""
    few = [say("few_checked", language, n=report["n"])] if report["n"] < SMALL else []
    chosen = [say("selected_on_validation", language)] if selected(report) else []
    notes = map(Message.from_json, report.get("summary", {}).get("adapted", []))
    return " ".join([*few, *chosen, *(note.say(language) for note in notes if note.key == "checked_seen")])


def selected(report: dict) -> bool:
    """Whether the checked pictures have chosen the epoch of the model."""
    return report.get("split") == "val" and report.get("summary", {}).get("selected") == "validation"


def accuracy_range(summary: dict) -> str:
    """For a table: “96 % (86–99)”, or a dash where nothing was measured."""
    accuracy, interval = summary["accuracy"], summary["interval"]
    if accuracy is None:
        return "–"
    return f"{percent(accuracy)} ({round(100 * interval[0])}–{round(100 * interval[1])})"


def counts(report: dict, language: str = "en") -> str:
    """What an import found: "244 pictures in 2 classes: 195 to learn from, 49 to check with." """
    parts = {part: sum(row[part] for row in report["counts"].values()) for part in ("train", "val", "test")}
    text = say(
        "found",
        language,
        images=f"{sum(parts.values()):,}",
        classes=len(report["counts"]),
        train=f"{parts['train']:,}",
        val=f"{parts['val']:,}",
    )
    if parts["test"]:
        text += " " + say("found_test", language, test=f"{parts['test']:,}")
    return text + " " + say("split_given" if report["split"] == "given" else "split_made", language)


def knows(labels: list[str], descriptions: dict[str, str], language: str = "en") -> str:
    """ "knows 10 things: tench, church, …": what a model can answer, so that nobody asks it for more."""
    named = [word({"label": label, "description": descriptions.get(label, label)}) for label in labels[:12]]
    key = "knows" if len(labels) <= 12 else "knows_among"
    return say(key, language, count=f"{len(labels):,}", things=say("list_comma", language).join(named))


def word(label: dict) -> str:
    """The name of an answer: the first of its words where it has several ("church, church building"), else its key."""
    described = label["description"] != label["label"]
    return visible(label["description"].split(",")[0] if described else label["label"])


def answer(image: dict, language: str = "en") -> str:
    """What was answered of a picture: the best label's name, or that it is unknown, and the nearest one."""
    best = word(image["labels"][0])
    return best if image["known"] else say("unknown_perhaps", language, guess=best)


def table_more(count: int, shown: int, language: str = "en") -> str:
    """That a table of answers does not show all of them; "" where it does."""
    return say("table_more", language, shown=f"{shown:,}", count=f"{count:,}") if count > shown else ""


def mode(name: str, language: str = "en") -> str:
    return say(f"mode_{name}", language)


def state(name: str, language: str = "en") -> str:
    return say(f"state_{name}", language)


def progress(status: dict, language: str = "en") -> str:
    """“fold 2 of 5 · epoch 3 of 8 · 41 images/s · 1 min 10 s left · 900 MB”, as much of it as is known."""
    parts = [say("fold_of", language, fold=status["fold"], folds=status["folds"])] if status["fold"] else []
    parts.append(say(f"stage_{status['stage']}", language))
    if status["epochs"]:
        parts.append(say("epoch_of", language, epoch=status["epoch"] or 0, epochs=status["epochs"]))
    if status["images_per_second"]:
        parts.append(say("speed", language, speed=f"{status['images_per_second']:,.0f}"))
    if status["seconds_left"] is not None:
        parts.append(say("left", language, duration=duration(status["seconds_left"], language)))
    if status["megabytes"]:
        parts.append(say("memory", language, megabytes=f"{status['megabytes']:,}"))
    return " · ".join(parts)


def speed(rate: float, language: str = "en") -> str:
    """Images a second: "83 images/s", "0.4 images/s"."""
    return say("speed", language, speed=f"{rate:,.0f}" if rate >= 9.5 else f"{rate:.1f}")


def model_line(model: dict, language: str = "en") -> str:
    """A model in one line of a list: “pets resnet18d: knows 5 things, 96 % right”."""
    line = say("model_line", language, name=visible(model["name"]), count=f"{model['config'].num_classes:,}")
    accuracy = model["report"].get("accuracy")
    return line if accuracy is None else line + say("model_line_right", language, percent=percent(accuracy))


def result_line(result: dict, language: str = "en") -> str:
    """A run in one line of a list: “pets resnet18d · 96 % · today 14:02”."""
    end = (
        day(result["created"], language) if result["state"] in ("done", "shipped") else state(result["state"], language)
    )
    parts = (visible(result["name"]), percent(result["accuracy"]), end)
    return " · ".join(part for part in parts if part not in ("", "–"))


def data_line(data: dict, language: str = "en") -> str:
    """A data set in one line of a list."""
    return say("data_line", language, name=visible(data["name"]), images=f"{data['images']:,}", classes=data["classes"])


def facts_of(predictions: list[dict], language: str = "en") -> list[str]:
    """Model of each answer; and its time, engine and device: “12 ms on ONNX Runtime, CPU”."""
    return [fact for prediction in predictions for fact in facts(prediction, language)]


def facts(prediction: dict, language: str = "en") -> list[str]:
    """Model of an answer; and its time, engine and device: “12 ms on ONNX Runtime, CPU”."""
    where = engine_on(prediction["engine"], prediction["device"], language)
    return [prediction["model"], say("computed", language, count=f"{1000 * prediction['seconds']:,.0f}", engine=where)]


def engine_on(engine: str, on: str, language: str = "en") -> str:
    """An engine and its device: “ONNX Runtime, CPU”."""
    return say("engine_on", language, engine=Message(f"engine_{engine}"), device=device(on))


def device(name: str) -> str:
    """cuda:1 -> "GPU:1": what people call it."""
    return {"cpu": "CPU", "mps": "Apple GPU"}.get(name, name.replace("cuda", "GPU"))


def machine(name: str, reach: str, language: str = "en") -> str:
    """Where the app runs and on what: "this machine · CPU, 2 cores". reach: local, remote or hosted."""
    cores = say("cores", language, count=os.cpu_count() or 1) if name == "cpu" else ""
    return say(f"badge_{reach}", language, device=device(name) + cores)


def plan(settings: TrainSettings, language: str = "en") -> str:
    """What was chosen where the user left it open: the resolved settings as a sentence."""
    head = settings.mode == "head"
    return say(
        "plan_head" if head else "plan_minutes" if settings.minutes else "plan",
        language,
        minutes=f"{settings.minutes or 0:g}",
        epochs=settings.head_epochs if head else settings.epochs,
        size=settings.image_size,
        batch=settings.batch_size,
        rate=f"{settings.head_learning_rate if head else settings.learning_rate:g}",
        seed=settings.seed,
    )


def start(settings: TrainSettings, seconds: float, language: str = "en") -> str:
    """The button that starts a run, with about how long it takes; see resnet.jobs.estimate."""
    key = "start_on_several" if on_several(settings) else "start"
    return say(key, language, duration=rough(seconds, language))


def on_several(settings: TrainSettings) -> bool:
    """Whether an estimate, which is of one device, is not that of the run."""
    return (settings.devices or 1) > 1 and not settings.minutes


def worker(megabytes: int | None, language: str = "en") -> str:
    """That a worker waits, and the memory it takes; "" where none does."""
    if megabytes is None:
        return ""
    return say("worker_waits" if megabytes else "worker_waits_somehow", language, megabytes=megabytes)


def setting(name: str, value: object, language: str = "en") -> str:
    """A setting's value: a choice in its words, a number in few digits."""
    if f"choice_{name}_{value}" in CATALOGUE:
        return say(f"choice_{name}_{value}", language)
    return f"{value:g}" if isinstance(value, float) else visible(str(value))


def automatic(name: str, value: object, language: str = "en") -> str:
    """What a setting that is left open comes to; value: as it was resolved, None where only the run will tell."""
    if value is None:
        return say(f"open_{name}" if f"open_{name}" in CATALOGUE else "automatic", language)
    return say("automatic_is", language, value=setting(name, value, language))
