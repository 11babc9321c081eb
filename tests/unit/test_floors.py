"""The architecture, held to: a floor imports only the floors below it, and heavy packages stay where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from resnet.store import PROJECT

# from the top down; those of one line may not import each other
FLOORS = [
    {"ui", "cli", "__main__"},
    {"views"},
    {"jobs"},
    {"worker"},
    {"training"},
    {"evaluation"},
    {"exporters"},
    {"predictor"},
    {"data"},
    {"weights"},
    {"nn"},
    {"errors", "settings", "store", "text"},
]
BOTTOM = FLOORS[-1]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
FILES = sorted((PROJECT / "resnet").rglob("*.py"))


def imports(file: Path) -> set[str]:
    """The full names of the modules that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            names |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return names


def floor(file: Path) -> str:
    return file.relative_to(PROJECT / "resnet").parts[0].removesuffix(".py")


def test_the_walk_sees_every_floor_that_exists():
    found = {floor(file) for file in FILES} - {"__init__"}
    assert found <= LEVEL.keys()
    assert len(FILES) > 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_imports_go_down_only(file):
    own = floor(file)
    if own == "__init__":
        return  # the package's front door names functions of every floor, and loads them late
    top = LEVEL[own] == 0  # only there may the front door be used, behind which are all floors
    for name in imports(file):
        assert top or name != "resnet", f"{own} imports the whole package"
        other = name.split(".")[1] if name.startswith("resnet.") else ""
        assert top or not other or other in LEVEL, f"{own} imports {name} through the front door"
        if other in LEVEL:
            inside = other == own or (own in BOTTOM and other in BOTTOM) or (own, other) == ("__main__", "cli")
            assert inside or LEVEL[other] > LEVEL[own], f"{own} imports {name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_heavy_packages_stay_where_they_belong(file):
    own, packages = floor(file), {name.split(".")[0] for name in imports(file)}
    assert "gradio" not in packages or (own == "ui" and file.parent.name != "service")
    assert "timm" not in packages or file.name == "records.py"
    assert not any(name.startswith("timm.create_model") or "timm.models.resnet" in name for name in imports(file))
    if own in BOTTOM:
        assert packages <= sys.stdlib_module_names | {"resnet"}
    if own == "nn":
        assert packages <= sys.stdlib_module_names | {"resnet", "torch"}
    if own == "training":
        assert packages <= sys.stdlib_module_names | {"resnet", "torch", "numpy"}


@pytest.mark.parametrize("module", ["resnet", "resnet.jobs", "resnet.cli", "resnet.views", "resnet.worker.__main__"])
def test_comes_without_torch(module):
    """What must answer at once does not load torch, which takes seconds."""
    code = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('torch', 'torchvision', 'timm')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0
