"""Wire formats that several faces share, pure: bytes or text in, values out, and back.

`hpcpack_values.py` (one value), `property_lists.py` (lists of `{Name, Value}`), `filters.py` (`$filter`).
Whatever arrives, the answer is a value or a BadRequest that names what is wrong.
"""
