"""The script behind `make`: only what needs no set-up."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def make(*args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "make.py", *args]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)


def makefile_targets() -> list[str]:
    line = re.search(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line
    return line[1].split()


def test_help_lists_every_target_of_the_makefile() -> None:
    done = make("help")
    assert done.returncode == 0
    listed = re.findall(r"^make (\S+) +\S", done.stdout, re.MULTILINE)
    assert listed == ["help", *makefile_targets()]


def test_an_unknown_target_names_those_that_exist() -> None:
    done = make("nope")
    assert done.returncode == 2
    assert all(target in done.stdout for target in makefile_targets())


def test_the_script_can_be_read_by_an_old_python() -> None:
    ast.parse((ROOT / "make.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_pins_everything_and_names_no_index(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.match(r"[a-z0-9._-]+==[^ ]+( ; .+)?$", line)] == []


def test_opencv_is_only_ever_the_headless_one() -> None:
    names = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_both_locks_agree() -> None:
    pins = {}
    for lock in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / lock).read_text().splitlines():
            if line and not line.startswith("#") and " ; " not in line:
                name, version = line.split("==")
                assert pins.setdefault(name, version) == version


def test_every_python_gets_the_same_version() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = [line.split("==")[0] for line in lines if "==" in line]
    assert sorted(set(names)) == sorted(names)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """make.py as a module; its environment is the one that the tests run in."""
    spec = importlib.util.spec_from_file_location("make_script", ROOT / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(module, "VENV_PYTHON", Path(sys.executable))
    return module


@pytest.mark.parametrize(
    ("told", "options", "variables"),
    [
        ("", [], {}),
        ("index-url = https://a.example/simple", ["--default-index", "https://a.example/simple"], {}),
        (
            "extra-index-url = https://a.example/x https://b.example/x",
            [
                "--index",
                "https://a.example/x",
                "--index",
                "https://b.example/x",
                "--index-strategy",
                "unsafe-best-match",
            ],
            {},
        ),
        ("find-links = /some/wheels\nno-index = true", ["--find-links", "/some/wheels", "--no-index"], {}),
        (
            "cert = /a/ca.crt\nproxy = http://p.example:3128\ntimeout = 90",
            [],
            {"SSL_CERT_FILE": "/a/ca.crt", "ALL_PROXY": "http://p.example:3128", "UV_HTTP_TIMEOUT": "90"},
        ),
        ("trusted-host = a.example", ["--allow-insecure-host", "a.example"], {}),
    ],
    ids=["nothing", "index", "more indexes", "a folder", "network", "trust"],
)
def test_uv_is_told_what_pip_is_told(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: str,
    options: list[str],
    variables: dict[str, str],
) -> None:
    """Mirrors, certificates and proxies are set up once, for pip."""
    (tmp_path / "pip.conf").write_text(f"[global]\n{told}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found, environment = script.settings_of_pip()
    assert found[: len(options)] == options
    assert variables.items() <= environment.items()


def test_a_variable_of_pip_counts_more_than_its_file(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://file.example/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/")
    assert script.settings_of_pip()[0][:2] == ["--default-index", "https://variable.example/"]


def test_pip_installs_where_a_person_says_so(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTALLER", "pip")
    assert script.uv("--no-deps", "-r", "requirements.txt") is False


def test_the_lock_says_which_uv_sets_up() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert [line.split("==")[0] for line in lines].count("uv") == 1


def test_only_an_installer_that_was_killed_leaves_a_mark(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "UNFINISHED", tmp_path / ".unfinished")
    assert script.installing("pip", "--no-index", "-q", "no-such-package-of-ours") != 0
    assert not (tmp_path / ".unfinished").exists()


@pytest.fixture
def packages(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that npm installs in, without a network: package.json and its lock are those of the project."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    return tmp_path


def test_checkers_that_cannot_be_fetched_are_asked_for_again(
    script: ModuleType, packages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        script.install_node_modules()
    assert "then run the same command again" in capsys.readouterr().out
    assert not list((packages / "node_modules").glob(".*.sha256"))


def test_checkers_that_are_there_are_not_fetched_again(
    script: ModuleType, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages / "package.json").write_text('{"private": true}')
    (packages / "package-lock.json").write_text('{"lockfileVersion": 3, "requires": true, "packages": {"": {}}}')
    script.install_node_modules()
    monkeypatch.setattr(script, "VENV_PYTHON", packages / "no-such-python")
    script.install_node_modules()
    (packages / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {"": {}}}')
    with pytest.raises(FileNotFoundError):
        script.install_node_modules()
