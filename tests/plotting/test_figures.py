import sys

import pytest

from dna_mamba.errors import InputError
from dna_mamba.plotting import save_figure
from dna_mamba.plotting.figures import new_figure

pytest.importorskip("matplotlib")
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def drawn():
    figure = new_figure(2, 2)
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure


@pytest.mark.parametrize("kind", MAGIC)
def test_format_by_suffix_and_equal_bytes(tmp_path, kind):
    for name in ("a", "b"):
        save_figure(drawn(), tmp_path / f"{name}.{kind}")
    content = (tmp_path / f"a.{kind}").read_bytes()
    assert content.startswith(MAGIC[kind])
    assert content == (tmp_path / f"b.{kind}").read_bytes()


def test_other_suffixes_and_existing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"end the name in \.png, \.svg, \.pdf"):
        save_figure(drawn(), tmp_path / "a.bmp")
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        save_figure(drawn(), tmp_path / "a.png")


def test_pyplot_is_left_alone(tmp_path):
    save_figure(drawn(), tmp_path / "a.png")
    assert "matplotlib.pyplot" not in sys.modules


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r"^a figure needs matplotlib, which .*; pip install 'dna-mamba\[plot\]'"):
        new_figure(2, 2)
