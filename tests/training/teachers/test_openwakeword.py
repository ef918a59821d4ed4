# SPDX-License-Identifier: Apache-2.0
"""openWakeWord's embedding over a whole spectrogram gives the rows that it gives window by window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykws.support.errors import ConfigError
from tinykws.training.teachers.onnx_session import open_session
from tinykws.training.teachers.openwakeword import BANDS, FRAMES_PER_ROW, FRAMES_SEEN, over_any_length

SIZE = 96


@pytest.fixture
def windowed(tmp_path: Path) -> Path:
    """A network with the shapes of the package's: one window of FRAMES_SEEN frames to one row."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, to_tensor = onnx.helper, onnx.numpy_helper.from_array
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((SIZE, 1, FRAMES_SEEN, BANDS)).astype(np.float32)
    float32 = onnx.TensorProto.FLOAT
    ends = [
        helper.make_tensor_value_info("input_1", float32, ["n", FRAMES_SEEN, BANDS, 1]),
        helper.make_tensor_value_info("row", float32, ["n", 1, 1, SIZE]),
    ]
    nodes = [
        helper.make_node("Reshape", ["input_1", "inner"], ["image"]),
        helper.make_node("Conv", ["image", "weights"], ["convolved"], strides=[FRAMES_PER_ROW, 1]),
        helper.make_node("Reshape", ["convolved", "outer"], ["row"]),
    ]
    constants = [
        to_tensor(np.array([-1, 1, FRAMES_SEEN, BANDS]), "inner"),
        to_tensor(np.array([-1, 1, 1, SIZE]), "outer"),
        to_tensor(weights, "weights"),
    ]
    graph = helper.make_graph(nodes, "embedding", [ends[0]], [ends[1]], constants)
    path = tmp_path / "embedding_model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_the_rows_are_those_of_windows(windowed: Path) -> None:
    frames = np.random.default_rng(2).standard_normal((FRAMES_SEEN + 5 * FRAMES_PER_ROW, BANDS)).astype(np.float32)
    windows = np.stack([frames[at : at + FRAMES_SEEN] for at in range(0, 6 * FRAMES_PER_ROW, FRAMES_PER_ROW)])
    expected = open_session(windowed)(windows[..., None]).reshape(6, SIZE)
    whole = open_session(windowed, over_any_length(windowed))(frames[None, :, :, None])
    assert whole.shape == (1, SIZE, 6, 1)
    np.testing.assert_allclose(whole[0, :, :, 0].T, expected, rtol=1e-4, atol=1e-4)


def test_another_network_is_refused(windowed: Path) -> None:
    import onnx

    model = onnx.load(windowed)
    model.graph.node.pop()
    onnx.save(model, windowed)
    with pytest.raises(ConfigError, match=r"is not the embedding of openwakeword 0\.5\.1"):
        over_any_length(windowed)
