"""The README says what is so: its paths exist, its commands parse, a Space finds what it needs."""

import re

import pytest

from resnet.cli import main
from resnet.store import PROJECT

README = (PROJECT / "README.md").read_text("utf-8")
FRONT = dict(re.findall(r"^(\w+): (.+)$", README.split("---")[1], re.MULTILINE))
REQUIREMENTS = (PROJECT / "requirements.txt").read_text("utf-8")


def test_a_space_finds_its_front_matter():
    assert (FRONT["sdk"], FRONT["app_file"], FRONT["license"]) == ("gradio", "app.py", "apache-2.0")
    assert re.fullmatch(r"\d+\.\d+\.\d+", FRONT["sdk_version"])
    assert f"gradio>={FRONT['sdk_version'].rsplit('.', 1)[0]}" in REQUIREMENTS
    assert len(FRONT["short_description"]) <= 60, "the Hub refuses longer ones"
    assert {FRONT["colorFrom"], FRONT["colorTo"]} <= {
        "red",
        "yellow",
        "green",
        "blue",
        "indigo",
        "purple",
        "pink",
        "gray",
    }


def test_every_path_exists():
    listed = re.findall(
        r"^ {4,6}([\w./, ]+?)(?: {2,}|$)", README.split("## Where things are")[1].split("##")[0], re.MULTILINE
    )
    names = [name for entry in listed for name in entry.split(", ")]
    assert len(names) > 15
    for name in names:
        places = (PROJECT / name, PROJECT / "resnet" / name)
        assert name == "workspace/" or any(place.exists() for place in places), name
    for picture in re.findall(r"!\[.*?\]\((.+?)\)", README):
        assert (PROJECT / picture).is_file()


def test_the_two_commands_name_files_that_exist():
    for file in re.findall(r"pip install -r (\S+)", README):
        assert (PROJECT / file).is_file()
    assert "python app.py" in README and "python -m pytest" in README


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^    python -m resnet ([\w-]+)", README, re.MULTILINE))))
def test_every_command_shown_exists(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out
