"""Every command and every program in the README runs, in the order of reading, in one folder.

The rules: a ```sh block runs in bash and stops at the first failure; ```python blocks share one namespace. A block of
`make test` alone is not run, because it would start this very test. A block of `make demo` alone, or one below a line
`<!-- soak -->`, is run by `make soak` only, which also runs all others to the letter.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nmt.data.phrasebook import phrasebook

README = Path(__file__).resolve().parents[1] / "README.md"
FENCE = re.compile(
    r"^(?P<soak><!-- soak -->\n)?```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
NOT_RUN, LONG = {"make test"}, {"make demo"}
# Other names of the two languages: a block under one of them would be skipped unseen.
UNTESTED_NAMES = {"bash", "console", "shell", "py", "python3", "pycon", "ipython"}


class Block(NamedTuple):
    """A fenced block: its language, its text, and whether it is for the soak run alone."""

    language: str
    code: str
    soak: bool
    line: int


def blocks_of(text: str) -> list[Block]:
    """The blocks of a Markdown text that are to be run, in reading order.

    Raises:
        ValueError: a block that could escape the test: a misnamed language, or `make test` among other commands.
    """
    found = []
    for match in FENCE.finditer(text):
        language, code = match["language"], match["code"]
        line = text.count("\n", 0, match.start()) + 1
        if language in UNTESTED_NAMES:
            raise ValueError(
                f"line {line}: write `sh` or `python` instead of `{language}`, so that the block is tested"
            )
        if language not in {"sh", "python"}:
            continue
        commands = (
            {" ".join(shlex.split(part, comments=True)) for part in code.replace("\\\n", " ").splitlines()}
            if language == "sh"
            else set()
        )
        if commands & (NOT_RUN | LONG) and len(commands - {""}) > 1:
            raise ValueError(f"line {line}: keep `make test` and `make demo` in a block of their own")
        if not commands & NOT_RUN:
            found.append(Block(language, code, bool(match["soak"]) or bool(commands & LONG), line))
    return found


def run_blocks(blocks: list[Block], folder: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the blocks in order, all of them in `folder`."""
    environment = environment | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in blocks:
        if block.language == "python":
            # Padded, so that a traceback shows the line of the file.
            exec(compile("\n" * block.line + block.code, str(README), "exec"), namespace)
            continue
        command = ["bash", "-euo", "pipefail", "-c", block.code]
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"README.md, line {block.line}:\n{block.code}\n{done.stdout}\n{done.stderr}"


SAMPLE = """\
# Title
```sh
make test     # installs first
```
```sh
echo one > file
test -n "$NMT_CACHE"
```
```text
not run
```
```python
from pathlib import Path
seen = Path("file").read_text().strip()
```
<!-- soak -->
```sh
echo two >> file
```

```python
Path("answer").write_text(seen)
```
"""


def test_extractor_keeps_order_and_marks() -> None:
    blocks = blocks_of(SAMPLE)
    assert [block.language for block in blocks] == ["sh", "python", "sh", "python"]
    assert [block.soak for block in blocks] == [False, False, True, False]
    assert [block.line for block in blocks] == [5, 12, 16, 21]
    assert blocks[0].code == 'echo one > file\ntest -n "$NMT_CACHE"\n'


@pytest.mark.parametrize("text", ["```bash\nls\n```\n", "```py\n1\n```\n", "```sh\nmake demo\nnmt train\n```\n"])
def test_extractor_lets_nothing_escape(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        blocks_of(text)


def test_sample_runs_in_one_folder(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_blocks([block for block in blocks_of(SAMPLE) if not block.soak], tmp_path, environment, monkeypatch)
    assert (tmp_path / "answer").read_text(encoding="utf-8") == "one"


def test_failing_command_is_reported(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError, match="line 3"):
        run_blocks([Block("sh", "false | cat\n", False, 3)], tmp_path, environment, monkeypatch)


def test_readme_has_blocks_of_both_kinds() -> None:
    languages = {block.language for block in blocks_of(README.read_text(encoding="utf-8")) if not block.soak}
    assert languages == {"sh", "python"}


@pytest.mark.timeout(900)
def shortened(block: Block) -> Block:
    """Returns a block whose trainings have 20 sentences to validate and to test with, not 200, which take most time."""
    few = "nmt train data.phrasebook.valid=20 data.phrasebook.test=20 "
    return block._replace(code=re.sub(r"^nmt train (?!.*data\.train)", few, block.code, flags=re.MULTILINE))


def test_readme_runs(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [shortened(block) for block in blocks_of(README.read_text(encoding="utf-8")) if not block.soak]
    assert sum("phrasebook.test=20" in block.code for block in blocks) >= 3
    run_blocks(blocks, tmp_path, environment, monkeypatch)
    assert (tmp_path / "alignment.html").exists()


def copy_checkout(folder: Path) -> None:
    """Copies what git tracks, and lets the copy use this environment, so that `make` has nothing to install."""
    root = README.parent
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, encoding="utf-8", check=True)
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)


def write_text(folder: Path) -> None:
    """Writes the files that the README's reader has: the phrasebook as line-parallel text."""
    book = phrasebook("de", "en", train=4000)
    folder.mkdir()
    for name in ("train", "valid", "test"):
        phrases = getattr(book, name)
        for lang, lines in (("de", [one.source for one in phrases]), ("en", [one.target for one in phrases])):
            (folder / f"{name}.{lang}").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_readme_runs_with_its_long_blocks(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_checkout(tmp_path)
    write_text(tmp_path / "text")
    run_blocks(blocks_of(README.read_text(encoding="utf-8")), tmp_path, environment, monkeypatch)
    assert (tmp_path / "demo" / "alignment.html").exists()
    assert (tmp_path / "runs" / "text" / "latest" / "metrics.json").exists()
