"""What the inside needs from the outside, as protocols: Engine, Store, Identity, Clock.

An adapter (an engine, the store, the identity back end) implements one of them and is handed in by
`headgate.app`; nothing in here knows which one it got.
"""
