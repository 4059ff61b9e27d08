"""`python -m jwt_pizza` is `jwt-pizza`."""

from jwt_pizza.cli import main

main()
