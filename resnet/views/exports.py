"""A model taken away, in words."""

from resnet.text import say
from resnet.views.downloads import size


def exported(result: dict, language: str = "en") -> list[str]:
    """What was written, how near it comes to the model, and the accuracy of one in integers."""
    difference, accuracy = f"{result['largest_difference']:.2g}", result["accuracy"]
    words = {"file": result["file"], "size": size(result["bytes"]), "pictures": result["pictures"]}
    lines = [say("exported", language, difference=difference, **words)]
    if accuracy:
        shares = {name: f"{accuracy[name]:.1%}" for name in ("accuracy", "float_accuracy")}
        lines.append(say("exported_int8", language, n=accuracy["n"], **shares))
    return lines
