# The prompt and the few-shot examples, chosen on dev before any prior is seen (paper section 4.1).


rule decode_prompts:
    input:
        code=task_code("scripts/decode_prompts.py", "answers"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        trial=splits("trial", units=MAIN),
    output:
        outputs="results/{run}/prompts/{task}/{model}.jsonl",
    log:
        "logs/{run}/decode_prompts/{task}/{model}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("decode_prompts"),
        runtime=runtime("decode_prompts"),
        gpu=cards("decode_prompts"),
    params:
        dtype=foundation("dtype"),
        directions=lambda w: MAIN[w.task],
        prompts=setting("prompts"),
        limit=setting("max_answer_tokens"),
        cut=max_source_tokens,
    message:
        "Trying the prompts on dev: {wildcards.task}, {wildcards.model}"
    shell:
        "python scripts/decode_prompts.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --directions {params.directions} --items {input.trial} --prompts {params.prompts:q}"
        " --max-answer-tokens {params.limit} {params.cut} --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_prompts/{wildcards.task}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule choose_prompt:
    input:
        code=task_code("scripts/choose_prompt.py", "metrics"),
        trial=splits("trial", units=MAIN),
        outputs=rules.decode_prompts.output.outputs,
    output:
        choice="results/{run}/prompts/{task}/{model}.json",
    log:
        "logs/{run}/choose_prompt/{task}/{model}.log",
    conda:
        ENVIRONMENT
    params:
        directions=lambda w: MAIN[w.task],
        prompts=setting("prompts"),
    message:
        "Choosing the {wildcards.task} prompt of {wildcards.model}"
    shell:
        "python scripts/choose_prompt.py --task {wildcards.task} --directions {params.directions} --items {input.trial}"
        " --outputs {input.outputs} --prompts {params.prompts:q} --choice {output.choice} 2>&1 | tee {log}"


rule decode_examples:
    input:
        code=task_code("scripts/decode_examples.py", "answers"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        choice=rules.choose_prompt.output.choice,
        trial=splits("trial", units=MAIN),
        train=splits("train", units=MAIN),
    output:
        outputs="results/{run}/examples/{task}/{model}.jsonl",
    log:
        "logs/{run}/decode_examples/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_examples/{task}/{model}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("decode_examples"),
        runtime=runtime("decode_examples"),
        gpu=cards("decode_examples"),
    params:
        dtype=foundation("dtype"),
        directions=lambda w: MAIN[w.task],
        examples=lambda w: config[w.task]["few_shot"]["examples"],
        draws=lambda w: config[w.task]["few_shot"]["draws"],
        seed=config["seed"],
        limit=setting("max_answer_tokens"),
        cut=max_source_tokens,
    message:
        "Trying few-shot examples on dev: {wildcards.task}, {wildcards.model}"
    shell:
        "python scripts/decode_examples.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --directions {params.directions} --items {input.trial} --train {input.train} --prompt {input.choice}"
        " --examples {params.examples} --draws {params.draws} --seed {params.seed}"
        " --max-answer-tokens {params.limit} {params.cut} --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_examples/{wildcards.task}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule choose_examples:
    input:
        code=task_code("scripts/choose_examples.py", "metrics"),
        trial=splits("trial", units=MAIN),
        outputs=rules.decode_examples.output.outputs,
    output:
        choice="results/{run}/examples/{task}/{model}.json",
    log:
        "logs/{run}/choose_examples/{task}/{model}.log",
    conda:
        ENVIRONMENT
    params:
        directions=lambda w: MAIN[w.task],
        examples=lambda w: config[w.task]["few_shot"]["examples"],
        draws=lambda w: config[w.task]["few_shot"]["draws"],
    message:
        "Choosing the few-shot {wildcards.task} examples of {wildcards.model}"
    shell:
        "python scripts/choose_examples.py --task {wildcards.task} --directions {params.directions} --items {input.trial}"
        " --outputs {input.outputs} --examples {params.examples} --draws {params.draws}"
        " --choice {output.choice} 2>&1 | tee {log}"
