"""Joins pure to edge: one function per stage; wiring chooses the drivers. It never prints and never parses
arguments.
"""
