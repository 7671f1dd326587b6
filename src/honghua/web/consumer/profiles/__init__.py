"""What is kept of me in words: which tags, from what, for which use, who looked; struck out where the law lets me (算法推荐规定 17)."""
