"""The batch: rows that are decoded or scored side by side, with their keys and values in the places of stores.

A row is a node of a prompt's tree of priors. Rows that end leave at once, the last rows take their places, and waiting
prompts are read behind them: the batch stays full, and what attention reads stays in one piece. A prompt stays as long
as one of its rows does.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import numpy as np
import torch
from transformers import PreTrainedModel

from prefixyarn.decode.attention import Groups, Layout, arrange, attending
from prefixyarn.decode.backend import Request
from prefixyarn.decode.constraint import Constraint, Ids
from prefixyarn.decode.graphs import LARGE, Graphs, usable
from prefixyarn.decode.kv_cache import KVCache, Store, masks
from prefixyarn.models.families import MASKED, way

# Tokens read in one pass. Larger products are no faster on a CPU; a GPU is filled by thousands.
PREFILL_TOKENS = {"cpu": 512, "cuda": 8192}
READ_TOKENS = {"cpu": 4096, "cuda": 32768}  # places of prompts that were read and wait, what they share included
STEP_TOKENS = {"cpu": 2048, "cuda": 8192}  # new tokens of all rows in one pass
SHARED = 32  # prompts that begin with this many equal tokens, and half of theirs, have the beginning read once


@dataclass(eq=False)
class Row:
    """A row: a prompt, the answer's tokens so far, and the requests that share them, all under the same constraint.

    Attributes:
        prompt: The prompt.
        tokens: The answer so far.
        requests: The requests.
        new: How many of the last tokens have no keys and values yet.
        slot: Where the prompt is in the store of prompts.
    """

    prompt: Ids
    tokens: list[int]
    requests: list[Request]
    new: int = 0
    slot: int = -1

    def __post_init__(self) -> None:
        """Note from where on nothing is given by priors, and whether nothing is given at all any more."""
        self.given = max(len(request.prior) for request in self.requests)
        self.free = self.constraint is None and len(self.tokens) >= self.given

    @property
    def constraint(self) -> Constraint | None:
        """The constraint that the row's answers keep to."""
        return self.requests[0].constraint

    @property
    def chooses(self) -> bool:
        """Whether some request has no given token next."""
        step = len(self.tokens)
        return step >= self.given or any(len(request.prior) <= step for request in self.requests)

    @property
    def bound(self) -> int:
        """Most rows that this one can still become: one for each way in which its priors go on."""
        if len(self.tokens) >= self.given:
            return 1
        return len({request.prior[len(self.tokens) :] for request in self.requests})

    def branch(self, chosen: int | None) -> list[Row]:
        """Return the rows that this one becomes by one token: given where a prior goes on, else ``chosen``.

        Requests without a given token are left out if nothing is chosen.
        """
        step = len(self.tokens)
        if step >= self.given and chosen is not None:  # the usual case: one goes on as itself
            self.tokens.append(chosen)
            self.new, self.free = 1, self.constraint is None
            return [self]
        branches: dict[int, list[Request]] = defaultdict(list)
        for request in self.requests:
            token = request.prior[step] if step < len(request.prior) else chosen
            if token is not None:
                branches[token].append(request)
        return [Row(self.prompt, [*self.tokens, token], own, 1, self.slot) for token, own in branches.items()]


@dataclass(frozen=True)
class Room:
    """How much a batch may hold.

    Attributes:
        rows: Rows side by side.
        prompts: Prompts beside them.
        prompt: Tokens of the longest prompt.
        answer: Tokens of the longest answer.
    """

    rows: int
    prompts: int
    prompt: int
    answer: int


@dataclass(eq=False)
class _Family:
    """Rows whose prompts begin alike, as in examples before the source: that beginning is read once."""

    beginning: Ids
    waiting: deque[Row]
    read: tuple[Store, int] | None = None  # where the beginning is, once it is read


