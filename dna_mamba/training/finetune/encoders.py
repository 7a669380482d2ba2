"""The encoders of a run: the pretrained one and those like it with random weights, and what is made of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import torch

from dna_mamba.checkpoints import load_model, weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.model import StrandModel
from dna_mamba.models.pooling import Pooling
from dna_mamba.runs.counts import Advance
from dna_mamba.training.finetune.embeddings import EmbeddingRequest, EmbeddingTable, embed_rows, n_bases
from dna_mamba.training.finetune.outputs.directory import EMBEDDINGS
from dna_mamba.training.finetune.problem import Problem
from dna_mamba.training.finetune.recipe import FinetuneRecipe

Meter = Callable[[str, str, int], AbstractContextManager[Advance]]
"""Shows how far a piece of work is, from what it is in the past tense, what is counted, and how many there are."""


class EncoderShelf:
    """Opens models and embeds rows, each once.

    Args:
        recipe: names the model and what probes are offered.
        problem: the rows.
        directory: of the run.
        device: where models run.
        check: raises PreemptedError where the run is asked to stop.
        meter: shows progress.
    """

    def __init__(
        self,
        recipe: FinetuneRecipe,
        problem: Problem,
        directory: Path,
        device: str | torch.device,
        check: Callable[[], None],
        meter: Meter,
    ) -> None:
        self._recipe, self._problem, self._directory = recipe, problem, directory
        self._device, self._check, self._meter = device, check, meter
        self.pretrained = cache(self._pretrained)
        self.random = cache(self._random)
        self.probe_table = cache(lambda: self._embed(self.pretrained(), "pretrained"))
        self.random_table = cache(lambda seed: self._embed(self.random(seed), f"random-{seed}"))

    def _pretrained(self) -> StrandModel:
        model = load_model(self._recipe.model, self._device)
        if self._problem.bin_bp is not None and model.tokenizer.base_ids is None:
            what = f"tokenizer {model.tokenizer.kind!r} has no token for a single base, and bins are of bases"
            raise InputError(what, place=self._recipe.model, remedy="take a model that reads nucleotides")
        return model

    def _random(self, seed: int) -> StrandModel:
        """The same shape, weights drawn from a seed."""
        config = self.pretrained().config.model_copy(update={"num_labels": 0})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return MaskedLanguageModel(config).to(self._device).eval()

    def _embed(self, model: StrandModel, name: str) -> EmbeddingTable:
        recipe, data, bin_bp = self._recipe, self._problem.windows, self._problem.bin_bp
        facts = {"rows": data.sha256, "weights": weights_sha256(recipe.model), "encoder": name}
        poolings: tuple[Pooling, ...] = recipe.probe.pooling if bin_bp is None else ("mean",)
        facts |= {"pooling": ", ".join(poolings), "bin_bp": str(bin_bp)}
        request = EmbeddingRequest(model, poolings, self._directory / EMBEDDINGS / name, facts, bin_bp)
        with self._meter(f"embedded ({name} weights)", "bp", n_bases(data)) as advance:
            return embed_rows(request, data, recipe.probe.strands, check=self._check, advance=advance)

    def table_of(self, pretrained: bool, seed: int) -> EmbeddingTable:
        """Vectors of the pretrained encoder, or of the one with random weights from a seed."""
        return self.probe_table() if pretrained else self.random_table(seed)

    def encoder_of(self, pretrained: bool, seed: int) -> StrandModel:
        """The encoder itself; to be copied before it is trained."""
        return self.pretrained() if pretrained else self.random(seed)
