"""Diners, franchisees and administrators: accounts, menu, franchises, orders and the money behind them."""
