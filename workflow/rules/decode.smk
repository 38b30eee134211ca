# Every rule that decodes: one rule, and the same with other items, prompts and models (paper sections 3 and 4).


# The foundation without and with priors, and the SFT model with them: a job per subset and model, all systems together.
rule decode:
    input:
        code=task_code("scripts/decode.py", "task"),
        manifest="resources/foundations/{model}/model/manifest.json",
        checks="results/{run}/checks/{model}.json",
        choice="results/{run}/prompts/{task}/{model}.json",
        examples=where("examples", "results/{run}/examples/{task}/{model}.json"),
        sft=where("sft", "results/{run}/models/sft/{task}/{model}/manifest.json"),
        priors="results/{run}/priors/{task}/{model}.jsonl",
        train="results/{run}/data/{task}/{subset}/train.jsonl",
        data=expand(
            "results/{{run}}/data/{{task}}/{{subset}}/{split}.jsonl",
            split=("test", "out_of_domain"),
        ),
    output:
        outputs="results/{run}/decode/{task}/{subset}/{model}.jsonl",
    log:
        "logs/{run}/decode/{task}/{subset}/{model}.log",
    benchmark:
        "results/{run}/timings/decode/{task}/{subset}/{model}.tsv"
    conda:
        decoder_environment
    # One thread a job: two jobs of one thread decode 1.5 times as much as one job of two, and the outputs
    # do not depend on the number of cores.
    threads: 1
    resources:
        mem_mb=memory("decode"),
        runtime=runtime("decode"),
        gpu=cards("decode"),
    params:
        task=lambda w: w.task,
        subsets=lambda w: [w.subset],
        dtype=foundation("dtype"),
        backend=foundation("engine"),
        engine=config["engine"],
        seed=config["seed"],
        max_answer_tokens=setting("max_answer_tokens"),
        max_source_tokens=setting("max_source_tokens"),
        prompts=None,
        trials=None,
        variant="",
    message:
        "Decoding {wildcards.task} {wildcards.subset} with {wildcards.model}"
    script:
        "../../scripts/decode.py"


# The foundation under every template, on dev, before any prior is seen; the best one is used for every system. It runs
# beside verify_foundation, which all that follows waits for.
use rule decode as choose_prompt with:
    input:
        code=task_code("scripts/decode.py", "task", "metrics"),
        manifest="resources/foundations/{model}/model/manifest.json",
        data=splits("trial", subsets=MAIN),
    output:
        outputs="results/{run}/prompts/{task}/{model}.jsonl",
        choice="results/{run}/prompts/{task}/{model}.json",
    log:
        "logs/{run}/choose_prompt/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/choose_prompt/{task}/{model}.tsv"
    priority: 8  # before dictionaries: the longest chain, translation's, begins with it
    resources:
        mem_mb=memory("choose_prompt"),
        runtime=runtime("choose_prompt"),
        gpu=cards("choose_prompt"),
    params:
        subsets=lambda w: MAIN[w.task],
        prompts=setting("prompts"),
    message:
        "Choosing the prompt on dev: {wildcards.task}, {wildcards.model}"


# The foundation behind every set of few-shot examples, likewise.
use rule decode as choose_examples with:
    input:
        code=task_code("scripts/decode.py", "task", "metrics"),
        manifest="resources/foundations/{model}/model/manifest.json",
        checks="results/{run}/checks/{model}.json",
        choice="results/{run}/prompts/{task}/{model}.json",
        data=splits("trial", subsets=MAIN),
        train=splits("train", subsets=MAIN),
    output:
        outputs="results/{run}/examples/{task}/{model}.jsonl",
        choice="results/{run}/examples/{task}/{model}.json",
    log:
        "logs/{run}/choose_examples/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/choose_examples/{task}/{model}.tsv"
    priority: 5
    resources:
        mem_mb=memory("choose_examples"),
        runtime=runtime("choose_examples"),
        gpu=cards("choose_examples"),
    params:
        subsets=lambda w: MAIN[w.task],
        trials=lambda w: candidates(
            *(config[w.task]["few_shot"][key] for key in ("examples", "draws"))
        ),
    message:
        "Choosing few-shot examples on dev: {wildcards.task}, {wildcards.model}"


