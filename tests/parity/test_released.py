"""The released weights themselves, against numbers of the original implementation; needs the network once."""

import pytest
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError

SEQUENCE = "ACGTNACGTNACGTN"
GROUP = "hf:kuleshov-group"
RELEASED = {
    f"{GROUP}/caduceus-ps_seqlen-131k_d_model-256_n_layer-16": (
        512,
        [0.004406380, 0.006944521, -0.002049317, -1.2314e-5],
        2.884237422,
    ),
    f"{GROUP}/caduceus-ph_seqlen-1k_d_model-256_n_layer-4_lr-8e-3": (
        256,
        [-0.001110114, 8.897989e-5, -0.013220022, -0.000318706],
        3.616908583,
    ),
    f"{GROUP}/PlantCaduceus_l32": (2048, [-0.000393214, 0.000309955, 0.000236175, 0.001677655], 6.413591447),
}


@pytest.mark.network
@pytest.mark.parametrize("name", RELEASED)
def test_mean_of_the_last_hidden_state(name: str) -> None:
    channels, first, norm = RELEASED[name]
    try:
        model = load_model(name)
    except InputError as error:
        if "cannot be fetched" in str(error):
            pytest.skip(str(error))
        raise
    ids = torch.from_numpy(model.tokenizer.encode(SEQUENCE))
    with torch.no_grad():
        mean = model(ids[None]).hidden[0].mean(0)
    assert mean.shape == (channels,)
    torch.testing.assert_close(mean[:4], torch.tensor(first), rtol=0, atol=2e-5)
    assert float(mean.norm()) == pytest.approx(norm, abs=2e-5)
