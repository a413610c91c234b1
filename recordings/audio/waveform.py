"""Peaks to draw a recording by, and the compact form in which a browser gets them.

Twenty peaks a second and lane, each `min(127, max(|x|) >> 8)` of the 400 samples it stands for.

The form, all numbers little-endian and unsigned:

| bytes | what |
|---|---|
| 1 | version of the form: 1 |
| 1 | lanes: 1 or 2 |
| 2 | peaks per second: 20 |
| 4 | peaks per lane |
| 4 | duration in milliseconds |
| 4 per lane | speech spans of the lane |
| 1 per peak | the peaks, lane after lane |
| 0 to 3 | zeros, up to a multiple of four bytes |
| 8 per span | start and end of each speech span in milliseconds, lane after lane |

Everything stands at a multiple of its own size, so that a browser can lay typed arrays over it.
"""

import struct
from array import array
from collections.abc import Sequence

from .decode import RATE

VERSION = 1
PEAKS_PER_SECOND = 20

_SAMPLES = RATE // PEAKS_PER_SECOND
_HEADER = struct.Struct("<BBHII")
# For the high byte of a sample, |x| >> 8. A negative sample counts as -x-1 there, so -256 is 0.
_MAGNITUDE = bytes(high if high < 128 else 255 - high for high in range(256))
_HIGH_BYTE = slice(1, None, 2) if array("h", [256]).tobytes()[1] else slice(0, None, 2)

Spans = Sequence[tuple[int, int]]
"""Start and end in milliseconds, in order, not touching each other."""


class PeakMeter:
    """Takes the samples of one lane, a block after the other, and gives its peaks."""

    def __init__(self) -> None:
        self._peaks = bytearray()
        self._rest = b""

    def feed(self, samples: array) -> None:
        """Take the next samples, an array of type "h" and any length."""
        magnitudes = self._rest + samples.tobytes()[_HIGH_BYTE].translate(_MAGNITUDE)
        whole = len(magnitudes) - len(magnitudes) % _SAMPLES
        # The set first: it is three times as quick as comparing all of them.
        self._peaks.extend(
            max(set(magnitudes[start : start + _SAMPLES])) for start in range(0, whole, _SAMPLES)
        )
        self._rest = magnitudes[whole:]

    def peaks(self) -> bytes:
        """One byte, 0 to 127, for each twentieth of a second; the last may stand for less."""
        return bytes(self._peaks) + bytes([max(self._rest)] if self._rest else [])


def pack(peaks: Sequence[bytes], spans: Sequence[Spans], duration_ms: int) -> bytes:
    """The form described above, of one or two equally long lanes."""
    count = len(peaks[0])
    numbers = [len(lane) for lane in spans]
    times = [moment for lane in spans for span in lane for moment in span]
    body = b"".join(peaks)
    return b"".join(
        (
            _HEADER.pack(VERSION, len(peaks), PEAKS_PER_SECOND, count, duration_ms),
            struct.pack(f"<{len(numbers)}I", *numbers),
            body,
            bytes(-len(body) % 4),
            struct.pack(f"<{len(times)}I", *times),
        )
    )
