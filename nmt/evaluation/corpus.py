"""Corpus scores by sacreBLEU, on detokenised text, with the tokeniser that suits the target language."""

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

log = logging.getLogger(__name__)

TOKENIZERS = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}
EXTRAS = {"ja-mecab": "MeCab", "ko-mecab": "mecab_ko"}


@dataclass(frozen=True)
class Scores:
    """Corpus scores.

    Attributes:
        bleu: 0 to 100.
        chrf: chrF2, 0 to 100.
        exact_match: share of translations that equal their reference, 0 to 1.
        signature: sacreBLEU's description of how BLEU was computed.
        chrf_signature: the same for chrF.
    """

    bleu: float
    chrf: float
    exact_match: float
    signature: str
    chrf_signature: str


@cache
def bleu_tokenizer(target_lang: str) -> str:
    """Returns sacreBLEU's tokeniser for a language; `char` where the one it needs is not installed, said once."""
    name = TOKENIZERS.get(target_lang.replace("_", "-").split("-")[0].lower(), "13a")
    if name in EXTRAS and importlib.util.find_spec(EXTRAS[name]) is None:
        log.warning("BLEU of '%s' counts characters, because sacreBLEU's %s is not installed", target_lang, name)
        return "char"
    return name


def corpus_scores(hypotheses: Sequence[str], references: Sequence[str], target_lang: str) -> Scores:
    """Scores translations against one reference each.

    Raises:
        ValueError: not as many hypotheses as references, or none.
    """
    if len(hypotheses) != len(references) or not references:
        raise ValueError(f"{len(hypotheses)} translations cannot be scored against {len(references)} references")
    bleu, chrf = BLEU(tokenize=bleu_tokenizer(target_lang)), CHRF()
    bleu_score = bleu.corpus_score(hypotheses, [references])
    chrf_score = chrf.corpus_score(hypotheses, [references])
    matches = sum(hypothesis == reference for hypothesis, reference in zip(hypotheses, references, strict=True))
    return Scores(
        bleu=bleu_score.score,
        chrf=chrf_score.score,
        exact_match=matches / len(references),
        signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
    )
