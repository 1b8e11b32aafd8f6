"""PURE. A manifest's environment comes in; a `Stack` and the text of its Terraform files go out. It never runs
Terraform and never writes a file.
"""
