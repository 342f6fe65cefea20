"""Corpus scores by sacreBLEU, on detokenised text, with the tokeniser that suits the target language."""

from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from nmt.evaluation.tokenizers import bleu_tokenizer, named_tokenizer


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


def corpus_scores(
    hypotheses: Sequence[str], references: Sequence[str], target_lang: str, tokenize: str | None = None
) -> Scores:
    """Scores translations against one reference each.

    Args:
        hypotheses: translations.
        references: what each should have been.
        target_lang: code of their language, which chooses the tokeniser of BLEU.
        tokenize: another tokeniser of sacreBLEU for BLEU, such as `none` for text that is tokenised already.

    Raises:
        ValueError: not as many hypotheses as references, or none.
        SettingsError: an unknown tokeniser, or one that is not installed.
    """
    if len(hypotheses) != len(references) or not references:
        raise ValueError(f"{len(hypotheses)} translations cannot be scored against {len(references)} references")
    name = named_tokenizer(tokenize) if tokenize else bleu_tokenizer(target_lang)
    bleu, chrf = BLEU(tokenize=name, force=tokenize is not None), CHRF()
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
