# SPDX-License-Identifier: Apache-2.0
"""synth: makes synthetic clips of the words and of similar words by text-to-speech, and clips of silence and noise.

Reads kws.yaml (words, language, synth, features: clip_ms) and files of voices. Writes build/synth/ in the layout of
data/:

    <word>/<voice>_nohash_<n>.wav            the words
    _unknown_/<voice>_nohash_<text>_<n>.wav  other words, and parts of the words
    _silence_/<kind>_nohash_<n>.wav          silence and noise
    _background_noise_/<kind>.wav            20 s each, for mixing in
    validation_list.txt, testing_list.txt    split by voice: no voice is in two splits

The same settings give the same bytes, on any number of processes. The speech engines are in tinykws/speech/.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeAlias

import numpy as np

from tinykws.audio.files import resample, write_wav
from tinykws.audio.noise import NOISES, decibels
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated
from tinykws.project.labels import BACKGROUND_NOISE, SILENCE, UNKNOWN
from tinykws.project.layout import Project
from tinykws.project.synth_settings import AUTO, SynthSettings
from tinykws.speech import vocoder
from tinykws.speech.clip_shaping import place_in_clip, trimmed
from tinykws.speech.engine_choice import LeftOut, choose_engines
from tinykws.speech.engines import EngineSetup, EngineVoices, Speak, SpeechEngine, Utterance, find_engine
from tinykws.speech.plan import SPLIT_CYCLE, ClipPlan, VoicePlan, plan_speech
from tinykws.speech.vocabulary import Vocabulary, choose_vocabulary
from tinykws.speech.voice_splits import engines_held_back
from tinykws.support.abandoned import remove_abandoned_folders
from tinykws.support.errors import ConfigError, TinykwsError, ToolError
from tinykws.support.files import replacing_folder, write_text_if_changed
from tinykws.support.freshness import StageFiles, read_report
from tinykws.support.parallel import map_in_processes, process_count
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.checked_recordings import checked_recordings, summary_of_unused
from tinykws.training_data.folders import LIST_FILES, TESTING, TRAINING, VALIDATION, needs_synthetic_clips
from tinykws.training_data.long_words import enough_clip_ms

FloatSamples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

FULLEST = 0.95
"""A word that takes a larger share of the clip is synthesized again, faster."""
FASTEST_WPM = 450
LONGEST = 1.3
"""A word that takes longer than this many clips at the usual rate does not fit a clip."""
BACKGROUND_SECONDS = 20
FEWEST_VOICES = 3
"""One for each split."""


@dataclasses.dataclass(frozen=True)
class EngineReport:
    """What one text-to-speech engine made."""

    name: str
    version: str
    voices: int
    clips: int


@dataclasses.dataclass(frozen=True)
class SynthReport:
    """The synthetic clips."""

    clips: dict[str, int]
    """Number of clips by folder; empty if no synthetic clips are needed."""
    voices: int
    accents: tuple[str, ...]
    unknown_words: int
    engines: tuple[EngineReport, ...] = ()
    held_back: tuple[str, ...] = ()
    """Engines whose voices are for validation and testing only."""
    changed_clips: int = 0
    """Clips that the vocoder gave to another speaker."""
    left_out: tuple[LeftOut, ...] = ()
    """Engines that would help, and what makes them usable."""


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that synth reads, and the folder that it writes.

    Raises:
        ConfigError: the data folder is not usable, see `checked_recordings`.
    """
    config = project.config
    checked_recordings(project)
    wanted = needs_synthetic_clips(config, project.data_dir)
    engines = choose_engines(_setup(project)).engines if wanted else ()
    used = {engine.name: _version_or_former(engine, project) for engine in engines}
    settings = {
        "wanted": wanted,
        "words": config.words,
        "language": config.language,
        "synth": dataclasses.asdict(config.synth),
        "clip_ms": config.frontend.clip_ms,
        "versions": _with_former_engines(used, project) if engines else used,
        "vocoder": vocoder.version() if wanted and config.synth.vocoder_share else "",
    }
    files = [file for engine in engines for file in engine.voice_files()]
    return StageFiles(settings, reads=files, writes=(project.synth_dir,) if wanted else ())