# The SFT model alone: the 100 % row, and the source of sft priors.
use rule decode as decode_sft with:
    input:
        code=task_code("scripts/decode.py", "task"),
        manifest="resources/foundations/{model}/model/manifest.json",
        sft="results/{run}/models/sft/{task}/{model}/manifest.json",
        choice="results/{run}/prompts/{task}/{model}.json",
        data=splits("test", "out_of_domain"),
    output:
        outputs="results/{run}/sft/{task}/{model}.jsonl",
    log:
        "logs/{run}/decode_sft/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_sft/{task}/{model}.tsv"
    priority: 6
    resources:
        mem_mb=memory("decode_sft"),
        runtime=runtime("decode_sft"),
        gpu=cards("decode_sft"),
    params:
        subsets=lambda w: SUBSETS[w.task],
    message:
        "Decoding {wildcards.task} with the SFT model of {wildcards.model}"


use rule decode_sft as decode_other_sft with:
    input:
        **OTHER_FILES,
        code=code_inputs("scripts/decode.py", ["tasks.translation.task"]),
        manifest="resources/foundations/{model}/model/manifest.json",
        data=splits_of("translation", "test.jsonl", "out_of_domain.jsonl"),
    output:
        outputs="results/{run}/other_sft/{other}/{model}.jsonl",
    log:
        "logs/{run}/decode_other_sft/{other}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_other_sft/{other}/{model}.tsv"
    priority: 0
    resources:
        mem_mb=memory("decode_sft"),
        runtime=runtime("decode", "translation"),
        gpu=cards("decode_sft"),
    params:
        task="translation",
        subsets=SUBSETS["translation"],
        max_answer_tokens=TRANSLATION["max_answer_tokens"],
        max_source_tokens=None,
        variant=lambda w: f"of run {w.other}",
    message:
        "Decoding translation with the SFT model of the run {wildcards.other}, {wildcards.model}"


# The SFT models of further seeds, on the same items.
use rule decode_sft as decode_sft_again with:
    input:
        code=task_code("scripts/decode.py", "task"),
        manifest="resources/foundations/{model}/model/manifest.json",
        sft="results/{run}/models/sft_seeds/{task}/{model}/{sft_seed}/manifest.json",
        choice="results/{run}/prompts/{task}/{model}.json",
        data=splits("test", "out_of_domain"),
    output:
        outputs="results/{run}/sft_seeds/{task}/{model}/{sft_seed}.jsonl",
    log:
        "logs/{run}/decode_sft_again/{task}/{model}/{sft_seed}.log",
    benchmark:
        "results/{run}/timings/decode_sft_again/{task}/{model}/{sft_seed}.tsv"
    priority: 0
    params:
        subsets=lambda w: SUBSETS[w.task],
        variant=lambda w: seed_variant(w.sft_seed),
    message:
        "Decoding {wildcards.task} with the SFT model of {wildcards.model}, seed {wildcards.sft_seed}"


# An SFT model on another task than it was trained on: what it has forgotten.
use rule decode_sft as decode_cross_task with:
    input:
        code=task_code("scripts/decode.py", "task"),
        manifest="resources/foundations/{model}/model/manifest.json",
        sft="results/{run}/models/sft/{trained}/{model}/manifest.json",
        choice="results/{run}/prompts/{task}/{model}.json",
        data=splits("test", subsets=CROSS_TASK),
    output:
        outputs="results/{run}/analysis/cross_task/{trained}/{task}/{model}.jsonl",
    log:
        "logs/{run}/decode_cross_task/{trained}/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_cross_task/{trained}/{task}/{model}.tsv"
    priority: 0
    resources:
        mem_mb=memory("decode_cross_task"),
        runtime=runtime("decode_cross_task"),
        gpu=cards("decode_cross_task"),
    params:
        subsets=lambda w: CROSS_TASK[w.task],
    message:
        "Decoding {wildcards.task} with the SFT model for {wildcards.trained}"


# More and worse priors, for the analyses of prior quality and length.
use rule decode as decode_analysis with:
    input:
        code=code_inputs("scripts/decode.py", ["tasks.translation.task"]),
        manifest="resources/foundations/{model}/model/manifest.json",
        choice="results/{run}/prompts/translation/{model}.json",
        priors="results/{run}/analysis/priors/{model}.jsonl",
        data="results/{run}/data/translation/{subset}/test.jsonl",
    output:
        outputs="results/{run}/analysis/outputs/{subset}/{model}.jsonl",
    log:
        "logs/{run}/decode_analysis/{subset}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_analysis/{subset}/{model}.tsv"
    resources:
        mem_mb=memory("decode_analysis"),
        runtime=runtime("decode_analysis", "translation"),
        gpu=cards("decode_analysis"),
    params:
        task="translation",
        max_answer_tokens=TRANSLATION["max_answer_tokens"],
        max_source_tokens=None,
    message:
        "Decoding for the analyses: {wildcards.subset}, {wildcards.model}"
