"""Explains a verdict, never makes one: pure."""
