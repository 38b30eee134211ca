# Decoding with and without priors (paper section 3): one job per model and direction, all systems together.


rule decode:
    input:
        code=task_code("scripts/decode.py", "answers"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        choice=rules.choose_prompt.output.choice,
        examples=where("examples", rules.choose_examples.output.choice),
        sft=where("sft", rules.train_sft.output.manifest),
        priors="results/{run}/priors/{task}/{unit}/{model}.jsonl",
        train="results/{run}/data/{task}/{unit}/train.jsonl",
        test="results/{run}/data/{task}/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/{task}/{unit}/out_of_domain.jsonl",
    output:
        outputs="results/{run}/decode/{task}/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode/{task}/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/decode/{task}/{unit}/{model}.tsv"
    conda:
        ENVIRONMENT
    # One thread a job: two jobs of one thread decode 1.5 times as much as one job of two, and the outputs
    # do not depend on the number of cores.
    threads: 1
    resources:
        mem_mb=memory("decode"),
        runtime=runtime("decode"),
        gpu=cards("decode"),
    params:
        dtype=foundation("dtype"),
        seed=config["seed"],
        limit=setting("max_answer_tokens"),
        cut=max_source_tokens,
    message:
        "Decoding {wildcards.task} {wildcards.unit} with {wildcards.model}"
    shell:
        "python scripts/decode.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --direction {wildcards.unit} --items {input.test} {input.out_of_domain}"
        " --train {input.train} --priors {input.priors} --prompt {input.choice} --examples {input.examples}"
        " --seed {params.seed} --max-answer-tokens {params.limit} {params.cut} --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode/{wildcards.task}/{wildcards.unit}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"
