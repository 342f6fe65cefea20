"""The toolkits that this one is compared with: how each is installed, told what to do, and its log read.

Nothing of them is changed. Settings are those of the reference model; README.md tells what is the same and what not.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recipes.benchmark.data import SIZE, SOURCE, TARGET, first_lines
from recipes.benchmark.peer import TORCH, Peer, Search, Task, Training, read_reports
from recipes.benchmark.work import Work

NEVER = 100_000_000
"""An update that is not reached."""


class Fairseq(Peer):
    """fairseq-fixed: fairseq 0.12.2 does not install on Python 3.11. It builds from source, in minutes."""

    name = "fairseq"
    packages = ((f"torch=={TORCH}",), ("fairseq-fixed==0.12.3.1",))
    tasks = ("feeding", "small")
    _REPORT = re.compile(r"train_inner.*?wps=([\d.]+).*?wpb=([\d.]+).*?num_updates=(\d+)")
    _PARAMETERS = re.compile(r"num\. shared model params: ([\d,]+)")
    _LOSS = re.compile(r"valid.*?nll_loss ([\d.]+)")

    def training(self, work: Work, task: Task, updates: int, *, bridge: bool = False) -> list[str]:
        """Returns the command; the text is made binary before, untimed."""
        binary = work.folder / "fairseq-data"
        if not binary.is_dir():
            words = str(work.data / "vocabulary.fairseq")
            prefixes = [
                f"--{name}pref={work.data / part}.pieces" for name, part in (("train", "train"), ("valid", "val"))
            ]
            command = [work.program(self.name, "fairseq-preprocess"), f"-s={SOURCE}", f"-t={TARGET}", *prefixes]
            work.run([*command, f"--destdir={binary}", f"--srcdict={words}", f"--tgtdict={words}"], "binary-fairseq")
        sizes, drop = task.sizes, task.dropout
        schedule = ["--lr-scheduler=inverse_sqrt", f"--warmup-updates={task.warm_up}"]
        return [
            *(work.program(self.name, "fairseq-train"), str(binary), "--cpu", "--arch=lstm"),
            *(f"--source-lang={SOURCE}", f"--target-lang={TARGET}", "--encoder-bidirectional"),
            *(f"--{side}-embed-dim={sizes.embedding}" for side in ("encoder", "decoder")),
            *(f"--encoder-hidden-size={sizes.encoder}", f"--decoder-hidden-size={sizes.decoder}"),
            *("--encoder-layers=1", "--decoder-layers=1", f"--decoder-out-embed-dim={sizes.decoder}"),
            *(["--share-all-embeddings"] if task.tied else []),
            *(f"--dropout={drop}", f"--encoder-dropout-in={drop}", f"--decoder-dropout-in={drop}"),
            *("--encoder-dropout-out=0.0", f"--decoder-dropout-out={drop}"),
            *("--optimizer=adam", "--adam-betas=(0.9, 0.999)", f"--lr={task.rate}", "--clip-norm=1.0"),
            *(schedule if task.warm_up else ["--lr-scheduler=fixed"]),
            *("--criterion=label_smoothed_cross_entropy", "--label-smoothing=0.1"),
            *(f"--batch-size={sizes.sentences}", "--required-batch-size-multiple=1", f"--max-update={updates}"),
            *(
                "--no-save",
                f"--save-dir={work.made('fairseq-checkpoints')}",
                "--num-workers=0",
                "--seed=1",
                "--log-format=simple",
                "--log-interval=5",
            ),
        ]

    def read_training(self, log: str) -> Training:
        """Returns what `train_inner` lines and the validation tell; fairseq's losses are to the base of 2."""
        found = [(int(step), float(tokens), float(rate)) for rate, tokens, step in self._REPORT.findall(log)]
        losses = self._LOSS.findall(log)
        return Training(
            *read_reports(found),
            parameters=_number(self._PARAMETERS, log),
            valid_loss=float(losses[-1]) * math.log(2) if losses else None,
        )


