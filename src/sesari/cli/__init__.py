"""One file per command: parse the arguments, call the pipeline, choose a view. It holds no logic of its own."""
