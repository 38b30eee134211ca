"""Tiny stand-ins that the tests make: a tokenizer, random models, wheels with gettext catalogues."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import ascii_letters
from typing import Any
from urllib.parse import unquote

import torch
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from sentencepiece import SentencePieceTrainer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    CohereConfig,
    FalconConfig,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    GraniteConfig,
    LlamaConfig,
    LlamaForCausalLM,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MistralConfig,
    MistralForCausalLM,
    MT5Config,
    MT5ForConditionalGeneration,
    NllbTokenizer,
    Olmo2Config,
    OPTConfig,
    PhiConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    StableLmConfig,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizer,
)

from prefixyarn.languages import LANGUAGES

# Enough text in four scripts for every character that the tests use, and for tokens that hold line breaks.
TEXT = [
    "English: The file was saved.\nGerman: Die Datei wurde gespeichert.\n\n",
    "English: The user could not open the file.\nGerman: Der Nutzer konnte die Datei nicht öffnen.\n\n\n",
    "English: The user can delete each file again.\nChinese:用户可以再次删除每个文件。\n\n",
    "English sentence: Please check the list of names.\nRussian: Пожалуйста, проверьте список имён.\n",
    "مرحبا بك في البرنامج.\nYour password is not long enough? Ja! ÄÖÜäöüß – “quoted” 'single' 0123456789 ;\n",
    "### Instruction:\nTranslate this sentence into the other language.\n\n### Input:\n\n### Response:\n",
]


def tokenizer(vocabulary: int = 700) -> PreTrainedTokenizerFast:
    """Return a BPE tokenizer like Gemma's: spaces become U+2581, words may merge with line breaks, BOS is added."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "▁")
    # As in Gemma's vocabulary no token goes over a space or a colon; over a line break some do.
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("▁", "merged_with_next"), pre_tokenizers.Split(":", "isolated")]
    )
    made.decoder = decoders.Replace("▁", " ")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    # Those that tests use: every further letter takes the place of a token.
    known = [LANGUAGES[code] for code in ("en", "de", "fr", "zh", "pt", "uk", "ru", "ar", "sw", "yo")]
    names = [name for own in known for name in (own.name, own.native, own.heading)]
    alphabet = sorted({*"".join(TEXT + names), *str((NOUNS, VERBS, ENDS)), *"和被", *ascii_letters} - {" "})
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=alphabet,
        max_token_length=6,
        show_progress=False,
    )
    made.train_from_iterator(TEXT * 3, trainer)
    made.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<bos>", eos_token="<eos>", unk_token="<unk>", pad_token="<pad>"
    )


def gemma(vocabulary: int, seed: int = 0, head_dim: int = 8) -> PreTrainedModel:
    """Return a random Gemma 3: local layers with a window of 8, a global one, one key-value head for four."""
    torch.manual_seed(seed)
    config = Gemma3TextConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=head_dim,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        query_pre_attn_scalar=8,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
        initializer_range=0.5,
        tie_word_embeddings=False,  # tied random weights say the same token for ever
    )
    return Gemma3ForCausalLM(config).eval()


_IDS: dict[str, Any] = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
_SHAPE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "initializer_range": 0.5,
    **_IDS,
}


def llama(vocabulary: int, seed: int = 0, head_dim: int = 8) -> PreTrainedModel:
    """Return a random Llama with grouped-query attention and an output matrix of its own."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=vocabulary, num_key_value_heads=2, head_dim=head_dim, **_SHAPE)
    ).eval()


def mistral(vocabulary: int, seed: int = 0, head_dim: int = 8) -> PreTrainedModel:
    """Return a random Mistral: a sliding window of 8 in all layers."""
    torch.manual_seed(seed)
    return MistralForCausalLM(
        MistralConfig(vocab_size=vocabulary, sliding_window=8, num_key_value_heads=2, head_dim=head_dim, **_SHAPE)
    ).eval()


def qwen2(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random Qwen 2, biases and all."""
    torch.manual_seed(seed)
    return Qwen2ForCausalLM(Qwen2Config(vocab_size=vocabulary, num_key_value_heads=2, **_SHAPE)).eval()


