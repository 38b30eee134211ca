# Decoding with and without priors (paper section 3): one job per model and direction, all systems together.


rule decode_translation:
    input:
        code=code("scripts/decode_translation.py"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        choice=rules.choose_prompt.output.choice,
        examples=rules.choose_examples.output.choice if EXAMPLES else [],
        sft=rules.train_sft.output.manifest if SFT else [],
        priors=rules.build_priors.output.priors,
        train="results/{run}/data/translation/{unit}/train.jsonl",
        test="results/{run}/data/translation/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/translation/{unit}/out_of_domain.jsonl",
    output:
        outputs="results/{run}/decode/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode_translation/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_translation/{unit}/{model}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    # One thread a job: two jobs of one thread decode 1.5 times as much as one job of two, and the outputs
    # do not depend on the number of cores.
    threads: 1
    resources:
        mem_mb=3000,
    params:
        dtype=foundation("dtype"),
        seed=config["seed"],
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Decoding {wildcards.unit} with {wildcards.model}"
    shell:
        "python scripts/decode_translation.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --direction {wildcards.unit} --items {input.test} {input.out_of_domain}"
        " --train {input.train} --priors {input.priors} --prompt {input.choice} --examples {input.examples}"
        " --seed {params.seed} --max-answer-tokens {params.limit} --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_translation/{wildcards.unit}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"
