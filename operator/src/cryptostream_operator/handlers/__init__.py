"""The only place that knows kopf: it watches, and wakes the worker of whichever resource a change concerns."""
