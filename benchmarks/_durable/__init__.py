"""What measurements of durable runs share: many small runs, a fast clock, a receiver, and workers to be killed."""
