"""fundops: the record and the controls of a fund against human trafficking."""

__version__ = "0.1.0"
