"""Lines to copy: whatever a model or a file is called, they are what they seem."""

import ast
import shlex

import pytest

from resnet.views import commands


@pytest.mark.parametrize("name", ["resnet50", 'it\'s "mine"', "模型 $(id) `id`", "a\\", "\N{GRINNING FACE}"])
def test_names_are_quoted(name: str) -> None:
    code = ast.parse(commands.python_call("http://127.0.0.1:7860", name, name))
    texts = [node.value for node in ast.walk(code) if isinstance(node, ast.Constant)]
    assert texts.count(name) == 2 and "http://127.0.0.1:7860" in texts
    upload, ask, _ = commands.curl_call("https://me-lab.hf.space/", name, name).splitlines()
    assert f"files=@{name}" in shlex.split(upload)
    assert "https://me-lab.hf.space/gradio_api/call/classify" in ask


def test_a_login_is_asked_for_where_the_visitor_has_one() -> None:
    assert 'Client("http://x", auth=("me", "PASSWORD"))' in commands.python_call("http://x", "", user="me")
    assert 'Client("http://x")' in commands.python_call("http://x", "")
