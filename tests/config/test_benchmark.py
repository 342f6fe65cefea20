"""The benchmark's recipe: commands that exist, logs read right, the work of a token, and its tables."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from nmt.cli import translate as translate_command
from nmt.config import Vocabulary
from nmt.modules.build import build_model
from nmt.training.resolve import resolve
from recipes.benchmark import bound, ours, report
from recipes.benchmark.convert import put, renamed
from recipes.benchmark.growth import curves, exponent, points
from recipes.benchmark.peer import TASKS, Search, read_reports
from recipes.benchmark.peers import PEERS
from recipes.benchmark.work import BenchmarkError, Results, Row, Work
from tests.config.test_conf import composed

FOLDER = Path(report.__file__).parent
PIECES = Vocabulary(size=8000, pad_id=1, bos_id=2, eos_id=3, unk_id=0)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.ended.de").write_text("▁Ein </s>\n▁Zwei </s>\n", encoding="utf-8")
    (tmp_path / "fairseq-data").mkdir()
    return Work(tmp_path, tmp_path / "environments")


def parameters(work: Work, task: str, *extra: str) -> int:
    command = ours.training(work, TASKS[task], 20, work.folder / "run", extra)
    settings = resolve(composed(*(one for one in command[2:] if not one.startswith("paths.output_dir"))))
    return sum(one.numel() for one in build_model(settings.model, PIECES, PIECES).parameters())


def test_models_are_as_large_as_those_of_the_peers(work: Work) -> None:
    # fairseq, OpenNMT-py and eole count 12,664,640 for the reference model; fairseq 3,428,352 for the small one.
    assert parameters(work, "feeding") == 12_664_640
    assert parameters(work, "plain") == parameters(work, "plain", *ours.PARALLEL) == 12_664_640 - 512 * 2048
    assert parameters(work, "small") == pytest.approx(3_428_352, rel=0.01)


def test_translations_are_asked_for_as_the_command_line_names_it(work: Work) -> None:
    command = ours.translation(work, ours.VARIANTS[0], Search(5, 64, 100), Path("test.de"))
    given = translate_command.parser().parse_args(command[3:])
    assert (given.beam_size, given.batch_size, given.stopping, given.max_length) == (5, 64, "first", 60)
    assert (given.input, given.length_penalty) == ("test.de", 1.0)
    for variant in ours.VARIANTS:
        translate_command.parser().parse_args([str(ours.package(work, variant)), *variant.options])


def test_peers_are_told_the_same_sizes(work: Work) -> None:
    command = " ".join(PEERS["fairseq"].training(work, TASKS["feeding"], 30))
    for option in ("--encoder-hidden-size=256", "--decoder-hidden-size=512", "--dropout=0.2", "--lr=0.001"):
        assert option in command
    assert "share-all" not in command
    small = " ".join(PEERS["fairseq"].training(work, TASKS["small"], 30))
    assert "--share-all-embeddings" in small
    assert "--batch-size=80" in small
    for name in ("onmt", "eole"):
        PEERS[name].training(work, TASKS["plain"], 30)
        settings = json.loads((work.folder / "parts" / f"{name}.yaml").read_text(encoding="utf-8"))
        everything = json.dumps(settings)
        for option in ('"input_feed": 0', '"hidden_size": 512', '"batch_size": 128', '"train_steps": 30', '"brnn"'):
            assert option in everything
        search = PEERS[name].translation(work, Path("model"), Search(5, 64, 1))
        assert search[search.index("--beam_size" if name == "eole" else "-beam_size") + 1] == "5"
    assert (work.folder / "parts" / "test.ended.de.1").read_text(encoding="utf-8") == "▁Ein </s>\n"


# Lines as the peers write them, the first of each within the warm-up.
FAIRSEQ = """\
2026-11-26 07:24:06 | INFO | fairseq_cli.train | num. shared model params: 12,664,640 (num. trained: 12,664,640)
07:24:18 | INFO | train_inner | epoch 001: 5 / 227 loss=12.1, nll_loss=12.0, wps=100, ups=0.5, wpb=2000, num_updates=5
07:24:26 | INFO | train_inner | epoch 001: 10 / 227 loss=9.8, nll_loss=9.2, wps=1000, ups=0.6, wpb=2000, num_updates=10
07:24:34 | INFO | train_inner | epoch 001: 15 / 227 loss=9.1, nll_loss=8.3, wps=500, ups=0.6, wpb=1000, num_updates=15
07:24:41 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 8.9 | nll_loss 8 | ppl 256 | num_updates 15
"""
OPENNMT = """\
[2026-11-26 07:24:50,209 INFO] * number of parameters: 12664640
[07:25:06 INFO] Step  5/   15; acc: 7.8; ppl: 35.2; lr: 0.001; sents: 640; bsz: 2461/2516/128; 75/76 tok/s; 16 sec;
[07:25:15 INFO] Step 10/   15; acc: 11.3; ppl: 7.6; lr: 0.001; sents: 640; bsz: 1690/2000/128; 900/1000 tok/s; 25 sec;
[07:25:24 INFO] Step 15/   15; acc: 11.3; ppl: 5.6; lr: 0.001; sents: 640; bsz: 2099/1000/128; 999/500 tok/s; 35 sec;
[2026-11-26 07:25:31,837 INFO] Validation perplexity: 256
"""


@pytest.mark.parametrize(("peer", "log"), [("fairseq", FAIRSEQ), ("onmt", OPENNMT), ("eole", OPENNMT)])
def test_training_logs_of_peers(peer: str, log: str) -> None:
    found = PEERS[peer].read_training(log)
    # 2,000 tokens an update at 1,000 a second, then 1,000 at 500: 3,000 tokens in 4 seconds.
    assert found.tokens_s == pytest.approx(750)
    assert found.tokens_update == pytest.approx(1500)
    assert found.parameters == 12_664_640
    assert found.valid_loss == pytest.approx(5.5452, abs=1e-3)  # ln 256


def test_rates_are_of_tokens_not_of_reports() -> None:
    assert read_reports([(5, 9.0, 1.0), (10, 100.0, 10.0), (15, 300.0, 60.0)]) == pytest.approx((400 / 15, 200.0))


def test_translation_logs_of_peers() -> None:
    assert PEERS["onmt"].read_translation("INFO] Total translation time (s): 12.5\n") == 12.5
    assert PEERS["eole"].read_translation("prediction time including all (s): 3.5\n") == 3.5


def test_our_log(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text(
        "2026-11-26 07:23:20,000 step 5  epoch 0.0  loss 8.618  lr 1.00e-03  10 tokens/s\n"
        "2026-11-26 07:23:30,000 step 10  epoch 0.0  loss 6.359  lr 1.00e-03  1000 tokens/s\n"
        "2026-11-26 07:23:31,000 validation after step 10: BLEU 0.00\n"
        "2026-11-26 07:23:50,500 step 15  epoch 0.1  loss 5.898  lr 1.00e-03  500 tokens/s\n",
        encoding="utf-8",
    )
    (tmp_path / "metrics.json").write_text('{"parameters": 7}', encoding="utf-8")
    (tmp_path / "curves.json").write_text('{"valid": [{"valid/loss": 5.7}]}', encoding="utf-8")
    found = ours.read_training(tmp_path)
    assert found.tokens_s == pytest.approx((1000 * 10 + 500 * 20.5) / 30.5)
    assert found.tokens_update == pytest.approx((1000 * 10 + 500 * 20.5) / 10)
    assert (found.parameters, found.valid_loss) == (7, 5.7)


def test_work_of_a_token() -> None:
    # Counted by hand in the docstring: 51.6 to 51.7 million operations; 45.4 without feeding, 20.5 of the small model.
    assert bound.REFERENCE.training_flop() == pytest.approx(51.65e6, rel=1e-3)
    assert bound.PLAIN.training_flop() == pytest.approx(45.4e6, rel=2e-3)
    assert bound.SMALL.training_flop() == pytest.approx(20.5e6, rel=0.02)
    assert bound.REFERENCE.step_flop() == pytest.approx(15.0e6, rel=5e-3)
    weights = sum(one.inner * one.outer for one in bound.REFERENCE.products())
    assert weights == 12_664_640 - 2 * 8000 * 256 - 8000 - 8 * 1024  # all but embeddings and biases


def test_bound_counts_every_product_three_times() -> None:
    counted = sum(share * 2.0 * inner * outer for share, _, inner, outer in bound.shapes(bound.REFERENCE))
    assert counted == pytest.approx(bound.REFERENCE.training_flop() - 6 * bound.REFERENCE.attending())


def test_weights_reach_their_place(work: Work) -> None:
    settings = resolve(composed(*ours.model_training(work, TASKS["feeding"], 1)[2:-1])).model
    state = build_model(settings, PIECES, PIECES).state_dict()
    found = renamed(state, "onmt")
    hidden, memory = torch.randn(512), torch.randn(512)
    theirs = (found["decoder.attn.linear_in.weight"] @ hidden) @ memory
    torch.testing.assert_close(theirs, hidden @ (state["decoder.attention.score.key.weight"] @ memory))
    assert found["decoder.rnn.layers.0.weight_ih"].shape == (2048, 768)
    model = {"encoder.bridge.0.weight": torch.ones(2, 2), "generator.bias": torch.ones(8000)}
    put(found, model)
    assert not model["encoder.bridge.0.weight"].any()
    with pytest.raises(SystemExit, match="no counterpart"):
        put(found, {"generator.bias": torch.ones(7)})


def test_failures_show_the_end_of_the_log(work: Work) -> None:
    assert work.run(["sh", "-c", "echo $OMP_NUM_THREADS"], "threads").log == "2\n"
    with pytest.raises(BenchmarkError, match=r"(?s)failed .3.*oh dear"):
        work.run(["sh", "-c", "echo oh dear >&2; exit 3"], "failing")


def test_results_go_on(tmp_path: Path) -> None:
    results = Results(tmp_path / "w" / "results.jsonl")
    assert not results.has({"case": "beam"})
    results.add({"case": "beam", "side": "onmt", "round": 1, "amount": 5})
    assert results.has({"case": "beam", "round": 1})
    assert not results.has({"case": "beam", "round": 2})


def rows(case: str, side: str, speed: Sequence[float], **figures: float) -> list[Row]:
    name = "tokens_s" if case in report.TRAINING else "sentences_s"
    key = {"case": case, "side": side, "amount": 30}
    return [{**key, "round": place, name: one, **figures} for place, one in enumerate(speed, 1)]


def test_ratios_are_taken_within_rounds() -> None:
    found = [
        *rows("feeding", "ours", [200, 400, 900], parameters=1000),
        *rows("feeding", "fairseq", [100, 200, 300], parameters=1011),
        *rows("feeding", "onmt", [150, 150, 150], parameters=1010),
    ]
    machine: list[Row] = [{"case": "bound", "side": "machine", "round": 1, "amount": 1, "feeding": 800.0}]
    (sides,) = report.groups(found).values()
    table = report.table("feeding", 30, sides, machine)
    assert table.head[:4] == ["", "tokens/s", "to fairseq", "of the bound"]
    assert table.rows[0][:4] == ["ours", "400 (200 to 900)", "2.00 (2.00 to 3.00)", "0.50"]
    assert table.rows[1][:4] == ["fairseq", "200 (100 to 300)", "1.00 (1.00 to 1.00)", "0.25"]
    assert table.notes == ["rounds: 3, of 30 updates", "parameters within 1 % of ours: all but fairseq (+11)"]


def test_quality_is_held_against_ours() -> None:
    figures = {"tokens": 450.0, "sentences": 30.0}
    found = [
        *rows("beam", "ours", [30.0], bleu=35.0, **figures),
        *rows("beam", "ours, int8", [60.0], bleu=34.9, **figures),
        *rows("beam", "onmt", [20.0], bleu=34.7, **figures),
        *rows("beam", "eole", [10.0], bleu=0.0, **figures),
    ]
    (sides,) = report.groups(found).values()
    table = report.table("beam", 30, sides, [])
    assert [row[2] for row in table.rows] == ["1.50", "3.00", "1.00", "0.50"]
    assert [row[table.head.index("BLEU")] for row in table.rows] == ["35.00", "34.90", "34.70", "0.00"]
    assert table.notes[1] == "BLEU within 0.2 of ours: all but onmt (-0.30), eole (-35.00)"
    # 5 hypotheses x 15 tokens x 15 MFLOP and 16 source tokens in the encoder are 1.16 GFLOP a sentence.
    most = report.bound("beam", sides["ours"], [{"step 320": 116e9}])
    assert most == pytest.approx(100, rel=0.02)


def test_records_keep_every_round() -> None:
    found = [*rows("feeding", "ours", [1, 2], peak_mb=5), *rows("feeding", "onmt", [3], peak_mb=6)]
    made = report.recorded(report.records(found))
    assert len(made) == len(found)
    assert all(row in made for row in found)
    assert "Training, input feeding" in report.page([{**row, "parameters": 1} for row in found])


def test_growth_varies_one_size_at_a_time() -> None:
    made = list(points())
    assert len({point for _, point in made}) >= 15
    assert {axis for axis, _ in made} == {"source", "vocabulary", "beam", "batch"}
    assert exponent([10, 100, 400], [9.0, 1.0, 4.0]) == pytest.approx(1.0)
    measured = [{"part": "training", "axis": "batch", "batch": size, "seconds": 1, "mb": size} for size in (16, 4)]
    assert curves(measured) == {("training", "batch"): [(4, 1, 4), (16, 1, 16)]}


def test_results_are_those_on_record() -> None:
    records = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    if records:
        page = (FOLDER / "RESULTS.md").read_text(encoding="utf-8")
        assert report.page(report.recorded(records)) == page
