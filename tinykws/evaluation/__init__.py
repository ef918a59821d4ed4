# SPDX-License-Identifier: Apache-2.0
"""Measures how good a model and its detector are on clips and streams, and tunes the detector.

In: a bundle, a dataset, and long recordings without the words (negatives). Out: accuracy and recall on clips; recall,
false accepts per hour and latency on streams, all with confidence intervals; and the detector settings that give the
highest recall at a wanted rate of false accepts.

Contents:
    scoring.score: accuracy, precision and recall of predictions on clips.
    scoring.agreement: difference between the int8 and the float model.
    confidence_intervals.share_interval: confidence interval of a share (Wilson).
    confidence_intervals.rate_interval: confidence interval of a rate (exact Poisson).
    timeline.read_timeline: reads which words are said in a stream and when.
    timeline.score_stream: scores detections against a timeline.
    speaker_list.speaker_changes: reads where one speaker follows another in a stream.
    word_stream.WordStream: generates streams of words in noise and rooms.
    synthetic_talk.TalkStream: generates sentences of other words.
    stream_recording.RecordedStream: a long recording as a stream.
    stream_set.plan_stream_set: plans the streams to measure on.
    stream_scores.score_streams: runs the model over streams.
    stream_measure.measure: recall, false accepts per hour and latency of a detector.
    stream_measure.measure_bundle: the same for a bundle's model and detector.
    spoken_by.spoken_by: who spoke the clips that a recall is measured on: people, or which engines.
    score_peaks.find_peaks: the peaks of scores, from which a rare rate of false accepts is extrapolated.
    detector_quality.quality_of: how good a bundle's detector is, by the figures that tune left in it.
    detector_quality.what_it_promises: what the share of found words says about people.
    detector_quality.advice: what would make a poor detector better.
    near_miss.near_miss: what came nearest to a detection where there was none.
    temporal_filter_fit.fit_temporal_filter: fits the temporal filter's weights.
    tuning.tune_detector: chooses the detector for a wanted rate of false accepts.
    epoch_records.learn: trains epoch after epoch, and measures each on the validation clips.
    stream_training.learn_streams: trains a network for streams, and adds recordings.
    left_out.recordings_gain: what a word's recordings give, by leaving some out in turns.
    hard_negatives.find_hard_negatives: finds sounds that the model takes for words.
"""
