"""The sending side: runs batches of calls, one module for each protocol."""
