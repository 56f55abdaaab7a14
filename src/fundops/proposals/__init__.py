"""Proposals: drafts, versions, submission, eligibility, and what else they overlap with."""
