"""Tables: aligned on a terminal, lines of cells between tabs elsewhere."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from ringback_cli.moments import moment_text
from ringback_cli.printing import clean

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
INDENT = 4


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table. No cell is cut: columns that a terminal is too narrow for come below.

    The first column is what a row is called by.
    """
    texts = ([cell_text(cell) for cell in row] for row in rows)
    if not sys.stdout.isatty():
        for row in texts:
            click.echo("\t".join(row))
        return
    from rich.console import Console

    _Layout(columns, [*texts], Console(markup=False, emoji=False, highlight=False)).print()


def cell_text(cell: object) -> str:
    if isinstance(cell, datetime):
        return moment_text(cell)
    return "" if cell is None else clean(cell)


class _Layout:
    def __init__(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], console: "Console"
    ) -> None:
        from rich.cells import cell_len

        self._columns, self._rows, self._console, self._len = columns, rows, console, cell_len
        self._widths = [max(map(cell_len, each)) for each in zip(columns, *rows, strict=True)]
        self._beside = self._count_beside()

    def print(self) -> None:
        from rich.padding import Padding
        from rich.text import Text

        self._console.print(Text(self._line(self._columns), style="bold"))
        for row in self._rows:
            self._console.print(Text(self._line(row)), overflow="fold")
            for line in self._lines_below(row):
                indented = Text(line, overflow="fold")
                self._console.print(Padding(indented, (0, 0, 0, INDENT), expand=False))

    def _count_beside(self) -> int:
        width = -len(GAP)
        for number, each in enumerate(self._widths):
            width += len(GAP) + each
            if width > self._console.width:
                return max(number, 1)
        return len(self._widths)

    def _line(self, cells: Sequence[str]) -> str:
        beside = zip(cells[: self._beside], self._widths, strict=False)
        return GAP.join(cell + " " * (width - self._len(cell)) for cell, width in beside).rstrip()

    def _lines_below(self, row: Sequence[str]) -> Iterator[str]:
        """Yield the other cells with their names, as many on a line as it has room for."""
        line = ""
        for name, cell in [*zip(self._columns, row, strict=True)][self._beside :]:
            named = f"{name}: {cell}" if name else cell
            if not cell:
                continue
            longer = f"{line}{GAP}{named}" if line else named
            if line and self._len(longer) > self._console.width - INDENT:
                yield line
                longer = named
            line = longer
        if line:
            yield line
