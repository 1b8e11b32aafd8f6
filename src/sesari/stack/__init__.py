"""PURE. A manifest's environment comes in; a `Stack` and the text of its Terraform files go out. It never runs
Terraform and never writes a file.
"""

from sesari.stack.account import bootstrap, delivery
from sesari.stack.environment import desired
from sesari.stack.files import render

__all__ = ["bootstrap", "delivery", "desired", "render"]
