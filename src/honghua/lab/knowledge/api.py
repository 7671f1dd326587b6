"""Part door: the knowledge graph, asked in English or Chinese."""

from __future__ import annotations

from honghua.lab.knowledge.graph import KINDS, Graph, Hit, Node, load_graph
from honghua.lab.knowledge.measuring import Success, Task, measure, read_tasks

__all__ = ["KINDS", "Graph", "Hit", "Node", "Success", "Task", "load_graph", "measure", "read_tasks"]
