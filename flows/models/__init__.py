"""The rows of the product, one module per word group; verbs that move state live on the rows."""

from .account import Account, KycStatus, Region, TestRecipient, TestTarget
from .asset import (
    AssetStatus,
    Category,
    ChannelChoice,
    Connection,
    Generation,
    HeaderKind,
    Sender,
    Template,
    TemplateKind,
)
from .audit import AuditEntry
from .callback import CallbackDelivery, CallbackProfile, CallbackTry, DeliveryState
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
from .people import ApiKey, KeyKind, Membership, Role, User

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
    "Category",
    "ChannelChoice",
    "Connection",
    "DeliveryState",
    "Execution",
    "ExecutionState",
    "Flow",
    "FlowState",
    "FlowVersion",
    "Generation",
    "HeaderKind",
    "KeyKind",
    "KycStatus",
    "Membership",
    "Outcome",
    "Receipt",
    "Region",
    "RejectedCall",
    "Role",
    "Sender",
    "Signal",
    "Template",
    "TemplateKind",
    "TestRecipient",
    "TestSend",
    "TestTarget",
    "User",
]
