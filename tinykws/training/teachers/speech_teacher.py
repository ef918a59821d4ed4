# SPDX-License-Identifier: Apache-2.0
"""What a pretrained speech network must offer to be a teacher."""

from __future__ import annotations

import abc

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples

Rows = npt.NDArray[np.float32]


class SpeechTeacher(abc.ABC):
    """A network from sound to rows of numbers. A package offers its own under the entry point `tinykws.teachers`.

    The entry point names a function without arguments that returns a SpeechTeacher.
    """

    hop_samples: int
    """Samples at 16 kHz from one row to the next."""

    @abc.abstractmethod
    def identity(self) -> str:
        """Returns a digest of everything that decides the rows; with another one they are computed again."""

    @abc.abstractmethod
    def embed(self, samples: Samples) -> Rows:
        """Returns float32 [n, size] for int16 [m] at 16 kHz, n = m // hop_samples.

        Row r is of the sound that ends at sample (r + 1) * hop_samples, or up to 30 ms later. Before the sound there
        was silence.
        """
