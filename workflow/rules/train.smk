# The trained models: the SFT model, which is the 100 % line, and the refined model (paper sections 3 and 4.1).


rule train_sft:
    input:
        code=task_code("scripts/train_sft.py", "answers", "metrics"),
        manifest=rules.convert_foundation.output.manifest,
        checks=rules.verify_foundation.output.checks,
        choice=rules.choose_prompt.output.choice,
        train=splits("train"),
        dev=splits("dev"),
        held_out=splits("dev", "test", "out_of_domain"),
    output:
        manifest="results/{run}/models/sft/{task}/{model}/manifest.json",
    log:
        "logs/{run}/train_sft/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/train_sft/{task}/{model}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("train_sft"),
        runtime=runtime("train_sft"),
        gpu=cards("train_sft"),
    params:
        dtype=foundation("dtype"),
        directions=lambda w: UNITS[w.task],
        config=setting("sft"),
        seed=config["seed"],
        limit=setting("max_answer_tokens"),
        cut=max_source_tokens,
    message:
        "Training the SFT model of {wildcards.model} for {wildcards.task} (minutes)"
    shell:
        "python scripts/train_sft.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --directions {params.directions} --train {input.train} --dev {input.dev} --held-out {input.held_out}"
        " --prompt {input.choice} --config {params.config:q} --seed {params.seed}"
        " --max-answer-tokens {params.limit} {params.cut} --memory-mb {resources.mem_mb}"
        " --state state/{wildcards.run}/train_sft/{wildcards.task}/{wildcards.model}.pt --manifest {output.manifest} 2>&1 | tee {log}"


rule decode_sft:
    input:
        code=task_code("scripts/decode_sft.py", "answers"),
        manifest=rules.convert_foundation.output.manifest,
        sft=rules.train_sft.output.manifest,
        choice=rules.choose_prompt.output.choice,
        test=splits("test"),
        out_of_domain=splits("out_of_domain"),
    output:
        outputs="results/{run}/sft/{task}/{model}.jsonl",
    log:
        "logs/{run}/decode_sft/{task}/{model}.log",
    benchmark:
        "results/{run}/timings/decode_sft/{task}/{model}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("decode_sft"),
        runtime=runtime("decode_sft"),
        gpu=cards("decode_sft"),
    params:
        dtype=foundation("dtype"),
        directions=lambda w: UNITS[w.task],
        limit=setting("max_answer_tokens"),
        cut=max_source_tokens,
    message:
        "Decoding {wildcards.task} with the SFT model of {wildcards.model}"
    shell:
        "python scripts/decode_sft.py --task {wildcards.task}"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --directions {params.directions} --items {input.test}"
        " --items {input.out_of_domain} --prompt {input.choice} --max-answer-tokens {params.limit} {params.cut}"
        " --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_sft/{wildcards.task}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule decode_other_sft:
    input:
        **OTHER_FILES,
        code=code_inputs("scripts/decode_sft.py", ["tasks.translation.answers"]),
        manifest=rules.convert_foundation.output.manifest,
        test=splits_of("translation", "test.jsonl"),
        out_of_domain=splits_of("translation", "out_of_domain.jsonl"),
    output:
        outputs="results/{run}/other_sft/{other}/{model}.jsonl",
    log:
        "logs/{run}/decode_other_sft/{other}/{model}.log",
    wildcard_constraints:
        other="|".join(map(re.escape, OTHER_SFT)) or "none",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("decode_sft"),
        runtime=runtime("decode", "translation"),
        gpu=cards("decode_sft"),
    params:
        dtype=foundation("dtype"),
        directions=UNITS["translation"],
        limit=TRANSLATION["max_answer_tokens"],
    message:
        "Decoding translation with the SFT model of the run {wildcards.other}, {wildcards.model}"
    shell:
        "python scripts/decode_sft.py --task translation --variant 'of run {wildcards.other}'"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --sft {input.sft} --directions {params.directions} --items {input.test}"
        " --items {input.out_of_domain} --prompt {input.choice} --max-answer-tokens {params.limit}"
        " --memory-mb {resources.mem_mb}"
        " --journal state/{wildcards.run}/decode_other_sft/{wildcards.other}/{wildcards.model}.jsonl"
        " --outputs {output.outputs} 2>&1 | tee {log}"


rule fetch_refined:
    input:
        code=code("scripts/fetch_foundation.py"),
        local=lambda w: files_of(PRETRAINED[w.source]),
    output:
        files="resources/refined/{source}/source.json",
    log:
        "logs/fetch_refined/{source}.log",
    conda:
        ENVIRONMENT
    params:
        source=lambda w: as_json(PRETRAINED[w.source])(w),
        lock=LOCK,
        folder=lambda w, output: str(Path(output.files).with_suffix("")),
    message:
        "Fetching the model to fine-tune as refined model"
    shell:
        "HF_HUB_OFFLINE=0 python scripts/fetch_foundation.py --source {params.source:q} --key refined.source --lock {params.lock}"
        " --folder {params.folder} --files {output.files} 2>&1 | tee {log}"


rule train_refined:
    input:
        code=code("scripts/train_refined.py"),
        pretrained=pretrained("resources/refined/{}/source.json"),
        train=splits("train"),
        dev=splits("dev"),
        held_out=splits("dev", "test", "out_of_domain"),
    output:
        manifest="results/{run}/models/refined/{task}/manifest.json",
    log:
        "logs/{run}/train_refined/{task}.log",
    benchmark:
        "results/{run}/timings/train_refined/{task}.tsv"
    priority: 1  # before train_sft, see induce_lexicon
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=refined_memory,
        runtime=refined_runtime,
        gpu=refined_cards,
    params:
        kind=lambda w: config[w.task]["refined"]["kind"],
        directions=lambda w: UNITS[w.task],
        settings=refined_settings,
        pretrained=lambda w: pretrained("resources/refined/{}/source")(w) or "none",
    message:
        "Training the refined model for {wildcards.task}"
    shell:
        "python scripts/train_refined.py --kind {params.kind} --directions {params.directions}"
        " --train {input.train} --dev {input.dev} --held-out {input.held_out} --config {params.settings:q}"
        " --pretrained {params.pretrained} --state state/{wildcards.run}/train_refined/{wildcards.task}"
        " --manifest {output.manifest} 2>&1 | tee {log}"


rule predict_refined:
    input:
        code=code("scripts/predict_refined.py"),
        manifest=rules.train_refined.output.manifest,
        test="results/{run}/data/{task}/{unit}/test.jsonl",
        out_of_domain="results/{run}/data/{task}/{unit}/out_of_domain.jsonl",
    output:
        predictions="results/{run}/refined/{task}/{unit}.jsonl",
    log:
        "logs/{run}/predict_refined/{task}/{unit}.log",
    benchmark:
        "results/{run}/timings/predict_refined/{task}/{unit}.tsv"
    priority: 1  # before train_sft, see induce_lexicon
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=refined_memory,
        runtime=lambda w, attempt: attempt * 60,
        gpu=refined_cards,
        batch_rows=32,
    message:
        "Predicting {wildcards.task} {wildcards.unit} with the refined model"
    shell:
        "python scripts/predict_refined.py --manifest {input.manifest} --direction {wildcards.unit}"
        " --items {input.test} {input.out_of_domain} --batch {resources.batch_rows}"
        " --predictions {output.predictions} 2>&1 | tee {log}"
