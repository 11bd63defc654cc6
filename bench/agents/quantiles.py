"""Percentiles of samples."""

import math


def percentile(values, percent):
    """Returns the smallest value that at least `percent` of 100 values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("values: must not be empty")
    if not 0 < percent <= 100:
        raise ValueError(f"percent: must be above 0 and at most 100; got {percent}")
    ordered = sorted(values)
    # Multiplied first: 0.07 * 100 is more than 7.
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
