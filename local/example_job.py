"""What an example job is: a request, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# An image from the provider's documentation; the simulator does not download it.
PHOTO = "https://file.aiquickdraw.com/custom-page/akr/section-images/1757930552966e7f2on7s.png"


# Stands for the URL of an image in the drop bucket, whose name is not known beforehand.
DROPPED = "s3://the-drop-bucket/photos/kite.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    model: str
    input: Mapping[str, Any]
    size: tuple[int, int]
    status: Literal["succeeded", "failed"] = "succeeded"

    @property
    def images(self) -> int:
        """The number of images requested."""
        count = self.input.get("max_images", self.input.get("number_of_images", 1))
        return int(count) if self.status == "succeeded" else 0

    def input_with(self, dropped: str) -> dict[str, Any]:
        """Return the input with ``DROPPED`` replaced by the URL of the dropped image."""
        urls = {
            name: [dropped if url == DROPPED else url for url in value]
            for name, value in self.input.items()
            if isinstance(value, list)
        }
        return {**self.input, **urls}
