"""The default corpus: numbers, dates, times, quantities and prices in words, with gold alignment links."""

from nmt.data.phrasebook.corpus import Phrasebook, phrasebook
from nmt.data.phrasebook.pairing import Phrase

__all__ = ["Phrase", "Phrasebook", "phrasebook"]
