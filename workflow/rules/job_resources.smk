# What jobs with a model ask for: memory, time, GPUs, by the size of the model (docs/cluster.md).
from prefixyarn.plan import (
    asked,
    converting_mb,
    minutes,
    ranks,
    refined_gpus,
    refined_mb,
    refined_minutes,
)


def asks(w, name):
    """Return what a job of a rule with a model asks for."""
    return asked(config, FOUNDATIONS[w.model], name, w.get("task", ""))


def memory(name):
    """Return a resources function: what such a job asks for in MB; twice after a failure."""
    return lambda w, attempt: attempt * asks(w, name).memory_mb


def runtime(name, task=""):
    """Return a resources function: the minutes that such a job asks for, of the wildcard task if there is one."""
    return lambda w, attempt: attempt * minutes(
        config, name, w.model, w.get("task", task)
    )


def cards(name):
    """Return a resources function: how many GPUs such a job asks for."""
    return lambda w: asks(w, name).gpus


def job_processes(name):
    """Return a threads function: how many processes such a job has, of one thread each."""
    return lambda w: asks(w, name).processes
