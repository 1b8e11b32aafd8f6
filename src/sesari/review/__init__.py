"""PURE. A plan's JSON comes in; a `Plan`, a `Review` and a `Drift` go out. It never shows anything and never
decides whether a plan may be applied.
"""
