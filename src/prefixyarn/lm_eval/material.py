"""What an export takes from a run: items, priors and answers of one task, and an item as the harness reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefixyarn.decode.stops import answer_text
from prefixyarn.errors import InputError
from prefixyarn.records import Item, Output, Prior, System, read_json, read_records, read_subsets
from prefixyarn.systems import headline

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

IDS, JOIN = "ids", "join"  # why an answer may differ: see `document`


@dataclass(frozen=True)
class Material:
    """What a run has of one task with one foundation.

    Attributes:
        items: The test items, by subset.
        priors: By subset, what each system gave for an item.
        outputs: By subset, what each system answered.
        scores: Scores by subset and system, then by metric; empty where nothing is scored.
    """

    items: Mapping[str, Sequence[Item]]
    priors: Mapping[str, Mapping[tuple[str, System], Prior]]
    outputs: Mapping[str, Mapping[tuple[str, System], Output]]
    scores: Mapping[tuple[str, System], Mapping[str, float]]

    @classmethod
    def read(cls, run: Path, task: str, name: str, subsets: Sequence[str]) -> Material:
        """Read it.

        Args:
            run: The run's folder.
            task: The task.
            name: The foundation.
            subsets: The task's subsets, or some of them.

        Raises:
            InputError: A file is not there or not as expected.
        """
        items = {subset: run / "data" / task / subset / "test.jsonl" for subset in subsets}
        outputs = {subset: run / "decode" / task / subset / f"{name}.jsonl" for subset in subsets}
        priors, prompt, scores = (
            run / stage / task / f"{name}.{ending}"
            for stage, ending in (("priors", "jsonl"), ("prompts", "json"), ("scores", "json"))
        )
        for path in (prompt, priors, *items.values(), *outputs.values()):
            if not path.exists():
                raise InputError(f"{path}: not there. Finish the run with make results, or get all of its files.")
        return cls(
            {subset: read_records(path, Item) for subset, path in items.items()},
            {
                subset: {(own.item, own.system): own for own in found}
                for subset, found in read_subsets(priors, Prior, subsets).items()
            },
            {
                subset: {(own.item, own.system): own for own in read_records(path, Output)}
                for subset, path in outputs.items()
            },
            {
                (subset, System(**own["system"])): {
                    metric: found["score"] for metric, found in own["test"]["metrics"].items()
                }
                for subset, scored in (read_json(scores) if scores.exists() else {}).items()
                for own in scored["systems"]
                if own["test"]["n"]
            },
        )

    def systems(self) -> dict[str, System]:
        """Return the headline system of each kind and variant, without examples, by a name of both (``pseudo-first``).

        Language tags are none of them: they are removed before scoring.
        """
        every = dict.fromkeys(system for own in self.priors.values() for _, system in own)
        found = {}
        for kind, variant in dict.fromkeys((own.kind, own.variant) for own in every):
            system = headline(every, kind, variant=variant)
            if system is not None and (system.k or kind == "none"):
                found["-".join((kind, *variant.split()))] = system
        return found

    def answered(self, subset: str, system: System) -> Iterator[tuple[Item, Prior, Output]]:
        """Yield a subset's items with the prior that a system gave and what was answered.

        Raises:
            InputError: An item has no such prior or answer.
        """
        for item in self.items[subset]:
            key = (item.id, system)
            if key not in self.priors[subset] or key not in self.outputs[subset]:
                raise InputError(
                    f"{subset}: the run has no prior {system.kind}, or no answer behind it, for the item {item.id}. "
                    "Finish the run with make results."
                )
            yield item, self.priors[subset][key], self.outputs[subset][key]


def document(
    item: Item,
    prior: Prior,
    output: Output,
    prompt: str,
    tokenizer: PreTrainedTokenizerFast,
    harness: PreTrainedTokenizerFast,
    limit: int,
) -> dict[str, Any]:
    """Return an item as the harness reads it.

    Its ``differs`` says why the answer may not be the run's: `IDS` where the text of prompt and prior encodes to other
    token ids, `JOIN` where prior and continuation, decoded one by one as the harness does, are another text than
    decoded together. It is empty otherwise.

    Args:
        item: The item.
        prior: What was given.
        output: What was answered.
        prompt: The filled prompt.
        tokenizer: The foundation's.
        harness: The same as the harness reads it: what spells a special token is one there.
        limit: Most tokens of prior and continuation together.
    """
    from prefixyarn.models.tokenizer import prompt_ids  # transformers

    def text(ids: Sequence[int], bare: bool = False) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=bare, clean_up_tokenization_spaces=False))

    before = prompt_ids(tokenizer, prompt)
    given = text([*before, *prior.ids])[len(text(before)) :]  # some tokenizers drop a space where a text begins
    differs = ""
    if list(harness(prompt + given).input_ids) != [*before, *prior.ids]:
        differs = IDS
    elif answer_text(given + text(output.new_ids, bare=True)) != output.text:
        differs = JOIN
    return {
        "item": item.id,
        "kind": prior.kind,
        "variant": prior.variant,
        "k": prior.k,
        "unit": prior.unit,
        "prompt": prompt,
        "prior": given,
        "prior_ids": prior.ids,
        "max_gen_toks": limit - len(prior.ids),
        "reference": item.target,
        "answer": output.text,
        "differs": differs,
    }
