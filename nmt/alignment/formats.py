"""Alignments as JSON, NumPy archives and pandas frames."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nmt.config import UserError

if TYPE_CHECKING:
    from nmt.alignment.alignment import Alignment


def as_object(alignment: "Alignment", level: str) -> dict[str, Any]:
    """Returns `{source_tokens, target_tokens, alignment, matrix}` of plain lists.

    `alignment` holds the links as [source, target], `matrix` the weights of a target token in a row, with six digits.
    """
    shown = alignment.at(level)
    return {
        "source_tokens": list(shown.source_tokens),
        "target_tokens": list(shown.target_tokens),
        "alignment": alignment.links(level),
        "matrix": _rounded(shown.matrix),
    }


def json_line(
    alignment: "Alignment",
    level: str,
    links: list[tuple[int, int]] | None = None,
    reverse: npt.NDArray[np.float32] | None = None,
    **first: Any,
) -> str:
    """Returns the object of `as_object` as a line of JSON, `first` in front.

    Args:
        alignment: what is written.
        level: `word` or `piece`.
        links: stand in place of the alignment's own.
        reverse: a matrix of the other direction, written as `reverse_matrix`.
        **first: further members.
    """
    found = {**first, **as_object(alignment, level)}
    if links is not None:
        found["alignment"] = links
    if reverse is not None:
        found["reverse_matrix"] = _rounded(reverse)
    return json.dumps(found, ensure_ascii=False)


def _rounded(matrix: npt.NDArray[np.float32]) -> list[list[float]]:
    rounded: list[list[float]] = np.round(matrix.astype(np.float64), 6).tolist()
    return rounded


def write_npz(alignment: "Alignment", path: Any, level: str) -> None:
    """Writes a NumPy archive that loads without pickle.

    It holds `matrix` (T, S), `source_tokens`, `target_tokens`, `source_spans` (S, 2), `target_spans` (T, 2),
    `source_text`, `target_text` and `links` (number of links, 2).
    """
    shown = alignment.at(level)
    np.savez_compressed(
        path,
        matrix=shown.matrix,
        source_tokens=np.array(shown.source_tokens, dtype=np.str_),
        target_tokens=np.array(shown.target_tokens, dtype=np.str_),
        source_spans=np.array(shown.source_spans, dtype=np.int64).reshape(-1, 2),
        target_spans=np.array(shown.target_spans, dtype=np.int64).reshape(-1, 2),
        source_text=np.array(shown.source_text),
        target_text=np.array(shown.target_text),
        links=np.array(alignment.links(level), dtype=np.int64).reshape(-1, 2),
    )


def frame(alignment: "Alignment") -> Any:
    """Returns the matrix as a pandas frame; the index is named `target`, the columns `source`.

    Raises:
        UserError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise UserError("to_frame() needs pandas: pip install pandas") from error
    index = pandas.Index(alignment.target_tokens, name="target", dtype=object)
    columns = pandas.Index(alignment.source_tokens, name="source", dtype=object)
    return pandas.DataFrame(alignment.matrix, index=index, columns=columns)
