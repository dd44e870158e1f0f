"""A made-up agency: clients, scenarios and a year of runs, so that a newcomer sees a living system."""
