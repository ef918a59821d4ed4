# SPDX-License-Identifier: Apache-2.0
"""Wake words for ESPHome's micro_wake_word: a streaming .tflite and a manifest of each word, and what they are worth.

Contents:
    requirements.exportable_network: a bundle's network, if ESPHome can run it.
    streaming_model.streaming_tflite: the model of one word, with the bundle's weights.
    streaming_model.word_graph: the same on whole model inputs, for the aot engine.
    word_head.append_head: from the logits of all labels to one word's probability.
    operating_point.operating_point: cutoff and window by ESPHome's rule.
    arena.arena_bytes: the size for the manifest.
    manifest.Manifest: what ESPHome reads.
    report.report_markdown: recall and false accepts of each cutoff.
    guard.check_manifests: what ESPHome would not load, of anybody's models.
"""
