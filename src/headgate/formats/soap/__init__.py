"""Messages of SOA sessions as they travel (spec windowshpc, section 7): SOAP 1.2 envelopes in an array, and
the generic form without XML.

`names.py`: namespaces and elements. `reading.py`: a stream of bytes to envelopes, as they arrive.
`writing.py`: requests and answers as bytes. `generic.py`: both ways of the generic form. Faces and clients
use the same.
"""
