"""Our modules in the classes that Transformers expects; what is computed is computed by ``dna_mamba.models`` alone."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, MaskedLMOutput, SequenceClassifierOutput
from transformers.utils import can_return_tuple

from dna_mamba.errors import InputError
from dna_mamba.hf.configuration import DnaMambaConfig
from dna_mamba.models import LoadedModel, MaskedLanguageModel, SequenceClassifier, TaskModel, build_model, describe_kind
from dna_mamba.models.model import StrandModel

_SCORE = "network.score.weight"


class DnaMambaPreTrainedModel(PreTrainedModel):
    """What the classes below share.

    Attributes:
        network: a model of ``dna_mamba.models``.
    """

    config_class = DnaMambaConfig
    base_model_prefix = "dna_mamba"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    classifies = False
    _no_split_modules = ["Layer"]  # noqa: RUF012

    def __init__(self, config: DnaMambaConfig, network: StrandModel | None = None) -> None:
        super().__init__(config)
        self.network = network or build_model(config.native(config.num_labels if self.classifies else 0))
        self.gradient_checkpointing = self.network.encoder.recompute
        self.post_init()

    @classmethod
    def from_pretrained(cls, *args: Any, output_loading_info: bool = False, **kwargs: Any) -> Any:
        """As in Transformers; only the scores of a classifier may be missing, and then get random weights.

        Raises:
            InputError: a tensor is missing or has another shape than the configuration says.
        """
        model, found = super().from_pretrained(*args, output_loading_info=True, **kwargs)
        for kind, names in (("missing", found["missing_keys"]), ("misshapen", found["mismatched_keys"])):
            if left := sorted(str(name) for name in names if name != _SCORE):
                raise InputError(f"{kind} tensor {left[0]!r}", place=args[0] if args else None, remedy="fetch it again")
        if _SCORE in found["missing_keys"]:
            model.network.score.reset_parameters()
        _restore_buffers(model.network)
        return (model, found) if output_loading_info else model

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: our modules come with their initial weights."""

    def _set_gradient_checkpointing(self, enable: bool = True, **_: Any) -> None:
        """Layers are computed again in the backward pass, one by one, however Transformers would do it."""
        self.gradient_checkpointing = self.network.encoder.recompute = enable

    @property
    def is_gradient_checkpointing(self) -> bool:
        """Whether layers are computed again in the backward pass; PEFT asks for it by this older name."""
        return self.gradient_checkpointing

    def get_input_embeddings(self) -> nn.Module:
        return self.network.encoder.embedding

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.network.encoder.embedding = cast(nn.Embedding, value)

    def get_output_embeddings(self) -> None:
        """None: the head is the embedding itself."""

    def resize_token_embeddings(self, *_: Any, **__: Any) -> nn.Embedding:
        """Refused: the vocabulary is the tokenizer's, and its strands are complements of one another."""
        raise InputError("the vocabulary cannot be resized", remedy="set the tokenizer in the configuration")


class DnaMambaModel(DnaMambaPreTrainedModel):
    """Hidden states of every position."""

    @can_return_tuple
    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> BaseModelOutput:
        """``last_hidden_state`` (B, L, config.hidden_size) of int64 (B, L); ``attention_mask`` pads on the right.

        In mode ``shared`` the first half of the channels is the strand given, the second one the other strand with
        its channels reversed.
        """
        output = self.network(input_ids, lengths_of(attention_mask))
        return BaseModelOutput(last_hidden_state=output.hidden)


class DnaMambaForMaskedLM(DnaMambaPreTrainedModel):
    """Logits of every position, both strands joined as the configuration says."""

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        output_hidden_states: bool | None = None,
        **kwargs: Any,
    ) -> MaskedLMOutput:
        """``logits`` (B, L, V), and ``loss`` over the positions whose ``labels`` (B, L) are not -100.

        ``hidden_states``, where asked for, holds one element: those after the last layer and the final norm.
        """
        output = self.network(input_ids, lengths_of(attention_mask))
        loss = None
        if labels is not None:
            loss = self.loss_function(output.logits, labels, vocab_size=output.logits.shape[-1], **kwargs)
        wants_hidden = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        return MaskedLMOutput(loss=loss, logits=output.logits, hidden_states=(output.hidden,) if wants_hidden else None)


class DnaMambaForSequenceClassification(DnaMambaPreTrainedModel):
    """One answer a sequence: regression, one of several classes, or several at once, as ``problem_type`` says."""

    classifies = True

    @can_return_tuple
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **kwargs: Any
    ) -> SequenceClassifierOutput:
        """``logits`` (B, num_labels), and the ``loss`` that Transformers takes for ``labels`` of that kind."""
        logits = self.network(input_ids, lengths_of(attention_mask)).logits
        loss = None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config, **kwargs)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def lengths_of(attention_mask_BL: Tensor | None) -> Tensor | None:
    """Tokens a sequence, int64 (B,), of a mask that is 0 at right padding; None where nothing is padded.

    Raises:
        InputError: padding on the left or in the middle, or a sequence that is nothing else.
    """
    if attention_mask_BL is None or bool(attention_mask_BL.all()):
        return None
    mask_BL = attention_mask_BL.bool()
    lengths_B = mask_BL.sum(1)
    if not bool((mask_BL == (torch.arange(mask_BL.shape[1], device=mask_BL.device) < lengths_B[:, None])).all()):
        raise InputError("attention_mask: padding that is not on the right", remedy='set padding_side="right"')
    if not bool(lengths_B.all()):
        raise InputError("attention_mask: a sequence without tokens", remedy="leave it out")
    return lengths_B


def from_native(model: LoadedModel) -> DnaMambaPreTrainedModel:
    """The model for Transformers, sharing its modules with the one given.

    Raises:
        InputError: the model has a head, which Transformers has no class for.
    """
    if isinstance(model, TaskModel):
        remedy = "give the language model that it was made of"
        raise InputError(f"{describe_kind(model)} has no class in Transformers", remedy=remedy)
    kind: Any = DnaMambaForSequenceClassification if isinstance(model, SequenceClassifier) else DnaMambaForMaskedLM
    adapted: DnaMambaPreTrainedModel = kind(DnaMambaConfig.of(model.config), model)
    adapted.train(model.training)
    return adapted


def to_native(model: DnaMambaPreTrainedModel) -> MaskedLanguageModel | SequenceClassifier:
    """The model inside, as ``save_model`` takes it.

    Raises:
        InputError: it is another class's, or carries adapters.
    """
    network = getattr(model, "network", None)
    if not isinstance(model, DnaMambaPreTrainedModel) or not isinstance(network, StrandModel):
        what = f"a {type(model).__name__} is not a model of dna_mamba.hf"
        raise InputError(what, remedy="merge adapters first: model.merge_and_unload()")
    if network.state_dict().keys() != _names(network):
        raise InputError("the model carries adapters", remedy="merge them first: model.merge_and_unload()")
    return cast("MaskedLanguageModel | SequenceClassifier", network)


def _names(network: StrandModel) -> set[str]:
    """Names of the tensors that the configuration of a model describes."""
    with torch.device("meta"):
        return set(build_model(network.config).state_dict())


def _restore_buffers(network: StrandModel) -> None:
    """Loading leaves in the buffers that no file holds whatever was in memory."""
    complement = network.tokenizer.complement
    for buffer in (network.complement_V, network.encoder.input_V):
        if buffer is not None and complement is not None:
            buffer.copy_(torch.from_numpy(complement))
