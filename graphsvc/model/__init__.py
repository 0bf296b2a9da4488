"""The domain's nouns as frozen, validated records; one noun a file. Knows no store, no service."""

from graphsvc.model.audit import AuditAction, AuditDraft, AuditEntry
from graphsvc.model.case import CaseEntry, CaseStatus, CaseStep
from graphsvc.model.definition import (
    Advice,
    Band,
    Condition,
    Conductance,
    DefinitionKind,
    Direction,
    EventRule,
    Gate,
    LearnedRule,
    Policy,
    PolicyRule,
    Programme,
    Purpose,
    ReportRule,
    StoredDefinition,
)
from graphsvc.model.dispute import Dispute, DisputeStatus
from graphsvc.model.event import Event, EventKind, Valence
from graphsvc.model.link import Link, LinkKind
from graphsvc.model.listing import Listing, ListKind
from graphsvc.model.record import Record, RecordType, StoredRecord
from graphsvc.model.report import Report, ReportCategory, ReportStatus
from graphsvc.model.retraction import Retraction
from graphsvc.model.role import Role
from graphsvc.model.score_run import HeldRun, RunCertificate, RunMethod, ScoreRun
from graphsvc.model.subject import Subject, SubjectKind, SubjectRef

RECORD_CLASSES: dict[RecordType, type[Record]] = {
    cls.record_type: cls
    for cls in (
        Subject,
        Link,
        Event,
        Report,
        Listing,
        Dispute,
        CaseEntry,
        Retraction,
    )
}

__all__ = [
    "RECORD_CLASSES",
    "Advice",
    "AuditAction",
    "AuditDraft",
    "AuditEntry",
    "Band",
    "CaseEntry",
    "CaseStatus",
    "CaseStep",
    "Condition",
    "Conductance",
    "DefinitionKind",
    "Direction",
    "Dispute",
    "DisputeStatus",
    "Event",
    "EventKind",
    "EventRule",
    "Gate",
    "HeldRun",
    "LearnedRule",
    "Link",
    "LinkKind",
    "ListKind",
    "Listing",
    "Policy",
    "PolicyRule",
    "Programme",
    "Purpose",
    "Record",
    "RecordType",
    "Report",
    "ReportCategory",
    "ReportRule",
    "ReportStatus",
    "Retraction",
    "Role",
    "RunCertificate",
    "RunMethod",
    "ScoreRun",
    "StoredDefinition",
    "StoredRecord",
    "Subject",
    "SubjectKind",
    "SubjectRef",
    "Valence",
]
