import re
from dataclasses import replace

import pytest
from tokenizers import processors

import tiny
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt, shortened, within

LABELS = Prompt("labels", "{source_language}: {source}\n{target_language}:")
tok = tiny.tokenizer()


@pytest.mark.parametrize(
    ("template", "subset", "joined"),
    [
        ("{source}\n{target_language}:", "en-de", "S\nGerman: A"),  # one space
        ("{source}\n{target_language}:", "en-zh", "S\nChinese:A"),  # none in Chinese
        ("{source}\n{target_language}:\n", "en-de", "S\nGerman:\nA"),  # none after a line break
        ("{source_native} {source} = {target_native}", "de-fr", "Deutsch S = Français A"),
        ("{source}\n{target_heading}:", "en-de", "S\nÜbersetzung ins Deutsche: A"),
    ],
)
def test_join_truth_table(template: str, subset: str, joined: str) -> None:
    prompt, direction = Prompt("x", template), Direction.parse(subset)
    whole = prompt.fill("S", direction) + prompt.join(direction) + "A"
    assert whole == joined
    assert not re.search(r"  |\n ", whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no place for it:", r"placeholder \{source\} is missing"),
        ("{source} {language}:", r"unknown placeholder \{language\}"),
        ("{source}: ", "ends in a space"),
        ("{source", "expected '}'"),
        ("source}", "Single '}'.*write a literal brace twice"),
        ("{source} }", "Single '}'"),
        ("{source[}", "expected '}'|unknown placeholder"),
        ("{source!r}", r"unknown placeholder \{source!r\}; known are \{source\}"),
        ("{source} {source!s}", r"unknown placeholder \{source!s\}"),
        ("{source:>10}", r"unknown placeholder \{source:>10\}"),
        ("{source:{source_language}}", r"unknown placeholder \{source:\{source_language\}\}"),
        ("{source.upper}", r"unknown placeholder \{source\.upper\}"),
        ("{source[0]}", r"unknown placeholder \{source\[0\]\}"),
        ("{0} {source}", r"unknown placeholder \{0\}"),
        ("{} {source}", r"unknown placeholder \{\}"),
        ("{ source }", r"unknown placeholder \{ source \}"),
        ("", r"placeholder \{source\} is missing"),
    ],
)
def test_bad_templates_are_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"prompt 'x': .*{message}"):
        Prompt("x", text)


def test_braces_in_a_source_are_text() -> None:
    assert LABELS.fill("a {b}", Direction("en", "de")) == "English: a {b}\nGerman:"


def test_exactly_one_bos() -> None:
    assert prompt_ids(tok, "English: The file").count(2) == 1


def test_a_second_bos_is_caught() -> None:
    double = tiny.tokenizer()
    double.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> <bos> $A", special_tokens=[("<bos>", 2)]
    )
    with pytest.raises(InputError, match="2 BOS tokens instead of 1"):
        prompt_ids(double, "English")


def test_models_without_bos_get_none() -> None:
    made = tiny.tokenizer()
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A")
    assert 2 not in prompt_ids(made, "English: The file")


def test_a_closing_eos_is_dropped() -> None:
    made = tiny.tokenizer()
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    assert prompt_ids(made, "English") == prompt_ids(tok, "English")


@pytest.mark.parametrize(
    ("subset", "answer"), [("en-de", "Die Datei wurde"), ("en-zh", "用户可以"), ("en-ru", "Пожалуйста")]
)
def test_answer_ids_continue_the_prompt(subset: str, answer: str) -> None:
    direction = Direction.parse(subset)
    filled, join = LABELS.fill("The file was saved.", direction), LABELS.join(direction)
    ids = answer_ids(tok, filled, join, answer)
    assert tok.decode([*prompt_ids(tok, filled), *ids][1:]) == filled + join + answer


def test_an_answer_that_would_merge_with_the_prompt_is_encoded_alone() -> None:
    assert "▁file" in tok.get_vocab()
    ids = answer_ids(tok, "The fil", "", "e was")
    before = prompt_ids(tok, "The fil")
    assert tok.decode([*before, *ids]) == "<bos>The file was"
    assert prompt_ids(tok, "The file was")[: len(before)] != before  # in one piece it would have merged


LONG = "The file was saved. The user could not open the file! Please check the list of names"


def tokens(text: str) -> int:
    return len(tok(text, add_special_tokens=False).input_ids)


def test_long_sources_end_with_a_sentence() -> None:
    first, second = "The file was saved.", "The file was saved. The user could not open the file!"
    cut = tok.backend_tokenizer
    for limit in range(tokens(first), tokens(LONG)):
        found = shortened(LONG, cut, limit)
        assert found == (second if limit >= tokens(second) else first) and tokens(found) <= limit
    assert shortened(LONG, cut, tokens(LONG)) == LONG
    # Before the first sentence's end, the last whole word counts.
    assert shortened(LONG, cut, tokens("The file was") - 1) in ("The file", "The")
    assert shortened("用户可以删除文件。用户可以再次删除文件", cut, 10) == "用户可以删除文件。"


def test_prompts_cut_their_sources_and_those_of_examples() -> None:
    limit, direction = tokens("The file was saved.") + 1, Direction("en", "de")
    prompt = within(LABELS, tok.backend_tokenizer, limit)
    assert prompt == LABELS and within(LABELS, tok.backend_tokenizer, None) is LABELS
    shots = replace(prompt, shots=((LONG, "Die Datei."),))
    assert shots.fill(LONG, direction).count("The file was saved.\n") == 2 and "Please" not in shots.fill(
        LONG, direction
    )
