"""A run's report as one page to keep or to send: it needs no network, no script and no other file."""

from pathlib import Path

import pandas as pd

from resnet.data.dataset import Dataset
from resnet.text import say
from resnet.views import curves, figures, sentences, tables
from resnet.views.figures import escape

STYLES = (Path(__file__).with_name("report.css"), curves.STYLE)
LANGUAGE = {"en": "en", "zh": "zh-Hans"}  # as HTML names it
# What a reader's browser may do with it: nothing but to show what is in it.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
PAGE = f"""<!doctype html>
<html lang="{{language}}"><head><meta charset="utf-8"><title>{{name}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<style>{{style}}</style></head>
<body><main><h1>{{name}}</h1>{{headline}}{{body}}<footer>{{made}}</footer></main></body></html>
"""


def html(report: dict, data: Dataset | None, words: dict[str, str], language: str = "en") -> str:
    """The page of a report.

    Args:
        report: as report.json has it.
        data: the data set of which it is, where that is here: its pictures are shown, as small copies.
        words: class keys -> what people call them, where that differs.
    """
    name = escape(report["model"])
    suspects = tables.suspects(report, data, words, language)
    nothing = figures.lines(say("no_suspects", language))
    doubt = figures.lines(say("suspects_help", language)) + table(suspects) if len(suspects) else nothing
    parts = [
        ("part_curves", curves.drawings(report["curves"], language)),
        ("part_confusion", figures.confusion(report, words, language)),
        ("part_classes", figures.per_class(report, words, language)),
        ("part_mistakes", figures.mistakes(report, data, words, language)),
        ("part_suspects", doubt),
        ("part_settings", table(tables.settings(report, language))),
        ("part_versions", table(tables.versions(report, language))),
    ]
    body = "".join(f"<section><h2>{escape(say(key, language))}</h2>{part}</section>" for key, part in parts if part)
    made = say("report_made", language, day=sentences.date(report["summary"]["finished"]))
    page = {
        "language": LANGUAGE[language],
        "name": name,
        "style": "".join(style.read_text("utf-8") for style in STYLES),
    }
    headline = figures.headline(report, language, kept=True)
    return PAGE.format(**page, headline=headline, body=body, made=escape(made))


def table(frame: pd.DataFrame) -> str:
    """A table as HTML, every cell escaped."""
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return f'<div class="scroll"><table class="plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
