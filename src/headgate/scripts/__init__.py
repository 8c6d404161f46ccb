"""Job descriptions as text, to values of the model and back: one folder for each flavour, pure.

`jobxml/` is HPC Pack's job XML. What every flavour and format in XML needs is `safe_xml.py`.
"""
