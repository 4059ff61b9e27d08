"""Order pizzas, pay in bitcoin, receive each one as a signed JWT."""
