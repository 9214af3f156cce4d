"""Exchange rates on their way into the warehouse: the setting, what a line must hold, and the load."""
