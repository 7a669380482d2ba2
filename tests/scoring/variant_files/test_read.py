import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.scoring import AlleleStatus, VariantScore
from dna_mamba.scoring.variant_files.read import read_scores
from tests.worlds import write_vcf


def scored(tmp_path, *infos, alt="C"):
    path = write_vcf(tmp_path / "in.vcf", [("c", 9, "A", alt)] * len(infos))
    text = path.read_text()
    for info in infos:
        text = text.replace("AC=1", info, 1)
    path.write_text(text)
    return path


def test_alleles_in_order_with_what_they_have(tmp_path):
    path = scored(tmp_path, "DM_LLR=1.5,.;DM_STATUS=OK,STAR", "AC=2", "DM_LLR=.,.;DM_STATUS=NO_CONTIG,STAR", alt="C,*")
    base, star = Variant("c", 9, "A", "C"), Variant("c", 9, "A", "*")
    assert list(read_scores(path)) == [
        VariantScore(base, AlleleStatus.OK, {"llr": 1.5}),
        VariantScore(star, AlleleStatus.STAR),
        VariantScore(base, AlleleStatus.NO_CONTIG),
        VariantScore(star, AlleleStatus.STAR),
    ]


@pytest.mark.parametrize(
    "info", ["DM_LLR=1.5", "DM_LLR=x;DM_STATUS=OK", "DM_LLR=1,2;DM_STATUS=OK", "DM_LLR=1,2;DM_STATUS=OK,OK"]
)
def test_malformed_scores_are_named_by_their_line(tmp_path, info):
    with pytest.raises(InputError, match=r"in\.vcf:6: "):
        list(read_scores(scored(tmp_path, "DM_LLR=1;DM_STATUS=OK", info)))
