"""A FASTA file for each class."""

from collections.abc import Sequence

from dna_mamba.alphabet import Codes, encode_bases
from dna_mamba.data.labelled.dataset import Labelled, content_sha256
from dna_mamba.data.labelled.labels import read_labels
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import read_sequences


def read_fasta_classes(files: Sequence[str]) -> Labelled:
    """Sequences of FASTA (or GenBank, EMBL) files, labelled by file.

    Ids are the records' names; where one occurs twice all are called ``class/number``, which is noted.

    Args:
        files: ``class=path`` each; several of one class are joined.

    Raises:
        InputError: a class without a name, an empty file, one class alone; a record without sequence; a file that
            cannot be read.
    """
    names: list[str] = []
    cells: list[str] = []
    places: list[str] = []
    sequences: list[Codes] = []
    numbered: list[str] = []
    for text in files:
        label, path = _class_and_path(text)
        for number, record in enumerate(read_sequences(path), start=1):
            place = f"{path}: record {record.name!r}"
            if not record.sequence:
                raise InputError("has no sequence", place=place, remedy="remove it")
            names.append(record.name)
            cells.append(label)
            places.append(place)
            numbered.append(f"{label}/{number}")
            sequences.append(encode_bases(record.sequence, place=place))
    source = ", ".join(files)
    labels = read_labels({"class": cells}, places, source=source, task="classification")
    notes = []
    if len(set(names)) < len(names):
        notes.append("records of one name occur: rows are called by class and number")
        names = numbered if len(set(numbered)) == len(names) else [str(row) for row in range(1, len(names) + 1)]
    return Labelled(
        task="classification",
        ids=names,
        sequences=sequences,
        labels=labels.labels,
        names=labels.names,
        source=source,
        sha256=content_sha256(names, cells, sequences),
        places=tuple(places),
        notes=tuple(notes),
    )


def _class_and_path(text: str) -> tuple[str, str]:
    label, equals, path = text.partition("=")
    if not (label and equals and path):
        raise InputError(f"{text!r} is not class=path", remedy="write for example: promoter=promoters.fa other=rest.fa")
    return label, path
