"""How each category of published case is read and answered: words of the file in, exact figures of `credit.core` out.

A kind only maps. It sees the inputs and the names of what is asked, never the expected figures.
"""
