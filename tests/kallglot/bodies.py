"""Audio as the vendor of these tests sends it, and how it is read."""

BYTES = bytes(range(256)) * 40
CHUNKED = "Transfer-Encoding: chunked"


def read_all(stream, n=65_536) -> bytes:
    blocks = []
    while block := stream.read1(n):
        blocks.append(block)
    return b"".join(blocks)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end
