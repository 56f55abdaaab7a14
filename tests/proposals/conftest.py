"""Scenes of applying that many tests begin with, built once."""

from __future__ import annotations

from tests.proposals.proposal_factories import a_started, an_applicant
from tests.staged import staged

newcomer = staged(an_applicant)
"""Somebody of an organisation, and an open call."""
applicant = staged(a_started)
"""The same, who has started a proposal."""
