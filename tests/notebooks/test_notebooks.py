"""Every notebook runs from top to bottom, says what its script says, and is kept without outputs."""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import matplotlib as mpl
import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import RunNmt
from tests.trained import TINY

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
PICTURES = {"alignment_heatmaps": 10, "attention_from_scratch": 13}
"""How many pictures each notebook shows at least."""
MISSING_FONT = re.compile(r"\S*: UserWarning: no installed font draws .*\n.*\n")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_of_runs = pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path.stem == "alignment_heatmaps"], ids=lambda path: path.stem
)
"""The notebooks that load run directories."""


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", ())


def widths(notebook: Any) -> list[int]:
    """Widths in dots of the pictures, from the headers of the PNG files."""
    found = [output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]
    return [int.from_bytes(base64.b64decode(picture)[16:20], "big") for picture in found]


def execute(path: Path, folder: Path, environment: dict[str, str]) -> Any:
    """Runs a notebook with `folder` as its working directory; an error in a cell is raised."""
    settings = environment | {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
        "MPLCONFIGDIR": mpl.get_cachedir(),  # matplotlib says so on stderr when it has to list all fonts first
    }
    notebook = jupytext.read(path)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=settings)
    return notebook


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(PICTURES)


@pytest.fixture
def workspace(tmp_path: Path, trained: Path, run_nmt: RunNmt) -> Path:
    """A folder as a clone is after training: `notebooks/`, and a run for each model that notebooks load."""
    untaught = tmp_path / "untaught"
    done = run_nmt("train", *TINY, "trainer.max_steps=2", f"paths.output_dir={untaught}")
    assert done.returncode == 0, done.stderr
    for name, run in (("phrasebook", trained), ("cosine", untaught), ("untaught", untaught)):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "latest").symlink_to(run, target_is_directory=True)
    (tmp_path / "notebooks").mkdir()
    return tmp_path


@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::DeprecationWarning:jupyter_client")
@each_notebook
def test_runs_without_a_word_on_stderr(path: Path, workspace: Path, environment: dict[str, str]) -> None:
    notebook = execute(path, workspace / "notebooks", environment)
    complaints = "".join(output.text for output in outputs(notebook) if output.get("name") == "stderr")
    if not os.environ.get("CI"):
        complaints = MISSING_FONT.sub("", complaints)  # a machine of a user need not have fonts for all scripts
    assert complaints == ""
    assert len(widths(notebook)) >= PICTURES[path.stem]
    assert min(widths(notebook)) > 200


@each_notebook
def test_is_kept_without_outputs(path: Path) -> None:
    notebook = jupytext.read(path)
    nbformat.validate(notebook)
    assert not list(outputs(notebook)), f"clear the outputs of {path} before you commit it"
    assert not [cell for cell in notebook.cells if cell.get("execution_count")]
    assert not [cell for cell in notebook.cells if cell.metadata]
    assert notebook.metadata.kernelspec.name == "python3"


@each_notebook
def test_says_what_its_script_says(path: Path) -> None:
    script = path.with_suffix(".py")
    pair = jupytext.read(path), jupytext.read(script)
    assert {notebook.metadata.jupytext.formats for notebook in pair} == {"ipynb,py:percent"}
    cells = [[(cell.cell_type, cell.source) for cell in notebook.cells] for notebook in pair]
    assert cells[0] == cells[1], f"bring them into step: jupytext --sync {path}"


@each_of_runs
def test_a_wrong_run_directory_is_named_and_not_trained(
    path: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    script = path.with_suffix(".py").read_text(encoding="utf-8")
    script = script.replace('RUN = "runs/phrasebook/latest"', 'RUN = "runs/mistyped"', 1)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    # The folder is that of the clone, in which the script was started.
    assert str(tmp_path / "runs" / "mistyped") in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())
