"""What raising a driver by one scale point does to customer value, in currency."""
