"""classify.py: 15 lines that run an exported model on pictures, and answer as this project does.

They need what their first line names, and nothing of this project. What they make of a picture is what
resnet.weights.preprocessing.Preprocessing makes of it, to the pixel; deep greys (16 bits) alone are seen otherwise.
"""

from string import Template

from resnet.nn.variants import variant
from resnet.weights.folder import ModelConfig
from resnet.weights.preprocessing import Preprocessing

SCRIPT = "classify.py"

ONNX = '''\
"""Says what pictures show: python classify.py PICTURE ...   (pip install onnxruntime numpy pillow)"""
import json, sys, numpy, onnxruntime
from PIL import Image, ImageOps
labels = [*json.load(open(sys.path[0] + "/labels.json", encoding="utf-8")).values()]
session = onnxruntime.InferenceSession(sys.path[0] + "/model.onnx")
for file in sys.argv[1:]:
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")$grey
$fit
    pixels = (numpy.float32(image).reshape($size, $size, -1) / 255 - numpy.float32($mean)) / numpy.float32($std)
    logits = session.run(["logits"], {"images": pixels.transpose(2, 0, 1)[None]})[0][0] / $temperature
    scores = (powers := numpy.exp(logits - logits.max())) / powers.sum()
    print(file, $unknown*(f"{labels[i]} {scores[i]:.6f}" for i in (-scores).argsort()[:5]), sep="\\t")
'''

TORCH = '''\
"""Says what pictures show: python classify.py PICTURE ...   (pip install torch pillow)"""
import json, sys, torch
from PIL import Image, ImageOps
labels = [*json.load(open(sys.path[0] + "/labels.json", encoding="utf-8")).values()]
model = torch.export.load(sys.path[0] + "/model.pt2").module()
for file in sys.argv[1:]:
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")$grey
$fit
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view($size, $size, -1) / 255
    pixels = ((pixels - torch.tensor($mean)) / torch.tensor($std)).permute(2, 0, 1)
    scores = (model(pixels[None])[0] / $temperature).softmax(0)
    print(file, $unknown*(f"{labels[i]} {scores[i]:.6f}" for i in scores.argsort(descending=True)[:5]), sep="\\t")
'''

TIMM = '''\
"""Says what pictures show: python classify.py PICTURE ...   (pip install timm)"""
import json, sys, timm, torch
from PIL import Image, ImageOps
labels = [*json.load(open(sys.path[0] + "/labels.json", encoding="utf-8")).values()]
model = timm.create_model("local-dir:" + sys.path[0], pretrained=True).eval()
fit = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
for file in sys.argv[1:]:
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")$grey
    with torch.inference_mode():
        scores = (model(fit(image)[None])[0] / $temperature).softmax(0)
    print(file, $unknown*(f"{labels[i]} {scores[i]:.6f}" for i in scores.argsort(descending=True)[:5]), sep="\\t")
'''

SCRIPTS = {"safetensors": TIMM, "onnx": ONNX, "onnx-int8": ONNX, "torch-export": TORCH}


def script(config: ModelConfig, to: str) -> str:
    """The text of classify.py for a model in the format `to`; "" where nothing but this project opens that."""
    if to == "safetensors" and not in_timm(config):
        return ""
    threshold = config.unknown_threshold
    return Template(SCRIPTS[to]).substitute(
        fit="\n".join(f"    {line}" for line in _fit(config.preprocessing)),
        grey='.convert("L")' if len(config.preprocessing.mean) == 1 else "",
        size=config.preprocessing.size,
        mean=list(config.preprocessing.mean),
        std=list(config.preprocessing.std),
        temperature=config.temperature,
        unknown=f'*["unknown"] * bool(scores.max() < {threshold}), ' if threshold else "",
    )


def in_timm(config: ModelConfig) -> bool:
    """Whether timm has the network: it lacks those of the first paper's section 4.2, made for CIFAR."""
    return not variant(config.architecture).small


def _fit(preprocessing: Preprocessing) -> list[str]:
    """Lines that make of `image` what the network sees of it: see Preprocessing.fit."""
    resize, size = preprocessing.resize, preprocessing.size
    method = f"Image.Resampling.{preprocessing.interpolation.upper()}"
    if preprocessing.crop_mode == "squash":
        start = round((resize - size) / 2)
        crop = f".crop({(start, start, start + size, start + size)})" if resize != size else ""
        return [f"image = image.resize(({resize}, {resize}), {method}){crop}"]
    if preprocessing.crop_mode == "center":
        return [
            f"sides = [int({resize} * side / min(image.size)) for side in image.size]",
            f"left, top = [round((side - {size}) / 2) for side in sides]",
            f"image = image.resize(sides, {method}).crop((left, top, left + {size}, top + {size}))",
        ]
    fill = tuple(round(255 * value) for value in preprocessing.mean)
    return [
        f"sides = [max(1, round(side / (max(image.size) / {resize}))) for side in image.size]",
        f"small, image = image.resize(sides, {method}), Image.new(image.mode, ({size}, {size}), {fill})",
        f"image.paste(small, [({size} - n) // 2 if n < {size} else -round((n - {size}) / 2) for n in sides])",
    ]
