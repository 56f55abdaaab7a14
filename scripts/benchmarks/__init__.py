"""Measures what ``docs/performance.md`` promises, as ratios taken in one run.

Every figure compares two things done in turn on the same machine within the same minute, so that
a slow or busy machine changes both. Run ``scripts/bench``; see ``docs/performance.md``.
"""
