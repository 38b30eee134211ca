# What jobs with a model ask for: memory, time, GPUs, by the size of the model (docs/cluster.md).
from prefixyarn.plan import (
    converting_mb,
    gpus,
    memory_mb,
    minutes,
    processes,
    ranks,
    refined_gpus,
    refined_mb,
    refined_minutes,
    trains_all,
)


def memory(name):
    """Return a resources function: what a job of a rule with a model asks for in MB; twice after a failure."""
    return lambda w, attempt: attempt * memory_mb(
        FOUNDATIONS[w.model],
        name,
        trains_all(config, w.get("task", "")),
        job_processes(name)(w),
    )


def runtime(name, task=""):
    """Return a resources function: the minutes that such a job asks for, of the wildcard task if there is one."""
    return lambda w, attempt: attempt * minutes(
        config, name, w.model, w.get("task", task)
    )


def cards(name):
    """Return a resources function: how many GPUs such a job asks for."""
    return lambda w: gpus(
        FOUNDATIONS[w.model],
        config["cluster"]["gpu_gb"],
        name,
        trains_all(config, w.get("task", "")),
    )


def job_processes(name):
    """Return a threads function: how many processes such a job has, of one thread each."""
    return lambda w: processes(
        FOUNDATIONS[w.model],
        config["cluster"]["gpu_gb"],
        name,
        trains_all(config, w.get("task", "")),
    )
