"""Audit sampling as mathematics: sizes, selection and evaluation; knows no table.

Amounts are whole minor units, shares and taints exact fractions, factors decimals of six places.
Nothing here uses floating point, so every platform selects the same items and comes to the same
limits. See ``docs/sampling.md``.
"""