def synth(project: Project, progress: Progress = SILENT, processes: int | None = None) -> SynthReport:
    """Makes the project's synthetic clips in build/synth/, if kws.yaml asks for them.

    Raises:
        ConfigError: an engine cannot synthesize a word or the language, a voice is missing, a word is longer than a
            clip, or the data folder is not usable (see `checked_recordings`).
        ToolError: an engine is not installed, or fails.
    """
    config = project.config
    unused = checked_recordings(project).unused
    if not needs_synthetic_clips(config, project.data_dir):
        reason = "synth: enabled is never" if config.synth.enabled == "never" else "every word has recordings"
        progress.say(f"no synthetic clips needed: {reason}")
        remove_abandoned_folders(project.synth_dir)
        return SynthReport({}, 0, (), 0)
    for line in summary_of_unused(unused):
        progress.say(f"recordings that are not used: {line}")
    settings = config.synth
    words = config.labels[2:]
    chosen = choose_engines(_setup(project))
    engines = chosen.engines
    versions = {engine.name: engine.version() for engine in engines}
    _say_what_would_help(chosen.left_out, progress)
    vocabulary = choose_vocabulary(config)
    engine_voices = [_checked_voices(engine, vocabulary, config.frontend.clip_ms, progress) for engine in engines]
    _check_voices(engine_voices)
    held_back = engines_held_back(engine_voices, settings.held_back)
    plans = plan_speech(
        words,
        vocabulary.unknown,
        engine_voices,
        clips_per_word=settings.clips_per_word,
        unknown_clips=settings.unknown_clips,
        seed=settings.seed,
        held_back=held_back,
        vocoder_share=_vocoder_share(settings, progress),
    )
    with replacing_folder(project.synth_dir) as folder:
        for name in (SILENCE, UNKNOWN, BACKGROUND_NOISE, *(label.name for label in words)):
            (folder / name).mkdir()
        jobs = [job for engine in engines for job in _jobs(engine, plans, folder, config.frontend.clip_samples)]
        _synthesize_all(jobs, progress, processes or process_count())
        silence = _write_silence(folder / SILENCE, config.frontend.clip_samples, settings.silence_clips, settings.seed)
        _write_background(folder / BACKGROUND_NOISE, settings.seed)
        _write_lists(folder, plans, silence)
    clips = {label.name: settings.clips_per_word for label in words}
    clips |= {UNKNOWN: settings.unknown_clips, SILENCE: settings.silence_clips}
    used = {clip.text for plan in plans for clip in plan.clips} - {label.text for label in words}
    reports = _engine_reports(plans, versions)
    accents = dict.fromkeys(accent for voices in engine_voices for accent in voices.accents if accent)
    changed_clips = sum(clip.change is not None for plan in plans for clip in plan.clips)
    return SynthReport(clips, len(plans), tuple(accents), len(used), reports, held_back, changed_clips, chosen.left_out)


def _setup(project: Project) -> EngineSetup:
    return EngineSetup(project.config.language, project.root, project.config.synth)


def _say_what_would_help(left_out: Sequence[LeftOut], progress: Progress) -> None:
    for each in left_out:
        progress.say(f"more voices would help: {each.why}; {each.fix}")


def _vocoder_share(settings: SynthSettings, progress: Progress) -> float:
    """Returns the share of clips for the vocoder: 0 if it is not installed, which is said."""
    if settings.vocoder_share and not vocoder.version():
        progress.say(f"pyworld is not installed, so speakers are not multiplied: {vocoder.INSTALL_HINT}")
        return 0.0
    return settings.vocoder_share


def _with_former_engines(versions: dict[str, str], project: Project) -> dict[str, str]:
    """Returns the engines' versions; with `auto` also of those that made the clips and are gone, so that they stay."""
    is_auto = project.config.synth.engines == (AUTO,)
    return {**_former_versions(project), **versions} if is_auto else versions


def _version_or_former(engine: SpeechEngine, project: Project) -> str:
    """Returns an engine's version; if it is no longer installed, that of its clips, so that they stay up to date."""
    try:
        return engine.version()
    except ToolError:
        return _former_versions(project).get(engine.name, "")


