# SPDX-License-Identifier: Apache-2.0
"""Recordings and synthetic clips on their way to build/dataset/."""
