"""What is built holds all that is needed, and what is installed from it works without the checkout."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Distributions(NamedTuple):
    """The files of one release."""

    sdist: Path
    wheel: Path


def run(command: Sequence[str | Path], cwd: Path, env: dict[str, str]) -> str:
    """Runs a command that has to succeed, and returns its standard output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def project_files() -> list[str]:
    """The files of the project, relative to its root: those that git knows or would add."""
    listing = run(["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"], ROOT, dict(os.environ))
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Distributions:
    """The sdist, and the wheel that is built from it, made from a clean copy of the project and without network."""
    copy, output = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in project_files():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", output], copy, environment)
    (sdist,), (wheel,) = output.glob("*.tar.gz"), output.glob("*.whl")
    return Distributions(sdist, wheel)


@pytest.fixture(scope="module")
def installed(
    distributions: Distributions, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Path:
    """The folder of programs of a new environment that holds the wheel and borrows all else from this one."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", distributions.wheel],
        home,
        environment,
    )
    # As a plain path entry: the .pth files in there are not read, so that the editable install of this project is not.
    place = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], home, environment).strip()
    (Path(place) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python.parent


def conf_files() -> set[str]:
    return {name for name in project_files() if name.startswith("conf/")}


def test_package_list_equals_the_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {
        Path(name).parent.as_posix().replace("/", ".")
        for name in project_files()
        if name.startswith("nmt/") and name.endswith("/__init__.py")
    }
    assert len(settings["packages"]) == len(set(settings["packages"]))
    assert set(settings["packages"]) == folders | {"nmt.conf"}


def test_every_module_lies_in_a_listed_package() -> None:
    files = project_files()
    homeless = {
        name
        for name in files
        if name.startswith("nmt/")
        and name.endswith(".py")
        and f"{Path(name).parent.as_posix()}/__init__.py" not in files
    }
    assert not homeless, "these folders lack an __init__.py"


def test_wheel_holds_the_package_and_its_configuration(distributions: Distributions) -> None:
    held = set(zipfile.ZipFile(distributions.wheel).namelist())
    modules = {name for name in project_files() if name.startswith("nmt/")}
    assert len(modules) > 10
    assert modules <= held
    assert {f"nmt/{name}" for name in conf_files()} <= held
    assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == {"nmt"}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)


def test_sdist_holds_the_package_and_its_configuration(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    modules = {name for name in project_files() if name.startswith("nmt/")}
    assert modules <= held
    assert conf_files() <= held
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "constraints.txt"} <= held


def test_installed_wheel_is_what_runs(installed: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    code = "import json, nmt, nmt.conf; print(json.dumps([nmt.__file__, nmt.conf.__file__, nmt.__version__]))"
    package, conf, version = json.loads(run([installed / "python", "-c", code], tmp_path, environment))
    home = installed.parent
    assert Path(package).is_relative_to(home)
    assert Path(conf).is_relative_to(home)
    assert version == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_installed_wheel_shows_help_and_version(installed: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    assert "translate" in run([installed / "nmt", "--help"], tmp_path, environment)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version in run([installed / "nmt", "--version"], tmp_path, environment)


def test_installed_wheel_composes_the_default_run(installed: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    shown = run([installed / "nmt", "train", "--cfg", "job"], tmp_path, environment)
    # Both keys are required by the documented overrides; the configuration was found inside the wheel.
    assert "batch_tokens:" in shown
    assert "attention:" in shown
    assert not list(tmp_path.iterdir()), "showing a configuration leaves nothing behind"
