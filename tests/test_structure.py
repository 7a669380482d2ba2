"""The house itself: one word an idea, rooms of a size to keep in mind, a test beside each module of the tasks."""

import ast
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "dna_mamba", ROOT / "kernels" / "dna_mamba_kernels")
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
MOST_MODULES = 16
TESTED_ONE_BY_ONE = ("scoring", "runs", "inference", "sequences")


def public_names(path: Path) -> set[str]:
    """Classes and type aliases of a module that another may import; not its constants or type variables."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.Call):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if name[0].isupper() and not name.isupper()}


def test_a_public_class_name_occurs_once():
    places = defaultdict(list)
    for path in SOURCES:
        for name in public_names(path):
            places[name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_folder_holds_more_modules_than_one_can_keep_in_mind():
    sizes = Counter(path.parent for path in SOURCES if path.name != "__init__.py")
    too_large = {str(folder.relative_to(ROOT)): n for folder, n in sizes.items() if n > MOST_MODULES}
    assert set(too_large) <= {"dna_mamba/cli"}


@pytest.mark.parametrize("room", TESTED_ONE_BY_ONE)
def test_every_module_has_its_own_test_file(room):
    modules = [path for path in (ROOT / "dna_mamba" / room).rglob("*.py") if path.name != "__init__.py"]
    tests = {path.relative_to(ROOT / "tests") for path in (ROOT / "tests" / room).rglob("test_*.py")}
    wanted = {path.relative_to(ROOT / "dna_mamba").with_name(f"test_{path.name}") for path in modules}
    assert sorted(map(str, wanted - tests)) == []
