"""The payload of the broadcasts' task: an id only."""

from pydantic import BaseModel


class ChunkStep(BaseModel):
    """Names the chunk to hand over."""

    chunk: int
