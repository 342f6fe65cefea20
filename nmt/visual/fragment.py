"""An alignment as a static fragment of HTML, for a notebook."""

from collections.abc import Sequence
from html import escape

from nmt.visual.labels import shorten, visible
from nmt.visual.views import AlignmentView

# Inline, because a notebook's own sheet stripes and pads tables; half-transparent, because its ground may be dark.
HEADING = "padding:2px 5px;font-weight:normal;background:none;border:0;white-space:pre;"
UPRIGHT = "display:inline-block;writing-mode:vertical-rl;text-orientation:sideways;transform:rotate(180deg)"
CELL = "width:1.5em;min-width:1.5em;height:1.5em;padding:0;border:1px solid rgba(128,128,128,.35);"


def heatmap_fragment(view: AlignmentView) -> str:
    """Make a static heatmap for a notebook: a table with inline styles, no script, at home on light and dark ground."""
    corner = f'<th style="{HEADING}vertical-align:bottom;opacity:.7">target ↓ source →</th>'
    columns = "".join(
        f'<th scope="col" style="{HEADING}vertical-align:bottom;padding:5px 0;text-align:center"'
        f' title="{escape(visible(token))}"><span dir="auto" style="{UPRIGHT}">{_short(token)}</span></th>'
        for token in view.source_tokens
    )
    rows = "\n".join(
        f'<tr style="background:none"><th scope="row" dir="auto" style="{HEADING}text-align:right"'
        f' title="{escape(visible(token))}">{_short(token)}</th>{_cells(view, target, weights)}</tr>'
        for target, (token, weights) in enumerate(zip(view.target_tokens, view.finite().tolist(), strict=True))
    )
    return f"""<div style="overflow:auto;max-width:100%">
<table dir="ltr" aria-label="alignment, source across, target down"
 style="border-collapse:collapse;border:0;margin:4px;width:auto;font:13px/1.2 sans-serif;color:inherit">
<tr style="background:none">{corner}{columns}</tr>
{rows}
</table>
</div>"""


def _short(token: str) -> str:
    return escape(shorten(visible(token)))


def _cells(view: AlignmentView, target: int, weights: Sequence[float]) -> str:
    """One row of the static table; cells of no visible weight stay bare, as most do in a long sentence."""
    row = visible(view.target_tokens[target])
    cells = []
    for source, weight in enumerate(weights):
        style = CELL + (f"background:rgba(38,118,217,{weight:.3g});" if weight >= 0.005 else "background:none;")
        if (source, target) in view.links:
            style += "outline:2px solid #e07b1a;outline-offset:-2px;"
        title = escape(f"{visible(view.source_tokens[source])} → {row}: {weight:.2f}")
        cells.append(f'<td style="{style}" title="{title}"></td>')
    return "".join(cells)
