from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.paths import check_local


@pytest.mark.parametrize(
    "path",
    [
        "http://x.org/a.fa",
        "HTTPS://x.org/a.fa",
        "http:x",
        "ftp://x/a",
        "s3://bucket/a",
        "s3+https://bucket/a",
        "gs://bucket/a",
        "data:,%3Ea",
        "file:///etc/passwd",
        "mem:",
        "anything://x",
        "a.vcf.gz##idx##http://x/evil.tbi",
        "",
        "a\0b",
    ],
)
def test_what_is_not_on_this_machine_is_refused(path):
    with pytest.raises(InputError):
        check_local(path)


@pytest.mark.parametrize("path", ["-", "a.fa", "/data/a.fa", "./http:/x", "chr1:5.fa", Path("x") / "y.fa"])
def test_local_paths_pass(path):
    assert check_local(path) == str(path)