def _former_versions(project: Project) -> dict[str, str]:
    try:
        return {each["name"]: each["version"] for each in read_report(project.stamp_path("synth"))["engines"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _checked_voices(engine: SpeechEngine, vocabulary: Vocabulary, clip_ms: int, progress: Progress) -> EngineVoices:
    """Returns an engine's voices, once it has said all the words in time."""
    voices = engine.engine_voices(vocabulary)
    voice = next(iter(voices.voices.values()), None)
    if voice is None:
        raise ConfigError(f"{engine.name} has no voice for language {engine.setup.language!r}")
    with engine.speaking(0) as speak:
        for text in vocabulary.words:
            if text not in voices.engine_texts:
                hint = f"spell it as it sounds, or leave {engine.name} out of synth: engines"
                raise ConfigError(f"{engine.name} cannot speak the word {text!r}", hint=hint)
            utterance = Utterance(voices.engine_texts[text], accent=voices.accents[0])
            _check_duration(engine.name, text, _speech(engine.name, speak, voice, utterance, 1.0), clip_ms, progress)
    return voices


def _check_voices(engine_voices: Sequence[EngineVoices]) -> None:
    count = sum(len(voices.voices) for voices in engine_voices)
    if count < FEWEST_VOICES:
        raise ConfigError(
            f"{', '.join(voices.engine for voices in engine_voices)}: {count} speakers, and training, validation and "
            "testing need one each",
            hint=f"add voices, or another engine: synth: {{engines: [espeak, {engine_voices[0].engine}]}}",
        )


def _check_duration(engine: str, text: str, speech: FloatSamples, clip_ms: int, progress: Progress) -> None:
    milliseconds = round(1000 * speech.size / SAMPLE_RATE_HZ)
    if milliseconds == 0:
        raise ConfigError(
            f"{engine} cannot synthesize the word {text!r}: the result is silent", hint="spell it as it sounds"
        )
    enough = enough_clip_ms(milliseconds)
    if milliseconds > LONGEST * clip_ms:
        raise ConfigError(
            f"the word {text!r} takes {milliseconds} ms, but a clip has {clip_ms} ms",
            hint=f"choose a shorter word, or set features: {{clip_ms: {enough}}} in kws.yaml",
        )
    if milliseconds > FULLEST * clip_ms:
        progress.say(
            f"the word {text!r} takes about {milliseconds} ms to say, but the model hears {clip_ms} ms at once: it is"
            f" synthesized faster, and may be missed; better, in kws.yaml: features: {{clip_ms: {enough}}}"
        )


@dataclasses.dataclass(frozen=True)
class _Job:
    """The clips that one process synthesizes with an engine of its own, so that the result does not depend on order."""

    engine: str
    setup: EngineSetup
    lines: tuple[tuple[str, ClipPlan], ...]
    """Voice and what it says."""
    folder: Path
    clip_samples: int


def _jobs(engine: SpeechEngine, plans: Sequence[VoicePlan], folder: Path, clip_samples: int) -> Iterator[_Job]:
    voices = [[(plan.voice, clip) for clip in plan.clips] for plan in plans if plan.engine == engine.name]
    if engine.clips_at_once is None:
        parts = voices
    else:
        lines = [line for voice in voices for line in voice]
        parts = [lines[at : at + engine.clips_at_once] for at in range(0, len(lines), engine.clips_at_once)]
    return (_Job(engine.name, engine.setup, tuple(part), folder, clip_samples) for part in parts)


def _synthesize_all(jobs: Sequence[_Job], progress: Progress, processes: int) -> None:
    try:
        for _ in progress.track(map_in_processes(_synthesize, jobs, processes), "synthesizing", total=len(jobs)):
            pass
    except BrokenProcessPool as error:
        engines = ", ".join(dict.fromkeys(job.engine for job in jobs))
        raise ToolError(
            f"a process that was synthesizing with {engines} was killed",
            hint="too little memory, or an engine that crashes: try one engine at a time in synth: engines",
        ) from error


def _synthesize(job: _Job) -> int:
    engine = find_engine(job.engine)(job.setup)
    with engine.speaking(job.lines[0][1].seed) as speak:
        for voice, clip in job.lines:
            write_wav(job.folder / clip.file, _spoken_clip(job, speak, voice, clip))
    return len(job.lines)


def _spoken_clip(job: _Job, speak: Speak, voice: str, clip: ClipPlan) -> Samples:
    utterance = Utterance(
        clip.engine_text,
        clip.rate_wpm,
        clip.pitch,
        clip.pitch_range,
        accent=clip.accent,
        seed=clip.seed,
    )
    speech = _speech(job.engine, speak, voice, utterance, clip.speed)
    if speech.size > FULLEST * job.clip_samples:
        faster = round(clip.rate_wpm * speech.size / (0.9 * job.clip_samples))
        utterance = dataclasses.replace(utterance, rate_wpm=min(faster, FASTEST_WPM))
        speech = _speech(job.engine, speak, voice, utterance, clip.speed)
    if clip.change is not None and speech.size:
        speech = trimmed(vocoder.changed(speech, SAMPLE_RATE_HZ, clip.change))
    if speech.size == 0:
        raise ToolError(
            f"{job.engine} gave no sound for {utterance.text!r} with voice {voice}",
            hint=f"leave {job.engine} out of synth: engines, or take another voice",
        )
    return place_in_clip(speech, job.clip_samples, clip.placement, np.random.default_rng(clip.seed))


def _speech(engine: str, speak: Speak, voice: str, utterance: Utterance, speed: float) -> FloatSamples:
    """Returns what an engine says, trimmed, float [n] at SAMPLE_RATE_HZ, played at a speed."""
    try:
        sound = speak(voice, utterance)
    except (TinykwsError, OSError):
        raise
    except Exception as error:  # whatever an engine's own code fails with
        raise ToolError(f"{engine} failed at {utterance.text!r} with voice {voice}: {error!r}") from error
    return trimmed(resample(sound.samples / FULL_SCALE, sound.sample_rate_hz * speed, SAMPLE_RATE_HZ))


def _engine_reports(plans: Sequence[VoicePlan], versions: dict[str, str]) -> tuple[EngineReport, ...]:
    voices = Counter(plan.engine for plan in plans)
    clips = Counter(plan.engine for plan in plans for _ in plan.clips)
    return tuple(EngineReport(name, version, voices[name], clips[name]) for name, version in versions.items())


def _write_silence(folder: Path, clip_samples: int, count: int, seed: int) -> dict[str, list[str]]:
    """Writes clips of silence and noise; returns their names in the output folder by split."""
    kinds = ["zeros", *NOISES]
    files: dict[str, list[str]] = {TRAINING: [], VALIDATION: [], TESTING: []}
    for index in range(count):
        rng = np.random.default_rng([seed, 11, index])
        kind = kinds[int(rng.integers(len(kinds)))]
        sound = NOISES[kind](clip_samples, rng) if kind in NOISES else np.zeros(clip_samples)
        level = FULL_SCALE * decibels(float(rng.uniform(-85, -15)))
        name = f"{kind}_nohash_{index}.wav"
        write_wav(folder / name, saturated(sound * level))
        files[SPLIT_CYCLE[index % len(SPLIT_CYCLE)]].append(f"{SILENCE}/{name}")
    return files


def _write_background(folder: Path, seed: int) -> None:
    for index, (kind, make) in enumerate(NOISES.items()):
        rng = np.random.default_rng([seed, 13, index])
        sound = make(BACKGROUND_SECONDS * SAMPLE_RATE_HZ, rng)
        write_wav(folder / f"{kind}.wav", saturated(sound * FULL_SCALE * decibels(-25)))


def _write_lists(folder: Path, plans: Sequence[VoicePlan], silence: dict[str, list[str]]) -> None:
    for split, name in LIST_FILES.items():
        spoken = [clip.file for plan in plans if plan.split == split for clip in plan.clips]
        write_text_if_changed(folder / name, "".join(f"{file}\n" for file in sorted(spoken + silence[split])))
