"""synth: the words, words like them, silence and noise, spoken and made by computing.

In: kws.yaml (words, language, synth, features: clip_ms). Out: build/synth/ in the layout of data/:

    <word>/<voice>_nohash_<n>.wav            the words
    _unknown_/<voice>_nohash_<text>_<n>.wav  other words, and parts of the words
    _silence_/<kind>_nohash_<n>.wav          silence and noise
    _background_noise_/<kind>.wav            20 s each, for mixing in
    validation_list.txt, testing_list.txt    split by voice: no voice stands on two sides

The same settings give the same bytes, on any number of processes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tinykws.audio import FULL_SCALE, SAMPLE_RATE_HZ, Samples, resample, saturated, write_wav
from tinykws.clips.folders import LIST_FILES, TESTING, TRAINING, VALIDATION, speaks
from tinykws.clips.foreign import FOREIGN_ACCENTS, ForeignSpeech, foreign_speech
from tinykws.clips.made_voices import made_voice
from tinykws.clips.near_misses import near_misses
from tinykws.clips.noise import NOISES, decibels
from tinykws.clips.shaping import shaped_clip, trimmed
from tinykws.clips.speech_plan import DEAL, Utterance, VoicePlan, plan_speech, split_voices
from tinykws.clips.unknown_words import UnknownWords, choose_unknown_words
from tinykws.clips.word_lists import word_list
from tinykws.doors.espeak import VARIANTS, Espeak, accents_of_language
from tinykws.errors import ConfigError, ToolError
from tinykws.files import replacing_folder, write_text_if_changed
from tinykws.freshness import StageFiles
from tinykws.labels import BACKGROUND_NOISE, SILENCE, UNKNOWN
from tinykws.parallel import map_in_processes, process_count
from tinykws.progress import SILENT, Progress
from tinykws.project import Project

FULLEST = 0.95
"""A word that takes more of the clip than this is said again, faster."""
FASTEST_WPM = 450
LONGEST = 1.3
"""A word that takes longer than this many clips at a usual rate cannot be heard in one."""
BACKGROUND_SECONDS = 20
MADE_VOICES = 150
"""Speakers drawn at random beside espeak-ng's own variants."""


@dataclasses.dataclass(frozen=True)
class SynthReport:
    """What was made."""

    clips: dict[str, int]
    """Clips by folder; empty where nothing had to be spoken."""
    voices: int
    accents: tuple[str, ...]
    unknown_words: int


def stage_files(project: Project) -> StageFiles:
    """Returns what synth depends on and makes."""
    config = project.config
    wanted = speaks(config, project.data_dir)
    settings = {
        "wanted": wanted,
        "words": config.words,
        "language": config.language,
        "synth": dataclasses.asdict(config.synth),
        "clip_ms": config.frontend.clip_ms,
    }
    return StageFiles(settings, reads=(), writes=(project.synth_dir,) if wanted else ())


def synth(project: Project, progress: Progress = SILENT, processes: int | None = None) -> SynthReport:
    """Speaks the project's clips into build/synth/, where its configuration asks for it.

    Raises:
        ConfigError: espeak-ng cannot speak a word or the language, or a word takes longer than a clip.
        ToolError: espeak-ng is not installed.
    """
    config = project.config
    if not speaks(config, project.data_dir):
        reason = "synth: enabled is never" if config.synth.enabled == "never" else "every word has recordings"
        progress.say(f"nothing to speak: {reason}")
        return SynthReport({}, 0, (), 0)
    settings = config.synth
    words = config.labels[2:]
    accents, unknown, foreign = _vocabulary(project)
    made = _made_voices(settings.seed)
    voices = split_voices([*VARIANTS, *made], settings.seed)
    plans = plan_speech(
        words,
        unknown,
        accents,
        voices,
        foreign,
        clips_per_word=settings.clips_per_word,
        unknown_clips=settings.unknown_clips,
        seed=settings.seed,
    )
    with replacing_folder(project.synth_dir) as folder:
        for name in (SILENCE, UNKNOWN, BACKGROUND_NOISE, *(label.name for label in words)):
            (folder / name).mkdir()
        jobs = [
            _VoiceJob(plan, made.get(plan.variant), folder, config.frontend.clip_samples, settings.seed)
            for plan in plans
        ]
        done = map_in_processes(_speak_voice, jobs, processes or process_count())
        for _ in progress.track(done, "speaking", total=len(jobs)):
            pass
        silence = _write_silence(folder / SILENCE, config.frontend.clip_samples, settings.silence_clips, settings.seed)
        _write_background(folder / BACKGROUND_NOISE, settings.seed)
        _write_lists(folder, plans, silence)
    clips = {label.name: settings.clips_per_word for label in words}
    clips |= {UNKNOWN: settings.unknown_clips, SILENCE: settings.silence_clips}
    used = {utterance.text for plan in plans for utterance in plan.utterances} - {label.text for label in words}
    return SynthReport(clips, len(plans), accents, len(used))


