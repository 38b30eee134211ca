# Models that others made (paper section 4.1): foundations, and what refined models start from. They are shared by all
# runs; a foundation's checks on text belong to one.


rule fetch_foundation:
    input:
        code=code("scripts/fetch_foundation.py"),
    output:
        files="resources/foundations/{model}/source.json",
    log:
        "logs/fetch_foundation/{model}.log",
    wildcard_constraints:
        model="|".join(map(re.escape, {*FOUNDATIONS} - {*OWN_MODELS})) or "(?!)",
    priority: 10
    localrule: True
    conda:
        ENVIRONMENT
    params:
        source=foundation("source"),
        stamps=lambda w: local_stamps(FOUNDATIONS[w.model]["source"]),
        key="foundations.source",
        lock=LOCK,
    message:
        "Fetching the foundation {wildcards.model}"
    script:
        "../../scripts/fetch_foundation.py"


use rule fetch_foundation as fetch_refined with:
    input:
        code=code("scripts/fetch_foundation.py"),
    output:
        files="resources/refined/{source}/source.json",
    log:
        "logs/fetch_refined/{source}.log",
    params:
        source=lambda w: PRETRAINED[w.source],
        stamps=lambda w: local_stamps(PRETRAINED[w.source]),
        key="refined.source",
    message:
        "Fetching the model to fine-tune as refined model"


rule convert_foundation:
    input:
        code=code("scripts/convert_foundation.py"),
        files=rules.fetch_foundation.output.files,  # or of pretrain_foundation
    output:
        manifest="resources/foundations/{model}/model/manifest.json",
    log:
        "logs/convert_foundation/{model}.log",
    priority: 10
    conda:
        ENVIRONMENT
    # Not two: on two cores it would wait until both are free, and everything waits for it.
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * converting_mb(FOUNDATIONS[w.model]),
        runtime=lambda w, attempt: attempt * 60,
    message:
        "Converting the foundation {wildcards.model}, once (a minute or two)"
    script:
        "../../scripts/convert_foundation.py"


rule verify_foundation:
    input:
        code=code("scripts/verify_foundation.py"),
        manifest=rules.convert_foundation.output.manifest,
        paragraphs="results/{run}/data/translation/paragraphs.json",
    output:
        checks="results/{run}/checks/{model}.json",
    log:
        "logs/{run}/verify_foundation/{model}.log",
    priority: 9
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
    script:
        "../../scripts/verify_foundation.py"
