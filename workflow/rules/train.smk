# The trained models: the SFT model, which is the 100 % line, and the refined model (paper sections 3 and 4.1).


rule train_sft:
    input:
        code=code("scripts/train_sft.py"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        choice=rules.choose_prompt.output.choice,
        train=splits("train"),
        dev=splits("dev"),
        held_out=splits("dev", "test", "out_of_domain"),
    output:
        manifest="results/{run}/models/sft/translation/{model}/manifest.json",
    log:
        "logs/{run}/train_sft/{model}.log",
    benchmark:
        "results/{run}/timings/train_sft/{model}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    threads: 2
    resources:
        mem_mb=6000,
    params:
        dtype=foundation("dtype"),
        directions=UNITS,
        config=as_json(TRANSLATION["sft"]),
        seed=config["seed"],
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Training the SFT model of {wildcards.model} (about six minutes in the default run)"
    shell:
        "python scripts/train_sft.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --directions {params.directions} --train {input.train} --dev {input.dev} --held-out {input.held_out}"
        " --prompt {input.choice} --config {params.config:q} --seed {params.seed}"
        " --max-answer-tokens {params.limit} --memory-mb {resources.mem_mb}"
        " --state state/{wildcards.run}/train_sft/{wildcards.model}.pt --manifest {output.manifest} 2>&1 | tee {log}"


rule decode_sft:
    input:
        code=code("scripts/decode_sft.py"),
        manifest=rules.convert_foundation.output.manifest,
        sft=rules.train_sft.output.manifest,
        choice=rules.choose_prompt.output.choice,
        test="results/{run}/data/translation/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/translation/{unit}/out_of_domain.jsonl",
    output:
        outputs="results/{run}/sft/translation/{unit}/{model}.jsonl",
    log:
        "logs/{run}/decode_sft/{unit}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_sft/{unit}/{model}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        dtype=foundation("dtype"),
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Decoding {wildcards.unit} with the SFT model of {wildcards.model}"
    shell:
        "python scripts/decode_sft.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --direction {wildcards.unit} --items {input.test} {input.out_of_domain}"
        " --prompt {input.choice} --max-answer-tokens {params.limit} --memory-mb {resources.mem_mb}"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule fetch_refined:
    input:
        code=code("scripts/fetch_foundation.py"),
        local=files_of(REFINED_SOURCE),
    output:
        files=f"{REFINED_FOLDER}/source.json",
    log:
        "logs/fetch_refined.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        source=as_json(REFINED_SOURCE),
        folder=lambda w, output: str(Path(output.files).with_suffix("")),
    message:
        "Fetching the encoder-decoder to fine-tune as refined model"
    shell:
        "python scripts/fetch_foundation.py --source {params.source:q} --key translation.refined.seq2seq.source"
        " --folder {params.folder} --files {output.files} 2>&1 | tee {log}"


rule train_refined:
    input:
        code=code("scripts/train_refined.py"),
        pretrained=(
            rules.fetch_refined.output.files
            if REFINED_SOURCE.get("kind") in ("hub", "local")
            else []
        ),
        train=splits("train"),
        dev=splits("dev"),
        held_out=splits("dev", "test", "out_of_domain"),
    output:
        manifest="results/{run}/models/refined/translation/manifest.json",
    log:
        "logs/{run}/train_refined.log",
    benchmark:
        "results/{run}/timings/train_refined.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        kind=TRANSLATION["refined"]["kind"],
        directions=UNITS,
        settings=as_json(refined_settings()),
        pretrained=f"{REFINED_FOLDER}/source",
    message:
        "Training the refined model"
    shell:
        "python scripts/train_refined.py --kind {params.kind} --directions {params.directions}"
        " --train {input.train} --dev {input.dev} --held-out {input.held_out} --config {params.settings:q}"
        " --pretrained {params.pretrained} --state state/{wildcards.run}/train_refined"
        " --manifest {output.manifest} 2>&1 | tee {log}"


rule predict_refined:
    input:
        code=code("scripts/predict_refined.py"),
        manifest=rules.train_refined.output.manifest,
        test="results/{run}/data/translation/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/translation/{unit}/out_of_domain.jsonl",
    output:
        predictions="results/{run}/refined/translation/{unit}.jsonl",
    log:
        "logs/{run}/predict_refined/{unit}.log",
    benchmark:
        "results/{run}/timings/predict_refined/{unit}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        batch_rows=32,
    message:
        "Predicting {wildcards.unit} with the refined model"
    shell:
        "python scripts/predict_refined.py --manifest {input.manifest} --direction {wildcards.unit}"
        " --items {input.test} {input.out_of_domain} --batch {resources.batch_rows}"
        " --predictions {output.predictions} 2>&1 | tee {log}"
