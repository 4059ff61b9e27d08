"""The pizza factory: bakes (signs) pizzas for vendors and verifies them."""
