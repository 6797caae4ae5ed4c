"""HTTP/2 frame by frame, for both sides."""

from h2.connection import H2Connection


class Frames(H2Connection):
    """The library's connection, in a probe's memory."""

    MAX_CLOSED_STREAMS = 1 << 10
    """Ended streams that are remembered; the library's own 65,536 would grow to megabytes."""
