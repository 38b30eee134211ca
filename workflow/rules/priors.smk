# The prompt, chosen before any prior is seen, and the priors (paper section 3).


rule decode_prompts:
    input:
        code=code("scripts/decode_prompts.py"),
        manifest=rules.convert_foundation.output.manifest,
        dev="results/{run}/data/translation/{unit}/dev.jsonl",
    output:
        outputs="results/{run}/prompts/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode_prompts/{unit}/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        batch_rows=128,
    params:
        dtype=foundation("dtype"),
        prompts=as_json(config["translation"]["prompts"]),
        limit=config["translation"]["max_answer_tokens"],
    message:
        "Trying the prompts on dev: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/decode_prompts.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --direction {wildcards.unit} --items {input.dev} --prompts {params.prompts:q}"
        " --max-answer-tokens {params.limit} --batch-rows {resources.batch_rows}"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule choose_prompt:
    input:
        code=code("scripts/choose_prompt.py"),
        dev=expand("results/{{run}}/data/translation/{unit}/dev.jsonl", unit=DIRECTIONS),
        outputs=expand(
            "results/{{run}}/prompts/translation/{unit}/{{model}}.jsonl",
            unit=DIRECTIONS,
        ),
    output:
        choice="results/{run}/prompts/translation/{model}.json",
    log:
        "logs/{run}/choose_prompt/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        directions=DIRECTIONS,
        prompts=as_json(config["translation"]["prompts"]),
    message:
        "Choosing the prompt of {wildcards.model}"
    shell:
        "python scripts/choose_prompt.py --directions {params.directions} --items {input.dev}"
        " --outputs {input.outputs} --prompts {params.prompts:q} --choice {output.choice} 2>&1 | tee {log}"


rule build_priors:
    input:
        code=code("scripts/build_priors.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice=rules.choose_prompt.output.choice,
        test="results/{run}/data/translation/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/translation/{unit}/out_of_domain.jsonl",
        train="results/{run}/data/translation/{unit}/train.jsonl",
        lexicon="results/{run}/lexicon/{unit}.tsv",
    output:
        priors="results/{run}/priors/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/build_priors/{unit}/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        priors=as_json(config["translation"]["priors"]),
        seed=config["seed"],
    message:
        "Priors: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/build_priors.py --model resources/foundations/{wildcards.model}/model"
        " --direction {wildcards.unit} --items {input.test} {input.out_of_domain} --train {input.train}"
        " --lexicon {input.lexicon} --prompt {input.choice} --priors-config {params.priors:q}"
        " --seed {params.seed} --priors {output.priors} 2>&1 | tee {log}"
