"""One set of links from those of two directions."""

from collections.abc import Iterable

from nmt.config import choice

Link = tuple[int, int]

SYMMETRIZATIONS = ("intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and")
NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def symmetrize(forward: Iterable[Link], backward: Iterable[Link], method: str = "grow-diag-final-and") -> list[Link]:
    """Returns one set of links, sorted, from those of two models of opposite directions.

    `intersection` and `union` are those of Och & Ney 2003 (section 3.2). The others start from the intersection and
    add links of the union (Koehn, Och & Marcu 2003, section 4): `grow-diag` those beside or diagonal to a link, where
    one of the two words has no link yet, until there is none to add; `final` then links in the order of `forward` and
    `backward` wherever one of the two words has none, `final-and` where neither has. Within a pass links are looked at
    by target, then source, and count as soon as they are added.

    Args:
        forward: (source, target) links.
        backward: links of the other direction, also as (source, target).
        method: one of `SYMMETRIZATIONS`.

    Raises:
        SettingsError: an unknown method.
    """
    choice(method, SYMMETRIZATIONS, "symmetrize")
    one, other = set(forward), set(backward)
    if method == "intersection":
        return sorted(one & other)
    if method == "union":
        return sorted(one | other)
    found = _Grown(one & other)
    found.grow(one | other)
    if method != "grow-diag":
        for links in (one, other):
            found.finish(links, both=method == "grow-diag-final-and")
    return sorted(found.links)


class _Grown:
    """Links that grow, and the words they reach."""

    def __init__(self, links: set[Link]) -> None:
        self.links = set(links)
        self._sources, self._targets = {source for source, _ in links}, {target for _, target in links}

    def grow(self, union: set[Link]) -> None:
        """Adds links beside and diagonal to those there are."""
        order = sorted(union, key=lambda link: (link[1], link[0]))
        grows = True
        while grows:
            grows = False
            for source, target in order:
                if (source, target) not in self.links:
                    continue
                for right, down in NEIGHBOURS:
                    near = source + right, target + down
                    if near in union and near not in self.links and self._free(near, both=False):
                        self._add(near)
                        grows = True

    def finish(self, links: set[Link], both: bool) -> None:
        """Adds links of one direction where one of the two words, or `both`, has none."""
        for link in sorted(links, key=lambda link: (link[1], link[0])):
            if self._free(link, both):
                self._add(link)

    def _free(self, link: Link, both: bool) -> bool:
        free = link[0] not in self._sources, link[1] not in self._targets
        return all(free) if both else any(free)

    def _add(self, link: Link) -> None:
        self.links.add(link)
        self._sources.add(link[0])
        self._targets.add(link[1])
