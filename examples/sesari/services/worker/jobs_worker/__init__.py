"""The example's worker: takes jobs from the queue, summarizes them and stores the result."""
