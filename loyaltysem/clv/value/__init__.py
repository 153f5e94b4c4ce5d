"""Expected discounted value of each customer from models of purchases and of spending."""
