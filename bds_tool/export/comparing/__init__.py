"""Two deliveries beside each other: what is the same, what differs, what is on one side only, and what explains it."""
