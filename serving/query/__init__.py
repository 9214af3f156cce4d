"""What the dashboard asks: live series, reports, search, pipeline, quality and paths, and what operators change."""
