"""Training an adapter on several GPUs of one machine: a process for each.

The foundation's weights, which are not trained, are divided among the GPUs by torch's FSDP (``fully_shard``; Zhao et
al. 2023, arXiv 2304.11277) and put together layer by layer, as each is needed; where one GPU holds all of them, each
has them all. The adapter is small: every process has it whole and makes the same update, from the sum of all
gradients. So it is saved, resumed and decoded with as one process's is.

A divided model cannot be decoded with. The processes leave a checkpoint with the adapters of all points on dev, and
`prefixyarn.models.sft.train.train` scores them.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.multiprocessing import spawn
from torch.multiprocessing.spawn import ProcessRaisedException
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from prefixyarn.errors import InputError
from prefixyarn.models.foundation import DTYPES, attention, load
from prefixyarn.models.sft.group import Group
from prefixyarn.models.sft.steps import Checkpoint, Training, take_steps
from prefixyarn.models.sft.train import trainable, trained
from prefixyarn.progress import log_gpu_memory
from prefixyarn.records import write_text

PATIENCE = timedelta(hours=2)  # the others wait until the first has read the weights


def train_on_several(
    processes: int,
    folder: Path,
    dtype: str,
    training: Training,
    done: Callable[[int], None],
    shard: bool | None = None,
) -> None:
    """Take all steps of a training, and leave the checkpoint of its last one, with what was trained at all points.

    Args:
        processes: How many; each has a GPU, or all share the CPU where there is none.
        folder: The foundation, a folder that `prefixyarn.models.convert` made.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        training: What is trained; by ``lora``.
        done: Called with the number of steps just finished, in the first process: it is pickled.
        shard: Whether each process holds only its part of the weights; by default where twice as many do not fit on a
            GPU.

    Raises:
        InputError: As `prefixyarn.models.sft.steps.take_steps`.
    """
    if Checkpoint.read(training.state_file, training.key(DTYPES[dtype])).step == training.config.steps:
        return
    with tempfile.TemporaryDirectory() as meeting:
        try:
            spawn(_process, (processes, f"{meeting}/store", folder, dtype, training, done, shard), processes)
        except ProcessRaisedException:
            if (told := _told(f"{meeting}/store")).exists():
                raise InputError(told.read_text(encoding="utf-8")) from None
            raise


def _process(
    rank: int,
    size: int,
    meeting: str,
    folder: Path,
    dtype: str,
    training: Training,
    done: Callable[[int], None],
    shard: bool | None,
) -> None:
    logging.basicConfig(level=logging.INFO if rank == 0 else logging.WARNING, format="%(message)s")
    gpu = torch.cuda.is_available()
    device = torch.device("cuda", rank) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    else:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // size))
    store = distributed.FileStore(meeting, size)
    backend = "nccl" if gpu else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    try:
        model = _model(folder, dtype, rank)
        whole = trainable(model, training.config)  # its layers are put into the model itself
        if shard is None:
            weights = sum(p.numel() * p.element_size() for p in model.parameters())
            shard = gpu and 2 * weights > torch.cuda.get_device_properties(device).total_memory
        _spread(model, device, rank, size if shard else 1)
        state = Checkpoint.read(training.state_file, training.key(model.dtype))
        finished = done if rank == 0 else lambda n: None
        take_steps(model, trained(whole), training, state, done=finished, group=Group(rank, size))
        log_gpu_memory()
    except InputError as error:
        write_text(_told(meeting), str(error))  # before the others lose this process, and maybe end first with that
        raise
    finally:
        distributed.destroy_process_group()


def _told(meeting: str) -> Path:
    """Return the file in which a process that ends with an input error leaves it."""
    return Path(meeting).with_name("error.txt")


def _model(folder: Path, dtype: str, rank: int) -> PreTrainedModel:
    """Return the foundation in the machine's memory in the first process, and only its shape in the others."""
    if rank == 0:
        return load(folder, folder.parent.name, dtype, on_gpus=False).model
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with torch.device("meta"):
        own: PreTrainedModel = AutoModelForCausalLM.from_config(
            config, dtype=DTYPES[dtype], attn_implementation=attention(folder), trust_remote_code=False
        )
    return own.eval()


def _spread(model: PreTrainedModel, device: torch.device, rank: int, parts: int) -> None:
    """Bring a model onto all processes' devices from the first, layer by layer, each divided into parts as it comes."""
    layers = [own for own in model.modules() if type(own).__name__ in (model._no_split_modules or ())]
    mesh = init_device_mesh(device.type, (parts,)) if parts > 1 else None
    for layer in layers:
        _send([*layer.modules()], device, rank)
        if mesh:
            fully_shard(layer, mesh=mesh, ignored_params={p for p in layer.parameters() if p.requires_grad})
    sent = {own for layer in layers for own in layer.modules()}
    _send([own for own in model.modules() if own not in sent], device, rank)
    if mesh:  # the decoder has the layers fetched in time; what lies beside them, each process has whole
        decoder = model.get_decoder()
        divided = {p for layer in layers for p in layer.parameters() if not p.requires_grad}
        fully_shard(decoder, mesh=mesh, ignored_params={*decoder.parameters()} - divided)


def _send(modules: Sequence[torch.nn.Module], device: torch.device, rank: int) -> None:
    """Bring the weights and buffers that modules have themselves from the first process to the device of each."""
    new: dict[torch.Tensor, torch.Tensor] = {}  # tied weights stay one
    for module in modules:
        for held in (module._parameters, module._buffers):
            for name, own in held.items():
                if own is not None and own not in new:
                    there = own.detach().to(device) if rank == 0 else torch.empty_like(own, device=device)
                    distributed.broadcast(there, 0)
                    weight = isinstance(own, torch.nn.Parameter)
                    new[own] = torch.nn.Parameter(there, own.requires_grad) if weight else there
                if own is not None:
                    held[name] = new[own]
