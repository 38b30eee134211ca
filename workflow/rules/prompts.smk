# The prompt and the few-shot examples, chosen on dev before any prior is seen (paper section 4.1).


rule decode_prompts:
    input:
        code=code("scripts/decode_prompts.py"),
        manifest=rules.convert_foundation.output.manifest,
        trial="results/{run}/data/translation/{unit}/trial.jsonl",
    output:
        outputs="results/{run}/prompts/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode_prompts/{unit}/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        dtype=foundation("dtype"),
        prompts=as_json(TRANSLATION["prompts"]),
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Trying the prompts on dev: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/decode_prompts.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --direction {wildcards.unit} --items {input.trial} --prompts {params.prompts:q}"
        " --max-answer-tokens {params.limit} --memory-mb {resources.mem_mb}"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule choose_prompt:
    input:
        code=code("scripts/choose_prompt.py"),
        trial=expand(
            "results/{{run}}/data/translation/{unit}/trial.jsonl", unit=DIRECTIONS
        ),
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
        prompts=as_json(TRANSLATION["prompts"]),
    message:
        "Choosing the prompt of {wildcards.model}"
    shell:
        "python scripts/choose_prompt.py --directions {params.directions} --items {input.trial}"
        " --outputs {input.outputs} --prompts {params.prompts:q} --choice {output.choice} 2>&1 | tee {log}"


rule decode_examples:
    input:
        code=code("scripts/decode_examples.py"),
        manifest=rules.convert_foundation.output.manifest,
        choice=rules.choose_prompt.output.choice,
        trial="results/{run}/data/translation/{unit}/trial.jsonl",
        train="results/{run}/data/translation/{unit}/train.jsonl",
    output:
        outputs="results/{run}/examples/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode_examples/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_examples/{unit}/{model}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        dtype=foundation("dtype"),
        examples=EXAMPLES,
        draws=TRANSLATION["few_shot"]["draws"],
        seed=config["seed"],
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Trying few-shot examples on dev: {wildcards.unit}, {wildcards.model}"
    shell:
        "python scripts/decode_examples.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --direction {wildcards.unit} --items {input.trial} --train {input.train} --prompt {input.choice}"
        " --examples {params.examples} --draws {params.draws} --seed {params.seed}"
        " --max-answer-tokens {params.limit} --memory-mb {resources.mem_mb}"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule choose_examples:
    input:
        code=code("scripts/choose_examples.py"),
        trial=expand(
            "results/{{run}}/data/translation/{unit}/trial.jsonl", unit=DIRECTIONS
        ),
        outputs=expand(
            "results/{{run}}/examples/translation/{unit}/{{model}}.jsonl",
            unit=DIRECTIONS,
        ),
    output:
        choice="results/{run}/examples/translation/{model}.json",
    log:
        "logs/{run}/choose_examples/{model}.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        directions=DIRECTIONS,
        examples=EXAMPLES,
        draws=TRANSLATION["few_shot"]["draws"],
    message:
        "Choosing the few-shot examples of {wildcards.model}"
    shell:
        "python scripts/choose_examples.py --directions {params.directions} --items {input.trial}"
        " --outputs {input.outputs} --examples {params.examples} --draws {params.draws}"
        " --choice {output.choice} 2>&1 | tee {log}"
