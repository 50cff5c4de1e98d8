"""Tests of the health pages and of the examination behind them."""
