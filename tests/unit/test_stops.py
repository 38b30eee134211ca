import pytest
from transformers import PreTrainedTokenizerFast

from prefixyarn.decode.stops import Stops, answer_text
from tiny import gemma, tokenizer


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (" Bonjour.\nEnglish: again", "Bonjour."),  # the usual end
        ("\n\n Bonjour.\nmore", "Bonjour."),  # line breaks before any text end nothing
        (" Bonjour.", "Bonjour."),  # stopped by length or EOS
        (" \n \n", ""),  # nothing but space
        ("", ""),
        ("你好\n\n\n", "你好"),
        (" a  b ", "a  b"),  # inner space is the model's
    ],
)
def test_answer_text(raw: str, text: str) -> None:
    assert answer_text(raw) == text


@pytest.fixture(scope="module")
def tok() -> PreTrainedTokenizerFast:
    return tokenizer()


@pytest.fixture(scope="module")
def stops(tok: PreTrainedTokenizerFast) -> Stops:
    return Stops.of(gemma(len(tok)), tok, max_answer_tokens=6)


def test_newline_ids_are_all_entries_with_a_line_break(tok: PreTrainedTokenizerFast, stops: Stops) -> None:
    by_vocabulary = {i for piece, i in tok.get_vocab().items() if "\n" in piece}
    assert stops.newline_ids == by_vocabulary
    pieces = tok.convert_ids_to_tokens(sorted(stops.newline_ids))
    assert "\n" in pieces and "\n\n" in pieces  # several line breaks in one token
    assert any(p.strip("\n▁") for p in pieces)  # text and line break in one token


def _id(tok: PreTrainedTokenizerFast, piece: str) -> int:
    return tok.get_vocab()[piece]


def test_stop_truth_table(tok: PreTrainedTokenizerFast, stops: Stops) -> None:
    text, newline, double = _id(tok, "D"), _id(tok, "\n"), _id(tok, "\n\n")
    mixed = next(i for i in sorted(stops.newline_ids) if tok.decode([i])[0].isprintable() and tok.decode([i]).strip())
    space = _id(tok, "▁")
    table = {
        (text,): None,
        (newline,): None,  # a leading line break
        (double,): None,
        (space, newline): None,  # space is no text
        (newline, newline, text): None,
        (text, newline): "newline",
        (text, double): "newline",
        (newline, text, newline): "newline",
        (mixed,): "newline",  # a token that holds text, then a line break
        (text, 1): "eos",
        (1,): "eos",
        (text,) * 5: None,
        (text,) * 6: "length",
        (newline,) * 6: "length",
        (text,) * 5 + (newline,): "newline",  # at the limit, the better reason is given
    }
    for ids, reason in table.items():
        assert stops.reason(ids) == reason, tok.convert_ids_to_tokens(ids)
