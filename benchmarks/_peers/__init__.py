"""What ``benchmarks/peers.py`` is made of: other gates' rules in short, and the streams they are tried on."""
