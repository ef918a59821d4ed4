# SPDX-License-Identifier: Apache-2.0
"""Text-to-speech: decides which clips to synthesize, and has the engines synthesize them.

In: the words, the language and the `synth` settings of kws.yaml. Out: a vocabulary (keywords, and texts of the unknown
class that sound similar), a plan with text, voice, accent and manner of each clip, and the samples of each clip. The
stage `synth` (tinykws/stages/synth.py) puts these together and writes build/synth/.

A new text-to-speech engine is a subclass of `engines.SpeechEngine`: in a package of its own, registered by an entry
point of the group `tinykws.speech_engines`, or in a module here, listed in `engines.BUILT_IN`. Those here are
espeak.py, festival.py, flite.py, hibari.py, gnuspeech.py, kokoro.py and piper.py;
docs/guides/add_a_speech_engine.md shows a complete one.

Contents:
    vocabulary.choose_vocabulary: chooses all texts to synthesize, and the accents that can say them.
    vocabulary.Vocabulary: the keywords and the texts of the unknown class.
    unknown_words.choose_unknown_words: chooses words that sound similar to the keywords, and other words.
    near_misses.near_misses: makes keywords with some consonants changed, as phonemes.
    word_lists.word_list: common words of a language.
    accents.choose_foreign_accents: finds voices of other languages that say the words recognizably.
    engines.SpeechEngine: the interface of a text-to-speech engine.
    engines.find_engine: returns an engine's class by its name in kws.yaml.
    engine_choice.choose_engines: those that kws.yaml names, or all that are installed and speak the language.
    engines.engine_names: lists the built-in engines and those of other packages.
    espeak.EspeakEngine: espeak-ng, all languages.
    festival.FestivalEngine: festival, the English voices that are installed.
    flite.FliteEngine: flite, American English.
    hibari.HibariEngine: hibari, small neural voices of English.
    gnuspeech.GnuspeechEngine: GnuSpeech, a model of the vocal tract: English speakers of any size.
    gnuspeech_program.GnuspeechProgram: GnuSpeech's WebAssembly, its imports and its files.
    vocal_tracts.random_tract: generates a speaker for GnuSpeech at random.
    kokoro.KokoroEngine: Kokoro, 54 natural speakers of English.
    misaki_alphabet.in_misaki: the alphabet of Kokoro and hibari.
    english_ipa.split_sounds: splits IPA into the sounds of an engine's alphabet.
    voice_downloads.piper_voice: addresses and checksums of a voice of Piper's collection.
    voice_downloads.licence_of_card: reads the licence in a MODEL_CARD.
    voice_folders.voices_dir: where an engine's downloaded voices are.
    piper.PiperEngine: Piper, neural voices that the user provides.
    espeak_library.Espeak: espeak-ng's C library: text to phonemes and to samples.
    espeak_library.accents_of_language: the accents that espeak-ng has for a language.
    random_voices.random_voice: generates a voice for espeak-ng at random.
    plan.plan_speech: plans every clip: text, voice, accent, rate, position, level.
    voice_splits.split_voices: assigns each voice to training, validation or testing.
    voice_splits.engines_held_back: chooses the engines whose voices training does not use.
    voice_splits.turns: the order in which voices speak.
    vocoder.changed: makes another speaker of one, by the vocoder WORLD.
    vocoder.random_change: generates such a speaker at random.
    unknown_words.blends: makes words of a keyword's half and another word's half.
    clip_shaping.trimmed: removes silence around speech.
    clip_shaping.place_in_clip: places speech in a clip, at a level, over a noise floor.
"""
