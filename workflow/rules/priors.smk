# The priors of all systems (paper section 3): a job per task and model, all subsets together.


rule build_priors:
    input:
        code=task_code("scripts/build_priors.py", "task"),
        manifest="resources/foundations/{model}/model/manifest.json",
        choice="results/{run}/prompts/{task}/{model}.json",
        examples=where("examples", "results/{run}/examples/{task}/{model}.json"),
        sft=where("sft", "results/{run}/sft/{task}/{model}.jsonl"),
        refined=where("refined", "results/{run}/refined/{task}.jsonl"),
        matched=where("matched", "results/{run}/refined_matched/{task}.jsonl"),
        lexicon=over_subsets("results/{run}/lexicon/{task}/{subset}.tsv", "lexicon"),
        train=splits("train"),
        data=splits("test", "out_of_domain"),
    output:
        priors="results/{run}/priors/{task}/{model}.jsonl",
        # Of the job's time, what finding the foundation's own openings takes.
        opening_seconds="results/{run}/timings/find_openings/{task}/{model}.tsv",
    log:
        "logs/{run}/build_priors/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/build_priors/{task}/{model}.tsv"
    priority: 6
    conda:
        decoder_environment
    threads: 1
    resources:
        mem_mb=memory("build_priors"),
        runtime=lambda w, attempt: (
            runtime("build_priors")(w, attempt)
            if ranks(config[w.task])
            else attempt * 60
        ),
        gpu=lambda w: cards("build_priors")(w) if ranks(config[w.task]) else 0,
    params:
        task=lambda w: w.task,
        subsets=lambda w: SUBSETS[w.task],
        dtype=foundation("dtype"),
        backend=foundation("engine"),
        systems=None,  # those of the task
        priors=setting("priors"),
        method=setting("sft", "method"),
        few_shot=setting("few_shot"),
        languages=config["languages"],
        seed=config["seed"],
        max_source_tokens=setting("max_source_tokens"),
        most_items=None,  # all of them
        longest=None,  # any number of tokens
    message:
        "Building the priors of {wildcards.task}, {wildcards.model}"
    script:
        "../../scripts/build_priors.py"


# What the priors of the analyses, which are of the translation task, are made from.
ANALYSIS_FILES = {
    "code": code_inputs("scripts/build_priors.py", ["tasks.translation.task"]),
    "manifest": "resources/foundations/{model}/model/manifest.json",
    "choice": "results/{run}/prompts/translation/{model}.json",
    "sft": (
        "results/{run}/sft/translation/{model}.jsonl"
        if has(config, "translation", "sft")
        else []
    ),
    "refined": (
        "results/{run}/refined/translation.jsonl"
        if has(config, "translation", "refined")
        else []
    ),
    "lexicon": expand(
        "results/{{run}}/lexicon/translation/{subset}.tsv",
        subset=MAIN["translation"],
    ),
    "train": splits_of("translation", "train.jsonl", subsets=MAIN),
    "data": splits_of("translation", "test.jsonl", subsets=MAIN),
}


use rule build_priors as build_analysis_priors with:
    input:
        **ANALYSIS_FILES,
    output:
        priors="results/{run}/analysis/priors/{model}.jsonl",
    log:
        "logs/{run}/build_analysis_priors/{model}.log",
    benchmark:
        "results/{run}/timings/build_analysis_priors/{model}.tsv"
    priority: 4
    resources:
        mem_mb=memory("build_priors"),
        runtime=lambda w, attempt: attempt * 60,
        gpu=0,
    params:
        task="translation",
        subsets=MAIN["translation"],
        systems=[vars(system) for system in analysis_grid(config)],
        priors=None,
        method=None,
        few_shot=None,
        max_source_tokens=None,
        most_items=ANALYSIS["items"],
        # A long corrupt prior must leave room for a token; every item is answered at every level.
        longest=TRANSLATION["max_answer_tokens"] - 1,
    message:
        "Building the priors of the analyses, {wildcards.model}"


# Likelihoods alone are asked for behind these: nothing is decoded.
use rule build_priors as build_mechanism_priors with:
    input:
        **ANALYSIS_FILES,
        matched=(
            "results/{run}/refined_matched/translation.jsonl"
            if has(config, "translation", "matched")
            else []
        ),
    output:
        priors="results/{run}/analysis/mechanism/priors/{model}.jsonl",
    log:
        "logs/{run}/build_mechanism_priors/{model}.log",
    benchmark:
        "results/{run}/timings/build_mechanism_priors/{model}.tsv"
    priority: 4
    resources:
        mem_mb=memory("build_mechanism_priors"),
        runtime=runtime("build_mechanism_priors", "translation"),
        gpu=lambda w: (cards("build_mechanism_priors")(w) if ranks(TRANSLATION) else 0),
    params:
        task="translation",
        subsets=MAIN["translation"],
        systems=[vars(system) for system in mechanism_grid(config)],
        priors=None,
        method=None,
        few_shot=None,
        max_source_tokens=None,
        most_items=ANALYSIS["items"],
    message:
        "Building the priors whose mechanism is measured, {wildcards.model}"
