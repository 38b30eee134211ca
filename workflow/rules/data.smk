# Texts and splits of the three tasks (paper section 4.1).

ADDRESSES = config["data"]["addresses"]
SUMMARIZATION, TAGGING = config["summarization"], config["tagging"]
SPLITS = [
    f"{name}.jsonl" for name in ("train", "dev", "trial", "test", "out_of_domain")
]


rule fetch_catalogue:
    input:
        code=code("scripts/fetch_catalogue.py"),
    output:
        wheel="resources/catalogues/{package}.whl",
    log:
        "logs/fetch_catalogue/{package}.log",
    priority: 9
    localrule: True
    conda:
        ENVIRONMENT
    params:
        version=lambda w: CATALOGUES[w.package]["version"],
        sha256=lambda w: CATALOGUES[w.package]["sha256"],
    message:
        "Fetching the gettext catalogues of {wildcards.package}"
    script:
        "../../scripts/fetch_catalogue.py"


rule fetch_flores:
    input:
        code=code("scripts/fetch_official.py"),
    output:
        files=expand("resources/official/{name}", name=FLORES_FILES),
    log:
        "logs/fetch_official/flores.log",
    priority: 9
    localrule: True
    conda:
        ENVIRONMENT
    params:
        address=ADDRESSES["flores"],
        names=FLORES_FILES,
        folder=lambda w: DOWNLOADS,
        lock=LOCK,
    message:
        "Fetching FLORES-101"
    script:
        "../../scripts/fetch_official.py"


use rule fetch_flores as fetch_treebanks with:
    output:
        files=expand("resources/official/{name}", name=TREEBANK_FILES),
    log:
        "logs/fetch_official/treebanks.log",
    params:
        address=ADDRESSES["treebanks"],
        names=TREEBANK_FILES,
    message:
        "Fetching the treebanks of Universal Dependencies 2.5"


use rule fetch_flores as fetch_muse with:
    output:
        file="resources/official/muse/{pair}.txt",
    log:
        "logs/fetch_official/muse_{pair}.log",
    params:
        address=lambda w: ADDRESSES["muse"].replace("{pair}", w.pair),
        names=["muse/{pair}.txt"],
    message:
        "Fetching MUSE's dictionary {wildcards.pair}"


rule fetch_descriptions:
    input:
        code=code("scripts/fetch_descriptions.py"),
    output:
        descriptions="resources/descriptions/{language}.txt",
    log:
        "logs/fetch_descriptions/{language}.log",
    priority: 8
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Fetching Debian's package descriptions in {wildcards.language} with apt"
    script:
        "../../scripts/fetch_descriptions.py"


rule fetch_crosssum:
    input:
        code=code("scripts/fetch_crosssum.py"),
    output:
        archive="resources/crosssum/{pair}_CrossSum.tar.bz2",
    log:
        "logs/fetch_crosssum/{pair}.log",
    priority: 9
    localrule: True
    conda:
        ENVIRONMENT
    params:
        source=SUMMARIZATION["source"],
        lock=LOCK,
    message:
        "Fetching CrossSum, {wildcards.pair}"
    script:
        "../../scripts/fetch_crosssum.py"


rule prepare_translation:
    input:
        code=code("scripts/prepare_translation.py"),
        wheels=[f"resources/catalogues/{package}.whl" for package in CATALOGUES],
        flores=flores_files(config) if TRANSLATION["source"] == "flores" else [],
    output:
        splits=splits_of("translation", *SPLITS),
        paragraphs="results/{run}/data/translation/paragraphs.json",
        note="results/{run}/data/translation/note.json",
    log:
        "logs/{run}/prepare_translation.log",
    priority: 8
    conda:
        ENVIRONMENT
    params:
        flores=OFFICIAL if TRANSLATION["source"] == "flores" else "",
        lock=LOCK,
        packages=list(CATALOGUES),
        held_out=TRANSLATION["held_out"] if CATALOGUES else "",
        languages=config["languages"],
        directions=MAIN["translation"],
        other_directions=SUBSETS["translation"][len(MAIN["translation"]) :],
        sizes=TRANSLATION["items"],
        seed=config["seed"],
    message:
        "Splitting the translated sentences"
    script:
        "../../scripts/prepare_translation.py"


rule prepare_summarization:
    input:
        code=code("scripts/prepare_summarization.py"),
        descriptions=[f"resources/descriptions/{own}.txt" for own in described(config)],
        crosssum=crosssum_inputs(config),
    output:
        splits=splits_of("summarization", *SPLITS, "parallel.jsonl"),
        note="results/{run}/data/summarization/note.json",
    log:
        "logs/{run}/prepare_summarization.log",
    priority: 8
    conda:
        ENVIRONMENT
    params:
        crosssum=(
            SUMMARIZATION["source"].get("folder", "resources/crosssum")
            if SUMMARIZATION["source"]["kind"] != "debian"
            else ""
        ),
        described=described(config),
        subsets=SUBSETS["summarization"],
        sizes=SUMMARIZATION["items"],
        seed=config["seed"],
    message:
        "Splitting the texts and their summaries"
    script:
        "../../scripts/prepare_summarization.py"


rule prepare_tagging:
    input:
        code=code("scripts/prepare_tagging.py"),
        sentences=[
            f"results/{{run}}/data/translation/{subset}/{split}.jsonl"
            for subset, _ in silver_sides(config)
            for split in ("train", "dev", "test")
        ],
        treebanks=treebank_inputs(config),
    output:
        splits=splits_of("tagging", *SPLITS),
        note="results/{run}/data/tagging/note.json",
    log:
        "logs/{run}/prepare_tagging.log",
    priority: 8
    conda:
        ENVIRONMENT
    params:
        treebanks=(
            TAGGING["source"].get("folder", f"{OFFICIAL}/ud-treebanks-v2.5")
            if TAGGING["source"]["kind"] == "treebanks"
            else ""
        ),
        lock=LOCK,
        silver_sides=silver_sides(config),
        languages=SUBSETS["tagging"],
        tag_names=TAGGING["tag_names"],
        sizes=TAGGING["items"],
    message:
        "Preparing the tagged sentences"
    script:
        "../../scripts/prepare_tagging.py"
