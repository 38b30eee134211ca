# Which files dictionaries, tables and figures are made from.


def dictionaries(task, run):
    """Return, by subset of a task, the files that its dictionary is made from."""
    try:
        found = dictionary_inputs(config, task)
    except InputError as error:
        sys.exit(f"error: {error}")
    return {
        subset: [path.replace("{run}", run) for path in paths]
        for subset, paths in found.items()
    }


def cost_files(task):
    """Return what the table of a task's costs is made from, by name: foundation by foundation, subset by subset."""
    run, name = "results/{{run}}", f"{task}/{{model}}"
    sft, examples = has(config, task, "sft"), has(config, task, "examples")
    refined, matched = has(config, task, "refined"), has(config, task, "matched")
    patterns = {
        "train": (True, f"data/{task}/{{subset}}/train.jsonl"),
        "sft": (sft, f"models/sft/{name}/manifest.json"),
        "refined": (refined, f"models/refined/{task}/manifest.json"),
        "refined_matched": (matched, f"models/refined_matched/{task}/manifest.json"),
        "examples": (examples, f"examples/{name}.json"),
        "induce_lexicon_seconds": (
            has(config, task, "lexicon"),
            f"timings/induce_lexicon/{task}.tsv",
        ),
        "train_refined_seconds": (refined, f"timings/train_refined/{task}.tsv"),
        "predict_refined_seconds": (refined, f"timings/predict_refined/{task}.tsv"),
        "predict_refined_answers": (refined, f"refined/{task}.jsonl"),
        "train_refined_matched_seconds": (
            matched,
            f"timings/train_refined_matched/{task}.tsv",
        ),
        "predict_refined_matched_seconds": (
            matched,
            f"timings/predict_refined_matched/{task}.tsv",
        ),
        "predict_refined_matched_answers": (matched, f"refined_matched/{task}.jsonl"),
        "train_sft_seconds": (sft, f"timings/train_sft/{name}.tsv"),
        "decode_sft_seconds": (sft, f"timings/decode_sft/{name}.tsv"),
        "decode_sft_answers": (sft, f"sft/{name}.jsonl"),
        "choose_examples_seconds": (examples, f"timings/choose_examples/{name}.tsv"),
        "build_priors_seconds": (True, f"timings/build_priors/{name}.tsv"),
        "find_openings_seconds": (True, f"timings/find_openings/{name}.tsv"),
        "build_priors_answers": (True, f"priors/{name}.jsonl"),
        "decode_seconds": (True, f"timings/decode/{task}/{{subset}}/{{model}}.tsv"),
        "decode_answers": (True, f"decode/{task}/{{subset}}/{{model}}.jsonl"),
    }
    return {
        f"{task}_{key}": list(
            dict.fromkeys(
                expand(f"{run}/{pattern}", model=FOUNDATIONS, subset=SUBSETS[task])
            )
        )
        for key, (there, pattern) in patterns.items()
        if there
    }


def drawn(name):
    """Return the patterns of a figure's files, one per foundation."""
    return expand(
        "results/{{run}}/figures/{name}_{model}.svg", name=name, model=FOUNDATIONS
    )


def explorer_files(task):
    """Return what the explorer shows of a task, by names of inputs that begin with the task's; {run} stays."""
    found = {
        **{
            split: splits_of(task, f"{split}.jsonl")
            for split in ("test", "out_of_domain", "train")
        },
        "refined": (
            [f"results/{{run}}/refined/{task}.jsonl"]
            if has(config, task, "refined")
            else []
        ),
        "scores": [
            f"results/{{run}}/scores/{task}/{model}.json" for model in FOUNDATIONS
        ],
    }
    analysed_subsets = (
        MAIN[task] if task == "translation" and "agreement" in ANALYSES else []
    )
    for n, model in enumerate(FOUNDATIONS):
        found[f"outputs_{n}"] = [
            f"results/{{run}}/decode/{task}/{subset}/{model}.jsonl"
            for subset in SUBSETS[task]
        ]
        found[f"tuned_{n}"] = [
            *(
                [f"results/{{run}}/sft/{task}/{model}.jsonl"]
                if has(config, task, "sft")
                else []
            ),
            *(
                f"results/{{run}}/other_sft/{other}/{model}.jsonl"
                for other in OTHER_SFT
                if task == "translation"
            ),
            *(
                f"results/{{run}}/sft_seeds/{task}/{model}/{own}.jsonl"
                for own in further_seeds(config, task)
            ),
        ]
        found[f"steps_{n}"] = [
            f"results/{{run}}/analysis/agreement/{subset}/{model}.csv"
            for subset in analysed_subsets
        ]
    return {f"{task}_{name}": files for name, files in found.items()}