def qwen3(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random Qwen 3 with a head dimension of its own and a sliding window in its second layer."""
    torch.manual_seed(seed)
    windows = {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}
    config = Qwen3Config(vocab_size=vocabulary, num_key_value_heads=1, head_dim=12, **windows, **_SHAPE)
    return Qwen3ForCausalLM(config).eval()


def phi(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random Phi, whose output matrix has a bias that matters."""
    made = _family(PhiConfig(vocab_size=vocabulary, partial_rotary_factor=0.5, **_SHAPE), seed)
    torch.nn.init.normal_(made.get_output_embeddings().bias, std=3.0)
    return made


def granite(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random Granite, which divides logits, scales embeddings and scores."""
    scales = {"logits_scaling": 4.0, "embedding_multiplier": 3.0, "attention_multiplier": 0.2}
    return _family(GraniteConfig(vocab_size=vocabulary, num_key_value_heads=2, **scales, **_SHAPE), seed)


def cohere(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random Cohere, which multiplies logits."""
    own = {"logit_scale": 0.25, "tie_word_embeddings": False}
    return _family(CohereConfig(vocab_size=vocabulary, num_key_value_heads=2, **own, **_SHAPE), seed)


def gpt2(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random GPT-2, with learned positions."""
    shape = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256, "tie_word_embeddings": False}
    return _family(GPT2Config(vocab_size=vocabulary, **shape, **_IDS), seed)


def gpt_neox(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random GPT-NeoX, with parallel layers."""
    return _family(GPTNeoXConfig(vocab_size=vocabulary, **_SHAPE), seed)


def opt(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random OPT, with learned positions and a projection from its embeddings."""
    shape = {"hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "init_std": 0.5}
    own = {"word_embed_proj_dim": 16, "max_position_embeddings": 256, "tie_word_embeddings": False}
    return _family(OPTConfig(vocab_size=vocabulary, **shape, **own, **_IDS), seed)


def falcon(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random Falcon, with one key head, and attention that knows no interface."""
    return _family(FalconConfig(vocab_size=vocabulary, multi_query=True, tie_word_embeddings=False, **_SHAPE), seed)


def stablelm(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random StableLM."""
    return _family(StableLmConfig(vocab_size=vocabulary, num_key_value_heads=2, **_SHAPE), seed)


def olmo2(vocabulary: int, seed: int = 0) -> PreTrainedModel:
    """Return a random OLMo 2, which normalises after its layers."""
    return _family(Olmo2Config(vocab_size=vocabulary, num_key_value_heads=2, **_SHAPE), seed)


def _family(config: Any, seed: int) -> PreTrainedModel:
    torch.manual_seed(seed)
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    return made


# One family of each kind that the engine must do right; `families` has all.
FAMILIES = [
    gemma, llama, mistral, qwen2, qwen3, phi, granite, cohere, gpt2, gpt_neox, opt, falcon, stablelm, olmo2,
]  # fmt: skip


# The same, each in a batch of some rows; and one of each kind of attention in the smallest and in large ones.
FAMILIES_AND_ROWS = [
    *((make, 8) for make in FAMILIES),
    *((make, rows) for make in (gemma, falcon) for rows in (1, 1000)),
]


def save_model(folder: Path, seed: int = 0, head_dim: int = 8) -> Path:
    """Save a random Gemma 3 and its tokenizer as a model folder."""
    made = tokenizer()
    gemma(len(made), seed, head_dim).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def with_code(folder: Path, name: str, part: str, marker: Path) -> None:
    """Make a model's ``{name}.json`` ask for code of the model's own, which writes a marker when it is run."""
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w')\nclass Own: ...\n")
    known = json.loads((folder / f"{name}.json").read_text())
    known |= {"model_type": "own", "tokenizer_class": "Own", "auto_map": {part: ["own.Own", "own.Own"]}}
    if name == "config":
        known["auto_map"] = {part: "own.Own"}
    (folder / f"{name}.json").write_text(json.dumps(known))


def published(folder: Path, head_dim: int = 8) -> None:
    """Save random models in the formats that the paper's are published in: Llama, Mistral, NLLB, mT5, XLM-R."""
    made = tokenizer()
    for name, make in (("llama", llama), ("mistral", mistral)):
        make(len(made), head_dim=head_dim).save_pretrained(folder / name)
        made.save_pretrained(folder / name)
    texts = [text for sentence in parallel(1, 200) for text in sentence]
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer: Any = trainers.BpeTrainer(vocab_size=600, special_tokens=specials, show_progress=False)
    trained.train_from_iterator(texts, trainer)
    bpe = json.loads(trained.to_str())["model"]
    nllb: Any = NllbTokenizer(vocab=bpe["vocab"], merges=[tuple(pair) for pair in bpe["merges"]])
    layers = {f"{side}_{name}": n for side in ("encoder", "decoder") for name, n in (("layers", 1), ("ffn_dim", 32))}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    config: Any = M2M100Config(vocab_size=len(nllb), d_model=16, max_position_embeddings=300, **layers, **heads, **ids)
    M2M100ForConditionalGeneration(config).save_pretrained(folder / "nllb")
    nllb.save_pretrained(folder / "nllb")

    def pieces(special: list[str]) -> list[tuple[str, float]]:
        own = Tokenizer(models.Unigram())
        own.pre_tokenizer = pre_tokenizers.Metaspace()
        how: Any = trainers.UnigramTrainer(
            vocab_size=500, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        own.train_from_iterator(texts, how)
        return [tuple(piece) for piece in json.loads(own.to_str())["model"]["vocab"]]

    # mT5's tokenizer is published as a SentencePiece model alone.
    config = MT5Config(vocab_size=500, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    MT5ForConditionalGeneration(config).save_pretrained(folder / "mt5")
    with open(folder / "mt5/spiece.model", "wb") as stream:
        options: dict[str, Any] = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "vocab_size": 400}
        options |= {"hard_vocab_limit": False, "minloglevel": 2, "num_threads": 1}
        SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=stream, **options)
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "extra_ids": 0}
    (folder / "mt5/tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer", **special}))
    xlmr: Any = XLMRobertaTokenizer(vocab=pieces(specials))
    config = XLMRobertaConfig(
        vocab_size=len(xlmr),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=300,
        pad_token_id=1,
    )
    XLMRobertaForMaskedLM(config).save_pretrained(folder / "xlmr")
    xlmr.save_pretrained(folder / "xlmr")


def mirror(folder: Path) -> None:
    """Write FLORES-101, MUSE and a treebank of UD 2.5 in their official layouts, for English, German and Chinese."""
    names = ("eng", "deu", "zho_simpl")
    for split, seed, size in (("dev", 11, 90), ("devtest", 12, 30)):
        (folder / "flores101_dataset" / split).mkdir(parents=True)
        for name, texts in zip(names, zip(*parallel(seed, size), strict=True), strict=True):
            (folder / f"flores101_dataset/{split}/{name}.{split}").write_text("\n".join(texts) + "\n")
    (folder / "muse").mkdir()
    for place, code in enumerate(("de", "zh")):
        pairs = [(english, NOUNS[english][place]) for english in NOUNS]
        (folder / f"muse/en-{code}.txt").write_text("".join(f"{e} {t.split()[-1]}\n" for e, t in pairs))
        (folder / f"muse/{code}-en.txt").write_text("".join(f"{t.split()[-1]} {e}\n" for e, t in pairs))
    treebank(folder / "ud-treebanks-v2.5", {"train": 80, "dev": 12, "test": 12})


def wheel(folder: Path, package: str, version: str, files: Mapping[str, bytes]) -> tuple[Path, str]:
    """Write a wheel that pip accepts.

    Returns:
        Its path and its SHA-256.
    """
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in contents.items()
    )
    contents[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in contents.items():
            archive.writestr(zipfile.ZipInfo(member, (2026, 1, 1, 0, 0, 0)), data)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def catalogue(messages: Mapping[str | tuple[str, str], str | tuple[str, str]], code: str = "de") -> bytes:
    """Return a compiled gettext catalogue."""
    made = Catalog(locale=code)
    for source, target in messages.items():
        made.add(source, target)
    stream = io.BytesIO()
    write_mo(stream, made)
    return stream.getvalue()


NOUNS = {
    "file": ("Datei", "文件"),
    "user": ("Nutzer", "用户"),
    "name": ("Name", "名称"),
    "list": ("Liste", "列表"),
    "page": ("Seite", "页面"),
    "image": ("Bild", "图像"),
    "server": ("Server", "服务器"),
    "report": ("Bericht", "报告"),
    "window": ("Fenster", "窗口"),
    "button": ("Knopf", "按钮"),
    "letter": ("Brief", "信件"),
    "table": ("Tabelle", "表格"),
}
VERBS = {
    "saved": ("gespeichert", "保存"),
    "deleted": ("entfernt", "删除"),
    "opened": ("geöffnet", "打开"),
    "closed": ("geschlossen", "关闭"),
    "checked": ("geprüft", "检查"),
    "renamed": ("umbenannt", "重命名"),
}
ENDS = {
    "by someone else before": ("vorher von jemand anderem", "之前由别人"),
    "without any further question": ("ohne jede weitere Frage", "没有任何进一步的问题"),
    "because nobody needed it": ("weil niemand es brauchte", "因为没有人需要它"),
    "after a very long night": ("nach einer sehr langen Nacht", "在很长的夜晚之后"),
    "twice within one single hour": ("zweimal in einer einzigen Stunde", "在一个小时内两次"),
}


def parallel(seed: int, n: int) -> list[tuple[str, str, str]]:
    """Return n different English sentences with German and Chinese translations, some of them near-duplicates."""
    rng = random.Random(seed)
    found: dict[str, tuple[str, str, str]] = {}
    while len(found) < n:
        noun, other = rng.sample(sorted(NOUNS), 2)
        verb, end = rng.choice(sorted(VERBS)), rng.choice(sorted(ENDS))
        english = f"The {noun} and the {other} were {verb} {end}."
        german = f"{NOUNS[noun][0]} und {NOUNS[other][0]} wurden {ENDS[end][0]} {VERBS[verb][0]}."
        chinese = f"{NOUNS[noun][1]}和{NOUNS[other][1]}{ENDS[end][1]}被{VERBS[verb][1]}。"
        found[english] = (english, german, chinese)
    return list(found.values())


def catalogue_wheel(folder: Path, package: str, sentences: Sequence[tuple[str, str, str]]) -> str:
    """Write a wheel of a program with German and Chinese catalogues; return its SHA-256."""
    files = {
        f"{package}/locale/de/LC_MESSAGES/django.mo": catalogue({e: g for e, g, _ in sentences}),
        f"{package}/locale/zh_Hans/LC_MESSAGES/django.mo": catalogue({e: c for e, _, c in sentences}, "zh"),
    }
    return wheel(folder, package, "1.0", files)[1]


def crosssum(folder: Path, sizes: Mapping[str, int]) -> None:
    """Write CrossSum's files of English texts and Chinese summaries, and a dictionary for them."""
    folder.mkdir(parents=True)
    corpus = parallel(7, 4 * sum(sizes.values()))
    for name, size in sizes.items():
        lines = []
        for _ in range(size):
            (one, _, chinese), (two, _, _) = corpus.pop(), corpus.pop()
            record = {"source_url": "", "target_url": "", "text": f"{one} {two}", "summary": chinese}
            lines.append(json.dumps(record, ensure_ascii=False))
        (folder / f"english-chinese_simplified_{name}.jsonl").write_text("\n".join(lines) + "\n")
    words = sorted({word.strip(".").lower() for english, _, _ in parallel(7, 50) for word in english.split()})
    (folder / "en-zh.txt").write_text("".join(f"{word} 文件\n" for word in words))


def treebank(folder: Path, sizes: Mapping[str, int]) -> None:
    """Write the files of a German treebank in the layout of the Universal Dependencies release."""
    (folder / "UD_German-GSD").mkdir(parents=True)
    corpus = parallel(8, 4 * sum(sizes.values()))
    for name, size in sizes.items():
        lines = []
        for n in range(size):
            words = corpus.pop()[1].removesuffix(".").split() + ["."]
            lines.append(f"# sent_id = {name}-{n}")
            for number, word in enumerate(words, 1):
                tag = "PUNCT" if word == "." else "NOUN" if word[0].isupper() and number > 1 else "VERB"
                lines.append("\t".join([str(number), word, "_", tag, *["_"] * 6]))
            lines.append("")
        (folder / "UD_German-GSD" / f"de_gsd-ud-{name}.conllu").write_text("\n".join(lines) + "\n")


# The pull request in which a tiny hub's bot has its files, and its commit.
PULL_REQUEST, PULL_COMMIT = 7, "e" * 40


@dataclass
class Hub:
    """A server that answers as the Hugging Face hub does: its address, and the paths that it was asked for."""

    address: str
    served: list[str] = field(default_factory=list)


@contextmanager
def hub(
    commit: str,
    repositories: Mapping[str, Mapping[str, bytes | None] | None],
    converted: Mapping[str, Mapping[str, bytes]] | None = None,
) -> Iterator[Hub]:
    """Serve as the Hugging Face hub does.

    Args:
        commit: The commit of all repositories, and of their revision ``main``.
        repositories: By id (of a data set after ``datasets/``) the files by their paths; None for a gated repository, or
            for a file of one whose listing anybody may see.
        converted: By id what the hub's conversion bot has added in a pull request.
    """

    def answer(path: str) -> bytes | tuple[int, str]:
        for name, files in repositories.items():
            api = f"/api/{name if name.startswith('datasets/') else f'models/{name}'}"
            if files is None:
                if path.startswith(f"{api}/"):
                    return 403, "GatedRepo"
                continue
            added = (converted or {}).get(name, {})
            if path == f"{api}/discussions":
                by = {"author": {"name": "SFconvertbot"}, "title": "Adding `safetensors` variant of this model"}
                strangers = {"num": 3, "author": {"name": "stranger"}, "title": by["title"]}
                found = [strangers, {"num": PULL_REQUEST, **by}] if added else []
                same = {"repo": {"name": name, "type": "model"}, "isPullRequest": True, "status": "open"}
                listed = [{**same, "createdAt": "2024-01-01T00:00:00.000Z", **own} for own in found]
                return json.dumps({"discussions": listed, "count": len(listed), "start": 0}).encode()
            for own, held, known in (
                (commit, files, {"main", commit}),
                (PULL_COMMIT, {**files, **added}, {f"refs/pr/{PULL_REQUEST}", PULL_COMMIT} if added else set()),
            ):
                if path in {f"{api}/revision/{revision}" for revision in known}:
                    siblings = [{"rfilename": file} for file in sorted(held)]
                    return json.dumps({"id": name, "modelId": name, "sha": own, "siblings": siblings}).encode()
                if path == f"{api}/tree/{own}" and known:
                    tree = [
                        {
                            "type": "file",
                            "path": file,
                            "size": len(data or b""),
                            "oid": hashlib.sha1(data or b"").hexdigest(),
                        }
                        for file, data in sorted(held.items())
                    ]
                    return json.dumps(tree).encode()
                file = path.removeprefix(f"/{name}/resolve/{own}/")
                if file in held and known:
                    data = held[file]
                    return (403, "GatedRepo") if data is None else data
        return 404, "RepoNotFound"

    made = Hub("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.respond(body=True)

        def do_HEAD(self) -> None:
            self.respond(body=False)

        def respond(self, body: bool) -> None:
            made.served.append(unquote(self.path.split("?")[0]))
            found = answer(made.served[-1])
            if isinstance(found, tuple):
                self.send_response(found[0])
                self.send_header("X-Error-Code", found[1])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("X-Repo-Commit", PULL_COMMIT if f"/{PULL_COMMIT}/" in self.path else commit)
            self.send_header("ETag", f'"{hashlib.sha1(found).hexdigest()}"')
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            if body:
                self.wfile.write(found)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.address = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
