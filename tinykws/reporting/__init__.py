# SPDX-License-Identifier: Apache-2.0
"""Plots and HTML pages for people.

Numbers come in; PNG and HTML files go out, the same bytes for the same numbers.

Contents:
    plots.plot_learning_curves: loss and accuracy over the epochs.
    plots.plot_confusion_matrix: true labels against predicted labels.
    plots.plot_stream_curve: recall against false accepts per hour.
    plots.plot_both_sides: features of device and host, and their difference.
    plots.plot_sound: a waveform and its spectrum.
    plots.features_png: features as a picture, one pixel per value.
    clip_page.write_clip_page: a page of clips to look at and to listen to.
    clip_page.ClipCard: one clip on such a page.
"""
