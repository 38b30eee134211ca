"""Questions, that is items under a prompt with a prior, and the four ways in which rules make them. Needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prefixyarn.examples import with_examples
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior

Items = Mapping[str, Sequence[Item]]  # by subset


@dataclass(frozen=True)
class Question:
    """One answer to decode: an item under a prompt, its answer begun with a prior.

    The prior's system says which model answers.
    """

    item: Item
    prompt: Prompt
    prior: Prior


Questions = dict[str, list[Question]]  # by subset


def under_templates(items: Items, prompts: Sequence[Prompt]) -> Questions:
    """Ask the foundation each item under each prompt template, without prior; templates outermost."""
    return {subset: _without_prior(own, prompts) for subset, own in items.items()}


def behind_examples(
    items: Items, prompt: Prompt, trials: Sequence[Mapping[str, Any]], train: Items, seed: int
) -> Questions:
    """Ask the foundation each item behind each set of few-shot examples, without prior; sets outermost.

    Args:
        items: The items.
        prompt: The chosen template.
        trials: The sets, of `prefixyarn.examples.candidates`.
        train: Training items, of which examples are drawn.
        seed: Seed of the draws.
    """
    return {
        subset: _without_prior(own, [with_examples(prompt, trial, train[subset], seed) for trial in trials])
        for subset, own in items.items()
    }


def _without_prior(items: Sequence[Item], prompts: Sequence[Prompt]) -> list[Question]:
    return [Question(item, prompt, Prior.none(item.id, prompt=prompt.name)) for prompt in prompts for item in items]


def with_priors(
    items: Items, priors: Mapping[str, Sequence[Prior]], prompts: Mapping[str, Mapping[str, Prompt]]
) -> Questions:
    """Ask each prior's item under the prompt of the prior's system.

    Args:
        items: The items.
        priors: By subset, the priors, in the order of the questions.
        prompts: By subset, the prompt by the name that systems have for it (`prefixyarn.examples.system_prompts`).
    """
    questions: Questions = {}
    for subset, own in priors.items():
        by_id = {item.id: item for item in items[subset]}
        questions[subset] = [Question(by_id[p.item], prompts[subset][p.prompt], p) for p in own]
    return questions


def of_sft(items: Items, prompt: Prompt, variant: str = "") -> Questions:
    """Ask the SFT model each item, without prior; the variant names an SFT model of elsewhere in tables."""
    return {
        subset: [Question(item, prompt, replace(Prior.none(item.id, "sft"), variant=variant)) for item in own]
        for subset, own in items.items()
    }
