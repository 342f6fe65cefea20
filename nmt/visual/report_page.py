"""A report as one HTML page: tables and pictures, no script, no other file, no network."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from nmt.visual.labels import visible
from nmt.visual.picture import CSS_DOTS_PER_INCH, DOTS_PER_INCH
from nmt.visual.tables import Table, table_html

STYLE = """
:root { color-scheme: light dark; --page: #fdfdfc; --ink: #1d1f21; --dim: #5f6368; --line: #d4d7da; --band: #f2f3f3; }
@media (prefers-color-scheme: dark) {
  :root { --page: #17191c; --ink: #e6e6e3; --dim: #a0a4a9; --line: #3a3e43; --band: #1f2226; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.5rem 3rem; max-width: 100rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { vertical-align: bottom; color: var(--dim); font-weight: 600; }
.text { text-align: start; }
tbody tr:nth-child(odd) { background: var(--band); }
ul { margin: .5rem 0; padding-left: 1.2rem; color: var(--dim); font-size: .85rem; overflow-wrap: anywhere; }
figure { margin: .8rem 0; }
figcaption { color: var(--dim); }
img { display: block; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 4px; }
"""


@dataclass(frozen=True)
class Image:
    """A PNG and what it shows, in words of a line or several."""

    content: bytes
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Pictures under a title, with lines of explanation below."""

    title: str
    images: Sequence[Image]
    notes: Sequence[str] = ()


def report_page(title: str, parts: Sequence[Table | Gallery]) -> str:
    """Makes one HTML document that needs no other file and no network.

    Args:
        title: title and heading of the page.
        parts: in the order of reading.
    """
    body = "\n".join(table_html(part) if isinstance(part, Table) else _gallery(part) for part in parts)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{_shown(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1 dir="auto">{_shown(title)}</h1>
{body}
</body>
</html>
"""


def _gallery(gallery: Gallery) -> str:
    figures = "\n".join(map(_figure, gallery.images))
    notes = "".join(f"<li>{_shown(note)}</li>" for note in gallery.notes)
    listed = f"<ul>{notes}</ul>" if notes else ""
    return f"<section>\n<h2>{_shown(gallery.title)}</h2>\n{figures}\n{listed}\n</section>"


def _figure(image: Image) -> str:
    width = round(int.from_bytes(image.content[16:20], "big") * CSS_DOTS_PER_INCH / DOTS_PER_INCH)  # of PNG's header
    data = base64.b64encode(image.content).decode()
    lines = "<br>".join(map(_shown, image.caption.split("\n")))
    source = f'src="data:image/png;base64,{data}"'
    picture = f'<img width="{width}" alt="{_shown(image.caption)}" {source}>'
    return f'<figure>\n<figcaption dir="auto">{lines}</figcaption>\n<div class="scroll">{picture}</div>\n</figure>'


def _shown(text: str) -> str:
    return escape(visible(text))
