"""Tables of text, as Markdown and as HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from nmt.visual.labels import visible

# An underscore within a word is no mark of emphasis, and a lone asterisk at the end has no partner.
_MARKS = re.compile(r"[\\`<>&\[\]~]|\*(?!$)|(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True)
class Table:
    """A table with a title above and lines of explanation below.

    Attributes:
        title: what it shows.
        head: names of the columns.
        rows: cells, as many a row as there are columns.
        text: columns that hold text and stand on the left; the others, of numbers, stand on the right.
        notes: lines below.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: frozenset[int] = frozenset()
    notes: Sequence[str] = ()


def in_markdown(text: str) -> str:
    """Returns plain text as Markdown that shows just that, within one line; bars need more in the cell of a table."""
    return _MARKS.sub(lambda mark: "\\" + mark.group(), visible(" ".join(text.split())))


def markdown(table: Table) -> str:
    """Returns a table as Markdown, its columns aligned for those who read the text as it is."""
    cells = [[in_markdown(cell).replace("|", r"\|") for cell in row] for row in (table.head, *table.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * width if index in table.text else "-" * (width - 1) + ":" for index, width in enumerate(widths)]
    padded = [
        [
            cell.ljust(width) if index in table.text else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in cells
    ]
    lines = [f"| {' | '.join(row)} |" for row in (padded[0], rule, *padded[1:])]
    notes = [f"- {in_markdown(note)}" for note in table.notes]
    return "\n".join([f"## {in_markdown(table.title)}", "", *lines, *(["", *notes] if notes else [])])


def table_html(table: Table) -> str:
    """Returns a table as a section of an HTML page."""
    head = "".join(f'<th scope="col"{_side(table, index)}>{_shown(cell)}</th>' for index, cell in enumerate(table.head))
    rows = "\n".join(
        "<tr>" + "".join(f"<td{_side(table, index)}>{_shown(cell)}</td>" for index, cell in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<li>{_shown(note)}</li>" for note in table.notes)
    return f"""<section>
<h2>{_shown(table.title)}</h2>
<div class="scroll"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
{f"<ul>{notes}</ul>" if notes else ""}
</section>"""


def _side(table: Table, index: int) -> str:
    return ' class="text" dir="auto"' if index in table.text else ""


def _shown(text: str) -> str:
    return escape(visible(text))
