"""Profiles that follow the books: facts become events, events fill windows in memory, whoever they touch is written anew.

Words: a *pass* hears what was booked since the last one; a *snapshot* is the memory in files, so that a new process reads only the facts
behind it. Invariants: the same facts give the same profiles from a snapshot and from the beginning; nobody who has left is in memory, in
a snapshot or in a table once the note of the leaving is gone.
"""
