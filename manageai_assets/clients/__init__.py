"""What becomes known of each client: day by day, its risks and its opportunities."""
