# SPDX-License-Identifier: Apache-2.0
"""Text-to-speech: engines, voices, accents, vocabulary, and the plan of all synthetic clips."""
