"""Takes apart log files that an agent has compressed: Codex packs rollouts that nobody resumes (`….jsonl.zst`).

The packed file holds the same bytes as the one whose place it takes, so it is read as that file.
"""

from __future__ import annotations

import io
import sys
from pathlib import PurePath

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_SUFFIX = ".zst"
_CHUNK_BYTES = 1_000_000
# The largest logs seen are some tens of megabytes; a few hostile bytes can unpack to any size.
LARGEST_BYTES = 1_000_000_000


def unpacked(data: bytes, path: PurePath, largest: int = LARGEST_BYTES) -> tuple[bytes, PurePath, str]:
    """The bytes and name that a file has without compression, and why it could not be unpacked to its end.

    What stands before the place where the stream breaks is kept. The reason is empty if nothing is wrong.
    """
    if path.suffix != _SUFFIX:
        return data, path, ""
    found, reason = bytearray(), ""
    try:
        with zstd.ZstdFile(io.BytesIO(data)) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                found += chunk
                if len(found) > largest:
                    found.clear()
                    reason = f"larger than {largest} bytes when unpacked"
                    break
    except EOFError:
        reason = "compressed stream ends too early" if data else ""
    except zstd.ZstdError:
        reason = "not a whole zstd stream"
    return bytes(found), path.with_suffix(""), reason
