"""Forms: answers whose text is given but for slots, each of which is filled with one of a few choices.

Slot by slot the model says only what it is asked: in tagging the words are given, and after each word the model
chooses its tag. A model that cannot keep to a format on its own can still be asked in this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefixyarn.errors import InputError

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """An answer with slots, as token ids.

    Attributes:
        pieces: The text before each slot, and the text after the last.
        choices: What may stand in a slot. None is the beginning of another.
    """

    pieces: tuple[Ids, ...]
    choices: tuple[Ids, ...]

    def __post_init__(self) -> None:
        """Refuse choices of which one begins another: where it ends, none could tell which is meant.

        Raises:
            InputError: Two choices are so, or there is none.
        """
        clash = [a for a in self.choices for b in self.choices if a is not b and b[: len(a)] == a]
        if clash or not self.choices:
            raise InputError(f"the choices of a slot must not begin each other: {clash[:2] or 'there are none'}")

    def allowed(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Return the tokens that may follow; none at the form's end.

        A given token comes alone. Choosing token by token among those that some choice goes on with is greedy
        decoding, constrained to the choices.

        Raises:
            InputError: The tokens are no beginning of this form filled in.
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
        raise InputError(f"the tokens {list(tokens)} do not begin the form that they belong to")

    def filled(self, chosen: Sequence[int]) -> Ids:
        """Return the form's ids up to the text after the n-th slot, n being the number of choices given.

        Args:
            chosen: Indices of choices, for the first slots.
        """
        ids: Ids = ()
        for piece, choice in zip(self.pieces, chosen, strict=False):
            ids += piece + self.choices[choice]
        return ids
