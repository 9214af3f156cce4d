"""The mirror: the source topic copied to the local cluster, partition by partition, in transactions."""
