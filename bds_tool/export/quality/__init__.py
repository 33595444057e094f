"""Quality over deliveries: rates per rule, element and unit, what changed, and a score (`bds quality`)."""
