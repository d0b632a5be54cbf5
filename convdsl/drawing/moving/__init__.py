"""Drawings that move: pictures that follow each other on one ground, and their writers. No writer knows what they show."""
