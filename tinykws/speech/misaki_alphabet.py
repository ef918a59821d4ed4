# SPDX-License-Identifier: Apache-2.0
"""The alphabet in which Kokoro and hibari read English: that of misaki, one letter for each sound and diphthong."""

from __future__ import annotations

from tinykws.speech.english_ipa import STRESS, bracketed_ipa, split_sounds

_SOUNDS = """
eɪ=A aɪ=I aʊ=W ɔɪ=Y oʊ=O əʊ=O tʃ=ʧ dʒ=ʤ iə=iə ɪə=ɪə eə=ɛɹ ʊə=ʊə ɑː=ɑ ɔː=ɔ ɜː=ɜɹ iː=i uː=u oː=ɔ n̩=ᵊn l̩=ᵊl
m̩=ᵊm i=i ɪ=ɪ ᵻ=ɪ ʊ=ʊ u=u ʌ=ʌ æ=æ a=æ ɛ=ɛ e=ɛ ɒ=ɑ ɔ=ɔ ɑ=ɑ ə=ə ɐ=ə ɚ=əɹ ɜ=ɜɹ o=ɔ b=b d=d f=f ɡ=ɡ h=h j=j k=k
l=l ɫ=l m=m n=n ŋ=ŋ p=p ɹ=ɹ r=ɹ s=s ʃ=ʃ t=t ɾ=T ʔ=t θ=θ ð=ð v=v w=w x=k z=z ʒ=ʒ
"""
SOUNDS = {ipa: written for ipa, _, written in (entry.partition("=") for entry in _SOUNDS.split())}
"""espeak-ng's IPA of English to this alphabet."""


def in_misaki(text: str) -> str | None:
    """Returns IPA between `[[` and `]]` in this alphabet, with the punctuation mark after it.

    Returns:
        None for a text that is no IPA, or with a sound that is not in the alphabet.
    """
    ipa = bracketed_ipa(text)
    words = None if ipa is None else [split_sounds(word, SOUNDS) for word in ipa.split()]
    if not words or None in words:
        return None
    end = text[-1] if text[-1] in ".!?" else ""
    spelled = ["".join(each if each in STRESS else SOUNDS[each] for each in word or ()) for word in words]
    return " ".join(spelled) + end
