"""Personal data in what people write: found before it is stored. Knows no domain, no database.

``screen`` reads text in English, French, Spanish and Arabic, and does what it can for Russian and
Chinese. It misses some and suspects some that is harmless: ``docs/screening.md`` says how much.
"""

from fundops.screening.findings import KINDS, Finding, confirmable, hidden, item_key, item_keys
from fundops.screening.positions import Place
from fundops.screening.scan import screen
from fundops.screening.screened_files import CannotScreen, FileFinding, Screened, screen_file

__all__ = [
    "KINDS",
    "CannotScreen",
    "FileFinding",
    "Finding",
    "Place",
    "Screened",
    "confirmable",
    "hidden",
    "item_key",
    "item_keys",
    "screen",
    "screen_file",
]
