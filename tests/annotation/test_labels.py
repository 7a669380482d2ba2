"""The classes of bases and their other strand."""

import pytest

from dna_mamba.annotation.labels import columns_of, complement_of, is_annotation, label_names
from dna_mamba.errors import InputError


@pytest.mark.parametrize("spliced", [False, True])
@pytest.mark.parametrize("untranslated", [False, True])
def test_the_other_strand_of_the_other_strand(spliced: bool, untranslated: bool) -> None:
    names = label_names(spliced=spliced, untranslated=untranslated)
    other = complement_of(names)
    assert [other[index] for index in other] == list(range(len(names))) and other[0] == 0
    assert names[other[names.index("coding1+")]] == "coding1-"
    assert len(names) == 7 + 2 * spliced + 2 * untranslated and is_annotation(names)


def test_columns_of_a_strand() -> None:
    names = label_names(spliced=True, untranslated=False)
    columns = columns_of(names, "-")
    assert [names[index] for index in columns.coding] == ["coding0-", "coding1-", "coding2-"]
    assert columns.intron == names.index("intron-") and columns.utr is None
    assert columns_of(names[:7], "+").intron is None


def test_other_classes() -> None:
    assert not is_annotation(("yes", "no"))
    with pytest.raises(InputError, match="without 'coding0-'"):
        complement_of(("intergenic", "coding0+"))
