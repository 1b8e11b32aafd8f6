"""EDGE. The offline cloud: provider doubles, the AWS emulator, stand-ins and faults, and the story told on them.
Nothing outside this package knows that a rehearsal exists, but the CLI and the wiring.
"""
