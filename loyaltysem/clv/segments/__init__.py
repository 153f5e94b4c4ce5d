"""Who is who: life cycle, value classes, membership tiers, personas, warnings and anomalies."""
