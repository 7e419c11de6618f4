"""XML as text."""

import re
from typing import Final
from xml.etree import ElementTree as ET

_UNWRITABLE: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_text(root: ET.Element) -> str:
    """Return a document, indented; characters that XML cannot hold become U+FFFD."""
    for element in root.iter():
        element.text = _UNWRITABLE.sub("\ufffd", element.text) if element.text else element.text
        for name, value in element.attrib.items():
            element.set(name, _UNWRITABLE.sub("\ufffd", value))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
