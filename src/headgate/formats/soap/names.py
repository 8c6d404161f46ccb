"""Namespaces, elements and actions of the messages (spec windowshpc, sections 7.3 and 7.5)."""

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP_1_1: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
ANONYMOUS: Final = f"{ADDRESSING}/anonymous"
HPC: Final = "http://www.microsoft.com/hpc"
"""Of the broker's headers. Two others look like it: see section 8."""
TEMPURI: Final = "http://tempuri.org/"
SESSION: Final = "http://hpc.microsoft.com/session/"
"""Of the detail of a fault."""

ARRAY: Final = "HPCServer2008_WebAPI_MessageArray"
"""The root of what is sent; any other will do on the way in."""
BROKER: Final = "HPCServer2008_Broker_"
BROKER_AS_PUBLISHED: Final = "HPCPack2008_Broker_"
"""What the published pages make of it (7.3, "name trap"); only read."""
USER_DATA: Final = "UserDataNS"
CLIENT_ID: Final = "ClientIdNS"
MESSAGE_ID: Final = "MessageIdNS"
REQUEST_ACTION: Final = "RequestActionNS"
CALLBACK_ID: Final = "ResponseCallbackId"

END: Final = "http://hpc.microsoft.com/EndOfGetResponse"
BROKER_GONE: Final = "http://hpc.microsoft.com/BrokerInstanceUnavailable"
FAULT: Final = "http://hpc.microsoft.com/session/SessionFault"
"""The action of a broker's fault. Not published; the client library's sources have it."""
