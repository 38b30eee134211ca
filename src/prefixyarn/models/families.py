"""Which families of ``transformers``' causal language models the built-in engine decodes, and how; which it refuses.

A family is a ``model_type``. Each accepted one was shown to answer exactly as its own ``generate`` does, with a model
that has biases, scales, caps and windows away from their defaults (tests/unit/test_families.py).
benchmarks/model_families.py finds the way of another, and docs/models.md is made of this.
"""

from __future__ import annotations

from typing import Any

from prefixyarn.errors import InputError


def _names(text: str) -> list[str]:
    return text.split()


# The ways.
BATCH = "batch"  # attention goes through the interface of ``transformers``, where the engine takes it over
MASKED = "masks"  # it does not, or does more than the interface says: it gets masks, and few rows side by side
ALONE = "one by one"  # by the model's own forward pass and cache (`prefixyarn.decode.alone`)

WAYS = {
    BATCH: _names("""
        afmoe apertus arcee aria_text beam biogpt bitnet cohere cohere2 cohere2_moe ctrl cwm dots1 ernie4_5 ernie4_5_moe
        exaone4 exaone_moe flex_olmo gemma gemma2 gemma3_text gemma4_text gemma4_unified_text glm glm4 glm4_moe gpt-sw3
        gpt2 gpt_bigcode gpt_neox granite granitemoe granitemoeshared helium hunyuan_v1_dense hunyuan_v1_moe hy_v3
        hyperclovax internlm3 iquestcoder jais2 kolibri1 laguna llama mellum minimax_m2 minimax_m3_vl_text ministral
        ministral3 mistral mixtral nanochat nemotron olmo olmo2 olmo3 olmoe opt persimmon phi phi3 phimoe qwen2
        qwen2_moe qwen3 qwen3_moe seed_oss smollm3 solar_open stablelm starcoder2 vaultgemma
    """),
    MASKED: _names("""
        axk1 codegen deepseek_v2 deepseek_v3 diffllama doge falcon flint gemma3n_text glm4_moe_lite gpt_neox_japanese
        gpt_oss gptj granite_swa granitemoe_swa hrm_text jetmoe longcat_flash mimo_v2_flash minicpm3 xglm youtu
    """),
    ALONE: _names("""
        bailing_hybrid bloom falcon_h1 falcon_mamba gpt_neo granitemoehybrid inkling2_text inkling_text jamba
        kimi_linear lfm2 lfm2_moe lfm3 mamba mamba2 minimax mpt nemotron_h olmo_hybrid qwen3_5_moe_text qwen3_5_text
        qwen3_next rwkv zamba zaya
    """),
}
# Of those one by one: behind its cache such a model reads one token rightly, and several not.
STEPWISE = frozenset({"falcon_mamba", "jamba", "mamba", "zamba"})

REFUSED = {
    "reads images or sound as well; give a model of its text part alone": _names("""
        blt dots3_note emu3 fuyu gemma3 gemma3n gemma4 gemma4_unified git got_ocr2 llama4 mllama moshi
        moss_transcribe_diarize musicgen musicgen_melody phi4_multimodal qwen3_5 qwen3_5_moe qwen4_exp
    """),
    "is the decoder of a model that has an encoder": _names("""
        bart bigbird_pegasus blenderbot blenderbot-small marian mbart mvp pegasus plbart prophetnet trocr whisper
    """),
    "is an encoder, or reads a text in no fixed order": _names("""
        bert bert-generation big_bird camembert cpmant data2vec-text electra ernie megatron-bert reformer rembert
        roberta roberta-prelayernorm roc_bert roformer xlm xlm-roberta xlm-roberta-xl xlnet xmod
    """),
    "drafts for another model": _names("gemma4_assistant gemma4_unified_assistant"),
    "does not read with its cache what it reads without": _names("""
        axk2 bamba deepseek_v32 deepseek_v4 dots3_note_text glm_moe_dsa hy_v4
    """),
    "gives no cache, or not its decoder": _names("llama4_text modernbert-decoder openai-gpt recurrent_gemma"),
    "could not be tried: no small model of it could be made": _names("""
        cohere_compass_text dbrx qwen4_exp_text xlstm zamba2
    """),
}

_WAY = {family: own for own, families in WAYS.items() for family in families}
_REASON = {family: reason for reason, families in REFUSED.items() for family in families}


def check_family(family: str) -> None:
    """Check that a family is decoded.

    Raises:
        InputError: It is not; the reason is named.
    """
    if family not in _WAY:
        reason = _REASON.get(family, "is none that was tried (benchmarks/model_families.py tries it)")
        raise InputError(
            f"the engine does not decode models of the family {family!r}: it {reason}. See docs/models.md."
        )


def way(config: Any) -> str:
    """Return how models with a configuration of ``transformers`` are decoded: `BATCH`, `MASKED` or `ALONE`.

    Raises:
        InputError: They are not.
    """
    family: str = config.model_type
    check_family(family)
    tokens = getattr(config, "unpadded_vocab_size", None)
    if tokens and tokens < config.vocab_size:
        raise InputError(f"the engine does not decode a {family!r} whose vocabulary is padded. Cut it to its tokens.")
    if family == "falcon" and config.alibi:  # a mask that counts, as BLOOM's
        return ALONE
    if _WAY[family] == BATCH and getattr(config, "num_kv_shared_layers", None):  # layers that read the keys of another
        return MASKED
    return _WAY[family]
