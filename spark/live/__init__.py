"""The stream: the bus's events counted by window of event time as they come, read as the batch ETL reads them."""
