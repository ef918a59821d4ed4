# SPDX-License-Identifier: Apache-2.0
"""From folders of clips to a dataset for training: finding, checking, balancing and augmenting clips.

In: data/ (recordings) and build/synth/ (synthetic clips), in the layout of Speech Commands. Out: build/dataset/, with
clips and features in three splits; the stage `prepare` writes it. During training, augmentation/ changes every clip at
random each time it is used.

Contents:
    folder_walk.find_audio: finds the audio files below a folder, and says why others are not used.
    named_recordings.named_recordings: the files that a user names, and those in folders.
    named_recordings.recordings_in: the recordings below a folder.
    folder_labels.FolderLabels: finds labels by the names of folders and files.
    clip_lists.read_clip_list: reads a list file and finds its clips.
    folders.scan_folder: everything in a data folder: clips, noise, and what is not used.
    folders.clip_files: finds the clips of a data folder, with label and split.
    folders.noise_audio: finds the long noise recordings of a data folder.
    folders.speaker_of: the speaker of a clip.
    folders.which_set: assigns a speaker to training, validation or testing.
    folders.needs_synthetic_clips: decides whether `synth` should synthesize clips.
    checked_recordings.checked_recordings: the content of a project's data folder, or why it cannot be used.
    checked_recordings.summary_of_unused: why recordings are not used, in a few lines.
    checked_recordings.summary_of_folders: which folder became which label, in one line.
    split_filling.fill_training: gives each word with recordings some for training.
    split_filling.fill_splits: gives each word clips for validation and training if its speakers' hashes do not.
    long_words.find_long_words: finds words whose recordings are longer than a clip.
    long_words.enough_clip_ms: the clip length that holds a word.
    noise_recordings.read_noise: reads noise recordings, up to a limit.
    public_datasets.PUBLIC_DATASETS: the datasets that `fetch` can download.
    corpus_pieces.pieces_of: which recordings of a public corpus are used, without the sentences that hold the words.
    corpus_stream.write_stream: makes them one long recording with a list of its speakers.
    common_voice.CommonVoice: Common Voice's single words as a data folder.
    fetched_note.fetched_before: what was fetched into a folder.
    merge_folders.merge_into: merges downloaded clips into a data folder.
    merge_folders.recordings_by_folder: counts recordings in each subfolder.
    merge_folders.count_recordings: counts recordings anywhere below a folder.
    recording_quality.find_issues: finds short, faint, clipped and cut-off recordings.
    label_quality.find_label_errors: finds clips with wrong labels by confident learning.
    label_quality.out_of_fold_probabilities: cross-validation that confident learning needs.
    class_balance.balance_classes: chooses how many unknown and silence clips are used.
    silence_clips.split_noise: divides noise recordings among the splits.
    silence_clips.silence_clips: makes clips of the label silence.
    clip_placement.placed: puts the speech of a recording where the network expects it.
    unpacked_set.unpacked_set: downloads a public data set, checks it and unpacks what is wanted.
    dataset.Dataset: reads build/dataset/.
    dataset.sample_files: chooses example clips evenly.
    augmentation.clip_augmenter.Augmenter: changes position, speed, room, microphone, noise and level of clips.
    augmentation.tempo.change_tempo: stretches features in time.
    augmentation.time_stretch.stretched: stretches samples in time at the same pitch (WSOLA).
    augmentation.speaking_rate.SpeakingRates: draws how fast a clip is said; spoken_at says it so.
    augmentation.feature_masks.mask_features: SpecAugment.
"""
