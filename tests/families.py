"""Tiny random models of every family of causal language models of ``transformers``, and whether the engine is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

import tiny
from prefixyarn.decode.backend import Request
from prefixyarn.decode.constraint import Constraint, Ids
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.likelihood import distributions, score
from prefixyarn.decode.stops import Stops
from prefixyarn.models.families import REFUSED, WAYS
from prefixyarn.models.sft.loss import Example, target_loss

FAMILIES = sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
VOCABULARY = 128

# What a configuration is given of these, where it has them: small shapes, and everything that moves logits set away from
# its default.
_SIZES: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "embedding_size", "emb_dim", "word_embed_proj_dim"), 32),
    **dict.fromkeys(
        ("intermediate_size", "n_inner", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim", "dff", "dim_ff"), 64
    ),
    **dict.fromkeys(("ffn_hidden_size", "shared_expert_intermediate_size", "shared_intermediate_size"), 32),
    **dict.fromkeys(("moe_intermediate_size", "dense_intermediate_size", "intermediate_size_mlp"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers", "encoder_layers"), 2),
    **dict.fromkeys(("num_decoder_layers", "num_encoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads"), 4),
    **dict.fromkeys(("decoder_attention_heads", "encoder_attention_heads", "swa_num_attention_heads"), 4),
    **dict.fromkeys(("num_decoder_attention_heads", "num_encoder_attention_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "swa_num_key_value_heads"), 2),
    **dict.fromkeys(("head_dim", "d_head", "dim_head", "v_head_dim", "qk_nope_head_dim", "qk_rope_head_dim"), 8),
    **dict.fromkeys(("swa_head_dim", "kv_channels", "attention_head_dim", "linear_head_dim"), 8),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "index_head_dim"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "o_lora_rank"), 16),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_target_positions"), 256),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k"), 2),
    **dict.fromkeys(("n_group", "topk_group", "num_expert_group"), 1),
    **dict.fromkeys(("sliding_window", "sliding_window_size", "attention_window_size", "window_size"), 8),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads", "linear_num_heads", "index_n_heads"), 2),
    **dict.fromkeys(("mamba_n_heads", "mamba_num_heads", "n_mamba_heads"), 4),
    **dict.fromkeys(("mamba_d_head", "mamba_head_dim", "mamba_headdim"), 16),
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input", "decoder_vocab_size"), VOCABULARY),
    "mamba_d_state": 8,
    "state_size": 8,
    "ssm_state_size": 8,
    "index_topk": 4,
    "first_k_dense_replace": 1,
    "rotary_dim": 4,
    "num_nextn_predict_layers": 0,
    "use_sliding_window": True,
}
_AWAY: dict[str, Any] = {
    "tie_word_embeddings": False,
    "final_logit_softcapping": 2.0,
    "attn_logit_softcapping": 3.0,
    "logits_scaling": 4.0,
    "logit_scale": 0.25,
    "lm_head_multiplier": 0.5,
    "logits_soft_cap": 2.0,
    "output_logit_soft_cap": 2.0,
    "logits_mup_width_multiplier": 4.0,
    "embedding_multiplier": 3.0,
    "residual_multiplier": 0.7,
    "attention_multiplier": 0.2,
    **dict.fromkeys(
        ("attention_bias", "mlp_bias", "use_bias", "bias", "lm_head_bias", "use_qkv_bias", "qkv_bias"), True
    ),
}
_IDS = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
_LATENT = {"num_key_value_heads": 4, "head_dim": 8}
_LINEAR = {"layer_types": ["linear_attention", "full_attention"]}
_OWN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("axk1", "axk2", "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe_lite"), _LATENT),
    **dict.fromkeys(("glm_moe_dsa", "longcat_flash", "minicpm3", "youtu", "dots3_note_text"), _LATENT),
    **dict.fromkeys(("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "granitemoehybrid"), _LINEAR),
    "bailing_hybrid": _LINEAR | {"num_key_value_heads": 4},
    "kimi_linear": _LINEAR | _LATENT,
    "qwen4_exp_text": {"layer_types": ["linear_attention", "indexed_attention"]},
    "bamba": {"attn_layer_indices": [1], "mamba_n_groups": 1},
    "falcon_h1": {"mamba_d_ssm": 64, "mamba_n_groups": 1},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 8},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "lfm3": {"layer_types": ["conv", "full_attention"], "num_hidden_layers": 2},
    "mamba2": {"num_heads": 4, "head_dim": 16, "n_groups": 1},
    "nemotron_h": {"layers_block_type": ["linear_attention", "full_attention"], "n_groups": 1},
    "dots1": {"n_shared_experts": 1},
    "zaya": {"num_experts_per_tok": 1},
    "recurrent_gemma": {"block_types": ["recurrent", "attention"], "lru_width": 32},
    "gemma3n_text": {
        "num_hidden_layers": 4,
        "num_kv_shared_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "intermediate_size": 64,
        "activation_sparsity_pattern": [0.0] * 4,
    },
}


def tiny_config(family: str, **own: Any) -> PreTrainedConfig:
    """Return a tiny configuration of a family, with settings of one's own."""
    kind: Any = CONFIG_MAPPING[family]
    usual = kind()
    known = {*usual.to_dict(), *getattr(kind, "attribute_map", {})}
    given = {key: value for key, value in (_SIZES | _AWAY).items() if key in known}
    kinds = [*dict.fromkeys(getattr(usual, "layer_types", None) or ())]
    if len(kinds) > 1 and not isinstance(getattr(kind, "layer_types", None), property):  # a layer of each kind
        given |= {"num_hidden_layers": len(kinds), "layer_types": kinds}
    made: PreTrainedConfig = kind(**{**given, **_IDS, **_OWN.get(family, {}), **own})
    return made


