"""Exact maximum flow and least-cost maximum flow on small networks of integers.

Two classical methods on one structure: Dinic's for the largest flow, and the primal-dual form of
successive shortest paths (Dijkstra with potentials, then Dinic on the arcs of least cost) for the
cheapest one. Integers only, so amounts of money are exact. Arcs are always looked at in the order
in which they were added, so the same network gives the same flow.

>>> network = Network(4)
>>> cheap = network.add_arc(0, 1, 5); dear = network.add_arc(0, 2, 5)
>>> ends = [network.add_arc(1, 3, 3), network.add_arc(2, 3, 9, cost=2)]
>>> network.least_cost_flow(0, 3)
(8, 10)
>>> [network.flow(arc) for arc in (cheap, dear, *ends)]
[3, 5, 3, 5]
>>> sorted(network.cut_before(3)), [a for a in network.crossing({2, 3})]
([2, 3], [2, 4])
"""

from collections import deque
from collections.abc import Collection
from heapq import heappop, heappush

from fundops.money import MAX_MINOR

MAX_NODES = 20_000
MAX_ARCS = 1_000_000
UNLIMITED = MAX_MINOR + 1
"""Capacity of an arc that no flow can fill, so that it is never part of a least cut."""
MAX_COST = 10**6


class Network:
    """A directed network; nodes are 0 .. ``nodes`` - 1.

    Arc ids are even; ``id ^ 1`` is the same arc backwards, whose room is the flow that can be taken
    back. Raises ``ValueError`` when a stated maximum is exceeded or a number is out of range.
    """

    def __init__(self, nodes: int) -> None:
        if not 2 <= nodes <= MAX_NODES:
            raise ValueError(f"a network has 2 to {MAX_NODES} nodes, not {nodes}")
        self._arcs_at: list[list[int]] = [[] for _ in range(nodes)]
        self._head: list[int] = []
        self._room: list[int] = []
        self._cost: list[int] = []

    def add_node(self) -> int:
        """Add a node and return its number."""
        if len(self._arcs_at) >= MAX_NODES:
            raise ValueError(f"a network has at most {MAX_NODES} nodes")
        self._arcs_at.append([])
        return len(self._arcs_at) - 1

    def twin(self) -> "Network":
        """A network with the same arcs and flow, on which a question can be tried out.

        Neither of the two may get further nodes or arcs.
        """
        other = Network(2)
        other._arcs_at, other._head, other._cost = self._arcs_at, self._head, self._cost
        other._room = self._room.copy()
        return other

    def add_arc(self, tail: int, head: int, capacity: int, cost: int = 0, flow: int = 0) -> int:
        """Add an arc, perhaps already carrying a flow, and return its id.

        Flows given here must balance at every inner node; that is the caller's to see to.
        """
        if not 0 <= flow <= capacity <= UNLIMITED or abs(cost) > MAX_COST:
            raise ValueError(f"arc out of range: capacity {capacity}, flow {flow}, cost {cost}")
        arc = len(self._head)
        if arc >= 2 * MAX_ARCS:
            raise ValueError(f"a network has at most {MAX_ARCS} arcs")
        self._head += (head, tail)
        self._room += (capacity - flow, flow)
        self._cost += (cost, -cost)
        self._arcs_at[tail].append(arc)
        self._arcs_at[head].append(arc + 1)
        return arc

    def flow(self, arc: int) -> int:
        """The flow on an arc."""
        return self._room[arc + 1]

    def capacity(self, arc: int) -> int:
        """The most an arc can carry."""
        return self._room[arc] + self._room[arc + 1]

    def ends(self, arc: int) -> tuple[int, int]:
        """Tail and head of an arc."""
        return self._head[arc + 1], self._head[arc]

    def push(self, arc: int, amount: int) -> None:
        """Put more flow on one arc; the caller keeps the balance at its ends."""
        if not 0 <= amount <= self._room[arc]:
            raise ValueError(f"arc {arc} has room for {self._room[arc]}, not {amount}")
        self._room[arc] -= amount
        self._room[arc + 1] += amount

    def close(self, arc: int) -> None:
        """Let an arc carry no more than it does now."""
        self._room[arc] = 0

    def largest_flow(self, source: int, sink: int) -> int:
        """Add as much flow as possible and return how much was added."""
        return self._saturate(source, sink, None)

    def least_cost_flow(self, source: int, sink: int) -> tuple[int, int]:
        """Add as much flow as possible at least cost; return the amount and cost added.

        The flow already there must be a cheapest one of its size. That holds when no arc with room
        left, forwards or backwards, has a negative cost, which is what is checked.
        """
        if any(room and cost < 0 for room, cost in zip(self._room, self._cost, strict=True)):
            raise ValueError(
                "an arc with room has a negative cost: the start is not a cheapest one"
            )
        height = [0] * len(self._arcs_at)
        amount = cost = 0
        while self._raise_heights(source, sink, height):
            added = self._saturate(source, sink, height)
            amount += added
            cost += added * (height[sink] - height[source])
        return amount, cost

    def cut_before(self, sink: int) -> set[int]:
        """Nodes that can still reach the sink: the sink's side of the least cut nearest to it.

        Only meaningful after a largest flow. This side is the same whichever largest flow was
        found, and no least cut has a smaller one.
        """
        side, queue = {sink}, deque([sink])
        while queue:
            node = queue.popleft()
            for arc in self._arcs_at[node]:
                tail = self._head[arc]
                if self._room[arc ^ 1] and tail not in side:
                    side.add(tail)
                    queue.append(tail)
        return side

    def cut_after(self, source: int) -> set[int]:
        """Nodes that the source can still reach: its side of the least cut nearest to it."""
        side, queue = {source}, deque([source])
        while queue:
            for arc in self._arcs_at[queue.popleft()]:
                head = self._head[arc]
                if self._room[arc] and head not in side:
                    side.add(head)
                    queue.append(head)
        return side

    def crossing(self, side: Collection[int]) -> list[int]:
        """Arcs that lead into a set of nodes from outside, in id order, those of capacity 0 too."""
        return [
            arc
            for arc in range(0, len(self._head), 2)
            if self._head[arc] in side and self._head[arc + 1] not in side
        ]

    def components(self, side: Collection[int]) -> list[set[int]]:
        """Split a set of nodes into parts not joined by an arc with capacity, by lowest node."""
        left, parts = set(side), []
        for start in sorted(side):
            if start not in left:
                continue
            left.discard(start)
            part, queue = {start}, deque([start])
            while queue:
                for arc in self._arcs_at[queue.popleft()]:
                    head = self._head[arc]
                    if head in left and self._room[arc] + self._room[arc ^ 1]:
                        left.discard(head)
                        part.add(head)
                        queue.append(head)
            parts.append(part)
        return parts

    def _raise_heights(self, source: int, sink: int, height: list[int]) -> bool:
        """Lift potentials by the distance from the source; False when the sink is out of reach.

        Nodes farther than the sink are lifted by the sink's distance, which keeps every reduced
        cost (cost + height of tail - height of head) from becoming negative and lets the search
        stop at the sink.
        """
        far = [-1] * len(height)
        heap = [(0, source)]
        while heap:
            distance, node = heappop(heap)
            if far[node] >= 0:
                continue
            far[node] = distance
            if node == sink:
                break
            base = distance + height[node]
            for arc in self._arcs_at[node]:
                head = self._head[arc]
                if self._room[arc] and far[head] < 0:
                    heappush(heap, (base + self._cost[arc] - height[head], head))
        if far[sink] < 0:
            return False
        for node, distance in enumerate(far):
            height[node] += distance if distance >= 0 else far[sink]
        return True

    def _saturate(self, source: int, sink: int, height: list[int] | None) -> int:
        """Dinic's method on arcs with room, or, given heights, only on those of reduced cost 0."""
        total = 0
        while True:
            level = self._levels(source, sink, height)
            if level[sink] < 0:
                return total
            total += self._block(source, sink, level, height)

    def _levels(self, source: int, sink: int, height: list[int] | None) -> list[int]:
        level = [-1] * len(self._arcs_at)
        level[source] = 0
        queue = deque([source])
        while queue and level[sink] < 0:
            node = queue.popleft()
            for arc in self._arcs_at[node]:
                head = self._head[arc]
                if level[head] < 0 and self._room[arc] and self._is_flat(arc, node, head, height):
                    level[head] = level[node] + 1
                    queue.append(head)
        return level

    def _is_flat(self, arc: int, tail: int, head: int, height: list[int] | None) -> bool:
        return height is None or self._cost[arc] + height[tail] == height[head]

    def _block(self, source: int, sink: int, level: list[int], height: list[int] | None) -> int:
        """A flow after which no path by rising levels has room left; depth first, no recursion."""
        tried = [0] * len(self._arcs_at)
        path: list[int] = []
        node, total = source, 0
        while True:
            if node == sink:
                total += self._fill(path)
                node = self._retreat_to_room(path, source)
            arc = self._next_arc(node, level, tried, height)
            if arc is not None:
                path.append(arc)
                node = self._head[arc]
            elif path:
                node = self._head[path.pop() ^ 1]
                tried[node] += 1
            else:
                return total

    def _next_arc(
        self, node: int, level: list[int], tried: list[int], height: list[int] | None
    ) -> int | None:
        arcs, deeper = self._arcs_at[node], level[node] + 1
        for index in range(tried[node], len(arcs)):
            arc = arcs[index]
            head = self._head[arc]
            has_room = self._room[arc] and level[head] == deeper
            if has_room and self._is_flat(arc, node, head, height):
                tried[node] = index
                return arc
        tried[node] = len(arcs)
        return None

    def _fill(self, path: list[int]) -> int:
        amount = min(self._room[arc] for arc in path)
        for arc in path:
            self._room[arc] -= amount
            self._room[arc ^ 1] += amount
        return amount

    def _retreat_to_room(self, path: list[int], source: int) -> int:
        """Drop the path from its first full arc on; the node where the search goes on."""
        full = next(index for index, arc in enumerate(path) if not self._room[arc])
        del path[full:]
        return self._head[path[-1]] if path else source
