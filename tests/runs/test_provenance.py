import sys

from dna_mamba.runs.provenance import command_line, run_lines


def test_lines_name_task_version_command_and_inputs():
    command = "dna-mamba  score\n-m x\tin.vcf"
    assert run_lines("score", "1.2", command, {"weights_sha256": "ab", "reference_sha256": "cd"}) == [
        "##dna-mamba_scoreVersion=1.2",
        "##dna-mamba_scoreCommand=dna-mamba score -m x in.vcf; weights_sha256=ab; reference_sha256=cd",
    ]
    assert run_lines("ism", "1", "c", {})[1] == "##dna-mamba_ismCommand=c"


def test_a_resumed_command_is_the_same_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/python", "score", "my file.vcf", "-o", "out.vcf"])
    straight = command_line()
    monkeypatch.setattr(sys, "argv", ["dna-mamba", "score", "--resume", "my file.vcf", "-o", "out.vcf"])
    assert command_line() == straight == "dna-mamba score 'my file.vcf' -o out.vcf"
