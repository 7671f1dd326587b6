"""The policy language: text read into a tree, checked, planned for the kernel, and evaluated twice more by independent means."""
