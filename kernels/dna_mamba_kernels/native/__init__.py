"""The C++ CPU kernel: plain C interface, no torch headers, loaded with ctypes."""
