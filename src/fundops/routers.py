"""Every router under ``/v1``, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.funds.routes import router as funds
from fundops.parties.routes import ROUTERS as PARTIES

ROUTERS: tuple[APIRouter, ...] = (
    *PARTIES,
    funds,
)