class Batch:
    """Rows side by side. Iterating gives them with states; then `replace` must say what becomes of them."""

    def __init__(self, model: PreTrainedModel, requests: Sequence[Request], room: Room, graphs: bool = True) -> None:
        """Take distinct requests, in the order in which their prompts are to be begun.

        Args:
            model: A causal language model in evaluation mode.
            requests: The requests.
            room: How much there is room for.
            graphs: Whether steps on a GPU are replayed from CUDA graphs.
        """
        self._model, self._room = model, room
        self._flat = way(model.config) == MASKED
        self._prompts, self._own = Store(room.prompts, room.prompt), Store(room.rows, room.answer)
        by_prompt: dict[tuple[Ids, Constraint | None], list[Request]] = defaultdict(list)
        for request in requests:
            by_prompt[request.prompt, request.constraint].append(request)
        # A prompt with more priors than there are rows is begun more than once.
        roots = [
            Row(prompt, [], own[n : n + room.rows])
            for (prompt, _), own in by_prompt.items()
            for n in range(0, len(own), room.rows)
        ]
        self._families = deque(families(roots))
        self._read = Store(0, 0)  # prompts that wait for a place
        self._parked: deque[tuple[Row, int, torch.Tensor]] = deque()  # (row, its place there, its last state)
        self._rows: list[Row] = []
        self._first = 0  # of the rows that were given out last
        self._shared: list[int] = []  # by slot, how many rows have the prompt
        self._parameters = sum(parameter.numel() for parameter in model.parameters())
        self._graphs = None
        if graphs and usable(model) and not self._flat:
            # It must not refer to the batch: in a circle, a batch would keep its memory beyond its end.
            self._graphs = Graphs(partial(forward, model, False), self._own, self._prompts, model.device)

    def __iter__(self) -> Iterator[tuple[list[Row], torch.Tensor, list[int]]]:
        """Yield rows, states of shape (time, hidden), and where among these each row's last one is.

        A new prompt has one state, its last; any other row has one for each of its new tokens.
        """
        while self._families or self._parked or self._rows:
            if not self._parked and self._families and self._has_room(self._families[0].waiting[0]):
                self._prefill()
            if self._parked and self._has_room(self._parked[0][0]):
                rows, states = self._admit()
                yield rows, states, list(range(len(rows)))
            elif self._rows:
                self._first = 0
                states = self._step()
                yield self._rows, states, [end - 1 for end in accumulate(row.new for row in self._rows)]

    def _has_room(self, row: Row) -> bool:
        """Return whether there is room for a prompt, and for all that the row can become beside the rows in use."""
        if len(self._shared) == self._room.prompts:
            return False
        return sum(own.bound for own in self._rows) + row.bound <= self._room.rows

    def _admit(self) -> tuple[list[Row], torch.Tensor]:
        """Take prompts that were read in, as many as there is room for; return them with their last states."""
        self._first, sources, states = len(self._rows), [], []
        first = len(self._shared)
        while self._parked and self._has_room(self._parked[0][0]):
            row, place, state = self._parked.popleft()
            row.slot = len(self._shared)
            self._shared.append(1)
            self._rows.append(row)
            sources.append(place)
            states.append(state)
        admitted = self._rows[self._first :]
        longest = max(len(row.prompt) for row in admitted)
        self._prompts.take(self._read, sources, range(first, len(self._shared)), longest)
        return admitted, torch.stack(states)

    def _prefill(self) -> None:
        """Compute the keys and values of the next prompts, as many as are read at a time.

        More than there may be room for: few large matrix products are faster than many small ones.
        """
        chosen = self._next()
        self._begin([family for _, family in chosen])
        self._read = Store(len(chosen), max(len(row.prompt) for row, _ in chosen))
        from_store: dict[Store, list[tuple[int, int, int]]] = defaultdict(list)
        for place, (_, family) in enumerate(chosen):
            if family.read:
                from_store[family.read[0]].append((family.read[1], place, len(family.beginning)))
        for store, begun in from_store.items():
            sources, targets, lengths = zip(*begun, strict=True)
            self._read.take(store, sources, targets, max(lengths))
        starts = [len(family.beginning) for _, family in chosen]
        new = [row.prompt[start:] for (row, _), start in zip(chosen, starts, strict=True)]
        states = self._pass(self._read, new, starts)
        last = [states[end - 1].clone() for end in accumulate(map(len, new))]
        self._parked = deque(
            (row, place, state) for place, ((row, _), state) in enumerate(zip(chosen, last, strict=True))
        )

    def _next(self) -> list[tuple[Row, _Family]]:
        """Take the next prompts from their families, as many as are read at a time, beginnings apart."""
        kind = self._model.device.type
        budget, held = PREFILL_TOKENS["cpu" if self._flat else kind], READ_TOKENS[kind]
        chosen, begun = list[tuple[Row, _Family]](), set[Ids]()
        tokens, beginnings, longest = 0, 0, 0
        while self._families:
            family = self._families[0]
            begins = family.read is None and family.beginning not in begun
            tokens += len(family.waiting[0].prompt) - len(family.beginning)
            beginnings += len(family.beginning) * begins
            longest = max(longest, len(family.waiting[0].prompt))
            if chosen and (max(tokens, beginnings) > budget or (len(chosen) + 1) * longest > held):
                break
            begun.add(family.beginning)
            chosen.append((family.waiting.popleft(), family))
            if not family.waiting:
                self._families.popleft()
        return chosen

    def _begin(self, families: Sequence[_Family]) -> None:
        """Read the beginnings of families that are not read yet."""
        unread = {family.beginning: family for family in families if family.beginning and not family.read}
        if unread:
            read = Store(len(unread), max(map(len, unread)))
            self._pass(read, list(unread), [0] * len(unread))
            for place, family in enumerate(unread.values()):
                family.read = read, place

    def _step(self) -> torch.Tensor:
        """Compute the states of all rows' new tokens, shape (time, hidden)."""
        starts = [len(row.tokens) - row.new for row in self._rows]
        slots = [row.slot for row in self._rows]
        behind = [len(row.prompt) for row in self._rows]
        small = len(self._rows) * self._parameters < LARGE
        if self._graphs and small and all(row.new == 1 for row in self._rows):
            ids = [row.tokens[-1] for row in self._rows]
            return self._graphs.step(ids, starts, slots, behind, len(self._shared))
        new = [row.tokens[-row.new :] for row in self._rows]
        # Much given text is read in turns: memory holds so many states, and rectangles of rows and new tokens.
        budget, widest = STEP_TOKENS[self._model.device.type], max(map(len, new))
        together = sum(map(len, new)) <= budget and len(new) * widest <= 4 * budget
        turn = widest if together else max(1, budget // len(new))
        pieces = []
        for begun in range(0, widest, turn):
            part = [tokens[begun : begun + turn] for tokens in new]
            states = self._pass(self._own, part, [start + begun for start in starts], slots, behind)
            pieces.append(states.split([len(tokens) for tokens in part]))
        if len(pieces) == 1:
            return states
        return torch.cat([piece for own in zip(*pieces, strict=True) for piece in own])

    def _pass(
        self,
        own: Store,
        new: Sequence[Sequence[int]],
        starts: Sequence[int],
        slots: Sequence[int] = (),
        behind: Sequence[int] = (),
    ) -> torch.Tensor:
        """Run the model over rows' new tokens; return their last states, shape (time, hidden).

        Args:
            own: Where their keys and values go, and what they see beside the prompt.
            new: The new tokens of its first rows.
            starts: How many each of these has already.
            slots: The slot of each row's prompt; none while prompts are read.
            behind: The length of each row's prompt.
        """
        counts = np.array([len(tokens) for tokens in new])
        rows = np.repeat(np.arange(len(new)), counts)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts - np.array(starts), counts)
        slot = np.repeat(slots, counts) if slots else np.zeros_like(rows)
        before = np.repeat(behind, counts) if slots else np.zeros_like(rows)
        by_row, by_prompt = arrange(rows, len(new)), arrange(slot, len(self._shared) if slots else 1)
        ids = np.array([token for tokens in new for token in tokens])
        flat = [ids, rows, places, slot, before, by_row[0], by_row[1], by_prompt[0], by_prompt[1]]
        device = self._model.device
        parts = torch.from_numpy(np.concatenate([part.ravel() for part in flat])).to(device)
        cut = [own.view(part.shape) for own, part in zip(parts.split([part.size for part in flat]), flat, strict=True)]
        in_order = bool((counts == 1).all())
        layout = Layout(
            own=own,
            rows=cut[1],
            places=cut[2],
            by_row=Groups(cut[5], None if in_order else cut[6]),
            reach=int(places.max()) + 1,
            prompts=self._prompts if slots else None,
            slots=cut[3],
            behind=cut[4],
            by_prompt=Groups(cut[7], cut[8]),
        )
        return forward(self._model, self._flat, cut[0], layout)

    def replace(self, children: Sequence[Sequence[Row]]) -> None:
        """Put what the rows given out last have become in their place: for each its children, maybe none."""
        free: list[int] = []
        more: list[tuple[int, Row]] = []  # (place of the parent, a child beside its first)
        for place, own in enumerate(children, self._first):
            if own:
                self._rows[place] = own[0]
                more += [(place, child) for child in own[1:]]
            else:
                free.append(place)
                self._shared[self._rows[place].slot] -= 1
        free.reverse()  # the lowest last
        sources, targets = [], []
        for source, child in more:
            sources.append(source)
            targets.append(free.pop() if free else len(self._rows))
            self._rows[targets[-1] :] = [child, *self._rows[targets[-1] + 1 :]]
            self._shared[child.slot] += 1
        while free:
            if free[0] == len(self._rows) - 1:
                free.pop(0)
            else:
                sources.append(len(self._rows) - 1)
                targets.append(free.pop())
                self._rows[targets[-1]] = self._rows[-1]
            self._rows.pop()
        if sources:
            held = max(len(self._rows[target].tokens) - self._rows[target].new for target in targets)
            if held:
                self._own.copy(sources, targets, held)
        self._leave()

    def _leave(self) -> None:
        """Let prompts go that no row has any more; the last ones take their slots."""
        pairs = []
        while not all(self._shared):
            last = self._shared.pop()
            if last:
                pairs.append((len(self._shared), self._shared.index(0)))
                self._shared[pairs[-1][1]] = last
        if pairs:
            place, longest = dict(pairs), 0
            for row in self._rows:
                if row.slot in place:
                    row.slot, longest = place[row.slot], max(longest, len(row.prompt))
            self._prompts.copy([source for source, _ in pairs], [target for _, target in pairs], longest)


