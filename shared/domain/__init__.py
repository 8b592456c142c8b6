"""Pure values and decisions: no await, no clock, no environment, no input or output.

Everything that Tocsin decides is a function here; everything that it remembers is a frozen value here.
"""
