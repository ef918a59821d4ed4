# SPDX-License-Identifier: Apache-2.0
"""The parts of TFLite's schema that the reader needs: names of enum values, slots of option fields.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs (schema version 3). Numbers are never reassigned there.
"""

from __future__ import annotations

from typing import Any

IDENTIFIER = b"TFL3"
VERSION = 3


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BUILTIN_OPERATORS = _names("""
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
    FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
    LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH
    SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
    BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM
    ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE
    TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK
    LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL
    FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL
    REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND
    HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
    BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS
    HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
    ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU
    DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE
    STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE
    STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE
    STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
    STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT
    STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT
    STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
    STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
    STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
""")
"""BuiltinOperator: position is the number."""

TENSOR_TYPES = _names("""
    FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64 RESOURCE VARIANT
    UINT32 UINT16 INT4 BFLOAT16 INT2 UINT4 FLOAT8_E4M3FN FLOAT8_E5M2
""")
"""TensorType: position is the number."""

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
"""ActivationFunctionType: position is the number."""

PADDINGS = ("SAME", "VALID")
"""Padding: position is the number."""

OptionFields = dict[str, tuple[int, str, Any]]

_CONV_2D: OptionFields = {
    "padding": (0, "int8", 0),
    "stride_w": (1, "int32", 0),
    "stride_h": (2, "int32", 0),
    "fused_activation_function": (3, "int8", 0),
    "dilation_w_factor": (4, "int32", 1),
    "dilation_h_factor": (5, "int32", 1),
}
_DEPTHWISE_CONV_2D: OptionFields = {
    "padding": (0, "int8", 0),
    "stride_w": (1, "int32", 0),
    "stride_h": (2, "int32", 0),
    "depth_multiplier": (3, "int32", 0),
    "fused_activation_function": (4, "int8", 0),
    "dilation_w_factor": (5, "int32", 1),
    "dilation_h_factor": (6, "int32", 1),
}
_TRANSPOSE_CONV: OptionFields = {
    "padding": (0, "int8", 0),
    "stride_w": (1, "int32", 0),
    "stride_h": (2, "int32", 0),
    "fused_activation_function": (3, "int8", 0),
}
_POOL_2D: OptionFields = {
    "padding": (0, "int8", 0),
    "stride_w": (1, "int32", 0),
    "stride_h": (2, "int32", 0),
    "filter_width": (3, "int32", 0),
    "filter_height": (4, "int32", 0),
    "fused_activation_function": (5, "int8", 0),
}
_FULLY_CONNECTED: OptionFields = {
    "fused_activation_function": (0, "int8", 0),
    "weights_format": (1, "int8", 0),
    "keep_num_dims": (2, "bool", 0),
}

_STRIDED_SLICE: OptionFields = {
    "begin_mask": (0, "int32", 0),
    "end_mask": (1, "int32", 0),
    "ellipsis_mask": (2, "int32", 0),
    "new_axis_mask": (3, "int32", 0),
    "shrink_axis_mask": (4, "int32", 0),
    "offset": (5, "bool", 0),
}

OPTIONS: dict[str, tuple[int, OptionFields]] = {
    "CONV_2D": (1, _CONV_2D),
    "DEPTHWISE_CONV_2D": (2, _DEPTHWISE_CONV_2D),
    "AVERAGE_POOL_2D": (5, _POOL_2D),
    "MAX_POOL_2D": (5, _POOL_2D),
    "FULLY_CONNECTED": (8, _FULLY_CONNECTED),
    "CALL_ONCE": (103, {"init_subgraph_index": (0, "int32", 0)}),
    "VAR_HANDLE": (111, {"container": (0, "bytes", b""), "shared_name": (1, "bytes", b"")}),
    "SPLIT": (35, {"num_splits": (0, "int32", 0)}),
    "SOFTMAX": (9, {"beta": (0, "float32", 0)}),
    "ADD": (11, {"fused_activation_function": (0, "int8", 0)}),
    "CONCATENATION": (10, {"axis": (0, "int32", 0), "fused_activation_function": (1, "int8", 0)}),
    "STRIDED_SLICE": (32, _STRIDED_SLICE),
    "SUB": (28, {"fused_activation_function": (0, "int8", 0)}),
    "MUL": (21, {"fused_activation_function": (0, "int8", 0)}),
    "REDUCE_MAX": (27, {"keep_dims": (0, "bool", 0)}),
    "MEAN": (27, {"keep_dims": (0, "bool", 0)}),
    "TRANSPOSE_CONV": (49, _TRANSPOSE_CONV),
    "LEAKY_RELU": (75, {"alpha": (0, "float32", 0)}),
}
"""For each op with options: their number in the union BuiltinOptions, and field -> (slot, type, default)."""
