# SPDX-License-Identifier: Apache-2.0
"""A Piper voice of a kilobyte: inputs, output and random numbers of a real one (VITS), and a tone for each phoneme."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import onnx.parser

SAMPLE_RATE_HZ = 16000
PHONEMES = "_^$ !'(),-.:;?abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔəɚɛɜɡɪɫɬɹɾʃʊʌʒʔˈˌːθᵻ\u0303"
"""The first entries of Piper's own list, and the phonemes of English."""

GRAPH = """
<ir_version: 8, opset_import: ["" : 15]>
voice (int64[1, phonemes] input, int64[1] input_lengths, float[3] scales{sid_input}) => (float[1, 1, 1, time] output)
<int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] three = {{3}}, int64[1] all = {{-1}},
 float hop = {{600.0}}, float[1] spread = {{0.1}}, float[1] base = {{150.0}}, float step = {{9.0}},
 float higher = {{60.0}}, float turn = {{0.00039269908}}, float[1] hiss = {{0.05}},
 int64 axis = {{0}}, int64[4] shape = {{1, 1, 1, -1}}>
{{
  noise = Slice(scales, zero, one)
  length = Slice(scales, one, two)
  noise_w = Slice(scales, two, three)
  random_w = RandomNormalLike <dtype = 1> (length)
  wide = Mul(noise_w, random_w)
  wider = Mul(wide, spread)
  factor = Exp(wider)
  longer = Mul(length, factor)
  hops = Mul(longer, hop)
  w_ceil = Ceil(hops)
  samples = Cast <to = 7> (w_ceil)
  ids = Cast <to = 1> (input)
  column = Reshape(ids, all)
  tones = Mul(column, step)
  {speaker}
  hz = Unsqueeze(spoken, one)
  size = Concat <axis = 0> (one, samples)
  held = Expand(hz, size)
  line = Reshape(held, all)
  radians = Mul(line, turn)
  phase = CumSum(radians, axis)
  tone = Sin(phase)
  random = RandomNormalLike <dtype = 1> (tone)
  louder = Mul(noise, hiss)
  breath = Mul(random, louder)
  sound = Add(tone, breath)
  output = Reshape(sound, shape)
}}
"""
ONE_SPEAKER = "spoken = Add(tones, base)"
MANY_SPEAKERS = """who = Cast <to = 1> (sid)
  size_of = Mul(who, higher)
  voice_hz = Add(size_of, base)
  spoken = Add(tones, voice_hz)"""


def write_voice(path: Path, *, speakers: int = 1, language: str = "en_US", espeak_voice: str = "en-us") -> Path:
    """Writes NAME.onnx and NAME.onnx.json."""
    many = speakers > 1
    text = GRAPH.format(sid_input=", int64[1] sid" if many else "", speaker=MANY_SPEAKERS if many else ONE_SPEAKER)
    model = onnx.parser.parse_model(text)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    described = {
        "audio": {"sample_rate": SAMPLE_RATE_HZ, "quality": "tiny"},
        "espeak": {"voice": espeak_voice},
        "language": {"code": language, "family": language[:2]},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {phoneme: [number] for number, phoneme in enumerate(PHONEMES)},
        "num_symbols": len(PHONEMES),
        "num_speakers": speakers,
        "speaker_id_map": {f"p{number}": number for number in range(speakers)} if many else {},
    }
    path.with_name(f"{path.name}.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
    return path
