# SPDX-License-Identifier: Apache-2.0
"""Lessons: what the teacher said of a recording is found at the right moment of a segment."""

from __future__ import annotations

import numpy as np

from tinykws.training.lessons import Said, rows_taught

HOP = 1280
CLOCK = np.stack([(np.arange(50) + 1.0) * HOP, np.zeros(50)], axis=1).astype(np.float32)
"""Of a teacher that says how many samples it has heard."""


def test_the_moment_is_found_wherever_the_piece_lies_and_however_fast_it_is() -> None:
    places = np.array([3000.0, 7000.0, 9000.0])
    np.testing.assert_allclose(Said(CLOCK, HOP, 0, 0).about(places)[:, 0], places)
    np.testing.assert_allclose(Said(CLOCK, HOP, 2000, 5000).about(places)[:, 0], places + 3000)
    np.testing.assert_allclose(Said(CLOCK, HOP, 2000, 5000, 1.25).about(places)[:, 0], 5000 + 1.25 * (places - 2000))


def test_beyond_the_ends_the_first_and_last_rows_count() -> None:
    said = Said(CLOCK, HOP, 0, 0).about(np.array([-500.0, 100.0, 70_000.0]))
    np.testing.assert_allclose(said[:, 0], [HOP, HOP, 50 * HOP])
    assert Said(CLOCK[:1], HOP, 0, 0).about(np.array([0.0, 9999.0]))[:, 0].tolist() == [HOP, HOP]


def test_the_earlier_piece_counts_until_it_ends_and_nobody_teaches_between_pieces() -> None:
    one, other = (Said(np.full((9, 2), value, np.float32), HOP, 0, 0) for value in (1, 2))
    pieces = [(1000.0, 4000.0, one), (3000.0, 6000.0, other)]
    taught = rows_taught(np.array([500.0, 1000, 3500, 4000, 5999, 6000]), pieces, 2)
    np.testing.assert_array_equal(taught[:, 0], [np.nan, 1, 1, 2, 2, np.nan])
    assert np.isnan(rows_taught(np.array([1.0]), [], 3)).tolist() == [[True] * 3]
