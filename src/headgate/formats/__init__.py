"""Wire formats that several faces share, pure: bytes or text in, values out, and back.

`property_lists.py` (lists of `{Name, Value}`), `hpcpack_xml.py` (the same and the rest in XML), `filters.py`
(`$filter`). The text of one value is `headgate.core.properties.text_forms`.
Whatever arrives, the answer is a value or a BadRequest that names what is wrong.
"""
