"""`nmt train`."""

from collections.abc import Sequence


def run(arguments: Sequence[str]) -> None:
    """Trains a model; the arguments are Hydra overrides."""
    from nmt.training.main import main

    main(arguments)
