# SPDX-License-Identifier: Apache-2.0
"""Samples and audio files: reading, levels, noise, rooms, filters."""
