"""Audit samples: drawn from what the books hold, tested item by item, evaluated and reviewed."""
