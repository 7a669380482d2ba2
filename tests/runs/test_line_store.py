"""Blocks of lines: kept through crashes, and only those that are whole."""

import gzip
import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dna_mamba.errors import InputError, MachineError
from dna_mamba.runs import LineStore
from tests.runs.disk import Disk, Synced

BLOCKS = [(["a", "b"], 3), ([], 2), (["é\udcff\t", ""], 1), (["d" * 5000], 4)]


@pytest.fixture
def directory(tmp_path):
    return tmp_path / ".out.progress"


class StopError(Exception):
    """What a kill is to the files: the run ends where it is."""


def fill(directory, blocks, **options):
    """Keep blocks, then stop."""
    with pytest.raises(StopError), LineStore(directory, {"input": "x"}, **options) as store:
        for lines, n_items in blocks:
            store.commit(lines, n_items, {"records": n_items, "by_status": {"OK": len(lines)}})
        raise StopError


def reopened(directory):
    return LineStore(directory, {"input": "x"}, resume=True)


@pytest.mark.parametrize("n_blocks", range(1, 5))
def test_what_was_kept_is_there_again(directory, n_blocks):
    fill(directory, BLOCKS[:2][:n_blocks])
    if n_blocks > 2:
        fill(directory, BLOCKS[2:n_blocks], resume=True)
    expected = [line for lines, _ in BLOCKS[:n_blocks] for line in lines]
    n_items = sum(n for _, n in BLOCKS[:n_blocks])
    with reopened(directory) as store:
        assert list(store.lines()) == expected
        assert (store.n_items, store.is_complete) == (n_items, False)
        assert store.counts == {"records": n_items, "by_status": {"OK": len(expected)}}
        text = "".join(f"{line}\n" for line in expected).encode(errors="surrogateescape")
        assert store.content() == (len(expected), hashlib.sha256(text).hexdigest())


def test_lines_of_one_store_can_be_read_twice_and_added_to(directory):
    with LineStore(directory, {}) as store:
        store.commit(["a"], 1, {})
        assert list(store.lines()) == ["a"] == list(store.lines())
        store.commit(["b"], 1, {})
        assert list(store.lines()) == ["a", "b"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_torn_off_the_end_the_rest_is_whole_blocks(tmp_path_factory, data):
    """Cut both files anywhere that a crash may cut them: blocks are synced before the journal says so."""
    directory = tmp_path_factory.mktemp("torn") / ".out.progress"
    fill(directory, BLOCKS)
    journal, blocks = directory / "journal", directory / "blocks"
    whole = journal.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    journal.write_bytes(whole[:cut])
    n_whole = whole[:cut].count(b"\n")
    sizes = [0, *(json.loads(line)[0] for line in whole.splitlines())]
    blocks.write_bytes(blocks.read_bytes()[: data.draw(st.integers(sizes[n_whole], sizes[-1]))])
    with reopened(directory) as store:
        assert list(store.lines()) == [line for lines, _ in BLOCKS[:n_whole] for line in lines]
        assert store.n_items == sum(n for _, n in BLOCKS[:n_whole])
        for lines, n_items in BLOCKS[n_whole:]:
            store.commit(lines, n_items, {})
        assert list(store.lines()) == [line for lines, _ in BLOCKS for line in lines]


@pytest.mark.parametrize("entry", [b"nonsense\n", b"[1, 2]\n", b'[99, 3, {"n": -1}]\n', b'["x", 3, {}]\n', b"{}\n"])
def test_a_journal_counts_up_to_its_first_damaged_line(directory, entry):
    fill(directory, BLOCKS[:1])
    whole = (directory / "journal").read_bytes()
    (directory / "journal").write_bytes(whole + entry + whole)
    with reopened(directory) as store:
        assert (store.n_items, list(store.lines())) == (3, ["a", "b"])
    assert (directory / "journal").read_bytes() == whole


def test_blocks_that_are_shorter_than_the_journal_says(directory):
    fill(directory, BLOCKS)
    blocks = directory / "blocks"
    blocks.write_bytes(blocks.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"\.out\.progress: its blocks are cut short; give --force without --resume"):
        reopened(directory)
    assert blocks.exists()


def test_damage_within_a_block_is_found(directory):
    fill(directory, BLOCKS)
    damaged = bytearray((directory / "blocks").read_bytes())
    damaged[-6] ^= 1  # the checksum of the last block
    (directory / "blocks").write_bytes(damaged)
    with pytest.raises(StopError), reopened(directory) as store:
        with pytest.raises(InputError, match=r"\.out\.progress: damaged .*; give --force"):
            list(store.lines())
        raise StopError


def test_a_block_is_safe_before_the_journal_names_it(directory, monkeypatch):
    with LineStore(directory, {}) as store:
        disk = Disk(directory, monkeypatch)
        for n_done in range(2):
            before = disk.sizes()
            disk.events.clear()
            store.commit(["line"], 1, {})
            assert disk.spelled == ["sync blocks", "sync journal"]
            blocks, journal = disk.events
            assert isinstance(blocks, Synced) and isinstance(journal, Synced)
            # When it is synced a block is on the disk whole, and the journal not yet longer than before.
            assert blocks.sizes["blocks"] == disk.sizes()["blocks"] > before["blocks"]
            assert blocks.sizes["journal"] == before["journal"]
            assert journal.sizes["journal"] == disk.sizes()["journal"] > before["journal"]
            said = json.loads((directory / "journal").read_text().splitlines()[-1])
            assert said == [disk.sizes()["blocks"], n_done + 1, {}]


def test_blocks_are_gzip_that_any_program_reads(directory):
    fill(directory, BLOCKS)
    text = gzip.decompress((directory / "blocks").read_bytes())
    assert text.decode(errors="surrogateescape") == "".join(f"{line}\n" for lines, _ in BLOCKS for line in lines)


@pytest.mark.parametrize(
    ("error", "n_blocks", "is_complete", "is_kept"),
    [
        (InputError("wrong"), 1, False, False),
        (InputError("wrong"), 1, True, True),
        (MachineError("full"), 1, False, True),
        (KeyboardInterrupt(), 1, False, True),
        (KeyboardInterrupt(), 0, False, False),
        (MachineError("full"), 0, False, False),
        (None, 1, True, True),
    ],
)
def test_what_stays_when_a_run_ends(directory, error, n_blocks, is_complete, is_kept):
    """An input that is wrong cannot be resumed, nor what has not begun; everything else can."""
    try:
        with LineStore(directory, {}) as store:
            for _ in range(n_blocks):
                store.commit(["line"], 1, {})
            store.is_complete = is_complete
            if error:
                raise error
    except (InputError, MachineError, KeyboardInterrupt):
        pass
    assert directory.exists() == is_kept
