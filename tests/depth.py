"""How long the slow proofs search: ``FUNDOPS_TEST_DEPTH``, 1 for what a change can wait for."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("FUNDOPS_TEST_DEPTH", "1"))
"""Multiplies the examples of the slow proofs that draw them; above 1 nothing is sampled that can
be enumerated."""
