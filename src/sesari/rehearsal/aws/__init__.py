"""The emulated AWS: the emulator in a process of its own, and the adapters that put Terraform's types into it."""
