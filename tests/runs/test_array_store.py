"""Parts of a run, each whole or not there."""

import numpy as np
import pytest

from dna_mamba.errors import MachineError
from dna_mamba.runs import ArrayStore
from dna_mamba.runs.array_store import holds, was_finishing
from tests.runs.disk import Disk, Synced

PART = np.arange(12, dtype=np.float32).reshape(4, 3) + np.float32(1 / 3)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / ".out.progress"


def test_a_part_is_read_back_to_the_bit(directory):
    with ArrayStore(directory, {}) as store:
        store.write(7, [PART[:1], PART[1:1], PART[1:]])
        assert store.has(7, (4, 3)) and not store.has(7, (4, 4)) and not store.has(6, (4, 3))
        assert store.has(7, (6, 2))  # known by its size alone
        part = store.read(7, (4, 3))
        assert part.dtype == np.float32 and not part.flags.writeable
        np.testing.assert_array_equal(part, PART)
    with ArrayStore(directory, {}, resume=True) as store:
        np.testing.assert_array_equal(store.read(7, (4, 3)), PART)


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0)])
def test_a_part_without_numbers(directory, shape):
    with ArrayStore(directory, {}) as store:
        assert not store.has(0, shape)
        store.write(0, [])
        assert store.has(0, shape) and store.read(0, shape).shape == shape


def test_numbers_of_other_kinds_are_stored_as_float32(directory):
    with ArrayStore(directory, {}) as store:
        store.write(0, [np.asfortranarray(PART.astype(np.float64))])
        np.testing.assert_array_equal(store.read(0, (4, 3)), PART)


def test_a_part_that_stops_halfway_is_not_there(directory):
    def half():
        yield PART
        raise MachineError("no memory")

    with ArrayStore(directory, {}) as store:
        store.write(1, [PART])
        for number in (0, 1):
            with pytest.raises(MachineError):
                store.write(number, half())
        assert not store.has(0, (4, 3)) and store.has(1, (4, 3))
        assert sorted(path.name for path in directory.iterdir()) == ["000001.f32", "lock", "run.json"]


def test_what_is_there_can_be_asked_without_a_store(directory):
    assert not holds(directory, 0, (4, 3)) and not was_finishing(directory)
    with ArrayStore(directory, {}) as store:
        store.write(123_456, [PART])
        assert holds(directory, 123_456, (4, 3)) and not holds(directory, 123_456, (3, 3))
        assert not was_finishing(directory)
        store.finish()
    assert was_finishing(directory)
    with ArrayStore(directory, {}, force=True):
        assert not was_finishing(directory) and not holds(directory, 123_456, (4, 3))


def test_a_part_is_synced_before_it_takes_its_name(directory, monkeypatch):
    with ArrayStore(directory, {}) as store:
        disk = Disk(directory, monkeypatch)
        store.write(0, [PART, PART])
        assert disk.spelled == ["sync .000000.f32.partial", "rename 000000.f32", "sync ."]
        written = disk.events[0]
        assert isinstance(written, Synced) and written.sizes[".000000.f32.partial"] == 2 * PART.nbytes
        disk.events.clear()
        store.finish()
        assert disk.spelled == ["sync .finishing.partial", "rename finishing", "sync ."]
