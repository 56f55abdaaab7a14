"""Domain: donors."""
