# SPDX-License-Identifier: Apache-2.0
"""Untrusted .tflite bytes become a checked graph."""
