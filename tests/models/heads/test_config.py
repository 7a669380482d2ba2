"""What a head's configuration may say."""

import pytest
from pydantic import ValidationError

from dna_mamba.models import HeadConfig
from tests.models.heads.worlds import ALONG, POOLED

VARIANT = {"task": "variant", "variant_of": "regression", "outputs": ("effect",)}


@pytest.mark.parametrize("fields", [*POOLED, *ALONG, VARIANT], ids=str)
def test_a_configuration_comes_back_from_json(fields: dict[str, object]) -> None:
    config = HeadConfig.model_validate(fields)
    assert HeadConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("fields", "kind"),
    [(POOLED[0], "classes"), (POOLED[2], "labels"), (POOLED[3], "values"), (ALONG[0], "classes"),
     (ALONG[2], "values"), (ALONG[3], "counts"), (VARIANT, "values"),
     (VARIANT | {"variant_of": "classification", "outputs": ("a", "b")}, "classes")],
)  # fmt: skip
def test_the_kind_of_an_answer(fields: dict[str, object], kind: str) -> None:
    assert HeadConfig.model_validate(fields).kind == kind


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (POOLED[0] | {"outputs": ("a", "a")}, "a name is there twice"),
        (POOLED[0] | {"outputs": ("a",)}, "two classes"),
        (POOLED[0] | {"outputs": ()}, "outputs"),
        (POOLED[0] | {"outputs": ("a", "")}, "outputs"),
        (POOLED[0] | {"pooling": "median"}, "pooling"),
        (POOLED[0] | {"dropout": 1.0}, "dropout"),
        (POOLED[0] | {"colour": "red"}, "colour"),
        (POOLED[0] | {"complement": (1, 0)}, "complement"),
        (POOLED[0] | {"target_scales": (1.0, 1.0)}, "not scaled"),
        (POOLED[0] | {"bin_bp": 4}, "bin_bp"),
        (POOLED[0] | {"counts": True}, "counts"),
        (POOLED[0] | {"variant_of": "regression"}, "variant_of"),
        (POOLED[0] | {"antisymmetric": True}, "antisymmetric"),
        (POOLED[3] | {"target_means": (1.0,)}, "1 for 2 outputs"),
        (POOLED[3] | {"target_scales": (1.0, 0.0)}, "target_scales"),
        (POOLED[3] | {"target_means": (float("nan"), 0.0)}, "target_means"),
        (ALONG[0] | {"complement": (1, 2, 0)}, "not a pairing"),
        (ALONG[0] | {"complement": (0, 1)}, "not a pairing"),
        (ALONG[0] | {"complement": (0, 1, 3)}, "not a pairing"),
        (ALONG[0] | {"strands": "given"}, "strands are joined"),
        ({"task": "tracks", "outputs": ("x",)}, "bin_bp"),
        (ALONG[3] | {"target_means": (1.0,)}, "counts have scales alone"),
        ({"task": "variant", "outputs": ("x",)}, "variant_of"),
        (VARIANT | {"antisymmetric": True, "target_means": (1.0,)}, "antisymmetric answer has none"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        HeadConfig.model_validate(fields)
