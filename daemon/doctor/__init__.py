"""`vocative doctor`: what is in order, what is not, and the one thing to do about each.

A module for each area of findings: what is looked at (`Facts`, gathered by a function that is handed a `Machine`), and
what it means (`findings`, which is handed nothing but facts). `examination` runs them side by side, each within its
own time; `sheet` writes down what they found.
"""
