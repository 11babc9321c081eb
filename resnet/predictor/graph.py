"""A network as an ONNX graph, written node by node: no run of the network, no exporter.

torch.fx tells which layers and functions a network calls, in order; OPERATIONS says what each is in ONNX's operators.
The functions there have the signatures of torch's own of the same name. What they get of the network's values are
names in the graph (str); all else (numbers, weights) is known while writing.

Shapes: N pictures, C channels, H x W pixels, K classes, F features that the classifier gets.
"""

import operator
from collections.abc import Callable, Mapping

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, fx, nn
from torch.nn import functional as F

from resnet.nn.network import ResNet
from resnet.predictor.torch_engine import folded

OPSET, IR_VERSION = 17, 8  # of ONNX 1.12, 2022: whatever runs such files today reads them
BATCH = "N"  # stands for the number of pictures where the network asks for a length
INPUT, LOGITS, FEATURES = "images", "logits", "features"


def onnx_graph(module: ResNet, *, metadata: Mapping[str, str] = {}) -> onnx.ModelProto:
    """`module` in evaluation mode, as ONNX.

    Takes images: float32 (N, C, H, W), normalised; gives logits (N, K) and features (N, F). N, H, W are free.
    metadata: words to keep in the file, by name.
    Raises NotImplementedError naming the layer or function that has no counterpart here.
    """
    network = _LogitsAndFeatures(folded(module))
    graph, values = _Graph(), {}
    for node in fx.Tracer().trace(network).nodes:
        values[node] = _written(graph, network, node, values)
    pictures = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [BATCH, module.in_chans, "H", "W"])
    outputs = [
        helper.make_tensor_value_info(
            LOGITS, TensorProto.FLOAT, [BATCH, module.num_classes or module.head_hidden_size]
        ),
        helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, [BATCH, module.head_hidden_size]),
    ]
    body = helper.make_graph(graph.nodes, "ResNet", [pictures], outputs, graph.constants)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=IR_VERSION, producer_name="ResNet Lab")
    helper.set_model_props(model, dict(metadata))
    return model


