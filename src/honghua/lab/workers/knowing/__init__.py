"""What runs remember: the knowledge graph is read before variables are chosen and written when models and strategy are judged.

Words: a *memory* is the graph with what became of every variable that was tried; a *hypothesis* is a sentence with the variables that the
graph finds for it; it decides nothing: it is confirmed, or not, on customers that no search saw, like every other variable.
"""
