"""The bar of a long export at the terminal: sheets done and rows written, on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fundops.exports.watch import Watch
from fundops.messages import text
from fundops.terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class BarWatch(Watch):
    """Moves a bar: one step a sheet, its description the rows so far."""

    def __init__(self, bar: Progress, task: TaskID, whole: int) -> None:
        super().__init__()
        self._bar, self._task, self._whole = bar, task, whole

    def moved(self) -> None:
        """Show how far it is."""
        told = text("cli.export.progress", done=self.sheets, whole=self._whole, rows=self.rows)
        self._bar.update(self._task, completed=self.sheets, description=told)


@contextmanager
def shown_bar(sheets: int) -> Iterator[Watch | None]:
    """Give what shows a bar of so many sheets until the end, or none where nobody watches."""
    if not is_terminal():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        watch = BarWatch(bar, bar.add_task("", total=sheets), sheets)
        watch.moved()
        yield watch
