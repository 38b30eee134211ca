# The tables of the analyses (paper sections 2.2 and 5, open questions, limits).


if "agreement" in ANALYSES:

    rule tabulate_agreement:
        input:
            code=code("scripts/tabulate_agreement.py"),
            steps=analysed("results/{run}/analysis/agreement/{subset}/{model}.csv"),
        output:
            csv=report(
                "results/{run}/tables/agreement.csv",
                caption="../report/agreement.rst",
                category=SECTIONS["agreement"],
            ),
            md="results/{run}/tables/agreement.md",
        log:
            "logs/{run}/tabulate_agreement.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            foundations=list(FOUNDATIONS),
            subsets=MAIN["translation"],
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            "Making the table of agreement"
        script:
            "../../scripts/tabulate_agreement.py"


if "mechanism" in ANALYSES:

    rule tabulate_mechanism:
        input:
            code=code("scripts/tabulate_mechanism.py"),
            data=splits_of("translation", "test.jsonl", subsets=MAIN),
            scores=analysed("results/{run}/analysis/mechanism/{subset}/{model}.csv"),
        output:
            csv=report(
                "results/{run}/tables/mechanism.csv",
                caption="../report/mechanism.rst",
                category=SECTIONS["mechanism"],
            ),
            split=report(
                "results/{run}/tables/mechanism_split.csv",
                caption="../report/mechanism.rst",
                category=SECTIONS["mechanism"],
            ),
            md="results/{run}/tables/mechanism.md",
        log:
            "logs/{run}/tabulate_mechanism.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            foundations=list(FOUNDATIONS),
            subsets=MAIN["translation"],
            most_items=ANALYSIS["items"],
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            "Making the tables of what a prior does"
        script:
            "../../scripts/tabulate_mechanism.py"


if "prior_quality" in ANALYSES:

    rule tabulate_prior_quality:
        input:
            code=code("scripts/tabulate_prior_quality.py"),
            data=splits_of("translation", "test.jsonl", subsets=MAIN),
            outputs=analysed("results/{run}/analysis/outputs/{subset}/{model}.jsonl"),
            sft=expand(
                "results/{{run}}/sft/translation/{model}.jsonl", model=FOUNDATIONS
            ),
            manifests=expand(
                "resources/foundations/{model}/model/manifest.json",
                model=FOUNDATIONS,
            ),
        output:
            quality=report(
                "results/{run}/tables/prior_quality.csv",
                caption="../report/prior_quality.rst",
                category=SECTIONS["quality"],
            ),
            length="results/{run}/tables/prior_length.csv",
            sft_priors="results/{run}/tables/sft_priors.csv",
            propagation="results/{run}/tables/propagation.csv",
            md="results/{run}/tables/prior_quality.md",
        log:
            "logs/{run}/tabulate_prior_quality.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            foundations=list(FOUNDATIONS),
            subsets=MAIN["translation"],
            most_items=ANALYSIS["items"],
            k=ANALYSIS["k"],
            corrupt_words=ANALYSIS["corrupt_words"],
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            "Making the tables of the quality and length of priors"
        script:
            "../../scripts/tabulate_prior_quality.py"


if "forgetting" in ANALYSES:

    rule tabulate_forgetting:
        input:
            code=code_inputs(
                "scripts/tabulate_forgetting.py",
                [f"tasks.{task}.metrics" for task in TUNED],
            ),
            bits=expand(
                "results/{{run}}/analysis/forgetting/{model}.csv",
                model=FOUNDATIONS,
            ),
            cross_data=[
                file
                for task in TUNED
                for file in splits_of(task, "test.jsonl", subsets=CROSS_TASK)
            ],
            decoded=[
                f"results/{{run}}/decode/{task}/{subset}/{model}.jsonl"
                for model in FOUNDATIONS
                for task in TUNED
                for subset in CROSS_TASK[task]
            ],
            tuned=[
                f"results/{{run}}/sft/{task}/{model}.jsonl"
                for model in FOUNDATIONS
                for task in TUNED
            ],
            tried=CROSS_TASK_OUTPUTS,
        output:
            forgetting=report(
                "results/{run}/tables/forgetting.csv",
                caption="../report/forgetting.rst",
                category=SECTIONS["limits"],
            ),
            cross_task=report(
                "results/{run}/tables/cross_task.csv",
                caption="../report/forgetting.rst",
                category=SECTIONS["limits"],
            ),
            md="results/{run}/tables/forgetting.md",
        log:
            "logs/{run}/tabulate_forgetting.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            foundations=list(FOUNDATIONS),
            cross_task=lambda w: CROSS_TASK,
            resamples=config["score"]["resamples"],
            seed=config["seed"],
        message:
            "Making the tables of what the SFT models forget"
        script:
            "../../scripts/tabulate_forgetting.py"
