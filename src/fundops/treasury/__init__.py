"""Domain: treasury."""
