"""``python -m fundops`` is the command line."""

from fundops.cli import main

main()
