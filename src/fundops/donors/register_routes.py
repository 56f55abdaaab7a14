"""The routers of the registers of money in: events, commitments, pledges, agreements."""

from __future__ import annotations

from fastapi import APIRouter

from fundops.donors import agreement_routes, event_routes, pledge_routes, schedule_routes

REGISTER_ROUTERS: tuple[APIRouter, ...] = (
    event_routes.events,
    event_routes.commitments,
    pledge_routes.router,
    pledge_routes.ageing_router,
    agreement_routes.router,
    schedule_routes.of_agreement,
    schedule_routes.reports,
)
