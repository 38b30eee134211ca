"""What a session asks of a back end, which decodes. Another one is a module with its class, and an entry of `BACKENDS`.

A back end holds the weights of a foundation, and of its SFT model where there is one, and answers with either.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from prefixyarn.decode.constraint import Constraint, Ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from prefixyarn.decode.stops import Stops

MODELS = ("foundation", "sft")  # what a system's ``model`` may be, in the order in which they answer


@dataclass(frozen=True)
class Request:
    """A prompt and the start of its answer, as token ids. The prompt's hold BOS where the model expects one.

    With a constraint the answer keeps to it. Of likelihoods, those of the prior's first ``unscored`` tokens are not
    asked for.
    """

    prompt: Ids
    prior: Ids = ()
    constraint: Constraint | None = None
    unscored: int = 0


@dataclass(frozen=True)
class Answer:
    """What the model added to a prior.

    Attributes:
        new_ids: Token ids, the stop token included.
        stop: ``newline``, ``eos`` or ``length``; ``constraint`` where a constraint is fulfilled.
    """

    new_ids: Ids
    stop: str


class Backend(Protocol):
    """What decodes with a foundation's weights and with its SFT model's; ``model`` is one of `MODELS`."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer of both models."""

    @property
    def tokens(self) -> int:
        """How many tokens the models choose among: the rows of the output matrix."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What decides on an answer beside weights, request and stop rule: number format, versions of libraries."""

    def identity(self, model: str) -> str:
        """Return what identifies a model's weights."""

    def stops(self, max_answer_tokens: int) -> Stops:
        """Return the stop rule of both models."""

    def answers(
        self,
        model: str,
        requests: Sequence[Request],
        stops: Stops,
        done: Callable[[int], None],
        known: Callable[[Request], Answer | None],
        found: Callable[[Request, Answer], None],
    ) -> list[Answer]:
        """Decode requests greedily; return an answer per request, in their order.

        Args:
            model: Which model answers.
            requests: What to decode.
            stops: The stop rule.
            done: Called with the number of requests just finished.
            known: Returns an answer that need not be decoded again.
            found: Called with each request as it is answered.
        """

    def likelihoods(
        self, model: str, requests: Sequence[Request], done: Callable[[int], None]
    ) -> dict[Request, list[float]]:
        """Return the log-probability in nats of each token of each prior, given the prompt and the tokens before it.

        Tokens that are not to be scored are left out.
        """

    def first_tokens(self, prompts: Sequence[Ids], n: int) -> dict[Ids, list[int]]:
        """Return, for each prompt, the n tokens that the foundation finds likeliest as an answer's first, in order."""


def known_answers(
    requests: Sequence[Request],
    stops: Stops,
    known: Callable[[Request], Answer | None],
    done: Callable[[int], None],
) -> tuple[Counter[Request], dict[Request, Answer]]:
    """Return how often each request stands among those to answer, and the answers that need not be decoded.

    The arguments are those of `Backend.answers`.

    Raises:
        InputError: A prior is longer than the answer limit.
    """
    for request in requests:
        stops.check_length(request.prior)
    copies = Counter(requests)
    answers = {request: answer for request in copies if (answer := known(request))}
    if answers:
        done(sum(copies[request] for request in answers))
    return copies, answers


def _builtin(
    folder: str | os.PathLike[str],
    name: str,
    dtype: str,
    memory_mb: int,
    sft: str | os.PathLike[str] | None,
    engine: Mapping[str, bool],
) -> Backend:
    from prefixyarn.decode.builtin import Builtin  # torch

    return Builtin.open(folder, name, dtype, memory_mb, sft, engine)


def _vllm(
    folder: str | os.PathLike[str],
    name: str,
    dtype: str,
    memory_mb: int,
    sft: str | os.PathLike[str] | None,
    engine: Mapping[str, bool],
) -> Backend:
    from prefixyarn.decode.vllm import Vllm  # transformers

    return Vllm(Path(folder), name, dtype, memory_mb, sft)


# By name, what opens a back end; it takes what `prefixyarn.decode.session.Session.open` says of these arguments.
BACKENDS = {"builtin": _builtin, "vllm": _vllm}
