# Foundation models (paper section 4.1). Models are shared by all runs; their checks on text belong to one.


rule fetch_foundation:
    input:
        code=code("scripts/fetch_foundation.py"),
        local=local_files,
    output:
        files="resources/foundations/{model}/source.json",
    log:
        "logs/fetch_foundation/{model}.log",
    conda:
        ENVIRONMENT
    params:
        source=foundation("source"),
        lock=LOCK,
    message:
        "Fetching the foundation {wildcards.model}"
    shell:
        "HF_HUB_OFFLINE=0 python scripts/fetch_foundation.py --source {params.source:q} --lock {params.lock}"
        " --folder resources/foundations/{wildcards.model}/source --files {output.files} 2>&1 | tee {log}"


rule convert_foundation:
    input:
        code=code("scripts/convert_foundation.py"),
        files=rules.fetch_foundation.output.files,
    output:
        manifest="resources/foundations/{model}/model/manifest.json",
    log:
        "logs/convert_foundation/{model}.log",
    conda:
        ENVIRONMENT
    # Not two: on two cores it would wait until both are free, and everything waits for it.
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * converting_mb(FOUNDATIONS[w.model]),
        runtime=lambda w, attempt: attempt * 60,
    message:
        "Converting the foundation {wildcards.model}, once (a minute or two)"
    shell:
        "python scripts/convert_foundation.py"
        " --source resources/foundations/{wildcards.model}/source --manifest {output.manifest} 2>&1 | tee {log}"


rule verify_foundation:
    input:
        code=code("scripts/verify_foundation.py"),
        manifest=rules.convert_foundation.output.manifest,
        paragraphs="results/{run}/data/translation/paragraphs.json",
    output:
        checks="results/{run}/checks/{model}.json",
    log:
        "logs/{run}/verify_foundation/{model}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("verify_foundation"),
        runtime=runtime("verify_foundation"),
        gpu=cards("verify_foundation"),
    params:
        dtype=foundation("dtype"),
        parameters=foundation("parameters"),
        limits=foundation("max_bits_per_character"),
    message:
        "Verifying the foundation {wildcards.model} on text of every language"
    shell:
        "python scripts/verify_foundation.py"
        " --model resources/foundations/{wildcards.model}/model --name {wildcards.model} --dtype {params.dtype}"
        " --parameters {params.parameters} --paragraphs {input.paragraphs} --limits {params.limits:q} --checks {output.checks} 2>&1 | tee {log}"
