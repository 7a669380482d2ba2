"""Readers and writers of genomic files; what is read is checked, and what is written is whole or not there."""
