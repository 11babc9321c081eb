"""The page as it is built: without torch, in two languages, with thin callbacks, and closed where it is hosted."""

import ast
import os
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from resnet import text
from resnet.errors import UserError
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Store, write_json
from resnet.text import CATALOGUE
from resnet.ui.language import Words, spoken
from resnet.ui.page import Page, build
from resnet.ui.service import Service
from resnet.weights.find import default_model
from resnet.weights.folder import WEIGHTS, read_config

UI = PROJECT / "resnet" / "ui"
LAYOUT = {  # they build the page or serve it, and answer no event
    *("classify.py:__init__", "classify.py:wire", "finetune.py:_lay_out_pictures", "plan.py:__init__"),
    *("finetune.py:wire", "results.py:wire", "page.py:build", "page.py:_header", "page.py:on", "plots.py:_plot"),
    *("results.py:_lay_out_details", "looking.py:__init__"),
    *("endpoints.py:add", "server.py:serve", "server.py:launch", "theme.py:theme"),
}


@pytest.mark.parametrize("reach", ["local", "remote", "hosted"])
def test_the_page_is_built_without_torch(tmp_path: Path, reach: str) -> None:
    program = f"""
import sys
from resnet.store import Store
from resnet.ui.page import build
from resnet.ui.service import Service
build(Service(Store.open({str(tmp_path)!r}), {reach!r}))
print([name for name in ("torch", "torchvision", "timm", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not list(UI.glob("*.pyi"))


def test_every_string_has_the_same_values_in_both_languages() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    differing = [key for key, (english, chinese) in CATALOGUE.items() if names(english) != names(chinese)]
    assert differing == []
    assert [key for key, pair in CATALOGUE.items() if not all(pair)] == []


def test_no_string_takes_the_place_of_another() -> None:
    keys = [
        key
        for topic in (
            text.classify,
            text.data,
            text.exports,
            text.page,
            text.results,
            text.runs,
            text.views,
            text.weights,
        )
        for key in topic.STRINGS
    ]
    assert sorted(keys) == sorted(CATALOGUE)


def test_the_registry_says_every_fixed_string_in_both_languages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registries: list[Words] = []
    original = Page.__init__

    def keeping(page: Page, service: Service) -> None:
        original(page, service)
        registries.append(page.words)

    monkeypatch.setattr(Page, "__init__", keeping)
    build(Service(store))
    (words,) = registries
    assert len(words.keys) > 60
    assert [key for key in words.keys if key not in CATALOGUE] == []
    english, chinese = words.updates("en"), words.updates("zh")
    assert len(english) == len(chinese) == len(words.components())
    assert sum(one != other for one, other in zip(english, chinese, strict=True)) > 50


def test_a_visit_asks_for_what_is_seen_first_and_another_language_for_nothing_twice(store: Store) -> None:
    demo = build(Service(store))
    names = {part["id"]: part["props"].get("elem_id") for part in demo.config["components"]}
    events = [
        (names.get(target), name, event) for event in demo.config["dependencies"] for target, name in event["targets"]
    ]
    loads = [event["outputs"] for _, name, event in events if name == "load" and event["backend_fn"]]
    assert [[names[part] for part in outputs] for outputs in loads] == [
        ["language"],
        ["classify-model", "classify-beside"],
    ]
    said = [event for part, name, event in events if (part, name) == ("language", "change")]
    assert len(said) > 20 and {event["trigger_mode"] for event in said} == {"multiple"}
    assert len(said[0]["outputs"]) > 100  # the words come before all that is computed


def test_callbacks_are_thin() -> None:
    long = set()
    for file in UI.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.body[0].lineno + 1 > 15:
                long.add(f"{file.name}:{node.name}")
    assert long == LAYOUT


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ({}, "", "en"),
        ({}, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ({}, "fr-FR,fr;q=0.9", "en"),
        ({"lang": "zh"}, "en", "zh"),
        ({"lang": "../x"}, "zh", "zh"),
    ],
)
def test_the_visitor_is_spoken_to(query: dict, accepted: str, language: str) -> None:
    assert spoken(query, accepted) == language


def test_a_hosted_app_only_classifies(store: Store, tmp_path: Path) -> None:
    hosted = Service(store, "hosted")
    closed = [
        lambda: hosted.datasets,
        lambda: hosted.runs,
        lambda: hosted.results.report("some run"),
        lambda: hosted.results.embed("some run"),
        lambda: hosted.results.set_threshold("some run", 0.5),
        lambda: hosted.results.report_page("some run", "en"),
        lambda: hosted.results.predictions_table("some run"),
        lambda: hosted.models.export("some run", "onnx"),
        lambda: hosted.models.push("resnet18d.imagenette", "me/x", "hf_x", True),
        lambda: hosted.models.predictor("resnet50.a1_in1k"),
        lambda: hosted.models.predictor(str(tmp_path)),
        lambda: hosted.models.offer("resnet50.a1_in1k"),
        lambda: hosted.models.start_download("resnet50.a1_in1k"),
        lambda: hosted.models.cancel_download("resnet50.a1_in1k"),
        lambda: hosted.models.config("../../etc"),
    ]
    for call in closed:
        with pytest.raises(UserError):
            call()


@pytest.fixture
def run(store: Store, small_model: Path) -> Path:
    """The folder of a run that is called as the shipped model is, and has a model of its own."""
    folder = store.runs / "0123456789abcdef"
    shutil.copytree(small_model, folder / "model")
    write_json(folder / "name.json", {"name": default_model().name})
    return folder


def test_a_run_called_as_a_shipped_model_does_not_stand_in_for_it(store: Store, run: Path, data) -> None:
    service, shipped = Service(store), default_model()
    assert service.models.config(shipped.name).labels == read_config(shipped).labels
    assert service.models.config(run.name).labels != read_config(shipped).labels
    planned = service.runs.plan(TrainSettings(data=data.id, model=shipped.name))
    assert planned.architecture == read_config(shipped).architecture
    assert service.models.predictor("") is service.models.predictor(shipped.name)
    assert service.models.predictor(run.name) is not service.models.predictor(shipped.name)
    assert service.models.predictor(run.name).name == shipped.name


def test_a_model_that_changed_is_loaded_again_and_a_deleted_one_leaves(store: Store, run: Path) -> None:
    service = Service(store)
    before = service.models.predictor(run.name)
    assert service.models.predictor(run.name) is before
    os.utime(run / "model" / WEIGHTS, (1, 1))
    assert service.models.predictor(run.name) is not before
    shutil.rmtree(run)
    service.models.predictor("")
    assert [found for found, *_ in service.models._predictors] == [default_model()]


def test_a_data_set_is_deleted_with_its_pictures(store: Store, data) -> None:
    service = Service(store)
    service.datasets.delete(data.id)
    assert service.datasets.all() == [] and not data.folder.exists()


def test_what_the_machine_refuses_is_a_sentence_too(store: Store) -> None:
    page = Page(Service(store))
    with gr.Blocks():
        page.language, box, shown, note = gr.Radio(["en", "zh"]), gr.Textbox(), gr.Textbox(), gr.HTML()
        event = page.on(box.change, lambda path, language: Path(path).read_text(), [box], [shown], note)
    assert "The machine refuses: Is a directory" in event.fn("/", "en")[1]


def test_a_call_may_answer_in_steps_and_be_refused_in_the_middle(store: Store) -> None:
    page, closed = Page(Service(store)), []

    def count(value: str, language: str) -> Iterator[str]:
        try:
            yield f"{value}1"
            yield f"{value}2"
            raise UserError("no_folder_given")
        finally:
            closed.append(value)

    with gr.Blocks():
        page.language, box, shown, note = gr.Radio(["en", "zh"]), gr.Textbox(), gr.Textbox(), gr.HTML()
        event = page.on(box.change, count, [box], [shown], note)
        alone = page.on(box.change, count, [box], [shown])
    *steps, (kept, said) = event.fn("a", "en")
    assert steps == [["a1", ""], ["a2", ""]]
    assert kept == gr.skip() and "Give the path" in said
    watched = alone.fn("b", "en")
    assert next(watched) == "b1"
    watched.close()
    assert closed == ["a", "b"]


def test_a_user_error_becomes_a_sentence_in_the_visitors_language(store: Store) -> None:
    page = Page(Service(store))

    def refuse(value: str, language: str) -> str:
        raise UserError("no_folder_given")

    with gr.Blocks():
        page.language = gr.Radio(["en", "zh"])
        box, shown, note = gr.Textbox(), gr.Textbox(), gr.HTML()
        event = page.on(box.change, refuse, [box], [shown], note)
    kept, said = event.fn("x", "zh")
    assert kept == gr.skip()
    assert "请给出" in said
