# The priors of all systems (paper section 3).


rule build_priors:
    input:
        code=task_code("scripts/build_priors.py", "answers"),
        manifest=rules.convert_foundation.output.manifest,
        choice=rules.choose_prompt.output.choice,
        examples=where("examples", rules.choose_examples.output.choice),
        sft=where("sft", rules.decode_sft.output.outputs),
        refined=where("refined", rules.predict_refined.output.predictions),
        test="results/{run}/data/{task}/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/{task}/{unit}/out_of_domain.jsonl",
        train="results/{run}/data/{task}/{unit}/train.jsonl",
        lexicon=where("lexicon", rules.induce_lexicon.output.lexicon),
    output:
        priors="results/{run}/priors/{task}/{unit}/{model}.jsonl",
    log:
        "logs/{run}/build_priors/{task}/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/build_priors/{task}/{unit}/{model}.tsv"
    wildcard_constraints:
        task="|".join(task for task in COLUMNS if task != "tagging"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("build_priors"),
        runtime=runtime("build_priors"),
        gpu=cards("build_priors"),
    params:
        dtype=foundation("dtype"),
        config=setting("priors", "sft"),
        seed=config["seed"],
        cut=max_source_tokens,
    message:
        "Priors: {wildcards.task} {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/build_priors.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --direction {wildcards.unit} --items {input.test} {input.out_of_domain} --train {input.train}"
        " --lexicon {input.lexicon} --refined {input.refined} --sft {input.sft} --prompt {input.choice}"
        " --examples {input.examples} --config {params.config:q} --seed {params.seed} {params.cut}"
        " --memory-mb {resources.mem_mb} --priors {output.priors} 2>&1 | tee {log}"


rule build_tag_priors:
    input:
        code=code("scripts/build_tag_priors.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice=rules.choose_prompt.output.choice,
        examples=where("examples", rules.choose_examples.output.choice),
        sft=where("sft", rules.decode_sft.output.outputs),
        refined=where("refined", rules.predict_refined.output.predictions),
        test="results/{run}/data/{task}/{unit}/test.jsonl",
        train="results/{run}/data/{task}/{unit}/train.jsonl",
    output:
        priors="results/{run}/priors/{task}/{unit}/{model}.jsonl",
    log:
        "logs/{run}/build_tag_priors/{task}/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/build_priors/{task}/{unit}/{model}.tsv"
    wildcard_constraints:
        task="tagging",
    conda:
        ENVIRONMENT
    params:
        config=setting("priors", "sft"),
        seed=config["seed"],
    message:
        "Priors: {wildcards.task} {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/build_tag_priors.py --model resources/foundations/{wildcards.model}/model"
        " --language {wildcards.unit} --items {input.test} --train {input.train}"
        " --refined {input.refined} --sft {input.sft} --prompt {input.choice} --examples {input.examples}"
        " --config {params.config:q} --seed {params.seed} --priors {output.priors} 2>&1 | tee {log}"
