"""The recipe for alignments: its text, its figures worked by hand, its order of work, and its tables."""

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from nmt.alignment.gold import GoldSentence, read_gold
from nmt.data.phrasebook import phrasebook
from nmt.training.resolve import resolve
from recipes.alignment import measure, prepare, report, run, systems
from recipes.alignment.text import Text, write_text
from tests.config.test_conf import composed
from tests.trained import lines_of, write_lines

FOLDER = Path(report.__file__).parent


def test_sentences_are_cut_and_links_counted_from_zero() -> None:
    assert prepare.tokenized("L'homme n'est pas là, Tom.") == "l' homme n' est pas là , tom ."
    assert prepare.from_zero("2-1 1-1 1p2") == "0-0 0p1 1-0"


def test_phrasebook_comes_with_its_gold_links(tmp_path: Path) -> None:
    files, book = prepare.phrasebook_files("de-fr"), phrasebook("de", "fr")
    assert files["phrasebook.fr"] == [one.target for one in book.train]
    assert files["phrasebook-test.de"] == [one.source for one in book.test]
    write_lines(tmp_path / "gold", files["phrasebook-test.gold"])
    lengths = [(len(one.source.split()), len(one.target.split())) for one in book.test]
    gold = read_gold(tmp_path / "gold", None, lengths)
    assert [(one.sure, one.possible) for one in gold] == [(one.sure, one.possible) for one in book.test]


def test_text_holds_the_test_sentences_once(tmp_path: Path) -> None:
    text = Text(tmp_path / "text", ("de", "en"))
    test = [("b", "B"), ("t", "T"), ("t", "T")]
    write_text(text, [("a", "A"), ("b", "B"), ("", "C"), ("a", "A"), ("d", "D")], test, most=1)
    assert text.read("all") == (["a", "d", "b", "t"], ["A", "D", "B", "T"])
    assert text.read("test") == (["b", "t", "t"], ["B", "T", "T"])
    assert text.places("test") == [2, 3, 3]
    assert len(text.read("model")[0]) == 3
    assert set(zip(*text.read("test"), strict=True)) <= set(zip(*text.read("model"), strict=True))


def test_error_rates_and_differences_worked_by_hand() -> None:
    # AER = 1 - (2 + 3) / (4 + 2) = 1/6 for one, 1 - (2 + 2) / (2 + 2) = 0 for the other.
    assert measure.error_rates([[4, 2, 2, 3], [2, 2, 2, 2]]).tolist() == pytest.approx([1 / 6, 0])
    gold = measure.Gold([GoldSentence(frozenset({(0, 0)}), frozenset({(0, 0), (1, 1)}))] * 2, [1])
    assert gold.counts([[], [(0, 0), (1, 1), (2, 0)]]) == [[3, 1, 1, 2]]
    same = [[4, 2, 2, 3]] * 5
    assert measure.difference(same, same) == [0, 0, 0]
    # All sentences alike: every sample has the same difference.
    assert measure.difference(same, [[2, 2, 2, 2]] * 5) == pytest.approx([0.1667] * 3)


def test_both_directions_fill_the_columns() -> None:
    both = [[(0, 0), (1, 1)]], [[(0, 0), (1, 2)]]
    columns = measure.joined(both)
    assert list(columns) == list(report.HEADS)
    assert columns["intersection"] == [[(0, 0)]]
    assert columns["grow-diag"] == [[(0, 0), (1, 1), (1, 2)]]


def test_backward_links_are_turned_round(tmp_path: Path) -> None:
    write_lines(tmp_path / "aligners" / "eflomal" / "model.links", ["0-1 2-0", ""])
    training = systems.Training(tmp_path, "parallel", "guided", "backward")
    assert training.links is not None
    systems._turn(training.links)
    assert lines_of(training.links) == ["0-2 1-0", ""]


@pytest.mark.parametrize("decoder", systems.DECODERS)
def test_commands_compose_and_continue(decoder: str, tmp_path: Path) -> None:
    text = Text(tmp_path / "text", ("de", "en"))
    training = systems.Training(tmp_path, decoder, "guided", "backward")
    end = run.end_of(Namespace(steps=None, minutes=61.7, jobs=2), 2)
    command = training.command(text, end)
    settings = resolve(composed(*(one for one in command[2:] if not one.startswith("paths.output_dir"))))
    assert settings.model.decoder == decoder
    assert settings.guided is not None
    assert (settings.data.source_lang, settings.data.target_lang) == ("en", "de")
    assert "trainer.max_time=00:01:01:42" in command
    assert run.end_of(Namespace(steps=7, minutes=50, jobs=1), 6) == "trainer.max_steps=7"
    (training.run / "checkpoints").mkdir(parents=True)
    (training.run / "checkpoints" / "last.ckpt").touch()
    assert training.command(text, end)[1:] == ["train", f"resume={training.run}"]


def test_finished_work_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Begun(Exception):  # noqa: N818
        """Work that would take minutes."""

    def begin(*_: object) -> None:
        raise Begun

    monkeypatch.setattr(systems, "call", begin)
    monkeypatch.setattr(systems, "aligned_directions", begin)
    text = Text(tmp_path / "text", ("de", "en"))
    for language in text.languages:
        write_lines(Path(f"{text.prefix('all')}.{language}"), ["eins"])
    training = systems.Training(tmp_path, "parallel", "raw", "forward")
    works: dict[Path, Callable[[], None]] = {
        training.run / "metrics.json": lambda: training.train(text, ""),
        tmp_path / "models" / "parallel-agreed" / "model.links": lambda: systems.agree(tmp_path, text, "parallel"),
        tmp_path / "aligners" / "eflomal" / "seconds": lambda: systems.run_aligner(tmp_path, text, "eflomal"),
    }
    for done, work in works.items():
        with pytest.raises(Begun):
            work()
        write_lines(done, ["1"])
        work()
        assert lines_of(done) == ["1"]


def test_self_training_comes_after_the_models_it_learns_from() -> None:
    given = Namespace(output=Path("out"), decoders=["parallel", "luong"], kinds=["self"], pieces=600)
    order = [(one[0].decoder, one[0].kind) for one in run.trainings(given)]
    assert order == [("parallel", "raw"), ("parallel", "self"), ("luong", "raw"), ("luong", "self")]


@pytest.mark.parametrize(("figures", "page"), [("expected.json", "RESULTS.md"), ("phrasebook.json", "PHRASEBOOK.md")])
def test_results_are_those_on_record(figures: str, page: str) -> None:
    records = json.loads((FOLDER / figures).read_text(encoding="utf-8"))
    assert (FOLDER / page).read_text(encoding="utf-8") == report.page(records)
    assert records[0]["system"] == "eflomal"
