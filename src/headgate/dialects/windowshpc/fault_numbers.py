"""The numbers of session faults (spec windowshpc, section 7.9). Pure data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        # SessionConnectionError
        "ConnectToSchedulerFailure": 0x01000000,
        "OpenJobFailure": 0x01000001,
        "OperationTimeout": 0x01000002,
        "Broker_BrokerNodeUnavailable": 0x01000003,
        "Broker_EOMRejected": 0x0100000B,
        "Broker_BrokerIsOffline": 0x0100000D,
        "Broker_EOMReject_GetResponse": 0x01000018,
        "Broker_EOMReject_EndRequests": 0x01000019,
        "Broker_FlushRejected": 0x0100001A,
        "Broker_AlreadyClosed": 0x0100001B,
        "Broker_EOMReject_NoRequest": 0x0100001E,
        # SessionError
        "NoAvailableBrokerNodes": 0x02000000,
        "CreateJobFailure": 0x02000001,
        "SubmitJobFailure": 0x02000005,
        "Broker_SessionFailure": 0x0200000B,
        "CreateSessionCanceled": 0x0200000E,
        "WebAPI_BrokerNotActive": 0x0200000F,
        "WebAPI_FailedToSendRequest": 0x02000010,
        "WebAPI_FailedToConnectToSessionService": 0x02000011,
        "WebAPI_FailedToConnectToBrokerService": 0x02000012,
        # SessionFatalError
        "InvalidArgument": 0x03000000,
        "InvalidSessionId": 0x03000001,
        "AuthenticationFailure": 0x03000002,
        "AccessDenied_Broker": 0x03000003,
        "AccessDenied_BrokerQueue": 0x03000005,
        "InvalidAttachDurableSession": 0x0300000A,
        "InvalidAttachInteractiveSession": 0x0300000B,
        "Broker_InvalidSessionId": 0x03000010,
        "Broker_InvalidClientIdOrTooLong": 0x03000016,
        "Broker_ClientIdNotMatch": 0x03000017,
        "Broker_UserNameNotMatch": 0x03000018,
        "Session_ValidateJobFailed_NotServiceJob": 0x03000019,
        "Session_ValidateJobFailed_NotDurableSession": 0x0300001A,
        "Session_ValidateJobFailed_AlreadyFinished": 0x0300001B,
        "Session_ValidateJobFailed_JobCanceled": 0x0300001C,
        "ConfigFile_Invalid": 0x0300001D,
        "Service_NotFound": 0x0300001E,
        "Service_RegistrationDirsMissing": 0x0300001F,
        "ServiceVersion_NotFound": 0x03000020,
        "Broker_UnsupportedOperation": 0x03000022,
        "WebAPI_NotSupportInprocessBroker": 0x03000031,
        "Azure_NotSupportDurableSession": 0x03000032,
        "Azure_NotSupportInprocessBroker": 0x03000033,
        "WebAPI_APIVersionIncorrect": 0x03000034,
        "WebAPI_AccessDenied": 0x03000035,
        # ApplicationError
        "ClientPurged": 0x04000000,
        "Broker_RetryLimitExceeded": 0x04000001,
        "ClientTimeout": 0x04000003,
        "Service_InitializeFailed": 0x04000004,
        "Service_Unreachable": 0x04000005,
        # The client turns it into an argument exception with the plain message.
        "ArgumentError": 0x0F00FFFF,
    }
)
