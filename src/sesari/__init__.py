"""Sesari takes every commit of a product safely to production, and rehearses the whole path offline."""

__version__ = "0.1.0"
