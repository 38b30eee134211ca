# Foundations that a run trains itself, from scratch, on mixes of text that it knows: to ask what pre-training must
# contain. The rules are there where the configuration has the block `pretraining`.

PRETRAINING = config.get("pretraining", {})
CORPUS = corpus_sources(config)

if PRETRAINING:

    rule fetch_packages:
        input:
            code=code("scripts/fetch_packages.py"),
        output:
            packages="resources/corpus/{source}/packages.json",
        log:
            "logs/fetch_packages/{source}.log",
        wildcard_constraints:
            source="|".join(CORPUS),
        priority: 9
        localrule: True
        conda:
            ENVIRONMENT
        params:
            languages=config["languages"],
            lock=LOCK,
        message:
            "Fetching the packages of the corpus's source {wildcards.source} with apt"
        script:
            "../../scripts/fetch_packages.py"

    rule extract_corpus:
        input:
            code=code("scripts/extract_corpus.py"),
            files=lambda w: corpus_inputs(config, w.source),
        output:
            works="results/{run}/corpus/extracted/{source}.jsonl",
            dropped="results/{run}/corpus/extracted/{source}.dropped.json",
        log:
            "logs/{run}/extract_corpus/{source}.log",
        wildcard_constraints:
            source="|".join(CORPUS),
        priority: 8
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=lambda w, attempt: attempt * 2000,
        params:
            languages=config["languages"],
        message:
            "Reading the corpus's source {wildcards.source}"
        script:
            "../../scripts/extract_corpus.py"

    rule assemble_corpus:
        input:
            code=code("scripts/assemble_corpus.py"),
            works=expand(
                "results/{{run}}/corpus/extracted/{source}.jsonl", source=CORPUS
            ),
            dropped=expand(
                "results/{{run}}/corpus/extracted/{source}.dropped.json",
                source=CORPUS,
            ),
            tested=splits_of(
                "translation", "dev.jsonl", "test.jsonl", "out_of_domain.jsonl"
            ),
        output:
            train="results/{run}/corpus/train.jsonl",
            held_out="results/{run}/corpus/held_out.jsonl",
            dropped="results/{run}/corpus/dropped.json",
        log:
            "logs/{run}/assemble_corpus.log",
        priority: 8
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=lambda w, attempt: attempt * 2000,
        params:
            share=PRETRAINING["held_out"],
            seed=config["seed"],
        message:
            "Splitting the corpus, and leaving out what is said twice"
        script:
            "../../scripts/assemble_corpus.py"

    rule train_tokenizer:
        input:
            code=code("scripts/train_tokenizer.py"),
            train=rules.assemble_corpus.output.train,
        output:
            tokenizer="results/{run}/mixes/tokenizer.json",
        log:
            "logs/{run}/train_tokenizer.log",
        priority: 8
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=lambda w, attempt: attempt * 2000,
        params:
            languages=config["languages"],
            sample=PRETRAINING["sample"],
            vocabulary=PRETRAINING["vocabulary"],
        message:
            "Training the tokenizer of all mixes"
        script:
            "../../scripts/train_tokenizer.py"

    rule make_mixes:
        input:
            code=code("scripts/make_mixes.py"),
            train=rules.assemble_corpus.output.train,
            held_out=rules.assemble_corpus.output.held_out,
            tokenizer=rules.train_tokenizer.output.tokenizer,
        output:
            mixes=[f"results/{{run}}/mixes/{cell}.npz" for cell in PRETRAINING["cells"]],
            held_out="results/{run}/mixes/held_out.npz",
        log:
            "logs/{run}/make_mixes.log",
        priority: 8
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=lambda w, attempt: attempt * 2000,
        params:
            languages=config["languages"],
            cells=PRETRAINING["cells"],
            unique_tokens=PRETRAINING["unique_tokens"],
            held_out_tokens=PRETRAINING["held_out_tokens"],
            parallel=PRETRAINING["parallel"],
            formats=PRETRAINING["formats"],
            seed=config["seed"],
        message:
            "Making the mixes to pre-train on"
        script:
            "../../scripts/make_mixes.py"

    rule audit_corpus:
        input:
            code=code("scripts/audit_corpus.py"),
            train=rules.assemble_corpus.output.train,
            dropped=rules.assemble_corpus.output.dropped,
            mixes=rules.make_mixes.output.mixes,
            tokenizer=rules.train_tokenizer.output.tokenizer,
            lexicons=[
                f"results/{{run}}/lexicon/translation/en-{own}.tsv"
                for own in config["languages"]
                if f"en-{own}" in SUBSETS["translation"]
            ],
        output:
            csv="results/{run}/tables/corpus_audit.csv",
            md="results/{run}/tables/corpus_audit.md",
        log:
            "logs/{run}/audit_corpus.log",
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=lambda w, attempt: attempt * 2000,
        params:
            languages=config["languages"],
        message:
            "Counting what the mixes hold"
        script:
            "../../scripts/audit_corpus.py"

    # Its output stands in the place of what is fetched: the mix is an input of everything that the model answers.
    rule pretrain_foundation:
        input:
            code=code("scripts/pretrain_foundation.py"),
            mix=lambda w: (
                f"results/{config['run']}/mixes/{OWN_MODELS[w.model]['source']['cell']}.npz"
            ),
            held_out=f"results/{config['run']}/mixes/held_out.npz",
            tokenizer=f"results/{config['run']}/mixes/tokenizer.json",
        output:
            files="resources/foundations/{model}/source.json",
            training="resources/foundations/{model}/training.json",
        log:
            "logs/pretrain_foundation/{model}.log",
        benchmark:
            f"results/{config['run']}/timings/pretrain_foundation/{{model}}.tsv"
        wildcard_constraints:
            model="|".join(map(re.escape, OWN_MODELS)) or "(?!)",
        priority: 8
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=memory("pretrain_foundation"),
            runtime=runtime("pretrain_foundation"),
            gpu=cards("pretrain_foundation"),
        params:
            size=lambda w: PRETRAINING["sizes"][OWN_MODELS[w.model]["source"]["size"]],
            seed=lambda w: OWN_MODELS[w.model]["source"]["seed"],
        message:
            "Pre-training the foundation {wildcards.model}"
        script:
            "../../scripts/pretrain_foundation.py"

    rule measure_formats:
        input:
            code=code("scripts/measure_formats.py"),
            manifest=rules.convert_foundation.output.manifest,
            choice="results/{run}/prompts/translation/{model}.json",
            sft="results/{run}/models/sft/translation/{model}/manifest.json",
            data="results/{run}/data/translation/{subset}/test.jsonl",
        output:
            scores="results/{run}/analysis/formats/{subset}/{model}.csv",
        log:
            "logs/{run}/measure_formats/{subset}/{model}.log",
        benchmark:
            "results/{run}/timings/measure_formats/{subset}/{model}.tsv"
        conda:
            decoder_environment
        threads: 1
        resources:
            mem_mb=memory("measure_mechanism"),
            runtime=runtime("measure_mechanism", "translation"),
            gpu=cards("measure_mechanism"),
        params:
            dtype=foundation("dtype"),
            backend=foundation("engine"),
            most_items=ANALYSIS["items"],
            unseen=PRETRAINING["unseen"],
        message:
            "Asking in a seen and an unseen format: {wildcards.subset}, {wildcards.model}"
        script:
            "../../scripts/measure_formats.py"

    rule tabulate_mixes:
        input:
            code=code("scripts/tabulate_mixes.py"),
            training=expand(
                "resources/foundations/{model}/training.json", model=OWN_MODELS
            ),
            mechanism="results/{run}/tables/mechanism.csv",
            translation="results/{run}/tables/translation.csv",
            tails=analysed(
                "results/{run}/analysis/mechanism/{subset}/{model}.csv", OWN_MODELS
            ),
            formats=analysed(
                "results/{run}/analysis/formats/{subset}/{model}.csv", OWN_MODELS
            ),
            decoded=analysed(
                "results/{run}/decode/translation/{subset}/{model}.jsonl", OWN_MODELS
            ),
            tuned=expand(
                "results/{{run}}/sft/translation/{model}.jsonl", model=OWN_MODELS
            ),
            data=splits_of("translation", "test.jsonl", subsets=MAIN),
            beside=PRETRAINING["beside"],
        output:
            csv="results/{run}/tables/mixes.csv",
            training="results/{run}/tables/mixes_training.csv",
            formats="results/{run}/tables/mixes_formats.csv",
            verdicts="results/{run}/tables/mixes_verdicts.csv",
            md="results/{run}/tables/mixes.md",
        log:
            "logs/{run}/tabulate_mixes.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            sources={name: own["source"] for name, own in OWN_MODELS.items()},
            cells=PRETRAINING["cells"],
            labels={name: LABELS[name] for name in OWN_MODELS},
            subsets=MAIN["translation"],
            unseen=PRETRAINING["unseen"]["name"],
            parallel=PRETRAINING["parallel"],
            most_items=ANALYSIS["items"],
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            "Making the tables of the mixes"
        script:
            "../../scripts/tabulate_mixes.py"
