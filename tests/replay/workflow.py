"""Work flows that real funds published, as steps: which moves there are, by whom, and the log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from fundops.disbursements.duties import Duty, Profile, same_hands

STATES = "workflow/cbpf_project_workflow_states.json"
LOG = "workflow/cbpf_project_tracking_log_pseudonymised.csv"
NODES = "workflow/cerf_allocation_workflow_nodes.json"


class Move(NamedTuple):
    """One allowed move: from a state to another, by which task and role; none where not said."""

    source: int
    target: int
    task: str = ""
    role: str = ""


@dataclass(frozen=True)
class Machine:
    """States by number, with their names and types, and the moves between them."""

    names: Mapping[int, str]
    types: Mapping[int, str]
    moves: frozenset[Move]

    def edges(self) -> set[tuple[int, int]]:
        """Return which state follows which."""
        return {(one.source, one.target) for one in self.moves}

    def reachable(self, start: int) -> set[int]:
        """Return every state that can come after ``start``, with it."""
        found, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            new = {target for source, target in self.edges() if source == here} - found
            found |= new
            waiting += new
        return found

    def ends(self) -> set[int]:
        """Return the states that no move leaves."""
        return set(self.names) - {source for source, _ in self.edges()}

    def entered(self) -> set[int]:
        """Return the states that a move enters."""
        return {target for _, target in self.edges()}

    def leading_to(self, end: int) -> set[int]:
        """Return the states from which ``end`` can be reached."""
        return {one for one in self.names if end in self.reachable(one)}

    def called(self, states: Iterable[int]) -> list[str]:
        """Return the names of states, in the order of the alphabet."""
        return sorted(self.names[one] for one in states)


class Event(NamedTuple):
    """One event of the log: the move that was made, by whom and when."""

    row: int
    at: datetime
    move: Move
    person: str


def project_machine(folder: Path) -> Machine:
    """Return the work flow of a project of a pooled fund."""
    states = _read(folder / STATES)["TaskStatuses"]
    return Machine(
        {one["StatusId"]: one["StatusName"] for one in states},
        {one["StatusId"]: one["StatusType"] for one in states},
        frozenset(
            Move(one["StatusId"], after["NextStatusId"], task["TaskName"], role["UserRoleCode"])
            for one in states
            for after in one["NextStatuses"]
            for task in after["Tasks"]
            for role in task["Roles"]
        ),
    )


def marked_done(folder: Path) -> set[tuple[int, int]]:
    """Return the moves that the file of states itself marks as made."""
    return {
        (one["StatusId"], after["NextStatusId"])
        for one in _read(folder / STATES)["TaskStatuses"]
        for after in one["NextStatuses"]
        if after["IsCompleted"]
    }


def current_state(folder: Path) -> int:
    """Return the state that the file of states says the case is in."""
    found: int = _read(folder / STATES)["CurrentStatusId"]
    return found


def allocation_machine(folder: Path) -> tuple[Machine, list[int]]:
    """Return the work flow of an allocation of the emergency fund, and the way of its case."""
    told = _read(folder / NODES)
    machine = Machine(
        {one["id"]: one["text"] for one in told["nodes"]},
        {one["id"]: one["type"] for one in told["nodes"]},
        frozenset(Move(one["source"], one["target"], one["text"]) for one in told["links"]),
    )
    return machine, told["currentSequence"]


def events(folder: Path) -> list[Event]:
    """Return the log in the order of time; the rows of the file are in another."""
    with (folder / LOG).open(encoding="utf-8-sig", newline="") as file:
        found = [
            Event(
                int(row["RowId"]),
                datetime.fromisoformat(row["WorkflowLogDate"]),
                Move(
                    int(row["CurrentStatusId"]), int(row["NextStatusId"]), row["TaskName"],
                    row["UserRoleCode"],
                ),
                row["Actor"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
    return sorted(found, key=lambda one: one.at)


DUTY_OF: Mapping[tuple[str, str], Duty] = {
    ("Complete Technical Review", "Budget Cleared"): "certify",
    ("Send to HC endorsement", "Under HC Endorsement"): "request",
    ("Review Proposal and provide endorsement/rejection", "HC Endorsed - Approved"): "approve",
    ("Generate Grant Agreement", "HC Final Approval and GA Signature"): "request",
    ("Sign Grant Agreement", "IP counter-signature"): "pay",
    ("Sign Grant Agreement (EO)", "Disbursement"): "pay",
}
"""Task and the state it leads to -> the duty of ours that it comes nearest to.

Putting a case up for a decision, or an agreement for signature, is asking; the budget is cleared as
we certify; the endorsement approves; a signature of the fund binds its money, as paying does. What
reviewers and the partner do is no duty of a payment.
"""


def duty_of(machine: Machine, event: Event) -> Duty | None:
    """Return which duty an event is, if it is one."""
    return DUTY_OF.get((event.move.task, machine.names[event.move.target]))


class Breach(NamedTuple):
    """An event that our duties refuse: the row of the log, who, which duty, and which they had."""

    row: int
    person: str
    duty: Duty
    had: Duty


REFUSED = [
    Breach(12, "user-05", "approve", "request"),
    Breach(14, "user-05", "request", "approve"),
    Breach(15, "user-05", "pay", "request"),
]
"""What is refused of the logged case, in the order of time."""


def refused(machine: Machine, log: Iterable[Event], profile: Profile) -> list[Breach]:
    """Return what the duties refuse of a log; each duty counts as taken, because it was."""
    band, taken = profile.band(1), dict[Duty, frozenset[UUID]]()
    found = []
    for one in log:
        duty = duty_of(machine, one)
        if duty is None:
            continue
        hands = frozenset({uuid5(NAMESPACE_URL, one.person)})
        had = same_hands(band, taken, duty, hands)
        if had is not None:
            found.append(Breach(one.row, one.person, duty, had))
        taken[duty] = taken.get(duty, frozenset()) | hands
    return found


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8-sig"))
