"""The multithreaded consumer that landing and the indexer share: what it is given, where it begins, how it ends."""
