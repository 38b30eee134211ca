"""Build the priors of all systems for the items of all subsets (rules build_priors, build_analysis_priors).

Needs the tokenizer, and the model only where it picks the likeliest of a dictionary's words or opens by itself.
A killed job resumes from its journal of openings.
"""

import logging
import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from prefixyarn.data import lexicon
from prefixyarn.decode.session import Session
from prefixyarn.examples import system_prompts
from prefixyarn.job import Job, run
from prefixyarn.job_files import files_by_subset, state_path, write_seconds
from prefixyarn.languages import Direction
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.models.tokenizer import load_tokenizer, prompt_ids
from prefixyarn.priors.build import another, build_priors, encoder, material_of
from prefixyarn.priors.dictionary import LIKELIEST, salient_words
from prefixyarn.priors.dictionary_likeliest import likeliest
from prefixyarn.priors.own_openings import LONGEST, openings
from prefixyarn.priors.registry import DICTIONARY, KINDS
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import (
    Item,
    Output,
    Prediction,
    Prior,
    System,
    check_answered,
    read_json,
    read_records,
    read_subsets,
    write_by_subset,
)
from prefixyarn.systems import task_grid
from prefixyarn.tasks.task import task_of

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, folder = job.params, Path(job.input.manifest).parent
    tokenizer, task = load_tokenizer(folder), task_of(params.task)
    choice = read_json(job.input.examples, "prompt") if job.input.get("examples") else None
    template = load_prompt(job.input.choice, tokenizer.backend_tokenizer, params.max_source_tokens)
    if params.systems is None:
        block = {"priors": params.priors, "sft": {"method": params.method}, "few_shot": params.few_shot}
        systems = task_grid(block, choice["prompt"]["examples"] if choice else 0)
    else:
        systems = [System(**system) for system in params.systems]
    refined, sft = job.input.get("refined"), job.input.get("sft")
    predicted = read_subsets(refined, Prediction, params.subsets) if refined else {}
    tuned = read_subsets(sft, Output, params.subsets) if sft else {}
    files = files_by_subset(job.input.data, params.subsets)
    matched = job.input.get("matched")
    same_pairs = read_subsets(matched, Prediction, params.subsets) if matched else {}
    ranked, opened = any(s.variant == LIKELIEST for s in systems), any(s.kind == "own" for s in systems)
    detector = LanguageDetector(params.languages)
    found: dict[str, list[Prior]] = {}
    opening_seconds = 0.0
    with open_session(job) if ranked or opened else nullcontext() as session:
        for n, subset in enumerate(params.subsets):
            direction, train = Direction.parse(subset), read_records(job.input.train[n], Item)
            domains = [read_records(path, Item, may_be_empty=path != files[subset][0]) for path in files[subset]]
            domains = [domain[: params.most_items] for domain in domains]
            items = [item for domain in domains for item in domain]
            for path, found_in in ((refined, predicted), (matched, same_pairs), (sft, tuned)):
                if path:
                    check_answered(path, found_in[subset], items, others=True)
            dictionary = lexicon.read(job.input.lexicon[n]) if job.input.get("lexicon") else {}
            own = [s for s in systems if dictionary or DICTIONARY not in KINDS[s.kind].needs]
            if len(own) < len(systems):
                logging.info("%s: no dictionary, so no pseudo and random priors", subset)
            prompts = system_prompts(template, choice, train, params.seed, direction)
            prompt = prompts["zero-shot"]
            encode = encoder(tokenizer, prompt.join(direction))
            others = {key: other for domain in domains for key, other in another(domain, params.seed).items()}
            material = replace(
                material_of(tokenizer, encode, prompt, direction),
                train=train,
                seed=params.seed,
                others=others,
                lexicon=dictionary,
                refined={own.item: own.text for own in predicted.get(subset, [])},
                matched={own.item: own.text for own in same_pairs.get(subset, [])},
                sft={own.item: own for own in tuned.get(subset, [])},
                rank=salient_words([item.source for item in train], direction.source) if task.salient else list,
            )
            if dictionary and session and ranked:
                progress = partial(Progress, f"build_priors {subset}", unit="candidates")
                chosen = likeliest(items, dictionary, direction, prompt, tokenizer, encode, session.likeliest, progress)
                material = replace(material, likeliest=chosen)
            if session and opened:
                filled = {i.id: tuple(prompt_ids(tokenizer, prompt.fill(i.source, direction))) for i in items}
                done = Progress(f"build_priors {subset}", len(items), "openings")
                start = time.perf_counter()
                begun = openings(session, filled, direction.target, detector, done)
                opening_seconds += time.perf_counter() - start
                material = replace(material, own=begun)
            constraints = {item.id: task.constraint(item, tokenizer.backend_tokenizer) for item in items}
            priors = build_priors(items, own, prompts, tokenizer, encode, material, constraints)
            found[subset] = [replace(prior, ids=prior.ids[: params.longest]) for prior in priors]
            unknown = sum(p.kind == "pseudo" and p.origin.endswith("(no entry)") for p in priors)
            logging.info("%s: %d priors; %d pseudo priors without a dictionary entry", subset, len(priors), unknown)
    write_by_subset(job.output.priors, found)
    if job.output.get("opening_seconds"):
        write_seconds(job.output.opening_seconds, opening_seconds)


def open_session(job: Job) -> Session:
    """Open the foundation; only here torch is imported."""
    return Session.open(
        folder=Path(job.input.manifest).parent,
        name=job.wildcards.model,
        dtype=job.params.dtype,
        max_answer_tokens=LONGEST,
        memory_mb=job.resources.mem_mb,
        journal=state_path(job.log[0], ".jsonl"),
        backend=job.params.backend,
    )


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
