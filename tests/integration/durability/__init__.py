"""Nothing is answered before it is on disk, and a full disk loses nothing."""
