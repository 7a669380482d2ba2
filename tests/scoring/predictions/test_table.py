"""What a row becomes as text."""

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.models import HeadConfig
from dna_mamba.scoring.predictions.answers import Answer
from dna_mamba.scoring.predictions.rows import InputRow
from dna_mamba.scoring.predictions.status import RowStatus
from dna_mamba.scoring.predictions.table import header_line, line_of
from tests.scoring.predictions.worlds import CLASSES, VALUES

PLACE = Interval("c", 5, 9, "n", Strand.REVERSE)
GIVEN = Answer(InputRow("a\tb", b"ACGT", PLACE), RowStatus.OK, np.array([0.25, 0.75], dtype=np.float32))
NONE = Answer(InputRow("x", b"", PLACE), RowStatus.EMPTY, None)


def test_a_table_has_id_answers_and_status():
    assert header_line(CLASSES, "table") == "id\tno\tyes\tDM_STATUS"
    assert line_of(GIVEN, CLASSES, "table") == "a b\t0.25\t0.75\tOK"
    assert line_of(NONE, CLASSES, "table") == "x\t.\t.\tEMPTY"


def test_bed_has_six_columns_first_and_a_score_of_probabilities():
    assert header_line(CLASSES, "bed") == "#chrom\tstart\tend\tid\tscore\tstrand\tno\tyes\tDM_STATUS"
    assert line_of(GIVEN, CLASSES, "bed") == "c\t5\t9\ta b\t750\t-\t0.25\t0.75\tOK"
    assert line_of(GIVEN, VALUES, "bed").split("\t")[4] == line_of(NONE, CLASSES, "bed").split("\t")[4] == "0"


def test_a_class_is_not_called_as_a_column_of_ours():
    with pytest.raises(InputError, match="called 'id'"):
        header_line(HeadConfig(task="classification", outputs=("id", "b")), "table")
