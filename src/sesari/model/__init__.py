"""The nouns. Frozen values come in and go out; nothing here reads, writes, decides or prints."""
