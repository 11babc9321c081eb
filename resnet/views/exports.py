"""A model taken away, in words."""

import math

from resnet.text import say
from resnet.views.downloads import license, size


def exported(result: dict, language: str = "en") -> list[str]:
    """What was written, how near it comes to the model, the accuracy of one in integers, and its licence."""
    difference, accuracy = f"{result['largest_difference']:.2g}", result["accuracy"]
    words = {"file": result["file"], "size": size(result["bytes"]), "pictures": result["pictures"]}
    lines = [say("exported", language, difference=difference, **words)]
    if accuracy:
        shares = {name: f"{accuracy[name]:.1%}" for name in ("accuracy", "float_accuracy")}
        lines.append(say("exported_int8", language, n=accuracy["n"], **shares))
    return [*lines, say("exported_license", language, license=license(result["license"], language))]


def checked(result: dict, language: str = "en") -> list[str]:
    """The same for the page, where the file is the browser's affair: what the check found, and what the file is."""
    terms = license(result["license"], language)
    about = say("export_about", language, size=size(result["bytes"]), license=terms)
    if result["accuracy"]:
        return [int8(result["accuracy"], language), about]
    difference, key = result["largest_difference"], "export_same" if result["largest_difference"] else "export_equal"
    return [say(key, language, pictures=result["pictures"], difference=decimal(difference)), about]


def int8(figures: dict, language: str = "en") -> str:
    """How good a network in integers is, beside itself in full precision. figures: those of resnet.predictor.int8."""
    shares = {name: f"{100 * figures[name]:.1f} %" for name in ("accuracy", "float_accuracy")}
    return say("int8_accuracy", language, n=f"{figures['n']:,}", **shares)


def decimal(value: float) -> str:
    """A small number to one digit, written out: 1.2e-05 -> "0.00001"."""
    return f"{value:.{max(0, -math.floor(math.log10(value)))}f}" if value > 0 else "0"
