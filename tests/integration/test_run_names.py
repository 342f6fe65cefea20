"""Where runs are put, and what refuses to leave one."""

from pathlib import Path

import pytest

from tests.conftest import CallNmt
from tests.trained import TINY


def runs_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.is_symlink())


def test_latest_moves_with_the_last_run(call_nmt: CallNmt, tmp_path: Path) -> None:
    for count in (1, 2):
        done = call_nmt("train", *TINY, "trainer.max_steps=1")
        assert done.returncode == 0, done.stderr
        runs = runs_in(tmp_path / "runs" / "phrasebook")
        assert len(runs) == count
        latest = tmp_path / "runs" / "phrasebook" / "latest"
        assert latest.is_symlink()
        assert latest.readlink() == Path(runs[-1])
        assert (latest / "model" / "config.json").is_file()


def test_sweep_gives_a_run_directory_for_each_job(call_nmt: CallNmt, tmp_path: Path) -> None:
    done = call_nmt(
        "train", "-m", "experiment=luong_cosine", *TINY, "trainer.max_steps=1", "model.attention.score=cosine,dot"
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "luong_cosine"
    (sweep,) = folder.iterdir()  # and no `latest`
    jobs = ["0", "1"]
    for job, score in zip(jobs, ("cosine", "dot"), strict=True):
        assert f"score: {score}" in (sweep / job / "config.yaml").read_text(encoding="utf-8")
        assert (sweep / job / "metrics.json").is_file()
        assert "validation after step 1" in (sweep / job / "train.log").read_text(encoding="utf-8")
        assert (sweep / job / "checkpoints" / "last.ckpt").is_file()
        assert (sweep / job / "model" / "model.safetensors").is_file()
    assert sorted(path.name for path in sweep.iterdir() if path.is_dir()) == jobs
    named = [Path(line.removeprefix("run\t")) for line in done.stdout.splitlines() if line.startswith("run\t")]
    assert named == [sweep / job for job in jobs]


@pytest.mark.parametrize(
    "wrong",
    [
        "model.atention.score=dot",
        "model=luon",
        "model.attention.score=cosin",
        "model.decoder_size=abc",
        "trainer.max_epochs=abc",
        "optimizer.lr=abc",
        "optimizer.lr=-1",
        "data.tokenizer.size=3",
        "data.train=missing/train",
        "callbacks=none",
    ],
)
def test_what_cannot_start_leaves_no_folder(call_nmt: CallNmt, tmp_path: Path, wrong: str) -> None:
    done = call_nmt("train", *TINY, "trainer.max_steps=1", wrong)
    assert done.returncode == 1
    assert done.stdout == ""
    assert not list(tmp_path.glob("runs/*"))
    assert {path.name for path in tmp_path.iterdir()} <= {"runs"}
