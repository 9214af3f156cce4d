"""The ETL of the feeds beside the main one: read, judged by their declarations, and loaded, without Spark.

They are small next to the clickstream, and a session of Spark takes longer to start than most of their runs.
"""
