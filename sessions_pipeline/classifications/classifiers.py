"""The classifiers: what is asked of each session, and the labels that may be answered.

The label sets here are the only place that knows a label by heart. How a question is answered belongs to the
backends (`rules.py`); where answers are kept belongs to `assets.py` and the warehouse.
Definitions follow the study (June 2026); the wording is our own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

WORK_MODES = ("plan", "build", "fix", "understand", "test", "operate", "analyze", "orchestrate", "communicate")
EXPERTISE_LEVELS = ("1", "2", "3", "4", "5", "unclear")
OUTCOMES = ("succeeded", "partially_succeeded", "failed", "no_clear_goal")
SIGNALS = ("none", "1", "2", "3", "4", "5")
CODEBASE_CONTEXTS = ("modifies_existing", "explores_existing", "creates_new", "no_codebase")
TASK_VALUE_BANDS = ("10-200", "200-1000", "1000-5000", "5000-50000")
SOC_MAJOR_GROUPS = {
    "11": "Management",
    "13": "Business and Financial Operations",
    "15": "Computer and Mathematical",
    "17": "Architecture and Engineering",
    "19": "Life, Physical, and Social Science",
    "21": "Community and Social Service",
    "23": "Legal",
    "25": "Educational Instruction and Library",
    "27": "Arts, Design, Entertainment, Sports, and Media",
    "29": "Healthcare Practitioners and Technical",
    "31": "Healthcare Support",
    "33": "Protective Service",
    "35": "Food Preparation and Serving Related",
    "37": "Building and Grounds Cleaning and Maintenance",
    "39": "Personal Care and Service",
    "41": "Sales and Related",
    "43": "Office and Administrative Support",
    "45": "Farming, Fishing, and Forestry",
    "47": "Construction and Extraction",
    "49": "Installation, Maintenance, and Repair",
    "51": "Production",
    "53": "Transportation and Material Moving",
    "55": "Military Specific",
}

Kind = Literal["categorical", "ordinal", "decisions", "price"]


@dataclass(frozen=True)
class Classifier:
    """One question about a session.

    kind: `categorical` answers one of `labels`; `ordinal` too, and the label is a number or a word without one;
    `decisions` answers four counts; `price` answers US dollars, and `labels` are the bands they fall in.
    reads: the whole transcript, or the first human prompt alone.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    question: str
    reads: Literal["transcript", "opening"] = "transcript"

    @property
    def sha256(self) -> str:
        """Digest of the definition: a changed question or label set is another classifier."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
