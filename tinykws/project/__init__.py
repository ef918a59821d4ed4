# SPDX-License-Identifier: Apache-2.0
"""A user's project: kws.yaml with all its settings, the labels of its words, and the paths of its files.

A project folder comes in; frozen dataclasses go out, whose values have been checked. The docstrings of the settings'
fields are the text of the kws.yaml reference.

Contents:
    layout.Project: a project folder: its configuration and all its paths.
    config.load_config: reads and checks kws.yaml.
    config.parse_config: the same from text.
    config.Config: all of kws.yaml.
    synth_settings.SynthSettings: the section synth.
    model_settings.FeatureSettings: the section features.
    model_settings.ModelSettings: the section model.
    network_size.with_architecture: which network `model: size` means.
    training_settings.TrainingSettings: the section training.
    training_settings.AugmentationSettings: the section training: augmentation.
    detector_settings.DetectorRequest: the section detector, as it is requested.
    detector_settings.DetectorSettings: a detector as it is deployed, every value known.
    detector_settings.temporal_filter_settings: the deployed settings of a temporal filter.
    temporal_filter.quantized: a temporal filter with integer weights.
    temporal_filter.tap_weights: its weights for each score.
    grammar.GrammarRule: a rule of the section grammar.
    grammar.deployed_grammar: the rules with the numbers of the model's labels.
    grammar.check_grammar: refuses rules that make no sense, and words that can never be heard.
    frontend_settings.FrontendSettings: all constants of the front-end.
    identity.different_parts: which parts of what two devices run differ.
    labels.labels_of_words: the model's labels in output order.
    labels.label_of_word: the label of one word.
    labels.check_labels: the rules for labels, of words as of bundles.
"""
