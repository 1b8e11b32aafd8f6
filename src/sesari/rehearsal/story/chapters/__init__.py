"""One file per chapter: `play(stage, telling)` does what a person would do, asks what came of it, returns a summary."""
