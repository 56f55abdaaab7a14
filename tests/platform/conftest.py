"""Fixtures that the tests of the platform share with those of the contract."""

from tests.contract.stage import lived_stage, stage

__all__ = ["lived_stage", "stage"]
