"""Recognize text in GBK whose bytes happen to be valid UTF-8: `一只猫` is `һֻè`.

Both readings are compared. As GBK, all that is not ASCII must be Chinese; as UTF-8, a word must be
one that hardly any language has. Text that is UTF-8 passes: the letters of a word are of one
script, and most texts have a letter that is no everyday character in GBK.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final
from unicodedata import category

# Of two bytes in UTF-8, as in GBK. The longer a text is, the less likely GBK is such a one.
_PAIRS: Final = re.compile(rb"[\x00-\x7f]*+(?:[\xc2-\xdf][\x80-\xbf][\x00-\x7f]*+)++")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff\u3000-\u301f\uff01-\uff5e]+")
# GBK has more Chinese characters; these 6,763 are the ones in everyday use.
_EVERYDAY: Final = "gb2312"
_WORD: Final = re.compile(r"[A-Za-z]*+[\u00c0-\u07ff][A-Za-z\u00c0-\u07ff]*+")
# Scripts by their last code point; accents are of several.
_ACCENT: Final = "accent"
_SCRIPTS: Final = (
    *((0x2FF, "Latin"), (0x36F, _ACCENT), (0x3FF, "Greek"), (0x52F, "Cyrillic")),
    *((0x58F, "Armenian"), (0x5FF, "Hebrew"), (0x6FF, "Arabic"), (0x74F, "Syriac")),
    *((0x77F, "Arabic"), (0x7BF, "Thaana"), (0x7FF, "NKo")),
)
_OF_OLD_TEXTS: Final = re.compile(r"[\u03d0-\u03ff\u0460-\u0489]")
# Letters that no word consists of: Pinyin's and Yakut's stand beside others.
_NEVER_ALONE: Final = re.compile(r"[\u0180-\u0217\u021c-\u02ff]+|[\u048a-\u052f]+")
_LATIN_1: Final = re.compile(r"[\u00c0-\u00ff]")
_LATIN_EXTENDED: Final = re.compile(r"[\u0100-\u012f\u0132-\u02af]")  # but Turkish has U+0131
# A whole cell, or a string of JSON, of accented letters only: nobody's prompt is `è`.
_CELL: Final = re.compile(r"(?:^|(?<=[,;\t|\"\r\n])) *[\u00c0-\u00ff]+ *(?=$|[,;\t|\"\r\n])")


def is_likely_gbk(content: bytes) -> bool:
    """Tell whether a text, or its beginning, is GBK rather than the UTF-8 that it can be."""
    # Where the beginning ends, half a character may be.
    content = content[:-1] if content[-1:] >= b"\xc2" else content
    if not _PAIRS.fullmatch(content):
        return False
    try:
        chinese = _NOT_ASCII.findall(content.decode("gb18030"))
    except UnicodeDecodeError:
        return False
    if not all(map(_CHINESE.fullmatch, chinese)):
        return False
    text = content.decode()
    words = list(_words(text))
    if any(map(_mixes_scripts, words)):
        return True
    is_odd = any(map(_is_odd, words)) or _CELL.sub("", text).isascii()
    return is_odd and _is_everyday(chinese)


def _is_everyday(runs: Sequence[str]) -> bool:
    try:
        "".join(runs).encode(_EVERYDAY)
    except UnicodeEncodeError:
        return False
    return True


def _words(text: str) -> Iterator[str]:
    """Yield letters in a row, with their marks, of which one at least is not ASCII."""
    for found in _WORD.findall(text):
        letters = "".join(each if category(each)[0] in "LMC" else " " for each in found)
        yield from (word for word in letters.split() if not word.isascii())


def _script(letter: str) -> str:
    return next(name for last, name in _SCRIPTS if ord(letter) <= last)


def _mixes_scripts(word: str) -> bool:
    """Tell whether other letters or marks than those of one script are in it."""
    if any(category(each) == "Cn" for each in word) or category(word[0])[0] == "M":
        return True
    scripts = {_script(each) for each in word if not each.isascii()}
    if any(_is_foreign_mark(one, mark) for one, mark in pairwise(word)):
        return True
    return len(scripts - {_ACCENT}) > 1


def _is_foreign_mark(letter: str, mark: str) -> bool:
    return letter.isascii() and category(mark)[0] == "M" and _script(mark) != _ACCENT


def _is_odd(word: str) -> bool:
    """Tell whether a word of one script is none of any living language, as far as we know."""
    if any(one.islower() and other.isupper() for one, other in pairwise(word) if one > "\x7f"):
        return True
    if _OF_OLD_TEXTS.search(word) or _NEVER_ALONE.fullmatch(word):
        return True
    has_ascii = any(each.isascii() for each in word)
    return not has_ascii and bool(_LATIN_1.search(word) and _LATIN_EXTENDED.search(word))