class _OpenNMT(Peer):
    """What OpenNMT-py and eole, which came from it, have in common."""

    _REPORT = re.compile(r"Step\s+(\d+)/.*bsz:\s*\d+/\s*(\d+)/.*?\d+/\s*(\d+) tok/s")
    _PARAMETERS = re.compile(r"number of parameters: ([\d,]+)")
    _PERPLEXITY = re.compile(r"[Vv]alidation perplexity: ([\d.]+)")

    def _training_options(self, task: Task, updates: int) -> dict[str, Any]:
        # Settings of the same name; `bsz: SOURCE/TARGET/SENTENCES` of a report is the mean of a batch.
        return {
            "batch_type": "sents",
            "normalization": "tokens",
            "batch_size": task.sizes.sentences,
            "valid_batch_size": 64,
            "bucket_size": 29000,
            "num_workers": 0,
            "optim": "adam",
            "learning_rate": task.rate,
            "adam_beta2": 0.999,
            "decay_method": "none",
            "start_decay_steps": NEVER,
            "learning_rate_decay": 1.0,
            "max_grad_norm": 1.0,
            "label_smoothing": 0.1,
            "param_init": 0.08,
            "dropout": [task.dropout],
            "attention_dropout": [0.0],
            "train_steps": updates,
            "valid_steps": updates,
            "save_checkpoint_steps": updates,
        }

    def _text_options(self, work: Work, **corpus: Any) -> dict[str, Any]:
        def pair(part: str) -> dict[str, Any]:
            paths = (str(work.data / f"{part}.pieces.{language}") for language in (SOURCE, TARGET))
            return {**dict(zip(("path_src", "path_tgt"), paths, strict=True)), **corpus}

        words = str(work.data / "vocabulary.onmt")
        return {
            "src_vocab": words,
            "tgt_vocab": words,
            "src_vocab_size": SIZE,
            "tgt_vocab_size": SIZE,
            "data": {"corpus_1": pair("train"), "valid": pair("val")},
            "save_data": str(work.made(f"{self.name}-data")),
            "skip_empty_level": "silent",
            "overwrite": True,
            "seed": 1,
            "report_every": 5,
        }

    def _write(self, work: Work, settings: Mapping[str, Any]) -> str:
        path = work.made("parts") / f"{self.name}.yaml"
        path.write_text(json.dumps(settings, indent=1), encoding="utf-8")  # which is YAML too
        return str(path)

    def read_training(self, log: str) -> Training:
        """Returns what `Step` lines and the validation tell; the tokens of a report are those of the target."""
        found = [(int(step), float(tokens), float(rate)) for step, tokens, rate in self._REPORT.findall(log)]
        perplexities = self._PERPLEXITY.findall(log)
        return Training(
            *read_reports(found),
            parameters=_number(self._PARAMETERS, log),
            valid_loss=math.log(float(perplexities[-1])) if perplexities else None,
        )

    def _translation_options(self, work: Work, search: Search) -> list[str]:
        text = first_lines(work, f"test.ended.{SOURCE}", search.sentences)
        return [
            *("-src", str(text), "-output", str(work.made("out") / f"{self.name}.pieces"), "-report_time"),
            *("-beam_size", str(search.beam), "-batch_size", str(search.batch), "-batch_type", "sents"),
            *("-max_length", "60", "-max_length_ratio", "0"),  # else they also stop at a multiple of the source
            *("-length_penalty", "wu", "-alpha", "1.0"),
        ]


