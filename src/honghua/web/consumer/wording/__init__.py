"""The words of customers' pages, by topic: 中文, English."""