def _made_voices(seed: int) -> dict[str, str]:
    """Returns names and descriptions."""
    names = [f"made{number}" for number in range(MADE_VOICES)]
    return {name: made_voice(name, np.random.default_rng([seed, 17, number])) for number, name in enumerate(names)}


def _vocabulary(project: Project) -> tuple[tuple[str, ...], UnknownWords, dict[str, ForeignSpeech]]:
    """Returns the accents that can say all the words, the words of the unknown class, and who foreign says which."""
    config = project.config
    with Espeak(config.synth.seed) as espeak:
        all_accents = accents_of_language(config.language, espeak.accents())
        texts = [label.text for label in config.labels[2:]]
        accents = _accents_that_speak(espeak, [*texts, *config.synth.unknown_words], all_accents, config.language)
        for text in texts:
            _check_duration(espeak, text, accents[0], config.frontend.clip_ms)

        def phonemes_of(text: str) -> tuple[str, ...]:
            return espeak.phonemes(text, accents[0]) if espeak.can_speak(text, accents[0]) else ()

        _check_unknown_words(config.synth.unknown_words, texts, phonemes_of)
        unknown = choose_unknown_words(
            texts,
            config.synth.unknown_words,
            word_list(config.language),
            phonemes_of,
            np.random.default_rng([config.synth.seed, 7]),
        )
        misses = _near_misses(espeak, texts, unknown, accents[0], config.synth.seed)
        unknown = dataclasses.replace(unknown, misses=misses)
        foreign = _foreign_speech(espeak, texts, unknown, accents)
    return accents, unknown, foreign


def _near_misses(
    espeak: Espeak, texts: Sequence[str], unknown: UnknownWords, accent: str, seed: int
) -> tuple[str, ...]:
    words = [espeak.mnemonics_one_by_one(text, accent) for text in texts]
    words = [word for word in words if word]
    inventory = [each for text in [*texts, *unknown.others] for each in espeak.mnemonics_one_by_one(text, accent)]
    if not words:
        return ()
    return near_misses(words, inventory, lambda text: espeak.phonemes(text, accent), np.random.default_rng([seed, 19]))


def _foreign_speech(
    espeak: Espeak, texts: Sequence[str], unknown: UnknownWords, accents: Sequence[str]
) -> dict[str, ForeignSpeech]:
    def said_in(mnemonics: str, accent: str) -> tuple[str, ...]:
        return espeak.phonemes(f"[[{mnemonics}]]", accent)

    return foreign_speech(
        texts,
        [*unknown.alike, *unknown.misses, *unknown.others],
        mnemonics_of=lambda text: espeak.mnemonics(text, accents[0]),
        said_in=said_in,
        home=accents[0],
        accents=[accent for accent in FOREIGN_ACCENTS if accent not in accents],
    )


def _accents_that_speak(espeak: Espeak, texts: Sequence[str], accents: Sequence[str], language: str) -> tuple[str, ...]:
    for text in texts:
        if not any(espeak.can_speak(text, accent) for accent in accents):
            raise ConfigError(
                f"espeak-ng cannot speak the word {text!r} in language {language!r}",
                hint=f"set language: in kws.yaml to the word's language, spell {text!r} as it sounds, "
                "or record it and set synth: {enabled: never}",
            )
    able = tuple(accent for accent in accents if all(espeak.can_speak(text, accent) for text in texts))
    if not able:
        raise ConfigError(
            f"no accent of language {language!r} speaks all of {', '.join(texts)}",
            hint="words of one project must be of one language",
        )
    return able


def _check_unknown_words(
    wanted: Sequence[str], texts: Sequence[str], phonemes_of: Callable[[str], tuple[str, ...]]
) -> None:
    sounds = {phonemes_of(text): text for text in texts}
    for word in wanted:
        if (same := sounds.get(phonemes_of(word))) is not None:
            raise ConfigError(
                f"synth: unknown_words holds {word!r}, which sounds as the word {same!r} does",
                hint="leave it out: nothing that hears them can tell them apart",
            )


