# SPDX-License-Identifier: Apache-2.0
"""Random int8 networks of all ops that the aot engine has, drawn to reach corners: edges of zero points, scales far
apart, windows larger than strides and the reverse, sizes of 1, channels with tiny scales, saturating activations.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable

import numpy as np
from tflite_builder import OpSpec, TensorSpec, build_model

MAX_SIZE = 3000
"""Elements of one activation."""


@dataclasses.dataclass
class Net:
    """A network under construction; `current` is the tensor that the next op reads."""

    random: random.Random
    tensors: list[TensorSpec] = dataclasses.field(default_factory=list)
    ops: list[OpSpec] = dataclasses.field(default_factory=list)
    current: int = 0

    @property
    def spec(self) -> TensorSpec:
        return self.tensors[self.current]

    def tensor(self, spec: TensorSpec) -> int:
        self.tensors.append(spec)
        return len(self.tensors) - 1

    def zero_point(self) -> int:
        middle = self.random.randint(-60, 60)
        return self.random.choice([middle, middle, middle, -128, 127, self.random.randint(-128, 127)])

    def activation(self) -> int:
        """A fused activation's number, in half of all cases none."""
        return self.random.choice([0, 0, 0, 1, 2, 3])

    def append(self, name: str, inputs: list[int], output: TensorSpec, options: dict[str, object] | None) -> None:
        index = self.tensor(output)
        if options and options.get("fused_activation_function") and self.random.random() < 0.9:
            options = options | {"fused_activation_function": self.lively(output, options)}
        self.ops.append(OpSpec(name, inputs, [index], options))
        self.current = index

    def lively(self, output: TensorSpec, options: dict[str, object]) -> object:
        """The activation asked for, or one that does not make the output constant."""
        if output.zero_points[0] > 60:
            return 0
        return 1 if output.scales[0] > 0.2 else options["fused_activation_function"]

    def int8s(self, shape: tuple[int, ...]) -> bytes:
        generator = np.random.default_rng(self.random.getrandbits(32))
        return generator.integers(-127, 128, shape, dtype=np.int8).tobytes()

    def factor(self) -> float:
        """How far an output's scale is from the natural one: mostly near, sometimes far."""
        spread = self.random.choices([1, 6, 25], [20, 2, 1])[0]
        return float(2.0 ** self.random.uniform(-spread, min(spread, 12)))


def random_net(source: random.Random) -> bytes:
    """Returns a .tflite with one to six ops."""
    net = Net(source)
    shape = [source.choice([1, 1, 1, 2]), *(source.choice([1, 2, 3, source.randint(1, 12)]) for _ in range(3))]
    net.tensor(TensorSpec(shape, scales=(source.choice([1.0, 0.1, 1e-3, 37.0]),), zero_points=(net.zero_point(),)))
    for _ in range(source.randint(1, 6)):
        source.choice(_candidates(net))(net)
    if source.random() < 0.4 and net.spec.shape:
        _softmax(net)
    return build_model(net.tensors, net.ops)


def random_convolution(source: random.Random) -> bytes:
    """Returns a .tflite of one convolution or dense layer, of shapes that each of the fast kernels is chosen for, and
    their neighbours: few and many channels, an odd and an even number of pixels, factors near a half and far below.
    """
    net = Net(source)
    depth = source.choice([1, 1, 1, 2, 3, 4, 8, 12])
    shape = [source.choice([1, 1, 1, 2]), source.randint(1, 12), source.choice([1, source.randint(1, 14)]), depth]
    net.tensor(TensorSpec(shape, scales=(source.choice([1.0, 0.1]),), zero_points=(net.zero_point(),)))
    source.choice([_conv_2d, _depthwise_conv_2d, _depthwise_conv_2d, _fully_connected])(net, wide=True)
    return build_model(net.tensors, net.ops)


def random_net_of_all_ops(source: random.Random) -> bytes:
    """Returns a .tflite with two to six ops, half of them of those that `random_net` does not draw."""
    net = Net(source)
    shape = [1, *(source.choice([1, 2, 3, source.randint(1, 9)]) for _ in range(3))]
    net.tensor(TensorSpec(shape, scales=(source.choice([1.0, 0.1, 0.02]),), zero_points=(net.zero_point(),)))
    for _ in range(source.randint(2, 6)):
        source.choice([*_candidates(net), *LATER_OPS, *LATER_OPS])(net)
    if not net.ops:
        _lookup(net)
    return build_model(net.tensors, net.ops)


