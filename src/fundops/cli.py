"""The command line: ``fundops``. Heavy imports wait inside the commands that need them."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; ``--version`` answers without importing anything heavy."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from fundops import __version__

        sys.stdout.write(f"fundops {__version__}\n")
        return
    from fundops.commands import app

    app()


if __name__ == "__main__":
    main()
