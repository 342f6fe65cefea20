"""What is carried from a line to its translation by alignment: tags, and words that the vocabulary lacks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from nmt.config import SearchOptions, SettingsError
from nmt.translation.result import NoAlignmentError, Translation
from nmt.translation.tags import carry_all
from nmt.translation.unknown import UnknownWords

if TYPE_CHECKING:
    from nmt.translation.translator import Translator


def carried(
    translator: "Translator",
    lines: Iterable[str],
    translate: Callable[[Iterable[str]], Iterator[Translation]],
    options: SearchOptions,
    dictionary: Mapping[str, str] | None = None,
) -> Iterator[Translation]:
    """Yields what `translate` makes of lines, with `tags` and `replace_unknown` as the options say.

    Raises:
        SettingsError: a dictionary without `replace_unknown`.
        NoAlignmentError: one of the two with a model that does not attend.
    """
    if dictionary is not None and not options.replace_unknown:
        raise SettingsError("a dictionary is of unknown words: it needs replace_unknown (--replace-unknown)")
    if (options.tags or options.replace_unknown) and not translator.model.aligns:
        raise NoAlignmentError
    known = translate
    if options.replace_unknown:
        unknown = UnknownWords.of(translator.source, translator.target, dictionary)

        def known(plain: Iterable[str]) -> Iterator[Translation]:
            return unknown.replaced(translate(plain))

    return carry_all(lines, known) if options.tags else known(lines)
