"""The corpus as a whole: seeded, without duplicates, in three disjoint parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from nmt.data.phrasebook.de import GERMAN
from nmt.data.phrasebook.drawing import draw_sentence
from nmt.data.phrasebook.en import ENGLISH
from nmt.data.phrasebook.es import SPANISH
from nmt.data.phrasebook.fr import FRENCH
from nmt.data.phrasebook.pairing import Phrase, pair
from nmt.data.phrasebook.wording import Language

# A further language is one module with a `Language` in it, and a line here.
LANGUAGES = {"de": GERMAN, "en": ENGLISH, "es": SPANISH, "fr": FRENCH}


@dataclass(frozen=True)
class Phrasebook:
    """Three disjoint lists of sentence pairs."""

    train: list[Phrase]
    valid: list[Phrase]
    test: list[Phrase]


def phrasebook(
    source_lang: str = "en",
    target_lang: str = "de",
    *,
    train: int = 8000,
    valid: int = 200,
    test: int = 200,
    seed: int = 1,
) -> Phrasebook:
    """Generate the phrasebook; the same arguments give the same corpus everywhere.

    No source sentence and no target sentence occurs twice, neither within a part nor across parts. The number of
    training pairs does not change the other two parts, and exchanged languages give the same pairs turned round.

    Args:
        source_lang: Code of the source language, one of `LANGUAGES`.
        target_lang: Code of the target language, another one.
        train: Number of training pairs.
        valid: Number of validation pairs.
        test: Number of test pairs.
        seed: Seed of the corpus.

    Raises:
        ValueError: A language is not supported, the two are the same, or a size is negative.
    """
    phrases = _distinct(_language(source_lang), _language(target_lang), Random(seed))
    if source_lang == target_lang:
        raise ValueError(f"the phrasebook needs two different languages, not {source_lang!r} twice")
    if min(train, valid, test) < 0:
        raise ValueError(f"sizes must not be negative: train={train}, valid={valid}, test={test}")
    # Drawn first, the held-out parts see no effect of the short phrases that run out, nor of the size of `train`.
    held_out = list(islice(phrases, test + valid))
    return Phrasebook(train=list(islice(phrases, train)), valid=held_out[test:], test=held_out[:test])


def _language(code: str) -> Language:
    if code not in LANGUAGES:
        raise ValueError(f"the phrasebook has no language {code!r}; it has {', '.join(sorted(LANGUAGES))}")
    return LANGUAGES[code]


def _distinct(source: Language, target: Language, rng: Random) -> Iterator[Phrase]:
    """Yield pairs without end whose two sides are both new."""
    sources: set[str] = set()
    targets: set[str] = set()
    while True:
        phrase = pair(draw_sentence(rng), source, target)
        if phrase.source not in sources and phrase.target not in targets:
            sources.add(phrase.source)
            targets.add(phrase.target)
            yield phrase
