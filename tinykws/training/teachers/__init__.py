# SPDX-License-Identifier: Apache-2.0
"""Speech networks that others trained, as teachers of a network for streams; nothing of them gets into the firmware.

Such a network turns sound into rows of numbers that say which sounds are spoken (an embedding). A small head learns the
project's words from them, and the small network learns from the head's outputs as well as from the labels.
docs/explanation/training.md tells what that gives.

Contents:
    speech_teacher.SpeechTeacher: what a pretrained network must offer.
    registry.find_teacher: finds one by its name in kws.yaml: built in, of another package, or a folder.
    openwakeword.OpenWakeWord: openWakeWord's embedding, from the installed package.
    onnx_folder.OnnxFolder: an ONNX embedding from a folder of the user's.
    onnx_session.open_session: opens an ONNX network.
    kept_embeddings.KeptEmbeddings: computes embeddings once and keeps them.
    tracks.Track: the rows of a sound, and what the head learns from each.
    head.Head: learns the words from embeddings.
    teaching.make_lessons: lets the teacher hear the dataset, and returns what it says of it.
"""
