"""The log between producer and consumer, behind the port `LogWriter` and `LogReader`."""
