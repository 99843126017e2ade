"""Texts of a few hundred bytes, packed: deflate with a dictionary of what they usually have.

Each write of an item is billed by its size, and alone such texts hardly get smaller.
"""

import zlib
from collections.abc import Sequence
from typing import Final

# What packed texts begin with: the number of their dictionary. An item is kept for a year, so a
# dictionary is never changed; a better one gets the next number. The mark of the texts that were
# known has one byte, or with the second number four: one byte fits other texts now and then.
_NUMBER: Final = b"\x01"
_WITH_LONG_MARK: Final = b"\x02"
# The words of prompts, what requests have, and the answer of a provider to a finished task. What is
# used most stands at the end: the nearer, the shorter the reference.
_DICTIONARY: Final = (
    b"photograph of a portrait of an illustration of a painting of close-up of wide shot of "
    b"landscape background foreground standing sitting looking walking wearing holding surrounded "
    b"young woman old man girl child cat dog house street city forest mountain river ocean beach "
    b"water flowers trees clouds sunset sunrise morning evening night winter summer autumn spring "
    b"red blue green white black golden silver pink orange yellow purple grey brown wooden stone "
    b"glass metal beautiful elegant delicate vintage modern minimalist futuristic realistic "
    b"photorealistic highly detailed intricate details sharp focus depth of field bokeh shallow "
    b"medium format film grain 35mm 50mm lens cinematic lighting dramatic lighting studio lighting "
    b"natural light warm light soft light golden hour backlit shadows reflections texture muted "
    b"colors colour palette pastel vibrant high contrast atmosphere mood composition style of "
    b"poster logo text title typography 3D render digital art watercolor oil painting anime concept"
    b" art trending masterpiece best quality ultra HD 4K 8K no text, no watermark, without people, "
    b"shot on, in the style of, at night, on a, in a, with a, under a, against a, through the, "
    b"over the, from the, of the, in the, on the, and the, to the, by the, with the "
    b'"negative_prompt":"","seed":,"output_format":"png","style_code":"","image_urls":["https://'
    b'"],"aspect_ratio":"16:9","quality":"basic","image_resolution":"4K","image_resolution":"2K",'
    b'"image_size":"square_hd","image_size":"landscape_16_9","image_size":"portrait_16_9",'
    b'{"code":200,"msg":"Playground task completed successfully.","data":{"taskId":"","model":'
    b'"nano-banana-2","model":"google/nano-banana","model":"seedream/5-lite-text-to-image",'
    b'"model":"bytedance/seedream-v4-edit","model":"bytedance/seedream-v4-text-to-image",'
    b'"state":"success","param":"[our request]","resultJson":"{\\"resultUrls\\":[\\"https://'
    b'tempfile.aiquickdraw.com/.png\\",\\"https://.jpeg\\"]}","failCode":null,"failMsg":null,'
    b'"creditsConsumed":,"costTime":,"completeTime":17,"createTime":17,"updateTime":17'
    b'"call_back_url":"https://","sent_url":true}}","image_size":"square_hd","image_resolution":"1K",'
    b'"max_images":1},"details":{"defaults":["image_size","image_resolution","max_images"]}}'
    b'{"input":{"prompt":"A '
)
_RAW: Final = -15


def _head(number: bytes, known: Sequence[str]) -> bytes:
    """Return the number and a mark that differs if others were known."""
    checksum = zlib.crc32("".join(known).encode("utf-8", "surrogatepass"))
    return number + checksum.to_bytes(4)[-1 if number == _NUMBER else 0 :]


def _with(known: Sequence[str]) -> bytes:
    return _DICTIONARY + "".join(known).encode("utf-8", "surrogatepass")


def pack(text: str, *known: str) -> bytes:
    """Pack a text; ``known`` are others that it may repeat, and that are at hand to unpack it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW, zdict=_with(known))
    packed = packer.compress(text.encode("utf-8", "surrogatepass")) + packer.flush()
    return _head(_WITH_LONG_MARK if known else _NUMBER, known) + packed


def unpack(packed: bytes, *known: str) -> str:
    """Return the text.

    Raises ``ValueError`` if it was packed with another dictionary, or is damaged.
    """
    head = _head(packed[:1], known)
    if packed[:1] not in (_NUMBER, _WITH_LONG_MARK) or not packed.startswith(head):
        raise ValueError(f"a text that was packed with another dictionary: {packed[:5].hex()}")
    try:
        text = zlib.decompressobj(_RAW, zdict=_with(known)).decompress(packed[len(head) :])
    except zlib.error as error:
        raise ValueError("damaged packed text") from error
    return text.decode("utf-8", "surrogatepass")
