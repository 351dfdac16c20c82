"""What a site uses, and what the same would cost at others' list prices. Pure.

`prices` reads the table of prices, `operations` maps our counted calls to each provider's classes, `usage` adds up days
and looks ahead, `bill` multiplies, `report` puts all of it together for the command line and the console, and `words`
says its figures.
"""
