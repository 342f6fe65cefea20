"""Data sets of the Hugging Face hub, by the name `hf://NAME[@CONFIG][:SPLIT]`."""

import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nmt.data.columns import Columns, Keys, Row
from nmt.data.text import DataError

SPLITS = {"train": ("train",), "valid": ("validation", "valid", "dev", "val"), "test": ("test",)}
"""Names of the splits that serve as a part when none is named, the first that there is."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HubName:
    """A data set of the hub, its configuration and its split, as far as they are named."""

    name: str
    config: str | None
    split: str | None

    @classmethod
    def parse(cls, path: str) -> "HubName":
        """Reads `hf://NAME[@CONFIG][:SPLIT]`.

        Raises:
            DataError: another form.
        """
        found = re.fullmatch(r"hf://([\w.-]+(?:/[\w.-]+)?)(?:@([^:]+))?(?::(.+))?", path)
        if found is None:
            raise DataError(
                f"{path} is no name of a data set: write hf://NAME, hf://NAME@CONFIG or hf://NAME@CONFIG:SPLIT"
            )
        return cls(*found.groups())


def hub_rows(path: str, columns: Columns, part: str) -> Iterator[tuple[Row, tuple[Keys, Keys]]]:
    """Yields the rows of a data set of the hub, and where the sides of a pair stand in them.

    Args:
        path: its name.
        columns: how to find the sides.
        part: `train`, `valid` or `test`, which decides on the split if the name has none.

    Raises:
        DataError: no such data set, configuration, split or column, or no network.
    """
    from nmt.data.tables import ROWS, schema_ways, table_rows, top_columns

    dataset = _load(HubName.parse(path), path, part)
    keys = columns.locate(schema_ways(dataset.features.arrow_schema), path)
    tables = dataset.select_columns(top_columns(keys)).with_format("arrow")
    for table in tables.iter(batch_size=ROWS):
        for row in table_rows(table):
            yield row, keys


def _load(name: HubName, path: str, part: str) -> Any:
    """Loads a data set by `datasets`, which keeps what it has downloaded in its own cache."""
    import datasets

    _quiet(datasets)
    log.info("text: %s, from the hub", path)
    try:
        split = name.split or _split(datasets.get_dataset_split_names(name.name, name.config), path, part)
        return datasets.load_dataset(name.name, name.config, split=split)
    except ConnectionError as error:
        raise DataError(
            f"{path}: the hub cannot be reached; a data set has to be fetched once with a network"
        ) from error
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())}") from error


def _split(known: list[str], path: str, part: str) -> str:
    found = next((one for one in SPLITS[part] if one in known), None)
    if found is None:
        raise DataError(f"{path}: no split for data.{part}; name one of {', '.join(known)}, as in {path}:{known[0]}")
    return found


def _quiet(datasets: Any) -> None:
    """Leaves progress bars to terminals, and what cannot be reached to our own message."""
    datasets.utils.logging.set_verbosity_error()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
