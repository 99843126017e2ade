"""Put files into the local stack's drop bucket, as a person with the S3 console does."""

from io import BytesIO

from PIL import Image

from local.deployment import Deployment, administrator

PHOTO_KEY = "photos/kite.jpg"


def drop(deployment: Deployment, key: str, content: bytes) -> str:
    """Return the file's s3 URL."""
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    store.put_object(Bucket=deployment.drop_bucket, Key=key, Body=content)
    return f"s3://{deployment.drop_bucket}/{key}"


def drop_photo(deployment: Deployment) -> str:
    content = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((1200, 800)).save(content, "JPEG")
    return drop(deployment, PHOTO_KEY, content.getvalue())
