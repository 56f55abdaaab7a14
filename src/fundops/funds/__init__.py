"""Domain: funds."""
