"""What is kept of a customer in words: profiles as law and consent allow them to be told, struck out by whom they are of, forgotten.

Words: a *use* is what tags are kept for (`lab.tags.uses`), with the purposes for which a person may read them; a customer *refuses* a
tag and it is not kept again; a *leaver* is somebody whose windows must still go from memory and from snapshots. Light to load: pages
read by it, `lab.following` writes.
"""