class OpenNMTPy(_OpenNMT):
    """OpenNMT-py. Its pin of torch < 2.3 would bring CUDA: installed bare, then what it imports."""

    name = "onmt"
    packages = (
        (f"torch=={TORCH}",),
        ("--no-deps", "OpenNMT-py==3.5.1"),
        (
            *("configargparse", "ctranslate2<5,>=4", "tensorboard", "flask", "waitress", "pyonmttok<2,>=1.37"),
            *("pyyaml", "sacrebleu", "rapidfuzz", "six", "sentencepiece", "spacy", "fasttext-wheel"),
            "pyahocorasick",  # imported without being declared
        ),
    )
    tasks = ("feeding", "plain")
    translates = True

    def training(self, work: Work, task: Task, updates: int, *, bridge: bool = False) -> list[str]:
        """Returns the command."""
        sizes = task.sizes
        settings = {
            **self._text_options(work, transforms=["filtertoolong"]),
            **self._training_options(task, updates),
            "src_seq_length": 200,
            "tgt_seq_length": 200,
            "save_model": str(self.emptied(work) / "m"),
            "encoder_type": "brnn",
            "decoder_type": "rnn",
            "rnn_type": "LSTM",
            "global_attention": "general",
            "word_vec_size": sizes.embedding,
            "hidden_size": sizes.decoder,
            "enc_layers": 1,
            "dec_layers": 1,
            "input_feed": int(sizes.feeding),
            "bridge": bridge,
            "model_dtype": "fp32",
        }
        return [work.program(self.name, "onmt_train"), "-config", self._write(work, settings)]

    def template(self, work: Work) -> Path:
        """Returns the checkpoint of the first update."""
        return self.model(work) / "m_step_1.pt"

    def translation(self, work: Work, model: Path, search: Search) -> list[str]:
        """Returns the command; it stops a sentence when its best candidate ends, our `first`."""
        options = self._translation_options(work, search)
        return [work.program(self.name, "onmt_translate"), "-model", str(model), *options]

    def read_translation(self, log: str) -> float:
        """Returns the total of `-report_time`."""
        return sum(map(float, re.findall(r"Total translation time \(s\): ([\d.]+)", log)))


class Eole(_OpenNMT):
    """Eole. It imports aiohttp without declaring it, and adds positions to embeddings unless told not to."""

    name = "eole"
    packages = ((f"torch=={TORCH}",), ("eole==0.6.4", "aiohttp"))
    tasks = ("feeding", "plain")
    translates = True

    def training(self, work: Work, task: Task, updates: int, *, bridge: bool = False) -> list[str]:
        """Returns the command; `architecture: rnn` would make the encoder one-directional."""
        sizes = task.sizes
        layers = {"rnn_type": "LSTM", "layers": 1, "hidden_size": sizes.decoder}
        widths = {f"{side}_word_vec_size": sizes.embedding for side in ("src", "tgt")}
        decoder = {"decoder_type": "rnn", "global_attention": "general", "bidirectional_encoder": True}
        training = {
            **self._training_options(task, updates),
            "model_path": str(self.emptied(work)),
            "world_size": 1,
            "gpu_ranks": [],
            "compute_dtype": "fp32",
            "param_init_method": "uniform",
        }
        settings = {
            **self._text_options(work),
            "vocab_size_multiple": 1,
            "n_sample": 0,
            "transforms": [],
            "training": training,
            "model": {
                "architecture": "custom",
                "hidden_size": sizes.decoder,
                "input_feed": int(sizes.feeding),
                "embeddings": {**widths, "position_encoding_type": None},
                "encoder": {"encoder_type": "brnn", **layers, "src_word_vec_size": sizes.embedding},
                "decoder": {**decoder, **layers, "tgt_word_vec_size": sizes.embedding},
            },
        }
        return [work.program(self.name, "eole"), "train", "-c", self._write(work, settings)]

    def translation(self, work: Work, model: Path, search: Search) -> list[str]:
        """Returns the command; the search is that of OpenNMT-py."""
        options = [f"-{one}" if one.startswith("-") else one for one in self._translation_options(work, search)]
        devices = ["--world_size", "1", "--compute_dtype", "fp32"]
        return [work.program(self.name, "eole"), "predict", "--model_path", str(model), *options, *devices]

    def read_translation(self, log: str) -> float:
        """Returns the total of `--report_time`."""
        return sum(map(float, re.findall(r"prediction time including all \(s\): ([\d.]+)", log)))


PEERS: Mapping[str, Peer] = {peer.name: peer for peer in (Fairseq(), OpenNMTPy(), Eole())}


def _number(pattern: re.Pattern[str], log: str) -> int:
    found = pattern.search(log)
    return int(found[1].replace(",", "")) if found else 0
