"""The demonstration fund: an invented story, told through the real services."""
