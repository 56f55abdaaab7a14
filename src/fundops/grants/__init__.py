"""Domain: grants."""