def forward(model: PreTrainedModel, flat: bool, ids: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Return the last states of a pass's tokens: (time,) -> (time, hidden).

    Args:
        model: The model.
        flat: Whether its attention knows no interface.
        ids: The tokens.
        layout: Where they belong.
    """
    decoder = model.get_decoder()
    arguments = {"position_ids": layout.positions[None], "past_key_values": KVCache(layout, flat), "use_cache": True}
    with nullcontext() if flat else attending(decoder, layout):
        mask = masks(model, *layout.flat()) if flat else None
        read = decoder(input_ids=ids[None], attention_mask=mask, **arguments)
    states: torch.Tensor = read.last_hidden_state[0]
    return states


def families(roots: Sequence[Row]) -> list[_Family]:
    """Return prompts by common beginning, in the order of the first of each; those that share none are alone.

    A beginning is worth a pass of its own if it has `SHARED` tokens and half of each prompt's.
    """
    order = {id(row): n for n, row in enumerate(roots)}
    found: list[tuple[int, int, list[Row]]] = []  # (tokens that begin alike, tokens of the longest prompt, rows)
    for row in sorted(roots, key=lambda row: row.prompt):
        if found:
            alike, longest, own = found[-1]
            # The last token is the prompt's own: its state is what the answer begins from.
            alike = min(alike, len(row.prompt) - 1)
            first = own[0].prompt
            alike = next((n for n in range(alike) if first[n] != row.prompt[n]), alike)
            longest = max(longest, len(row.prompt))
            if alike >= SHARED and 2 * alike >= longest:
                own.append(row)
                found[-1] = alike, longest, own
                continue
        found.append((len(row.prompt) - 1, len(row.prompt), [row]))
    made = [_Family((), deque(own)) for _, _, own in found if len(own) == 1]
    together: dict[Ids, list[Row]] = defaultdict(list)  # a long prompt among short ones can part what begins alike
    for alike, _, own in found:
        if len(own) > 1:
            together[own[0].prompt[:alike]] += own
    for beginning, own in together.items():
        made.append(_Family(beginning, deque(sorted(own, key=lambda row: order[id(row)]))))
    return sorted(made, key=lambda family: order[id(family.waiting[0])])
