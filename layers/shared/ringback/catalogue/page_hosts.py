"""Pages that people copy from the browser's address bar instead of an image's own address."""

import re
from collections.abc import Mapping
from typing import Final

UPLOAD: Final = "upload it, for example to the drop bucket, and send its https:// or s3:// URL"
_SIGNED: Final = "send a presigned URL"
_RAW: Final = "send the address of its Raw button"
_OWN: Final = "open the image itself and send its own address"
_WIKI: Final = "send its upload.wikimedia.org address"
_DRIVE: Final = "a Google Drive", ""
_DOCS: Final = "a Google Docs", ""
# One of several accounts, or a company's.
_ACCOUNT: Final = r"(/u/[0-9]+|/a/[^/]+)?"

# By the end of the host: which paths are pages, what the page is called, and what to do instead.
# Only what is certain: most of these hosts also serve images, under other paths or names.
_PAGES: Final[tuple[tuple[str, str, str, str], ...]] = (
    # Consoles of clouds
    *(
        (host, "", "an AWS console", "send s3://<bucket>/<key> or a presigned URL")
        for host in (
            *("console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"),
        )
    ),
    ("console.cloud.google.com", "", "a Google Cloud console", _SIGNED),
    ("storage.cloud.google.com", "", "a Google sign-in", _SIGNED),
    ("portal.azure.com", "", "an Azure portal", _SIGNED),
    ("console.aliyun.com", "", "an Alibaba Cloud console", _SIGNED),
    ("console.cloud.tencent.com", "", "a Tencent Cloud console", _SIGNED),
    ("console.volcengine.com", "", "a Volcengine console", _SIGNED),
    # Shared files
    ("drive.google.com", rf"{_ACCOUNT}/(file|drive|folderview|open)\b", *_DRIVE),
    ("docs.google.com", rf"{_ACCOUNT}/(document|forms|file|open)\b", *_DOCS),
    # Drawings, slides and charts are published and exported as images.
    ("docs.google.com", r"/.*/(edit|view|preview|htmlview|pubhtml|d/[^/]+)/?$", *_DOCS),
    ("photos.google.com", "", "a Google Photos", ""),
    ("photos.app.goo.gl", "", "a Google Photos", ""),
    ("onedrive.live.com", r"/(?!download)", "a OneDrive", ""),
    ("1drv.ms", "", "a OneDrive", ""),
    ("sharepoint.com", r"/:\w:/|.*/_layouts/15/(?!download)\w+\.aspx", "a SharePoint", ""),
    ("icloud.com", "", "an iCloud", ""),
    ("wetransfer.com", "", "a WeTransfer", ""),
    ("we.tl", "", "a WeTransfer", ""),
    ("app.box.com", r"/(s|v|file|folder|embed)/", "a Box", ""),
    (
        *("dropbox.com", r"/(s|sc|scl|sh|home|preview|work|request|paper)/(?!raw/|dl/)"),
        *("a Dropbox", "end it with raw=1 instead of dl=0"),
    ),
    ("mega.nz", "", "a MEGA", ""),
    ("mediafire.com", r"/(file|view)/", "a MediaFire", ""),
    ("disk.yandex.ru", r"/[id]/", "a Yandex Disk", ""),
    ("disk.yandex.com", r"/[id]/", "a Yandex Disk", ""),
    ("yadi.sk", r"/[id]/", "a Yandex Disk", ""),
    ("cloud.mail.ru", r"/public/", "a Mail.ru Cloud", ""),
    ("drive.proton.me", "", "a Proton Drive", ""),
    ("pan.baidu.com", r"/(s|share|disk)\b", "a Baidu Netdisk", ""),
    ("pan.quark.cn", r"/s/", "a Quark Drive", ""),
    ("aliyundrive.com", r"/s/", "an Aliyun Drive", ""),
    ("alipan.com", r"/s/", "an Aliyun Drive", ""),
    ("pan.xunlei.com", r"/s/", "a Xunlei Drive", ""),
    ("share.weiyun.com", "", "a Weiyun", ""),
    ("115.com", r"/s/", "a 115", ""),
    ("cowtransfer.com", r"/s/", "a CowTransfer", ""),
    # Documents
    ("notion.so", r"/(.*[/-])?[0-9a-f]{32}$", "a Notion", ""),
    ("figma.com", r"/(file|design|proto|board)/", "a Figma", "export the image and upload it"),
    ("canva.com", r"/design/(?!.*/screen$)", "a Canva", "export the image and upload it"),
    ("miro.com", r"/app/", "a Miro", "export the image and upload it"),
    *(
        (host, r"/(file|drive|docx?|docs|wiki|sheets|base|space)/(?!api/)", "a Feishu", "")
        for host in ("feishu.cn", "larksuite.com")
    ),
    ("docs.qq.com", r"/(doc|sheet|slide|form|pdf|mind|board|desktop)/", "a Tencent Docs", ""),
    ("kdocs.cn", r"/l/", "a WPS", ""),
    # Image hosts
    ("imgur.com", r"/(a|gallery|t|r|user)/|/[\w-]*$", "an Imgur", "send its i.imgur.com address"),
    ("ibb.co", r"/\w*$|/album/", "an ImgBB", "send the direct link, which is at i.ibb.co"),
    ("postimg.cc", r"/(gallery/)?\w*$", "a Postimages", "send its i.postimg.cc address"),
    ("gyazo.com", r"/[0-9a-f]{32}$", "a Gyazo", "send its i.gyazo.com address"),
    ("prnt.sc", "", "a Lightshot", _OWN),
    (
        *("unsplash.com", r"/photos/(?!.*/download)", "an Unsplash"),
        "send the image's own address, which is at images.unsplash.com",
    ),
    ("pexels.com", r"/photo/(?!.*/download)", "a Pexels", "send its images.pexels.com address"),
    ("pixabay.com", r"/(photos|illustrations|vectors)/", "a Pixabay", _OWN),
    ("flickr.com", r"/photos/", "a Flickr", "send its live.staticflickr.com address"),
    ("flic.kr", r"/p/", "a Flickr", "send its live.staticflickr.com address"),
    ("deviantart.com", r"/[^/]+/art/", "a DeviantArt", _OWN),
    ("artstation.com", r"/artwork/", "an ArtStation", _OWN),
    ("behance.net", r"/gallery/", "a Behance", _OWN),
    ("pixiv.net", r"/(\w\w/)?artworks/", "a pixiv", ""),
    # Social networks
    ("pinterest.com", r"/pin/", "a Pinterest", "send its i.pinimg.com address"),
    ("pin.it", "", "a Pinterest", "send its i.pinimg.com address"),
    ("instagram.com", r"/(?!.*/media/?$)", "an Instagram", ""),
    ("facebook.com", r"/(photo|share|permalink)|/[^/]+/(photos|posts)/", "a Facebook", ""),
    ("x.com", r"/\w+/status/", "an X", "send its pbs.twimg.com address"),
    ("twitter.com", r"/\w+/status/", "an X", "send its pbs.twimg.com address"),
    ("reddit.com", r"/(r/[^/]+/comments|gallery)/", "a Reddit", "send its i.redd.it address"),
    ("discord.com", r"/channels/", "a Discord", ""),
    ("t.me", r"/(?!i/)", "a Telegram", ""),
    ("xiaohongshu.com", r"/(explore|discovery)/", "a Xiaohongshu", ""),
    # Repositories
    ("github.com", r"/[^/]+/[^/]+/blob/", "a GitHub", _RAW),
    ("gitlab.com", r"/(?!.+/-/raw/).+/-/blob/", "a GitLab", _RAW),
    ("gitee.com", r"/[^/]+/[^/]+/blob/", "a Gitee", _RAW),
    ("bitbucket.org", r"/[^/]+/[^/]+/src/", "a Bitbucket", _RAW),
    (
        *("huggingface.co", r"/((datasets|spaces)/)?[^/]+(/[^/]+)?/blob/", "a Hugging Face"),
        "write /resolve/ instead of /blob/",
    ),
    # Encyclopedias and search engines
    # Special:FilePath/Fox.png, in any language, is the file.
    ("wikipedia.org", r"/wiki/[^/]*$", "a Wikipedia", _WIKI),
    ("commons.wikimedia.org", r"/wiki/[^/]*$", "a Wikimedia Commons", _WIKI),
    ("www.google.com", r"/(imgres|search|url)\b", "a Google Search", _OWN),
    ("images.google.com", "", "a Google Search", _OWN),
)
# Subdomains that serve files, of hosts whose pages are above.
_FILE_HOSTS: Final = re.compile(
    r"(i|img|image|images|file|files|upload|live|raw|media|cdn|cvws|dl|download|graph|lookaside)\."
)


def why_a_page(host: str, path: str, query: Mapping[str, str]) -> str:
    """Return why this address is a page rather than an image; empty if it may be an image."""
    is_file_host = _FILE_HOSTS.match(host) and host != "images.google.com"
    if is_file_host or "1" in (query.get(each) for each in ("download", "raw", "dl")):
        return ""
    # GitHub redirects it to the file, as its Raw button does.
    if _is_of(host, "github.com") and query.get("raw", "").lower() in ("1", "true"):
        return ""
    for end, form, name, instead in _PAGES:
        if _is_of(host, end) and re.match(form, path, re.IGNORECASE):
            return f"is {name} page, not an image; {instead or UPLOAD}"
    return ""


def _is_of(host: str, known: str) -> bool:
    return host == known or host.endswith(f".{known}")