def _check_duration(espeak: Espeak, text: str, accent: str, clip_ms: int) -> None:
    speech = trimmed(espeak.speak(text, accent, 175, 50, 50) / FULL_SCALE)
    milliseconds = round(1000 * speech.size / espeak.sample_rate_hz)
    if milliseconds == 0:
        raise ConfigError(f"espeak-ng cannot speak the word {text!r}: it is silent", hint="spell it as it sounds")
    if milliseconds > LONGEST * clip_ms:
        raise ConfigError(
            f"the word {text!r} takes {milliseconds} ms to say, the model hears {clip_ms} ms",
            hint=f"choose a shorter one, or set features: {{clip_ms: {milliseconds // 100 * 100 + 200}}} in kws.yaml",
        )


@dataclasses.dataclass(frozen=True)
class _VoiceJob:
    """What one process does in one go: a voice's clips in a library loaded for them, so that order and bytes hold."""

    plan: VoicePlan
    description: str | None
    """Of the voice, where it is none of espeak-ng's own."""
    folder: Path
    clip_samples: int
    seed: int


def _speak_voice(job: _VoiceJob) -> int:
    with Espeak(job.seed) as espeak:
        if job.description is not None:
            espeak.add_variant(job.plan.variant, job.description)
        for utterance in job.plan.utterances:
            write_wav(job.folder / utterance.file, _spoken_clip(espeak, job.plan.variant, utterance, job.clip_samples))
    return len(job.plan.utterances)


def _spoken_clip(espeak: Espeak, variant: str, utterance: Utterance, clip_samples: int) -> Samples:
    speech = _speech(espeak, variant, utterance, utterance.rate_wpm)
    if speech.size > FULLEST * clip_samples:
        faster = round(utterance.rate_wpm * speech.size / (0.9 * clip_samples))
        speech = _speech(espeak, variant, utterance, min(faster, FASTEST_WPM))
    if speech.size == 0:
        raise ToolError(f"espeak-ng gave no sound for {utterance.text!r} with voice {utterance.accent}+{variant}")
    return shaped_clip(speech, clip_samples, utterance.shape, np.random.default_rng(utterance.seed))


def _speech(
    espeak: Espeak, variant: str, utterance: Utterance, rate_wpm: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    samples = espeak.speak(
        utterance.spoken, f"{utterance.accent}+{variant}", rate_wpm, utterance.pitch, utterance.pitch_range
    )
    return trimmed(resample(samples / FULL_SCALE, espeak.sample_rate_hz * utterance.speed, SAMPLE_RATE_HZ))


def _write_silence(folder: Path, clip_samples: int, count: int, seed: int) -> dict[str, list[str]]:
    """Writes quiet and noise clips; returns their names below the output folder by split."""
    kinds = ["zeros", *NOISES]
    files: dict[str, list[str]] = {TRAINING: [], VALIDATION: [], TESTING: []}
    for index in range(count):
        rng = np.random.default_rng([seed, 11, index])
        kind = kinds[int(rng.integers(len(kinds)))]
        sound = NOISES[kind](clip_samples, rng) if kind in NOISES else np.zeros(clip_samples)
        level = FULL_SCALE * decibels(float(rng.uniform(-85, -15)))
        name = f"{kind}_nohash_{index}.wav"
        write_wav(folder / name, saturated(sound * level))
        files[DEAL[index % len(DEAL)]].append(f"{SILENCE}/{name}")
    return files


def _write_background(folder: Path, seed: int) -> None:
    for index, (kind, make) in enumerate(NOISES.items()):
        rng = np.random.default_rng([seed, 13, index])
        sound = make(BACKGROUND_SECONDS * SAMPLE_RATE_HZ, rng)
        write_wav(folder / f"{kind}.wav", saturated(sound * FULL_SCALE * decibels(-25)))


def _write_lists(folder: Path, plans: Sequence[VoicePlan], silence: dict[str, list[str]]) -> None:
    for split, name in LIST_FILES.items():
        spoken = [utterance.file for plan in plans if plan.split == split for utterance in plan.utterances]
        write_text_if_changed(folder / name, "".join(f"{file}\n" for file in sorted(spoken + silence[split])))
