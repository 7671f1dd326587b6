"""What the lab knows, as one graph: sources, tables, columns, variables, tags, models, policies, cases, found by meaning.

Words: a *node* is a thing with a kind, a name and words; an *edge* leads from what is made to what it is made of; *meaning* is matched by
words in English and Chinese, by parts of words and by the dictionary's own synonyms – no language model.

Invariants: variables are not stored – a question becomes a definition, and the grammar says whether it exists; every edge ends at a node.
"""
