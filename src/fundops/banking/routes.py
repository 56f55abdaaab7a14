"""Every router of this domain."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.banking import account_routes, batch_routes, statement_routes

ROUTERS: tuple[APIRouter, ...] = (
    account_routes.account_router,
    account_routes.profile_router,
    account_routes.sample_router,
    *batch_routes.ROUTERS,
    *statement_routes.ROUTERS,
)
