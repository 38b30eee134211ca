import pytest
import torch

import tiny
from prefixyarn.decode.backend import Answer, Request
from prefixyarn.decode.constraint import Constraint
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError

CONSTRAINT = Constraint(pieces=((50, 51), (52,), (53,)), choices=((60,), (61, 62), (61, 63)))
tok = tiny.tokenizer()


@pytest.mark.parametrize(
    ("tokens", "allowed"),
    [
        ([], (50,)),
        ([50], (51,)),
        ([50, 51], (60, 61)),
        ([50, 51, 61], (62, 63)),
        ([50, 51, 60], (52,)),
        ([50, 51, 61, 63], (52,)),
        ([50, 51, 60, 52], (60, 61)),
        ([50, 51, 60, 52, 61, 62], (53,)),
        ([50, 51, 60, 52, 61, 62, 53], ()),
    ],
)
def test_what_may_follow(tokens: list[int], allowed: tuple[int, ...]) -> None:
    assert CONSTRAINT.allowed(tokens) == allowed


@pytest.mark.parametrize("tokens", [[51], [50, 51, 62], [50, 51, 60, 60], [50, 51, 60, 52, 60, 53, 53]])
def test_what_breaks_the_constraint_is_refused(tokens: list[int]) -> None:
    with pytest.raises(InputError, match="do not keep to their constraint"):
        CONSTRAINT.allowed(tokens)


def test_choices_must_be_told_apart() -> None:
    for choices in (((60,), (60, 61)), ()):
        with pytest.raises(InputError, match="may be the start of another|at least one choice"):
            Constraint(CONSTRAINT.pieces, choices)


def test_filled_up_to_a_choice() -> None:
    assert CONSTRAINT.filled([]) == ()
    assert CONSTRAINT.filled([2]) == (50, 51, 61, 63)
    assert CONSTRAINT.filled([0, 1]) == (50, 51, 60, 52, 61, 62)


def by_hand(model: torch.nn.Module, request: Request) -> tuple[int, ...]:
    """Answer under the constraint with one forward pass over the whole text for each token."""
    assert request.constraint
    ids = list(request.prior)
    while allowed := request.constraint.allowed(ids):
        with torch.inference_mode():
            logits = model(torch.tensor([[*request.prompt, *ids]])).logits[0, -1]
        ids.append(max(allowed, key=lambda token: float(logits[token])))
    return tuple(ids[len(request.prior) :])


@pytest.mark.parametrize(("make", "rows"), tiny.FAMILIES_AND_ROWS)
def test_answers_keep_to_their_constraint(make, rows: int) -> None:  # type: ignore[no-untyped-def]
    model = make(len(tok), seed=3)
    stops = Stops.of(model, tok, 20)
    other = Constraint(((70,), (71, 72)), ((80, 81), (90,)))
    wanted = [
        Request((2, *range(100 + n, 110 + 2 * n)), own.filled(chosen), own)
        for n in range(4)
        for own in (CONSTRAINT, other)
        for chosen in ([], [0], [1])
    ]
    answers = decode(model, [*wanted, Request(wanted[0].prompt)], stops, Limits(4000, rows))
    for request, answer in zip(wanted, answers, strict=False):
        assert answer == Answer(by_hand(model, request), "constraint")
    # The same prompt without a constraint: free text, none of the constraint's business.
    assert answers[-1] == decode(model, [Request(wanted[0].prompt)], stops, Limits(4000))[0]
    assert answers[-1].stop != "constraint"


def test_given_tokens_cost_no_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.llama(len(tok), seed=1)
    head, rows = model.get_output_embeddings(), []
    monkeypatch.setattr(head, "forward", lambda hidden: rows.append(hidden))
    answer = decode(model, [Request((2, 50, 60), (), CONSTRAINT)], Stops.of(model, tok, 20), Limits(4000))[0]
    assert len(answer.new_ids) >= 5 and not rows, "only the rows of the choices are needed of the output matrix"


def test_a_constrained_answer_that_is_too_long_is_cut() -> None:
    model = tiny.llama(len(tok), seed=1)
    answer = decode(model, [Request((2, 50, 60), (), CONSTRAINT)], Stops.of(model, tok, 4), Limits(4000))[0]
    assert answer.stop == "length" and len(answer.new_ids) == 4