class _LogitsAndFeatures(nn.Module):
    def __init__(self, network: ResNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.forward_head(self.network.forward_features(images), pre_logits=True)
        return self.network.fc(features), features


class _Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []
        self.place = ""  # the layer or function that is being written: names say where they come from

    def add(self, kind: str, *inputs: object, name: str | None = None, **attributes: object) -> str:
        """A node with an output of its own, whose name is given back; inputs that are no names become constants."""
        name = name or f"{self.place}.{kind}.{len(self.nodes)}"
        given = [value if isinstance(value, str) else self.constant(value, len(self.nodes)) for value in inputs]
        self.nodes.append(helper.make_node(kind, given, [name], name=name, **attributes))
        return name

    def constant(self, value: object, number: int) -> str:
        """A tensor, a number or a list of integers."""
        array = value.detach().cpu().contiguous().numpy() if isinstance(value, Tensor) else np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" or array.ndim == 0 else np.int64, copy=False)
        name = f"{self.place}.{number}.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def _written(graph: _Graph, network: nn.Module, node: fx.Node, values: dict) -> object:
    """Write one node; its value: a name in the graph, or what is known of it already."""
    arguments, named = fx.map_arg((node.args, node.kwargs), values.__getitem__)
    graph.place = str(node.target if node.op == "call_module" else node.name).removeprefix("network.")
    match node.op:
        case "placeholder":
            return INPUT
        case "get_attr":
            module, _, name = node.target.rpartition(".")
            return getattr(network.get_submodule(module), name)
        case "output":
            for name, value in zip((LOGITS, FEATURES), arguments[0], strict=True):
                graph.add("Identity", value, name=name)
            return None
        case "call_module":
            module = network.get_submodule(node.target)
            return _operation(type(module), node)(graph, module, *arguments)
    if not _of_the_graph((arguments, named)):  # known, as all it needs is
        function = node.target if node.op == "call_function" else getattr(Tensor, node.target)
        return function(*arguments, **named)
    return _operation(node.target, node)(graph, *arguments, **named)


def _of_the_graph(value: object) -> bool:
    """Whether a value, or one within it, is computed only when the graph is run."""
    if isinstance(value, dict):
        return any(map(_of_the_graph, value.values()))
    return any(map(_of_the_graph, value)) if isinstance(value, tuple | list) else isinstance(value, str | _Shape)


def _operation(kind: object, node: fx.Node) -> Callable:
    if kind not in OPERATIONS:
        raise NotImplementedError(f"{node.op} {node.target} ({kind}) has no counterpart in resnet.predictor.graph")
    return OPERATIONS[kind]


class _Shape:
    """The lengths of a value, of which only the first is known: N."""


def _shape_of(graph: _Graph, value: str, attribute: str | int | None = None) -> object:
    if attribute not in ("shape", 0, None):
        raise NotImplementedError(f"{graph.place}: the network asks for {attribute} of {value}")
    return BATCH if attribute == 0 else _Shape()


def _item(graph: _Graph, value: str | _Shape, index: object) -> str:
    """value[:, :, ::2, ::2], or the first of its lengths."""
    if isinstance(value, _Shape):
        return _shape_of(graph, "a shape", index)
    slices = {axis: part for axis, part in enumerate(index) if part != slice(None)}
    starts = [part.start or 0 for part in slices.values()]
    ends = [np.iinfo(np.int64).max if part.stop is None else part.stop for part in slices.values()]
    steps = [part.step or 1 for part in slices.values()]
    return graph.add("Slice", value, starts, ends, list(slices), steps)


# layers and functions


def _convolution(graph: _Graph, layer: nn.Conv1d | nn.Conv2d, x: str) -> str:
    return conv2d(graph, x, layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)


def conv2d(
    graph: _Graph,
    x: str,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple = 1,
    padding: int | tuple = 0,
    dilation: int | tuple = 1,
    groups: int = 1,
) -> str:
    axes = weight.ndim - 2
    return graph.add(
        "Conv",
        x,
        weight,
        *([] if bias is None else [bias]),
        kernel_shape=list(weight.shape[2:]),
        strides=_each(stride, axes),
        pads=_each(padding, axes) * 2,
        dilations=_each(dilation, axes),
        group=groups,
    )


def _batch_norm(graph: _Graph, layer: nn.BatchNorm2d, x: str) -> str:
    """One that could not be folded."""
    mean, variance = layer.running_mean, layer.running_var
    return graph.add("BatchNormalization", x, layer.weight, layer.bias, mean, variance, epsilon=layer.eps)


def _group_norm(graph: _Graph, layer: nn.GroupNorm, x: str) -> str:
    return group_norm(graph, x, layer.num_groups, layer.weight, layer.bias, layer.eps)


def group_norm(graph: _Graph, x: str, num_groups: int, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> str:
    """Each group as one channel of an instance normalisation: opset 17 has no operator of that name."""
    one = graph.add("Reshape", x, [0, num_groups, -1])
    one = graph.add("InstanceNormalization", one, torch.ones(num_groups), torch.zeros(num_groups), epsilon=eps)
    apart = graph.add("Reshape", one, graph.add("Shape", x))
    return graph.add("Add", graph.add("Mul", apart, weight.view(-1, 1, 1)), bias.view(-1, 1, 1))


def _linear(graph: _Graph, layer: nn.Linear, x: str) -> str:
    return linear(graph, x, layer.weight, layer.bias)


def linear(graph: _Graph, x: str, weight: Tensor, bias: Tensor | None = None) -> str:
    return graph.add("Gemm", x, weight, *([] if bias is None else [bias]), transB=1)


def _max_pool(graph: _Graph, layer: nn.MaxPool2d, x: str) -> str:
    pads = _each(layer.padding) * 2
    kernel, strides, dilations = _each(layer.kernel_size), _each(layer.stride), _each(layer.dilation)
    options = {"pads": pads, "dilations": dilations, "ceil_mode": int(layer.ceil_mode)}
    return graph.add("MaxPool", x, kernel_shape=kernel, strides=strides, **options)


def _average_pool(graph: _Graph, layer: nn.AvgPool2d, x: str) -> str:
    return avg_pool2d(
        graph, x, layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode, layer.count_include_pad
    )


def avg_pool2d(
    graph: _Graph,
    x: str,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> str:
    kernel = _each(kernel_size)
    return graph.add(
        "AveragePool",
        x,
        kernel_shape=kernel,
        strides=_each(stride or kernel),
        pads=_each(padding) * 2,
        ceil_mode=int(ceil_mode),
        count_include_pad=int(count_include_pad),
    )


def pad(graph: _Graph, x: str, pad: list[int], mode: str = "constant", value: float | None = None) -> str:
    """pad: before and after, of the last axis first; the axes in front of those stay (of four in all)."""
    axes = [(0, 0)] * (4 - len(pad) // 2) + list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    before, after = zip(*axes, strict=True)
    return graph.add("Pad", x, [*before, *after], *([float(value)] if value else []), mode=mode)


def adaptive_avg_pool2d(graph: _Graph, x: str, output_size: int | tuple) -> str:
    return _pooled_to_one(graph, "GlobalAveragePool", x, output_size)


def adaptive_max_pool2d(graph: _Graph, x: str, output_size: int | tuple) -> str:
    return _pooled_to_one(graph, "GlobalMaxPool", x, output_size)


def _pooled_to_one(graph: _Graph, kind: str, x: str, output_size: int | tuple) -> str:
    if _each(output_size) != [1, 1]:
        raise NotImplementedError(f"{graph.place}: pooling to {output_size}, not to one position")
    return graph.add(kind, x)


def mean(graph: _Graph, x: str, dim: tuple[int, ...], keepdim: bool = False) -> str:
    return _over_positions(graph, "GlobalAveragePool", x, dim, keepdim)


def amax(graph: _Graph, x: str, dim: tuple[int, ...], keepdim: bool = False) -> str:
    return _over_positions(graph, "GlobalMaxPool", x, dim, keepdim)


def _over_positions(graph: _Graph, kind: str, x: str, dim: tuple[int, ...], keepdim: bool) -> str:
    """(N, C, H, W) -> (N, C, 1, 1), or (N, C)."""
    if sorted(axis % 4 for axis in dim) != [2, 3]:
        raise NotImplementedError(f"{graph.place}: over the axes {dim}, not over the positions")
    pooled = graph.add(kind, x)
    return pooled if keepdim else graph.add("Flatten", pooled, axis=1)


def flatten(graph: _Graph, x: str, start_dim: int = 0, end_dim: int = -1) -> str:
    if (start_dim, end_dim) != (1, -1):
        raise NotImplementedError(f"{graph.place}: flattened from axis {start_dim} to {end_dim}, not from 1 on")
    return graph.add("Flatten", x, axis=1)


def view(graph: _Graph, x: str, *shape: object) -> str:
    lengths = shape[0] if isinstance(shape[0], tuple | list) else shape
    if lengths[0] != BATCH or BATCH in lengths[1:]:
        raise NotImplementedError(f"{graph.place}: a shape that does not begin with the number of pictures")
    return graph.add("Reshape", x, [0, *lengths[1:]])  # 0: as it is


def unsqueeze(graph: _Graph, x: str, dim: int) -> str:
    return graph.add("Unsqueeze", x, [dim])


def squeeze(graph: _Graph, x: str, dim: int) -> str:
    return graph.add("Squeeze", x, [dim])


def transpose(graph: _Graph, x: str, dim0: int, dim1: int) -> str:
    """(N, A, B) -> (N, B, A); ONNX Runtime refuses it for what has other axes."""
    if sorted((dim0, dim1)) != [1, 2]:
        raise NotImplementedError(f"{graph.place}: axes {dim0} and {dim1} change places, not 1 and 2")
    return graph.add("Transpose", x, perm=[0, 2, 1])


def cat(graph: _Graph, tensors: list[str], dim: int = 0) -> str:
    return graph.add("Concat", *tensors, axis=dim)


def _same(graph: _Graph, x: str, *_: object, **__: object) -> str:
    """What changes nothing in evaluation; and expand_as, which Add and Mul do by themselves."""
    return x


def _layer(function: Callable) -> Callable:
    """For a layer without settings: the function of its input."""
    return lambda graph, layer, x: function(graph, x)


def _plain(kind: str) -> Callable:
    """For what is one operator of the same arguments."""
    return lambda graph, *inputs, **_: graph.add(kind, *inputs)


def _hard_sigmoid(graph: _Graph, layer: nn.Hardsigmoid, x: str) -> str:
    return graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _each(value: int | tuple, axes: int = 2) -> list[int]:
    """One number for each axis."""
    return [value] * axes if isinstance(value, int) else list(value)


OPERATIONS: dict[object, Callable] = {  # type of a layer, function, or name of a tensor's method
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    F.conv2d: conv2d,
    nn.BatchNorm2d: _batch_norm,
    nn.GroupNorm: _group_norm,
    F.group_norm: group_norm,
    nn.Linear: _linear,
    F.linear: linear,
    nn.ReLU: _layer(_plain("Relu")),
    F.relu: lambda graph, x, inplace=False: graph.add("Relu", x),
    nn.Sigmoid: _layer(_plain("Sigmoid")),
    torch.sigmoid: _plain("Sigmoid"),
    "sigmoid": _plain("Sigmoid"),
    nn.Hardsigmoid: _hard_sigmoid,
    operator.add: _plain("Add"),
    operator.iadd: _plain("Add"),
    operator.mul: _plain("Mul"),
    operator.imul: _plain("Mul"),
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    F.avg_pool2d: avg_pool2d,
    nn.AdaptiveAvgPool2d: lambda graph, layer, x: adaptive_avg_pool2d(graph, x, layer.output_size),
    nn.AdaptiveMaxPool2d: lambda graph, layer, x: adaptive_max_pool2d(graph, x, layer.output_size),
    F.adaptive_avg_pool2d: adaptive_avg_pool2d,
    F.adaptive_max_pool2d: adaptive_max_pool2d,
    "mean": mean,
    torch.mean: mean,
    "amax": amax,
    torch.amax: amax,
    F.pad: pad,
    nn.ZeroPad2d: lambda graph, layer, x: pad(graph, x, layer.padding),
    nn.ZeroPad3d: lambda graph, layer, x: pad(graph, x, layer.padding),
    nn.ReflectionPad2d: lambda graph, layer, x: pad(graph, x, layer.padding, "reflect"),
    nn.Flatten: lambda graph, layer, x: flatten(graph, x, layer.start_dim, layer.end_dim),
    "flatten": flatten,
    torch.flatten: flatten,
    "view": view,
    "reshape": view,
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    "transpose": transpose,
    torch.cat: cat,
    getattr: _shape_of,
    "size": _shape_of,
    operator.getitem: _item,
    "expand_as": _same,
    "contiguous": _same,
    nn.Identity: _layer(_same),
    nn.Dropout: _layer(_same),
    F.dropout: _same,
}
