# Figures.


TRAINED = [task for task in TASKS if has(config, task, "sft")]
LOSSES = [f"sft_loss_{task}" for task in TRAINED]


rule plot_figures:
    input:
        code=code_inputs(
            "scripts/plot_figures.py", [f"tasks.{task}.metrics" for task in TASKS]
        ),
        sft=expand(
            "results/{{run}}/models/sft/{task}/{model}/manifest.json",
            task=TRAINED,
            model=FOUNDATIONS,
        ),
        overview="results/{run}/tables/overview.csv",
        costs=expand("results/{{run}}/tables/cost_{task}.csv", task=TASKS),
        translation=(
            "results/{run}/tables/translation.csv" if "translation" in TASKS else []
        ),
        agreement=(
            "results/{run}/tables/agreement.csv" if "agreement" in ANALYSES else []
        ),
        mechanism=(
            "results/{run}/tables/mechanism.csv" if "mechanism" in ANALYSES else []
        ),
        quality=(
            "results/{run}/tables/prior_quality.csv"
            if "prior_quality" in ANALYSES
            else []
        ),
        length=(
            "results/{run}/tables/prior_length.csv"
            if "prior_quality" in ANALYSES
            else []
        ),
        languages=(
            "results/{run}/tables/language_resources.csv"
            if fits_languages(config)
            else []
        ),
        scale="results/{run}/tables/scale.csv" if compares_sizes(config) else [],
        mixes="results/{run}/tables/mixes.csv" if PRETRAINING else [],
        training="results/{run}/tables/mixes_training.csv" if PRETRAINING else [],
        beside=PRETRAINING["beside"] if PRETRAINING else [],
    output:
        headline=report(
            drawn("headline"),
            caption="../report/headline.rst",
            category=SECTIONS["all"],
        ),
        cost=report(
            drawn("cost") if TRAINED else [],
            caption="../report/cost.rst",
            category=SECTIONS["cost"],
        ),
        off_target=report(
            drawn("off_target") if "translation" in TASKS else [],
            caption="../report/off_target.rst",
            category=SECTIONS["translation"],
        ),
        agreement=report(
            drawn("agreement") if "agreement" in ANALYSES else [],
            caption="../report/agreement.rst",
            category=SECTIONS["agreement"],
        ),
        silent_majority=report(
            drawn("silent_majority") if "agreement" in ANALYSES else [],
            caption="../report/agreement.rst",
            category=SECTIONS["agreement"],
        ),
        mechanism=report(
            drawn("mechanism") if "mechanism" in ANALYSES else [],
            caption="../report/mechanism.rst",
            category=SECTIONS["mechanism"],
        ),
        quality=report(
            drawn("prior_quality") if "prior_quality" in ANALYSES else [],
            caption="../report/prior_quality.rst",
            category=SECTIONS["quality"],
        ),
        length=report(
            drawn("prior_length") if "prior_quality" in ANALYSES else [],
            caption="../report/prior_length.rst",
            category=SECTIONS["quality"],
        ),
        languages=report(
            drawn("language_resources") if fits_languages(config) else [],
            caption="../report/language_resources.rst",
            category=SECTIONS["limits"],
        ),
        loss=report(
            drawn(LOSSES),
            caption="../report/sft_loss.rst",
            category=SECTIONS["sft"],
        ),
        scale=(
            report(
                "results/{run}/figures/scale.svg",
                caption="../report/scale.rst",
                category=SECTIONS["all"],
            )
            if compares_sizes(config)
            else []
        ),
        mixes=(
            report(
                "results/{run}/figures/mixes.svg",
                caption="../report/mixes.rst",
                category=SECTIONS["mechanism"],
            )
            if PRETRAINING
            else []
        ),
        budget="results/{run}/figures/mixes_budget.svg" if PRETRAINING else [],
        png=expand("results/{{run}}/figures/{name}.png", name=final_figures(config)),
        losses=[path.replace(".svg", ".csv") for path in drawn(LOSSES)],
    log:
        "logs/{run}/plot_figures.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        labels=lambda w: LABELS,
        tasks=TASKS,
        trained=TRAINED,
        resamples=config["score"]["resamples"],
        seed=config["seed"],
    message:
        "Drawing the figures"
    script:
        "../../scripts/plot_figures.py"
