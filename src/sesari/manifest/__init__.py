"""PURE. The text of `sesari.toml`, its overlays and variables come in; a valid `Manifest` or every problem at once
goes out. It never reads a file or the environment itself.
"""
