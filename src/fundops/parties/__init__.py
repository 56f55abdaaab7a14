"""Domain: parties."""
