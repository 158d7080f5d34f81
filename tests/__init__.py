"""Tests of Framesieve. They mirror core/; what they share lies here beside them."""
