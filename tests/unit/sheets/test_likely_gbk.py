"""Text in GBK that is valid UTF-8 by chance, and text in UTF-8 that must pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.sheets.likely_gbk import is_likely_gbk

from tests.support.drops import DropHarness

HEAD = "model,input.prompt\nbytedance/seedream-v4-text-to-image,{}\n"

# Each is valid UTF-8 in GBK.
GBK = ("一只猫", "一只 cat", "a 一只猫 b", "猫", "小猫", "一只小猫", "山", "一", "要")
JSON = '{"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "{}"}}'
TEXTS = {
    "German": "Ein Käfer für Jörg über der Straße; Öl, Übung, ÄRGER, GRÖẞE, weiß, öd",
    "French": "un café à la crème, où l'été naît; ça, œuf, cœur, Noël, ÉTÉ, Étés, À côté, déjà vu",
    "Spanish": "¿Dónde está el niño? ¡Mañana! pingüino, corazón, ÁRBOL, más café, él, tú, ó",
    "Italian": "il gatto è là, perché più caffè, È così, città",
    "Portuguese": "São João, coração, pães, à mão, é, avó, avô, ÀS três",
    "Turkish": "üç kedi, ölçü, içi, ıssız, çığ, gül, İzmir, İÇ, üçü, ÜÇ, öcü, ışığı, ağaç, Çağrı",
    "Polish": "żółw, źdźbło, łódź, mąż, ćma, róża, ŁÓDŹ, Żuk, ó, ślub, więź",
    "Czech": "žluťoučký kůň, šíp, ůže, ÚŽAS, říše, děti, šéf, už, žízeň",
    "Hungarian": "őrült, fű, tűz, ű, őz, ÚT, óvó, kör, űrhajó, nő",
    "Swedish": "en å i ö, räv, ÅÄÖ, smörgås, är, på",
    "Danish": "rød grød, æble, ÆØÅ, øl, få",
    "Icelandic": "á, í, þú, ð, æðar, Þórð, ÞÓ",
    "Romanian": "și, țară, mâine, îți, ăsta, ÎN, pâine",
    "Croatian": "čaša, žaba, šuma, đak, ŠŽ, može",
    "Latvian": "kaķis, ūdens, zīle, mājā, ēģe, īsi",
    "Russian": "кот на окне, дом, он, лицо, Ёлка, СССР, МегаФон, ВКонтакте, и, нож, пение, Я",
    "Ukrainian": "кіт, їжак, ґанок, єдність, ЇЖА, Київ",
    "Kazakh": "мысық, қала, үй, әке, ұл, Қазақстан",
    "Bulgarian": "котка, ябълка, ние, онемели",
    "Greek": "και, γάτα, μία γάτα στο παράθυρο, ΓΑΤΑ, αβγό, Ελλάδα, η, με, 5 μm, Ω, Δx",
    "Hebrew": "חתול על החלון, שָׁלוֹם, בָּא, אני",
    "Arabic": "قطة على النافذة, مُحَمَّد, سلام, بِسْمِ",
    "Persian": "گربه روی پنجره, پیاده",
    "Armenian": "կատու, Հայաստան, մեծ",
    "signs": "30 °C, 5 µm, © 2026, £5, ½, «a», 2 × 3, ±1, naïve §5, 6 ÷ 2, a·b, 1ª, nº 5",
    "Chinese": "一只猫,红色的风筝",
    "Japanese": "猫とカイト",
    "decomposed": "cafe\u0301, Jo\u0308rg, и\u0306",
}
WORDS = sorted({word.strip(",;?!«»") for text in TEXTS.values() for word in text.split()})


@pytest.mark.parametrize("text", GBK)
def test_gbk_that_is_valid_utf_8_is_recognized(text: str) -> None:
    assert HEAD.format(text).encode("gbk").decode()
    assert is_likely_gbk(HEAD.format(text).encode("gbk"))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_in_utf_8_passes(text: str) -> None:
    assert not is_likely_gbk(HEAD.format(text).encode())


@pytest.mark.parametrize("word", WORDS)
def test_each_word_of_it_passes(word: str) -> None:
    assert not is_likely_gbk(HEAD.format(f"a {word} b").encode())


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), st.sampled_from(" ,-/\n"))
def test_words_of_all_languages_pass_together(words: list[str], between: str) -> None:
    assert not is_likely_gbk(HEAD.format("a " + between.join(words) + " b").encode())


@pytest.mark.parametrize("key", ["requests/a.csv", "requests/a.jsonl", "requests/a.json"])
@pytest.mark.parametrize("text", GBK)
def test_no_job_is_made_of_a_file_that_may_be_gbk(key: str, text: str) -> None:
    harness = DropHarness()
    content = HEAD if key.endswith("csv") else f"{JSON}\n"
    drop = harness.put(key, content.replace("{}", text).encode("gbk"))
    harness.finish(drop)
    (line,) = harness.receipts(drop.key)
    assert "may be UTF-8 or Chinese text in GBK" in line["errors"][0]["message"]
    assert not harness.base.jobs.by_id


@pytest.mark.parametrize(
    ("key", "encoding", "metadata"),
    [
        ("requests/a.csv", "utf-8", {"encoding": "utf-8"}),
        ("requests/a.json", "utf-8", {"encoding": "utf-8"}),
        ("requests/a.utf-8.json", "utf-8", {}),
        ("requests/a.csv", "utf-8-sig", {}),
        ("requests/a.json", "utf-8-sig", {}),
    ],
)
def test_text_that_says_to_be_utf_8_is_taken_as_such(
    key: str, encoding: str, metadata: dict[str, str]
) -> None:
    harness = DropHarness()
    content = (HEAD if key.endswith("csv") else JSON).replace("{}", "һֻè")
    drop = harness.put(key, content.encode(encoding), **metadata)
    harness.finish(drop)
    (line,) = harness.receipts(drop.key)
    assert "job_id" in line


def test_only_the_beginning_of_a_large_sheet_is_judged_wherever_it_is_cut() -> None:
    text = HEAD.format("一只").encode("gbk")
    for cut in range(len(text) - 4, len(text)):
        assert is_likely_gbk(text[:cut]) == (cut >= len(text) - 3)
