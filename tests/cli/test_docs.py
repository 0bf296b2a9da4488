"""What the README says exists, exists; what exists, the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import typer

from graphsvc import errors
from graphsvc.cli.main import app
from graphsvc.ingest import shipped_mappings
from graphsvc.serving_settings import ServingSettings
from graphsvc.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_readme_and_every_variable_there_is_a_setting() -> None:
    serving = set(ServingSettings.model_fields) - {"host", "port"}
    declared = {f"GRAPHSVC_{name.upper()}" for name in set(Settings.model_fields) - serving}
    table = README[README.index("## Settings") : README.index("Exit codes")]
    assert set(re.findall(r"GRAPHSVC_[A-Z0-9_]+", table)) == declared


def test_every_setting_of_the_server_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "serving.md").read_text()
    rows = re.findall(r"^\| `GRAPHSVC_(\w+)` \| `?(.*?)`? \| (.*) \|$", text, flags=re.MULTILINE)
    expected = [
        (name.upper(), _shown_default(field.default), field.description)
        for name, field in ServingSettings.model_fields.items()
    ]
    assert rows == expected


def _shown_default(value: object) -> str:
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    if isinstance(value, dict):
        return ",".join(f"{name}={most}" for name, most in sorted(value.items()))
    return str(value) if value not in {None, ()} else "–"


def test_every_command_in_the_readme_exists() -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"^graphsvc ([a-z0-9-]+)", README, flags=re.MULTILINE))
    assert named
    assert named <= commands


def test_the_help_says_of_each_command_what_the_command_says() -> None:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        said = " ".join((command.load().help or "").split("\n\n")[0].split())
        assert command.help == said, name


def test_help_loads_neither_the_compiler_nor_a_store() -> None:
    program = (
        "import sys; sys.argv = ['graphsvc', '--help']\n"
        "try:\n    from graphsvc.cli import main; main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numba', 'neo4j', 'pyarrow', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "recompute" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_server_loads_neither_statistics_nor_plots_before_they_are_asked_for() -> None:
    program = (
        "import sys, gql.server\n"
        "unwanted = {'scipy.stats', 'scipy.optimize', 'matplotlib', 'networkx'}\n"
        "print(sorted(unwanted & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_every_shipped_mapping_is_documented() -> None:
    guide = (ROOT / "docs" / "importing.md").read_text()
    assert [name for name in shipped_mappings() if name not in guide] == []


def test_every_error_has_a_code_of_its_own_group_and_a_documented_exit_code() -> None:
    listed = {
        int(number) for number in re.findall(r"(\d) [a-z]", README[README.index("Exit codes") :])
    }
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.GraphsvcError)
    ]
    for error in classes:
        assert error.exit_code in listed | {1}


def test_every_target_of_the_makefile_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None
    for target in phony.group(1).split():
        assert re.search(rf"^{target}:.*## \w", makefile, flags=re.MULTILINE), target
