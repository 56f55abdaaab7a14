"""Every router of money in: the registers of what is promised, and the cash."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.donors.cash_routes import CASH_ROUTERS
from fundops.donors.register_routes import REGISTER_ROUTERS

ROUTERS: tuple[APIRouter, ...] = (*REGISTER_ROUTERS, *CASH_ROUTERS)
