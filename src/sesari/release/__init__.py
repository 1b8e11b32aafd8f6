"""PURE. What is known (leases, saved plans, states, manifests, the time) comes in; what may happen next goes out.
It never does it.
"""
