"""Overlaps: other calls, grants and published activities that resemble a proposal."""
