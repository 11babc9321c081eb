"""The page as it is built: without torch, in two languages, with thin callbacks, and closed where it is hosted."""

import ast
import string
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest

from resnet.errors import UserError
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Store
from resnet.text import CATALOGUE
from resnet.ui.language import Words, spoken
from resnet.ui.page import Page, build
from resnet.ui.service import Service

UI = PROJECT / "resnet" / "ui"
LAYOUT = ("__init__", "wire", "_lay_out", "build", "_header", "_wire_language")  # they build, they answer no event


@pytest.mark.parametrize("hosted", [False, True])
def test_the_page_is_built_without_torch(tmp_path: Path, hosted: bool) -> None:
    program = f"""
import sys
from resnet.store import Store
from resnet.ui.page import build
from resnet.ui.service import Service
build(Service(Store.open({str(tmp_path)!r}), hosted={hosted}))
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


def test_callbacks_are_thin() -> None:
    long = []
    for file in UI.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.FunctionDef)
                and not node.name.startswith(LAYOUT)
                and file.name
                in (
                    "classify.py",
                    "finetune.py",
                    "results.py",
                )
            ):
                lines = node.end_lineno - node.body[0].lineno + 1
                long += [f"{file.name}:{node.name} {lines}"] if lines > 15 else []
    assert long == []


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


def test_a_hosted_app_only_classifies(store: Store, data, tmp_path: Path) -> None:
    hosted = Service(store, hosted=True)
    settings = TrainSettings(data=data.id, model="resnet18")
    closed = [
        lambda: hosted.import_from("/etc"),
        hosted.import_samples,
        hosted.datasets,
        lambda: hosted.dataset(data.id),
        lambda: hosted.start(settings),
        lambda: hosted.plan(settings),
        lambda: hosted.stop("x"),
        lambda: hosted.resume("x"),
        lambda: hosted.delete("x"),
        lambda: hosted.status("x"),
        hosted.runs,
        lambda: hosted.report("some run"),
        lambda: hosted.pack("some run", tmp_path),
        lambda: hosted.predictor("resnet50.a1_in1k"),
        lambda: hosted.predictor(str(tmp_path)),
        lambda: hosted.config("../../etc"),
    ]
    for call in closed:
        with pytest.raises(UserError):
            call()
    assert hosted.worth_watching("") == ""


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
