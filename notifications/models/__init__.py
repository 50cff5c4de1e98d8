"""The rows of the notifications app."""

from notifications.models.alert_limit import AlertLimit
from notifications.models.broadcast import Broadcast
from notifications.models.broadcast_chunk import BroadcastChunk
from notifications.models.broadcast_receiver import BroadcastReceiver
from notifications.models.category import Category
from notifications.models.cron_trigger import CronTrigger
from notifications.models.delivery import Delivery
from notifications.models.delivery_attempt import DeliveryAttempt
from notifications.models.delivery_total import DeliveryTotal
from notifications.models.destination import Destination
from notifications.models.digest import Digest
from notifications.models.digest_item import DigestItem
from notifications.models.endpoint import Endpoint
from notifications.models.endpoint_lane import EndpointLane
from notifications.models.erasure import Erasure
from notifications.models.event_source import EventSource
from notifications.models.inbox_message import InboxMessage
from notifications.models.kept_code import KeptCode
from notifications.models.ladder_step import LadderStep
from notifications.models.limit_counter import LimitCounter
from notifications.models.notification import Notification
from notifications.models.preference import Preference
from notifications.models.provider import Provider
from notifications.models.provider_event import ProviderEvent
from notifications.models.provider_health import ProviderHealth
from notifications.models.recipient import Recipient
from notifications.models.recipient_address import RecipientAddress
from notifications.models.sealed_key import SealedKey
from notifications.models.soft_bounces import SoftBounces
from notifications.models.suppression import Suppression
from notifications.models.template import Template
from notifications.models.template_draft import TemplateDraft
from notifications.models.template_version import TemplateVersion
from notifications.models.trigger_event import TriggerEvent
from notifications.models.trigger_invocation import TriggerInvocation

__all__ = [
    "AlertLimit",
    "Broadcast",
    "BroadcastChunk",
    "BroadcastReceiver",
    "Category",
    "CronTrigger",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryTotal",
    "Destination",
    "Digest",
    "DigestItem",
    "Endpoint",
    "EndpointLane",
    "Erasure",
    "EventSource",
    "InboxMessage",
    "KeptCode",
    "LadderStep",
    "LimitCounter",
    "Notification",
    "Preference",
    "Provider",
    "ProviderEvent",
    "ProviderHealth",
    "Recipient",
    "RecipientAddress",
    "SealedKey",
    "SoftBounces",
    "Suppression",
    "Template",
    "TemplateDraft",
    "TemplateVersion",
    "TriggerEvent",
    "TriggerInvocation",
]
