"""Every router of this domain."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.reviews import (
    assignment_routes,
    own_routes,
    pool_routes,
    ranking_routes,
    review_routes,
    workbook_routes,
)

ROUTERS: tuple[APIRouter, ...] = (
    pool_routes.router,
    pool_routes.conflicts_router,
    assignment_routes.router,
    assignment_routes.proposal_router,
    assignment_routes.one_router,
    own_routes.router,
    workbook_routes.router,
    review_routes.router,
    ranking_routes.router,
    ranking_routes.proposal_router,
    ranking_routes.one_router,
)
