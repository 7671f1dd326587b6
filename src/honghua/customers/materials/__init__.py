"""Evidence that customers bring of their own accord (开放数据源): behind ports, judged, sealed, used, taken back."""
