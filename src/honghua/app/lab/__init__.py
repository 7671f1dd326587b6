"""The lab wired to this site: its key, its language model, its runs in a folder and on the desk."""
