"""The payload of the digests' task: an id only."""

from pydantic import BaseModel


class DigestStep(BaseModel):
    """Names the digest to close."""

    digest: int