def tiny_model(config: PreTrainedConfig, seed: int = 0) -> PreTrainedModel:
    """Return a random model of a tiny configuration, with biases and norms away from their start."""
    with torch.device("meta"):
        size = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    assert size < 4_000_000, f"{size} parameters"
    torch.manual_seed(seed)
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for p in made.parameters():
            if p.is_floating_point():
                p.add_(torch.randn_like(p) * 0.3)
    return made


_draw = torch.Generator().manual_seed(3)


def _some(n: int) -> Ids:
    return tuple(torch.randint(3, VOCABULARY, (n,), generator=_draw).tolist())


LONG, SHORT = (2, *_some(40)), (2, *_some(17))  # longer than windows, and with examples before it below
ALIKE = (*LONG[:36], *_some(9))
REQUESTS = [Request(LONG), Request(LONG, _some(1)), Request(SHORT, _some(3)), Request(ALIKE, _some(2)), Request(ALIKE)]
CONSTRAINT = Constraint((_some(3), _some(2), _some(1)), ((5, 6), (5, 7), (8,)))
TOKENS = 8  # of an answer


def differences(model: PreTrainedModel) -> list[str]:
    """Return in what the engine differs from a model's own ``generate`` and forward pass; nothing where it is right."""
    stops, limits = Stops(tiny.tokenizer(), frozenset(), frozenset({1}), TOKENS), Limits(10**6, max_rows=8)
    wrong = []
    found = [answer.new_ids for answer in decode(model, REQUESTS, stops, limits)]
    if found != [_generated(model, request) for request in REQUESTS]:
        wrong.append("answers")
    request = Request(LONG, (), CONSTRAINT)
    if decode(model, [request], replace(stops, max_answer_tokens=40), limits)[0].new_ids != _constrained(model):
        wrong.append("constrained answers")
    requests = [Request(LONG, SHORT[1:]), Request(LONG, SHORT[1:9] + LONG[3:6]), Request(SHORT, ALIKE[3:9])]
    own = {request: likelihoods(model, request) for request in requests}
    read = score(model, requests, limits)
    off = max(abs(a - b) for request in requests for a, b in zip(read[request], own[request], strict=True))
    if not off < 1e-3:
        wrong.append(f"likelihoods by {off:.2g}")
    if not _same_distributions(model, requests):
        wrong.append("distributions")
    with torch.no_grad():
        loss, _ = target_loss(model, [Example(request.prompt, request.prior) for request in requests])
    if not abs(float(loss) + sum(map(sum, own.values()))) < 1e-2:
        wrong.append("the loss of training")
    return wrong


def likelihoods(model: PreTrainedModel, request: Request) -> list[float]:
    """Return the log-probabilities of a prior's tokens by a model's whole forward pass."""
    start = len(request.prompt) - 1
    rows = _logits(model, [*request.prompt, *request.prior])[start:].log_softmax(-1)
    return [float(rows[n, token]) for n, token in enumerate(request.prior)]


@torch.inference_mode()
def _logits(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    return model(torch.tensor([ids]), use_cache=False).logits[0].float()


@torch.inference_mode()
def _generated(model: PreTrainedModel, request: Request) -> Ids:
    ids = torch.tensor([[*request.prompt, *request.prior]])
    how: Any = {"do_sample": False, "max_new_tokens": TOKENS - len(request.prior), "eos_token_id": 1, "pad_token_id": 0}
    return tuple(model.generate(ids, attention_mask=torch.ones_like(ids), **how)[0, ids.shape[1] :].tolist())


def _constrained(model: PreTrainedModel) -> Ids:
    tokens: list[int] = []
    while allowed := CONSTRAINT.allowed(tokens):
        last = _logits(model, [*LONG, *tokens])[-1] if len(allowed) > 1 else torch.zeros(VOCABULARY)
        tokens.append(max(allowed, key=lambda token: float(last[token])))
    return tuple(tokens)


def _same_distributions(model: PreTrainedModel, requests: list[Request]) -> bool:
    for request, found in zip(requests, distributions(model, requests), strict=True):
        own = _logits(model, [*request.prompt, *request.prior])[len(request.prompt) - 1 :].log_softmax(-1)
        if not torch.allclose(found, own, atol=1e-3):
            return False
    return True


def table() -> str:
    """Return the table of docs/models.md."""
    rows = [(own, families) for own, families in WAYS.items()]
    rows += [(f"refused: {reason}", families) for reason, families in REFUSED.items()]
    lines = ["| how | families |", "|---|---|"]
    return "\n".join([*lines, *(f"| {how} | {', '.join(map(_marked, families))} |" for how, families in rows)])


def _marked(family: str) -> str:
    """Return a family's name, with a star where it has eager attention alone."""
    kind = AutoModelForCausalLM._model_mapping[CONFIG_MAPPING[family]]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return family if kinds[0]._supports_sdpa else f"{family}*"
