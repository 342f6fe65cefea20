"""The translator: text in, translations with alignments out."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import torch
from torch import Tensor

from nmt import search
from nmt.alignment import Alignment
from nmt.config import LinkSettings, SearchOptions, SettingsError, at_least, search_options
from nmt.data.tokenizer import Pieces, Tokenizer
from nmt.modules.ensemble import Ensemble
from nmt.modules.seq2seq import Seq2Seq
from nmt.translation.carried import carried
from nmt.translation.given import GivenPairs, sentence
from nmt.translation.loading import load_models
from nmt.translation.result import Hypothesis, NoAlignmentError, PairScore, Translation
from nmt.translation.scoring import NO_SCORE, padded_ids, source_batches, stream_pairs, untranslated
from nmt.translation.shortlist import Shortlist
from nmt.translation.threads import crew_for
from nmt.translation.windows import stream

log = logging.getLogger(__name__)

BATCH_SIZE = 64


class Translator:
    """Translates with one model, or with several. Results do not depend on which sentences go together.

    Attributes:
        links: how links are read off attention weights.
        posterior_links: how they are read off posteriors of given pairs.
        precision: what the model computes in, the first of several.
    """

    def __init__(
        self,
        model: Seq2Seq | Ensemble,
        source: Tokenizer,
        target: Tokenizer,
        *,
        options: SearchOptions | None = None,
        shortlist: Shortlist | None = None,
        links: LinkSettings | None = None,
        split: str = "space",
        device: str = "cpu",
        precision: str = "float",
    ) -> None:
        self.model, self.source, self.target, self.shortlist = model, source, target, shortlist
        self.options = options or SearchOptions()
        self.links, self.split = links or LinkSettings(), split
        self.posterior_links = self.links.of_posterior()
        self.device, self.precision = torch.device(device), precision

    @classmethod
    def load(
        cls,
        path: str | Path | Sequence[str | Path],
        device: str = "auto",
        precision: str | None = None,
        allow_packages: Collection[str] = (),
    ) -> "Translator":
        """Loads a run directory or a model package, or several as an ensemble.

        Args:
            path: the folder; of several, which share their vocabularies, probabilities and attention weights are
                averaged, and the first says how to search and to read links.
            device: `auto` (a GPU if there is one), or a torch device such as `cpu` or `cuda:1`.
            precision: `float` (32 bits), `double`, or `int8` (weights of 8 bits, on a CPU); None: as packaged.
            allow_packages: packages whose code may be run for a model with an attention score from outside.

        Raises:
            PackageError: no package there, a damaged one, or one that needs code which is not allowed.
            SettingsError: an unknown device or precision, no path, or an ensemble of different vocabularies.
        """
        paths = [path] if isinstance(path, str | Path) else list(path)
        model, package, found = load_models(paths, device, precision, allow_packages)
        return cls(
            model,
            package.source,
            package.target,
            options=package.settings.search,
            shortlist=package.shortlist if len(paths) == 1 else None,
            links=package.settings.links,
            device=found,
            precision=precision or package.settings.precision,
        )

    @overload
    def translate(self, text: str, **options: Any) -> Translation: ...

    @overload
    def translate(self, text: Sequence[str], **options: Any) -> list[Translation]: ...

    def translate(self, text: str | Sequence[str], **options: Any) -> Translation | list[Translation]:
        """Translates a sentence, or a list of them to a list.

        Args:
            text: plain text, one sentence each.
            **options: `batch_size`, `workers` and `dictionary` of `stream`, and the fields of `SearchOptions`.

        Raises:
            SettingsError: an unknown option or value.
        """
        results = list(self.stream([text] if isinstance(text, str) else text, **options))
        return results[0] if isinstance(text, str) else results

    def stream(
        self,
        lines: Iterable[str],
        *,
        batch_size: int = BATCH_SIZE,
        workers: int = 1,
        threads: int = 1,
        dictionary: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Iterator[Translation]:
        """Yields a translation for each line, in order; reads only a few batches ahead, none with `batch_size` 1.

        On a CPU up to four batches are searched side by side, by threads that share out those of torch until the last
        line is translated, and up to 16 are read ahead. Modes of torch that belong to a thread, such as autocast, do
        not reach them.

        Args:
            lines: sentences, with or without their line ends.
            batch_size: most sentences that are searched together.
            workers: processes, for many lines on a CPU of more than four cores.
            threads: CPU threads of each of several processes.
            dictionary: translations of words, for `replace_unknown`.
            **options: the fields of `SearchOptions`.

        Raises:
            SettingsError: an unknown option or value.
            NoAlignmentError: `tags` or `replace_unknown` with a model that does not attend.
        """
        at_least(batch_size, 1, "batch_size")
        at_least(workers, 1, "workers")
        chosen = search_options(self.options, **options)

        def translate(plain: Iterable[str]) -> Iterator[Translation]:
            if workers == 1:
                return self._stream(iter(plain), batch_size, chosen)
            from nmt.translation.workers import stream_by_workers

            return stream_by_workers(self, plain, workers, batch_size=batch_size, threads=threads, **options)

        return carried(self, lines, translate, chosen, dictionary)

    def _stream(self, lines: Iterator[str], batch_size: int, options: SearchOptions) -> Iterator[Translation]:
        pieces = (self.encode(line, number, options) for number, line in enumerate(lines, 1))

        def work(batch: Sequence[Pieces]) -> list[Translation]:
            return self.search_batch(batch, options)

        return stream(pieces, batch_size, source_batches, untranslated, crew_for(work, self.device, batch_size))

    @overload
    def align(self, source: str, target: str, *, posterior: bool = ...) -> Alignment: ...  # type: ignore[overload-overlap]

    @overload
    def align(self, source: Sequence[str], target: Sequence[str], *, posterior: bool = ...) -> list[Alignment]: ...

    def align(
        self, source: str | Sequence[str], target: str | Sequence[str], *, posterior: bool = False
    ) -> Alignment | list[Alignment]:
        """Returns the alignment that the model gives to a translation it is shown (forced decoding).

        Two lists give a list; see `align_pairs`.

        Raises:
            SettingsError: one of two sentences is empty, or lists of unequal lengths.
            NoAlignmentError: the model does not attend.
        """
        if isinstance(source, str) and isinstance(target, str):
            found = self.align_pairs([(source, target)], posterior=posterior)
            GivenPairs(self).one(source, target)  # refuses an empty sentence
            return next(found)
        if isinstance(source, str) or isinstance(target, str) or len(source) != len(target):
            raise SettingsError("align takes two sentences, or two lists with a translation for each sentence")
        return list(self.align_pairs(zip(source, target, strict=True), posterior=posterior))

    def align_pairs(
        self, pairs: Iterable[tuple[str, str]], *, batch_size: int = BATCH_SIZE, posterior: bool = False
    ) -> Iterator[Alignment]:
        """Yields the alignment of each given pair, in order; reads only a few batches ahead.

        Long sources are cut as in `stream`; their later words have no links. A pair with an empty side gets an empty
        alignment.

        Args:
            pairs: sentences and their translations, with or without line ends.
            batch_size: most pairs that go together; none is read ahead with 1.
            posterior: weigh source tokens not by attention alone, but also by how probable each would make the target
                token if it alone were looked at; better links of given pairs, see `nmt.search.posterior_weights`. They
                are read by `posterior_links`.

        Raises:
            SettingsError: a batch size below 1, or a posterior of a model whose links have a shift of 1.
            NoAlignmentError: the model does not attend.
        """
        if not self.model.aligns:
            raise NoAlignmentError
        if posterior and self.posterior_links.shift:
            raise SettingsError(
                "the posterior is of the token of a row's own step, but links of this model are read off the next row: "
                "leave posterior out, or set shift to 0"
            )
        given = GivenPairs(self)
        work = given.align_after if posterior else given.align
        return stream_pairs(given.read(pairs), batch_size, work, Alignment.empty(), self.device)

    def score_pair(self, source: str, target: str) -> PairScore:
        """Returns the log-probability of a given translation.

        Raises:
            SettingsError: one of the two is empty.
        """
        given = GivenPairs(self)
        return given.score([given.one(source, target)])[0]

    def score_pairs(self, pairs: Iterable[tuple[str, str]], *, batch_size: int = BATCH_SIZE) -> Iterator[PairScore]:
        """Yields the log-probability of each given translation, in order; reads only a few batches ahead.

        Long sources are cut as in `stream`. A pair with an empty side gets 0 and no tokens.

        Args:
            pairs: sentences and their translations, with or without line ends.
            batch_size: most pairs that are scored together; none is read ahead with 1.

        Raises:
            SettingsError: a batch size below 1.
        """
        given = GivenPairs(self)
        return stream_pairs(given.read(pairs), batch_size, given.score, NO_SCORE, self.device)

    def encode(self, line: str, number: int, options: SearchOptions) -> Pieces:
        """Cuts a line into pieces, at most `max_source_length`; `number` names the line in a warning."""
        text = sentence(line)
        pieces, most = self.source.encode(text), options.max_source_length
        if len(pieces.ids) - 1 <= most:
            return pieces
        log.warning("line %d: %d pieces, cut to %d (max_source_length)", number, len(pieces.ids) - 1, most)
        return Pieces(text, *((*part[:most], part[-1]) for part in (pieces.ids, pieces.tokens, pieces.spans)))

    def search_batch(self, pieces: Sequence[Pieces], options: SearchOptions) -> list[Translation]:
        """Translates one batch of sentences in pieces, none of them empty."""
        self.model.eval()
        batch, vocabulary, words = search.Batch(*self.padded(self.source, pieces)), self.target.vocabulary, None
        if self.shortlist is not None and options.shortlist:
            words = self.shortlist.words(batch.source, vocabulary)
        model = self.model.viewed(options.attention_temperature, None if words is None else words.tokens)
        if options.sample:
            found = search.sample_search(model, batch, vocabulary, options, words)
        elif options.beam_size == 1:
            found = [[one] for one in search.greedy_search(model, batch, vocabulary, options, words)]
        else:
            found = search.beam_search(model, batch, vocabulary, options, words)
        return [
            Translation(source.text, source.tokens[:-1], tuple(self._hypothesis(source, one) for one in hypotheses))
            for source, hypotheses in zip(pieces, found, strict=True)
        ]

    def _hypothesis(self, source: Pieces, found: search.Hypothesis) -> Hypothesis:
        target = self.target.decode(found.tokens)
        alignment = self.alignment_of(source, target, found.weights) if self.model.aligns else None
        return Hypothesis(target.text, target.tokens[:-1], found.log_prob, found.score, alignment)

    def alignment_of(
        self, source: Pieces, target: Pieces, weights: Tensor, links: LinkSettings | None = None
    ) -> Alignment:
        """Returns weights (T, S) with what they are weights of, to be read by `links` (default: those of attention)."""
        return Alignment(
            matrix=weights.to("cpu", torch.float32).contiguous().numpy(),
            source_tokens=source.tokens,
            target_tokens=target.tokens,
            source_text=source.text,
            target_text=target.text,
            source_spans=source.spans,
            target_spans=target.spans,
            split=self.split,
            **vars(links or self.links),
        )

    def padded(self, tokenizer: Tokenizer, pieces: Sequence[Pieces]) -> tuple[Tensor, Tensor]:
        """Returns right-padded ids (B, longest) and lengths (B,), end marks counted, where the model is."""
        return padded_ids(pieces, tokenizer.vocabulary.pad_id, self.device)
