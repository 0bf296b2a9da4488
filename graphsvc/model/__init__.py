"""The domain's nouns as frozen, validated records; one noun a file. Knows no store, no service."""

from graphsvc.model.audit import AuditDraft, AuditEntry
from graphsvc.model.definition import (
    Conductance,
    DefinitionKind,
    Direction,
    Policy,
    Programme,
    Purpose,
    StoredDefinition,
)
from graphsvc.model.event import Event, EventKind
from graphsvc.model.link import Link, LinkKind
from graphsvc.model.listing import Listing, ListKind
from graphsvc.model.record import Record, RecordType, StoredRecord
from graphsvc.model.report import Report, ReportCategory, ReportStatus
from graphsvc.model.retraction import Retraction
from graphsvc.model.score_run import RunCertificate, ScoreRun
from graphsvc.model.subject import Subject, SubjectKind, SubjectRef

RECORD_CLASSES: dict[RecordType, type[Record]] = {
    cls.record_type: cls for cls in (Subject, Link, Event, Report, Listing, Retraction)
}

__all__ = [
    "RECORD_CLASSES",
    "AuditDraft",
    "AuditEntry",
    "Conductance",
    "DefinitionKind",
    "Direction",
    "Event",
    "EventKind",
    "Link",
    "LinkKind",
    "ListKind",
    "Listing",
    "Policy",
    "Programme",
    "Purpose",
    "Record",
    "RecordType",
    "Report",
    "ReportCategory",
    "ReportStatus",
    "Retraction",
    "RunCertificate",
    "ScoreRun",
    "StoredDefinition",
    "StoredRecord",
    "Subject",
    "SubjectKind",
    "SubjectRef",
]
