"""Constraints: answers whose text is given except at some places. There the model makes one of a few choices.

A constrained model says only what it is asked: in tagging the words are given, and after each word the model chooses
its tag. A model that cannot keep to a format on its own can still be asked in this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefixyarn.errors import InputError

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Constraint:
    """What an answer is constrained to, as token ids.

    Attributes:
        pieces: The given text before each choice, and the text after the last.
        choices: What may be chosen, at each place the same. None is the beginning of another.
    """

    pieces: tuple[Ids, ...]
    choices: tuple[Ids, ...]

    def __post_init__(self) -> None:
        """Refuse choices if one is the start of another: its end would be ambiguous.

        Raises:
            InputError: Two choices are so, or there is none.
        """
        if not self.choices:
            raise InputError("a constraint needs at least one choice")
        clash = [a for a in self.choices for b in self.choices if a is not b and b[: len(a)] == a]
        if clash:
            raise InputError(f"no choice of a constraint may be the start of another: {clash[:2]}")

    @property
    def longest(self) -> int:
        """Tokens of the longest answer that keeps to it."""
        return sum(map(len, self.pieces)) + (len(self.pieces) - 1) * max(map(len, self.choices))

    def allowed(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Return the tokens that may follow; none where the constraint is fulfilled.

        A given token comes alone. Choosing token by token among those that some choice goes on with is greedy
        decoding, constrained to the choices.

        Raises:
            InputError: The tokens do not begin an answer that keeps to the constraint.
        """
        place = 0
        for number, piece in enumerate(self.pieces):
            rest = tokens[place : place + len(piece)]
            if tuple(rest) != piece[: len(rest)]:
                break
            if len(rest) < len(piece):
                return (piece[len(rest)],)
            place += len(piece)
            if number == len(self.pieces) - 1:
                if place == len(tokens):
                    return ()
                break
            going_on = []
            for choice in self.choices:
                rest = tokens[place : place + len(choice)]
                if tuple(rest) == choice:
                    place += len(choice)
                    break
                if tuple(rest) == choice[: len(rest)] and place + len(rest) == len(tokens):
                    going_on.append(choice[len(rest)])
            else:
                if going_on:
                    return tuple(dict.fromkeys(going_on))
                break
        raise InputError(f"the tokens {list(tokens)} do not keep to their constraint")

    def filled(self, chosen: Sequence[int]) -> Ids:
        """Return the answer's ids up to its n-th choice, n being the number of choices given.

        Args:
            chosen: Indices of the first choices.
        """
        ids: Ids = ()
        for piece, choice in zip(self.pieces, chosen, strict=False):
            ids += piece + self.choices[choice]
        return ids
