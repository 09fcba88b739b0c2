"""The rows of the product, one module per word group; verbs that move state live on the rows."""

from .account import Account, KycStatus, Region, TestRecipient, TestTarget
from .asset import (
    AssetStatus,
    CarrierTemplate,
    Category,
    ChannelChoice,
    Connection,
    Generation,
    HeaderKind,
    Sender,
    Template,
    TemplateKind,
    TemplateVersion,
    UnreadHook,
)
from .audit import AuditEntry
from .callback import CallbackDelivery, CallbackProfile, CallbackTry, DeliveryState
from .company import Company, CompanyDocument, DocumentKind
from .execution import (
    Attempt,
    AttemptState,
    CarrierStatus,
    Execution,
    ExecutionState,
    Outcome,
    Receipt,
    RejectedCall,
    Signal,
    TestSend,
)
from .flow import Flow, FlowState, FlowVersion
from .mail import OutgoingMail
from .people import ApiKey, Invitation, KeyKind, Membership, Role, User
from .review import Decision, Review, ReviewKind

__all__ = [
    "Account",
    "ApiKey",
    "AssetStatus",
    "Attempt",
    "AttemptState",
    "AuditEntry",
    "CallbackDelivery",
    "CallbackProfile",
    "CallbackTry",
    "CarrierStatus",
    "CarrierTemplate",
    "Category",
    "ChannelChoice",
    "Company",
    "CompanyDocument",
    "Connection",
    "Decision",
    "DeliveryState",
    "DocumentKind",
    "Execution",
    "ExecutionState",
    "Flow",
    "FlowState",
    "FlowVersion",
    "Generation",
    "HeaderKind",
    "Invitation",
    "KeyKind",
    "KycStatus",
    "Membership",
    "Outcome",
    "OutgoingMail",
    "Receipt",
    "Region",
    "RejectedCall",
    "Review",
    "ReviewKind",
    "Role",
    "Sender",
    "Signal",
    "Template",
    "TemplateKind",
    "TemplateVersion",
    "TestRecipient",
    "TestSend",
    "TestTarget",
    "UnreadHook",
    "User",
]