def random_stream(source: random.Random, *, later_ops: bool = False) -> tuple[bytes, int]:
    """Returns a .tflite over a window of frames, mostly convolutional in time, and how many frames the window has.

    Strides, dilations and paddings along time meet in every way; there are residual sums, causal padding, and the ends
    that keyword models have.
    """
    net = Net(source)
    frames, width, depth = source.randint(6, 45), source.choice([1, 1, 3, 5]), source.choice([1, 1, 2, 4])
    image = (1, frames, width, depth)
    first = source.choice([image, image, (1, frames * width * depth)])
    net.tensor(TensorSpec(first, scales=(source.choice([1.0, 0.1]),), zero_points=(net.zero_point(),)))
    if first != image:
        _reshape(net, image)
    for _ in range(source.randint(1, 5)):
        kinds: list[Callable[[Net], None]] = [
            _conv_2d,
            _depthwise_conv_2d,
            _conv_2d,
            _depthwise_conv_2d,
            _pool,
            _add,
            _pad_in_time,
        ]
        if later_ops:
            kinds += LATER_OPS_BY_ROWS * 2
        if net.spec.shape[1] > 3 and math.prod(net.spec.shape) < MAX_SIZE:
            source.choice(kinds)(net)
    source.choice([_dense_over_all, _dense_over_all, _mean, _fully_connected, _nothing])(net)
    if source.random() < 0.4 and net.spec.shape:
        _softmax(net)
    if not net.ops:
        _add(net)
    return build_model(net.tensors, net.ops), frames


