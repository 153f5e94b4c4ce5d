"""Coding of ordered answers."""

from __future__ import annotations

import numpy as np

from loyaltysem.moments.categories import category_levels, code_categories, empty_categories

VALUES = np.array([[1, 2.5, 7], [5, 0.1, np.nan], [3, 0.7, 9], [3, -1, 7]], dtype=float)
ORDERED = np.array([True, False, True])


def test_codes_follow_the_order_of_the_answers() -> None:
    levels = category_levels(VALUES, ORDERED)
    assert [level.tolist() for level in levels] == [[1, 3, 5], [], [7, 9]]
    codes = code_categories(VALUES, levels)
    np.testing.assert_array_equal(codes[:, 0], [0, 2, 1, 1])
    np.testing.assert_array_equal(codes[:, 1], VALUES[:, 1])
    np.testing.assert_array_equal(codes[:, 2], [0, np.nan, 1, 0])


def test_a_group_without_a_category_is_noticed() -> None:
    levels = category_levels(VALUES, ORDERED)
    codes = code_categories(VALUES[[0, 2, 3]], levels)
    assert empty_categories(codes, levels) == ((0, 2),)
    assert empty_categories(code_categories(VALUES, levels), levels) == ()
