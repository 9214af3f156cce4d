"""Who may log in to the dashboard, and how a request tells who it is."""