def time_layer(net: Net, taps: int, stride: int, channels: int | None) -> None:
    """Appends a convolution over time without padding; `channels` None: one filter a channel."""
    current, (_, rows, _, depth) = net.current, net.spec.shape
    whole = (1, taps, 1, depth) if channels is None else (channels, taps, 1, depth)
    inputs, scale = _weights(net, whole, 3 if channels is None else 0, taps * (1 if channels is None else depth))
    options: dict[str, object] = {
        "padding": 1,
        "stride_h": stride,
        "stride_w": stride,
        "fused_activation_function": 0 if channels is None else net.random.choice([1, 1, 0]),
    }
    options |= {"depth_multiplier": 1} if channels is None else {}
    output = _output(net, (1, (rows - taps) // stride + 1, 1, channels or depth), scale * net.factor())
    net.append("DEPTHWISE_CONV_2D" if channels is None else "CONV_2D", [current, *inputs], output, options)


def _nothing(_: Net) -> None:
    """Ends a net as it is."""


def _candidates(net: Net) -> list[Callable[[Net], None]]:
    always: list[Callable[[Net], None]] = [_fully_connected, _add, _mean, _pad, _reshape]
    images: list[Callable[[Net], None]] = [_conv_2d, _depthwise_conv_2d, _conv_2d, _depthwise_conv_2d, _pool, _pool]
    return always + (images if len(net.spec.shape) == 4 else [])


def _window(net: Net, axis: int, largest: int = 5) -> tuple[int, int, int, int, int]:
    """Returns padding's number, size, stride, dilation and how many positions that gives."""
    image = net.spec.shape[axis]
    padding = net.random.randint(0, 1)
    dilation = net.random.choice([1, 1, 2, 3] + [1, 1] * (largest - 5))
    size = net.random.randint(1, min(largest, 1 + (image - 1) // dilation) if padding else largest)
    stride = net.random.choice([1, 1, 2, 3] + [2] * (largest - 5))
    span = (size - 1) * dilation + 1
    positions = -(-image // stride) if padding == 0 else (image + stride - span) // stride
    return padding, size, stride, dilation, positions


def _windows(
    net: Net, *, dilated: bool, largest: int = 5
) -> tuple[dict[str, object], tuple[int, int], tuple[int, int]]:
    """Returns the options both windows share, their sizes and their numbers of positions."""
    while True:
        rows, columns = _window(net, 1, largest), _window(net, 2, largest)
        if rows[0] == columns[0] and (dilated or rows[3] == columns[3] == 1):
            break
    options: dict[str, object] = {
        "padding": rows[0],
        "stride_h": rows[2],
        "stride_w": columns[2],
        "fused_activation_function": net.activation(),
    }
    if dilated:
        options |= {"dilation_h_factor": rows[3], "dilation_w_factor": columns[3]}
    return options, (rows[1], columns[1]), (rows[4], columns[4])


def _weights(net: Net, shape: tuple[int, ...], dimension: int, depth: int) -> tuple[list[int], float]:
    """Appends weights and a bias (sometimes none); returns the inputs behind the first, and a natural output scale."""
    channels = shape[dimension]
    per_channel = net.random.random() < 0.6
    count = channels if per_channel else 1
    usual = net.random.choice([0.01, 0.02, 0.5])
    scales = [net.random.choices([usual, usual * 0.7, 1e-9], [10, 10, per_channel])[0] for _ in range(count)]
    weights = net.tensor(
        TensorSpec(shape, scales=scales, zero_points=[0] * count, dimension=dimension, data=net.int8s(shape))
    )
    natural = net.spec.scales[0] * max(scales) * 80 * math.sqrt(depth)
    if net.random.random() < 0.2:
        return [weights] + ([-1] if net.random.random() < 0.5 else []), natural
    reach = [int(3000 * math.sqrt(depth)), 2 ** net.random.randint(0, 30)][net.random.random() < 0.05]
    values = [net.random.randint(-reach, reach) for _ in range(channels)]
    product = [float(np.float32(net.spec.scales[0]) * np.float32(scale)) for scale in scales]
    bias = TensorSpec([channels], "INT32", product, [0] * count, data=np.array(values, "<i4").tobytes())
    return [weights, net.tensor(bias)], natural


def _output(net: Net, shape: tuple[int, ...], scale: float) -> TensorSpec:
    return TensorSpec(shape, scales=(float(np.float32(scale)),), zero_points=(net.zero_point(),))


def _conv_2d(net: Net, *, wide: bool = False) -> None:
    options, (height, width), positions = _windows(net, dilated=True, largest=9 if wide else 5)
    batches, _, _, depth = net.spec.shape
    groups = net.random.choice([divisor for divisor in range(1, depth + 1) if depth % divisor == 0] + [1, 1, 1])
    channels = groups * net.random.randint(1, max(1, 8 // groups)) * (net.random.choice([1, 4]) if wide else 1)
    current = net.current
    inputs, scale = _weights(net, (channels, height, width, depth // groups), 0, height * width * depth // groups)
    output = _output(net, (batches, *positions, channels), scale * net.factor())
    net.append("CONV_2D", [current, *inputs], output, options)


def _depthwise_conv_2d(net: Net, *, wide: bool = False) -> None:
    options, (height, width), positions = _windows(net, dilated=True, largest=9 if wide else 5)
    batches, _, _, depth = net.spec.shape
    multiplier = net.random.choice([1, 1, 2, 3] + [4, 8, 16] * wide)
    current = net.current
    inputs, scale = _weights(net, (1, height, width, depth * multiplier), 3, height * width)
    inputs = [index for index in inputs if index >= 0]  # TFLM crashes on a depthwise bias of index -1
    output = _output(net, (batches, *positions, depth * multiplier), scale * net.factor())
    net.append("DEPTHWISE_CONV_2D", [current, *inputs], output, options | {"depth_multiplier": multiplier})


def _dense_over_all(net: Net, *, wide: bool = False) -> None:
    _fully_connected(net, wide=wide, first=0)


def _fully_connected(net: Net, *, wide: bool = False, first: int | None = None) -> None:
    """Over dimension `first` and all behind it."""
    shape = net.spec.shape
    depth = math.prod(shape[net.random.randint(0, max(0, len(shape) - 1)) if first is None else first :])
    rows, units = math.prod(shape) // depth, net.random.randint(1, 40 if wide else 9)
    current = net.current
    inputs, scale = _weights(net, (units, depth), 0, depth)
    options: dict[str, object] = {"fused_activation_function": net.activation()}
    net.append("FULLY_CONNECTED", [current, *inputs], _output(net, (rows, units), scale * net.factor()), options)


def _pool(net: Net) -> None:
    options, (height, width), positions = _windows(net, dilated=False)
    shape = (net.spec.shape[0], *positions, net.spec.shape[3])
    output = TensorSpec(shape, scales=net.spec.scales, zero_points=net.spec.zero_points)
    name = net.random.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])
    net.append(name, [net.current], output, options | {"filter_height": height, "filter_width": width})


def _mean(net: Net) -> None:
    shape = net.spec.shape
    chosen = [axis for axis in range(len(shape)) if net.random.random() < 0.5] or [0]
    axes = [axis - len(shape) if net.random.random() < 0.3 else axis for axis in chosen]
    if net.random.random() < 0.2:
        axes.append(axes[0])
    keep_dims = net.random.random() < 0.5
    left = tuple(1 if axis in chosen else size for axis, size in enumerate(shape) if keep_dims or axis not in chosen)
    data = np.array(axes, "<i4").tobytes()
    index = net.tensor(TensorSpec([len(axes)], "INT32", (), (), data=data))
    count = math.prod(shape) / math.prod(left)
    output = _output(net, left, net.spec.scales[0] * net.factor() / math.sqrt(count))
    net.append("MEAN", [net.current, index], output, {"keep_dims": keep_dims})


def _pad_in_time(net: Net) -> None:
    _pad(
        net,
        [[0, 0], [net.random.choice([1, 2, 4]), net.random.choice([0, 0, 2])], [net.random.choice([0, 1]), 0], [0, 0]],
    )


def _pad(net: Net, amounts: list[list[int]] | None = None) -> None:
    shape = net.spec.shape
    if amounts is None:
        amounts = [[net.random.choice([0, 0, 1, 3]), net.random.choice([0, 0, 1, 2])] for _ in shape]
    padded = tuple(size + sum(pair) for size, pair in zip(shape, amounts, strict=True))
    if not shape or math.prod(padded) > MAX_SIZE:
        return
    data = np.array(amounts, "<i4").tobytes()
    inputs = [net.current, net.tensor(TensorSpec([len(shape), 2], "INT32", (), (), data=data))]
    output = TensorSpec(padded, scales=net.spec.scales, zero_points=net.spec.zero_points)
    name = net.random.choice(["PAD", "PADV2"])
    if name == "PADV2":
        value = TensorSpec([1], scales=output.scales, zero_points=output.zero_points, data=net.int8s((1,)))
        inputs.append(net.tensor(value))
    net.append(name, inputs, output, None)


def _sub(net: Net) -> None:
    if len(net.spec.shape) <= 4:
        _add(net, "SUB")


def _add(net: Net, name: str = "ADD") -> None:
    spec, current = net.spec, net.current
    kind = net.random.choice(["self", "constant", "earlier", "computed"])
    other = current
    earlier = [i for op in net.ops for i in op.outputs if list(net.tensors[i].shape) == list(spec.shape)]
    if kind == "constant":
        shape = tuple(net.random.choice([size, 1]) for size in spec.shape)[net.random.choice([0, 0, 1]) :]
        scale = spec.scales[0] * min(net.factor(), 2.0)
        other = net.tensor(TensorSpec(shape, scales=(scale,), zero_points=(net.zero_point(),), data=net.int8s(shape)))
    elif kind == "earlier" and earlier:
        other = net.random.choice(earlier)
    elif kind == "computed" and len(spec.shape) == 4:
        _mean(net)
        if len(net.spec.shape) == 4:
            other = net.current
    pair = [current, other]
    net.random.shuffle(pair)
    largest = max(net.tensors[index].scales[0] for index in pair)
    output = _output(net, tuple(spec.shape), largest * min(max(net.factor(), 2.0**-15), 1e6))
    net.append(name, pair, output, {"fused_activation_function": net.activation()})


def _reshape(net: Net, shape: tuple[int, ...] | None = None) -> None:
    if shape is None:
        size = math.prod(net.spec.shape)
        first = net.random.choice([divisor for divisor in range(1, size + 1) if size % divisor == 0])
        shape = net.random.choice(
            [(1, first, size // first, 1), (1, first, 1, size // first), (first, size // first), (size,)]
        )
    index = net.tensor(TensorSpec([len(shape)], "INT32", (), (), data=np.array(shape, "<i4").tobytes()))
    output = TensorSpec(shape, scales=net.spec.scales, zero_points=net.spec.zero_points)
    net.append("RESHAPE", [net.current, index], output, None)


def _softmax(net: Net) -> None:
    if net.spec.shape[-1] > 511 or net.spec.scales[0] < 1e-6:
        return
    output = TensorSpec(net.spec.shape, scales=(1 / 256,), zero_points=(-128,))
    net.append("SOFTMAX", [net.current], output, {"beta": net.random.choice([1.0, 1.0, 0.25, 3.0])})


def _lookup(net: Net) -> None:
    name = net.random.choice(["LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "QUANTIZE", "RELU", "RELU6"])
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
    shape = tuple(net.spec.shape)
    output = _output(net, shape, net.spec.scales[0] * min(max(net.factor(), 0.1), 1e3))
    if name in fixed:
        output = TensorSpec(shape, scales=(fixed[name][0],), zero_points=(fixed[name][1],))
    if name == "RELU6":
        output = dataclasses.replace(net.spec, data=None)
    options: dict[str, object] | None = {"alpha": net.random.choice([0.0, 0.01, 0.3])} if name == "LEAKY_RELU" else None
    net.append(name, [net.current], output, options)


def _squeeze(net: Net) -> None:
    shape = tuple(size for size in net.spec.shape if size > 1) or (1,)
    net.append("SQUEEZE", [net.current], dataclasses.replace(net.spec, shape=shape, data=None), None)


def _expand_dims(net: Net) -> None:
    if len(net.spec.shape) > 3:
        return
    axis = net.random.randint(0, len(net.spec.shape))
    shape = (*net.spec.shape[:axis], 1, *net.spec.shape[axis:])
    index = net.tensor(TensorSpec([1], "INT32", (), (), data=np.array([axis], "<i4").tobytes()))
    net.append("EXPAND_DIMS", [net.current, index], dataclasses.replace(net.spec, shape=shape, data=None), None)


def _concatenation(net: Net) -> None:
    """Of the tensor itself, constants, and earlier tensors of one quantization."""
    spec, current = net.spec, net.current
    if not spec.shape:
        return
    axis = net.random.randrange(len(spec.shape))
    alike = [
        i
        for op in net.ops
        for i in op.outputs
        if list(net.tensors[i].shape) == list(spec.shape)
        and (net.tensors[i].scales, net.tensors[i].zero_points) == (spec.scales, spec.zero_points)
    ]
    inputs = [current]
    for _ in range(net.random.randint(1, 3)):
        kind = net.random.choice(["self", "constant", "earlier"])
        if kind == "constant" and net.random.random() < 0.5:
            shape = (*spec.shape[:axis], net.random.randint(1, 3), *spec.shape[axis + 1 :])
            inputs.append(net.tensor(dataclasses.replace(spec, shape=shape, data=net.int8s(shape))))
        else:
            inputs.append(net.random.choice(alike) if alike and kind == "earlier" else current)
    length = sum(net.tensors[i].shape[axis] for i in inputs)
    shape = (*spec.shape[:axis], length, *spec.shape[axis + 1 :])
    if math.prod(shape) > MAX_SIZE:
        return
    net.random.shuffle(inputs)
    number = net.random.choice([axis, axis - len(shape)])
    net.append("CONCATENATION", inputs, dataclasses.replace(spec, shape=shape, data=None), {"axis": number})


def _concatenation_of_channels(net: Net) -> None:
    spec = net.spec
    shape = (*spec.shape[:3], 2 * spec.shape[3])
    net.append("CONCATENATION", [net.current] * 2, dataclasses.replace(spec, shape=shape, data=None), {"axis": 3})


def _strided_slice(net: Net) -> None:
    shape = net.spec.shape
    if len(shape) > 4:
        return
    masks = {name: net.random.choice([0, 0, net.random.randrange(16)]) for name in ("begin_mask", "end_mask")}
    begin, end, step, sizes, shrink = [], [], [], [], 0
    for axis, size in enumerate(shape):
        step.append(net.random.choice([1, 1, 1, 2, -1]))
        begin.append(net.random.randint(-size - 1, size))
        end.append(net.random.randint(-size - 2, size + 1))
        part = range(
            *slice(
                None if masks["begin_mask"] >> axis & 1 else begin[-1],
                None if masks["end_mask"] >> axis & 1 else end[-1],
                step[-1],
            ).indices(size)
        )
        if not part:
            begin[-1], end[-1], step[-1], part = 0, size, 1, range(size)
        if len(shape) > 1 and step[-1] == 1 and net.random.random() < 0.15:
            shrink |= 1 << axis
        else:
            sizes.append(len(part))
    if not sizes:
        return
    inputs = [net.tensor(TensorSpec([len(shape)], "INT32", (), (), data=np.array(values, "<i4").tobytes()))
              for values in (begin, end, step)]  # fmt: skip
    output = dataclasses.replace(net.spec, shape=tuple(sizes), data=None)
    net.append("STRIDED_SLICE", [net.current, *inputs], output, {**masks, "shrink_axis_mask": shrink})


def _transpose(net: Net) -> None:
    if not 1 <= len(net.spec.shape) <= 4:
        return
    order = list(range(len(net.spec.shape)))
    net.random.shuffle(order)
    index = net.tensor(TensorSpec([len(order)], "INT32", (), (), data=np.array(order, "<i4").tobytes()))
    output = dataclasses.replace(net.spec, shape=tuple(net.spec.shape[axis] for axis in order), data=None)
    net.append("TRANSPOSE", [net.current, index], output, None)


def _factors(net: Net) -> int:
    """A tensor to multiply with: itself, an earlier one, or a constant that is repeated along some dimensions."""
    spec = net.spec
    earlier = [i for op in net.ops for i in op.outputs if list(net.tensors[i].shape) == list(spec.shape)]
    if net.random.random() < 0.4:
        return net.random.choice([net.current, *earlier])
    shape = tuple(net.random.choice([size, 1]) for size in spec.shape)[net.random.choice([0, 0, 1]) :]
    scale = net.random.choice([0.01, 0.1, 1.0])
    return net.tensor(TensorSpec(shape, scales=(scale,), zero_points=(net.zero_point(),), data=net.int8s(shape)))


def _mul(net: Net) -> None:
    if len(net.spec.shape) > 4:
        return
    pair = [net.current, _factors(net)]
    natural = 40 * math.prod(net.tensors[index].scales[0] for index in pair)
    net.random.shuffle(pair)
    output = _output(net, tuple(net.spec.shape), max(natural * net.factor(), 1e-6))
    net.append("MUL", pair, output, {"fused_activation_function": net.activation()})


def _prelu(net: Net) -> None:
    if len(net.spec.shape) > 4:
        return
    output = _output(net, tuple(net.spec.shape), max(net.spec.scales[0] * net.factor(), 1e-6))
    net.append("PRELU", [net.current, _factors(net)], output, None)


def _reduce_max(net: Net) -> None:
    shape = net.spec.shape
    if not 1 <= len(shape) <= 4:
        return
    chosen = [axis for axis in range(len(shape)) if net.random.random() < 0.5] or [0]
    keep_dims = net.random.random() < 0.5
    left = tuple(1 if axis in chosen else size for axis, size in enumerate(shape) if keep_dims or axis not in chosen)
    index = net.tensor(TensorSpec([len(chosen)], "INT32", (), (), data=np.array(chosen, "<i4").tobytes()))
    output = dataclasses.replace(net.spec, shape=left, data=None)
    net.append("REDUCE_MAX", [net.current, index], output, {"keep_dims": keep_dims})


def _transpose_conv(net: Net) -> None:
    """The window over the output, at every position that leads to the input's size."""
    if len(net.spec.shape) != 4:
        return
    padding, depth = net.random.randint(0, 1), net.spec.shape[3]
    axes = [_transposed_window(net, net.spec.shape[axis], padding) for axis in (1, 2)]
    channels = net.random.randint(1, 8)
    shape = (net.spec.shape[0], axes[0][2], axes[1][2], channels)
    if math.prod(shape) > MAX_SIZE:
        return
    current = net.current
    weights = (channels, axes[0][0], axes[1][0], depth)
    inputs, scale = _weights(net, weights, 0, depth * math.prod(-(-size // stride) for size, stride, _ in axes))
    index = net.tensor(TensorSpec([4], "INT32", (), (), data=np.array(shape, "<i4").tobytes()))
    options: dict[str, object] = {
        "padding": padding, "stride_h": axes[0][1], "stride_w": axes[1][1],
        "fused_activation_function": net.activation(),
    }  # fmt: skip
    operands = [index, inputs[0], current, *inputs[1:]]
    net.append("TRANSPOSE_CONV", operands, _output(net, shape, scale * net.factor()), options)


def _transposed_window(net: Net, image: int, padding: int) -> tuple[int, int, int]:
    """Returns size, stride and how large the output is."""
    size, stride = net.random.randint(1, 5), net.random.choice([1, 2, 2, 3])
    spare = net.random.randrange(stride)
    return size, stride, (image - 1) * stride + (size if padding else 1) + spare


LATER_OPS: list[Callable[[Net], None]] = [
    *[_lookup] * 3, _squeeze, _expand_dims, _concatenation, _strided_slice, _transpose, _mul, _prelu, _reduce_max,
    _sub, _transpose_conv,
]  # fmt: skip
"""Ops that `random_net` does not draw: its seeds stand for networks that found something."""
LATER_OPS_BY_ROWS: list[Callable[[Net], None]] = [_lookup, _concatenation_of_channels, _mul, _prelu, _sub]
"""Those of them that keep an image with time as its rows."""
