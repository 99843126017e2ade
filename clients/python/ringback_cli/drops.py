"""``drops``."""

import sys
from itertools import islice
from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.printing import note, show_json
from ringback_cli.tables import cell_text, show_table

if TYPE_CHECKING:
    from ringback_client import Ringback
    from ringback_client.records.drops import BadRow, Drop


@click.command()
@click.argument("file", required=False)
@click.option("-n", "--limit", type=click.IntRange(min=1), default=25, show_default=True,
              help="How many files.")  # fmt: skip
@connected
def drops(client: "Ringback", *, file: str | None, limit: int, as_json: bool) -> None:
    """List your dropped files, or show what is wrong with the rows of one.

    \b
    ringback drops requests/kites.csv
    """  # noqa: D301
    if file is None:
        found = islice(client.drops.list(page_size=min(limit, 50)), min(limit, sys.maxsize))
        if as_json:
            for each in found:
                show_json(each)
        else:
            columns = ("file", "state", "dropped", "rows", "bad", "credits", "jobs")
            show_table(columns, map(_line, found))
        return
    one = client.drops.get(file)
    if as_json:
        show_json(one)
        return
    note("  ".join(cell_text(cell) for cell in _line(one) if cell is not None))
    show_table(("row", "prompt", "errors"), map(_bad, one.bad))
    for receipt in one.receipts:
        note(f"{receipt.key}  {receipt.url}")


def _line(drop: "Drop") -> tuple[object, ...]:
    jobs = " ".join(f"{status}={count}" for status, count in drop.jobs.items())
    return (drop.file, drop.state, drop.dropped_at, drop.rows, drop.bad_rows, drop.credits, jobs)


def _bad(row: "BadRow") -> tuple[object, ...]:
    errors = (
        f"{each.field}: {each.message}" if each.field else each.message for each in row.errors
    )
    return (row.row, row.prompt, "; ".join(errors))
