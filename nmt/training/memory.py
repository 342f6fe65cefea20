"""How the C library hands out memory while training."""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of glibc's malloc.h
KEPT, LARGEST = 1 << 25, (1 << 31) - 1
"""Blocks of up to 32 MB are kept; of larger ones, too much memory would lie idle."""


def keep_freed_memory() -> None:
    """Makes glibc keep freed memory for the next tensors; elsewhere nothing happens.

    By default large tensors are mapped anew each time, and the kernel fills their pages with zeros, which takes time.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(MMAP_THRESHOLD, KEPT)
    mallopt(TRIM_THRESHOLD, LARGEST)
