"""What importing the adapter does, and what it says without Transformers."""

import subprocess
import sys

from transformers import AutoConfig, AutoModelForMaskedLM

from dna_mamba.hf import DnaMambaConfig, DnaMambaForMaskedLM, register


def test_the_auto_classes_know_ours_and_may_be_told_again() -> None:
    register()
    config = AutoConfig.for_model("dna_mamba", d_model=8, n_layer=1)
    assert isinstance(config, DnaMambaConfig)
    assert isinstance(AutoModelForMaskedLM.from_config(config), DnaMambaForMaskedLM)


def test_without_transformers_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['transformers'] = None\n"
        "from dna_mamba.errors import InputError\n"
        "try: import dna_mamba.hf\n"
        "except InputError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    said = "dna_mamba.hf needs transformers, which is not installed; pip install 'dna-mamba[hf]'\n"
    assert (found.stdout, found.stderr) == (said, "")
