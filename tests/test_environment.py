"""Environment, Makefile and packaging say the same thing everywhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

import wganlab

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TARGETS = ("figures", "gallery", "test", "lab", "notebooks", "course", "check", "bench", "wheel")
TARGETS = (*TARGETS, "test-fast", "mutants", "docs", "clean")


def make(*arguments, **environment):
    return subprocess.run(
        ["make", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("MAKE")}, **environment},
    )


def test_environment_yml_is_the_same_door():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    *conda, pip = environment["dependencies"]
    assert f"python{PROJECT['requires-python']}" in conda
    assert "pip" in conda
    extras = re.fullmatch(r"-e \.\[(.*)\]", pip["pip"][1])[1].split(",")
    assert set(extras) == set(PROJECT["optional-dependencies"])
    assert pip["pip"][0] == "-c constraints.txt"
    makefile = (ROOT / "Makefile").read_text()
    assert f'-e ".[{",".join(extras)}]" -c constraints.txt' in makefile


def test_every_dependency_is_pinned_in_the_constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {re.split("==", line)[0].lower().replace("_", "-") for line in lines}
    extras = PROJECT["optional-dependencies"].values()
    for requirement in (*PROJECT["dependencies"], *(r for extra in extras for r in extra)):
        assert re.split("[>=<]", requirement)[0].lower() in pinned
    assert "torch==2.13.0" in lines


def test_the_version_is_told_once_in_each_place():
    assert PROJECT["dynamic"] == ["version"]  # read from wganlab/__init__.py
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == wganlab.__version__
    assert citation["license"] == PROJECT["license"]
    titles = [reference["title"] for reference in citation["references"]]
    assert titles == ["Wasserstein GAN", "Improved Training of Wasserstein GANs"]


def test_make_alone_prints_what_there_is():
    result = make()
    assert result.returncode == 0
    for target in TARGETS:
        assert re.search(rf"make {target} +\S", result.stdout)


def test_every_target_plans_its_commands():
    for target in TARGETS:
        assert make("-n", target, "ENV=active").returncode == 0, target


def test_an_active_environment_is_used_as_it_is():
    own = make("-n", "figures", "PROFILE=quick", "ONLY=wgan_fig1")
    active = make("-n", "figures", "PROFILE=quick", "ONLY=wgan_fig1", "ENV=active")
    assert ".venv/bin/python -m figures" in own.stdout
    assert ".venv" not in active.stdout
    assert 'python -m figures --profile "quick" --only "wgan_fig1"' in active.stdout


def test_an_old_python_is_refused_with_advice(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    result = make("-W", "pyproject.toml", ".venv/ready", f"SYSTEM_PYTHON={old}")
    assert result.returncode != 0
    assert "needs Python 3.10 or newer" in result.stdout


def test_the_license_and_the_type_marker_are_there():
    assert "MIT License" in (ROOT / "LICENSE").read_text()
    assert (ROOT / "wganlab" / "py.typed").is_file()


def test_every_fault_can_be_put_into_the_sources():
    from mutants import mutants

    assert len(list(mutants())) >= 60
