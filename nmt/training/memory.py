"""How the C library hands out memory while training."""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD, ARENA_MAX = -3, -1, -8  # M_MMAP_THRESHOLD and the others of glibc's malloc.h
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
    mallopt(ARENA_MAX, 1)  # else threads that validate would have memory of their own, beside what training has freed
