"""The simulator shares nothing with the portal, so that a misreading cannot hide in both."""

import ast
import sys
from pathlib import Path

import recordings.simulator

FOLDER = Path(recordings.simulator.__file__).parent


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def test_only_the_standard_library_and_itself_are_imported():
    paths = list(FOLDER.rglob("*.py"))
    assert len(paths) > 10
    for path in paths:
        for module in imported_modules(path):
            own = module.startswith("recordings.simulator")
            assert own or module.split(".")[0] in sys.stdlib_module_names, f"{path.name}: {module}"
