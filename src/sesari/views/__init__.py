"""PURE. A result comes in; terminal, JSON, Markdown or HTML goes out. It never computes what it shows."""
