# SPDX-License-Identifier: Apache-2.0
"""The aot engine: from an int8 .tflite to C that needs no interpreter."""
