"""Notices: who is told what by which channel, put down with the change itself and sent after it."""

from fundops.notices.service import tell

__all__ = ["tell"]
