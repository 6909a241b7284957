"""A model cut short computes an inner result, and nothing that leads only further."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import ScorerFault
from gate.neural import Model
from gate.neural.cut import cut
from tests.neural import tiny

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = tiny.model([[0.0, 1.0], [2.0, 3.0]])


def test_what_leads_only_further_is_taken_out() -> None:
    """The table stays, the sum over it and its axis go."""
    short = cut(WHOLE, "rows")
    assert b"Gather" in short
    assert b"table" in short
    assert b"ReduceSum" not in short
    assert b"axis" not in short.replace(tiny.field(1, "axis"), b"")


def test_an_inner_result_becomes_the_output(tmp_path: Path) -> None:
    """The runtime runs the rest and gives one row for each token, which the whole model adds up."""
    pytest.importorskip("onnxruntime")
    path = tmp_path / "model.onnx"
    path.write_bytes(WHOLE)
    whole, short = Model(path), Model(path, output="rows")
    assert whole.output == ("output", ("batch", 2))
    assert short.output[0] == "rows"
    assert short.inputs == ("input_ids",)


def test_an_output_that_nothing_computes_is_refused(tmp_path: Path) -> None:
    """A name that is not in the model is a fault, not an empty model."""
    with pytest.raises(ValueError, match="computes elsewhere"):
        cut(WHOLE, "elsewhere")
    pytest.importorskip("onnxruntime")
    path = tmp_path / "model.onnx"
    path.write_bytes(WHOLE)
    with pytest.raises(ScorerFault, match="computes elsewhere"):
        Model(path, output="elsewhere")


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=len(WHOLE)))
def test_other_bytes_are_refused(noise: bytes, place: int) -> None:
    """Nothing that is no model makes it fail in another way, or run on."""
    for damaged in (noise, WHOLE[:place], WHOLE[:place] + noise):
        with suppress(ValueError):
            cut(damaged, "rows")
